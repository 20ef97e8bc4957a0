"""The board of deals."""

from __future__ import annotations

from typing import Any

from aiguro_web.services import deal_board
from aiguro_web.services.deal_filters import DealFilter

from .. import rows


def wanted(of: rows.Rows) -> DealFilter:
    return DealFilter(funnel_id=of["funnel"]["id"])


def uuid(of: rows.Rows) -> Any:
    return of["dialog"]["uuid"]


LATER = "2999-01-01T00:00:00+00:00~1"

CALLS = {
    "deal_board.list_columns": lambda who, of: deal_board.list_columns(who, wanted(of), stages=[of["stage"]["id"]]),
    "deal_board.list_cards": lambda who, of: deal_board.list_cards(who, wanted(of), of["stage"]["id"], LATER),
    "deal_board.get_card": lambda who, of: deal_board.get_card(who, uuid(of)),
    "deal_board.get_place": lambda who, of: deal_board.get_place(who, uuid(of)),
    "deal_board.list_stages": lambda who, of: deal_board.list_stages(who, of["funnel"]["id"]),
    "deal_board.list_lost_reasons": lambda who, of: deal_board.list_lost_reasons(who),
}
