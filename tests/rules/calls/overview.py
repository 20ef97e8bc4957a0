"""The overview's numbers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from aiguro_web.services import overview, overview_flow, overview_stages, overview_waiting
from aiguro_web.services.deal_filters import Span
from aiguro_web.services.overview import Asked

from .. import rows

EVER = datetime(2000, 1, 1, tzinfo=UTC)


def asked(of: rows.Rows) -> Asked:
    """Everything of their funnel."""
    ever = Span(EVER, datetime(2100, 1, 1, tzinfo=UTC))
    return Asked(ever, Span(EVER, EVER), EVER, "week", "Europe/Moscow", of["funnel"]["id"])


def shown(flow: overview_flow.Flow) -> list[Any]:
    return [flow.points, flow.channels] if flow.points or flow.channels else []


CALLS = {
    "overview.read": lambda who, of: shown(overview.read(who, asked(of)).flow),
    "overview_flow.read_flow": lambda who, of: shown(overview_flow.read_flow(who, asked(of))),
    "overview_stages.list_stages": lambda who, of: overview_stages.list_stages(who, asked(of)).rows,
    "overview_waiting.list_waiting": lambda who, of: overview_waiting.list_waiting(who, of["funnel"]["id"], 9).rows,
}
# It gives the words of a WHERE, and reads nothing itself.
TAKE_A_ROW = {"deal_filters.conditions"}
