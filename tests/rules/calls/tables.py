"""Tables: the list of deals, saved views, bulk acts, exports."""

from __future__ import annotations

from typing import Any

from aiguro_web.models.bulk_act import BulkSubject
from aiguro_web.models.saved_view import ViewScreen
from aiguro_web.services import bulk_acts, bulk_rows, client_lists, deal_lists, exports, saved_views
from aiguro_web.services.client_lists import ClientFilter
from aiguro_web.services.deal_filters import DealFilter

from .. import rows


def of_client(of: rows.Rows) -> DealFilter:
    return DealFilter(client_id=of["client"]["id"])


def act(of: rows.Rows) -> int:
    found: int = of["bulk_act"]["id"]
    return found


def chosen(who: Any, of: rows.Rows) -> Any:
    ids = bulk_acts.Chosen(ids=[of["dialog"]["id"]])
    return bulk_acts.start(who, BulkSubject.dialog, "tag", {"tag": "чужое"}, ids)


CALLS = {
    "deal_lists.list_deals": lambda who, of: deal_lists.list_deals(who, of_client(of)).rows,
    "deal_lists.count": lambda who, of: deal_lists.count(who, of_client(of)),
    "deal_lists.list_ids": lambda who, of: list(deal_lists.list_ids(who, of_client(of))),
    "deal_lists.list_some": lambda who, of: deal_lists.list_some(who, [of["dialog"]["id"]]),
    "deal_lists.get_deal": lambda who, of: deal_lists.get_deal(who, of["dialog"]["uuid"]),
    "client_lists.list_ids": lambda who, of: [
        found for found in client_lists.list_ids(who, ClientFilter()) if found == of["client"]["id"]
    ],
    "client_lists.list_some": lambda who, of: client_lists.list_some(who, [of["client"]["id"]]),
    "client_lists.find_same": lambda who, of: client_lists.find_same(who, "+79121234567", of["client"]["email"]),
    "saved_views.list_views": lambda who, of: [
        row for row in saved_views.list_views(who, ViewScreen.deals) if row["id"] == of["saved_view"]["id"]
    ],
    "saved_views.get_view": lambda who, of: saved_views.get_view(who, of["saved_view"]["id"]),
    "saved_views.change": lambda who, of: saved_views.change(who, of["saved_view"]["id"], name="чужое", shared=False),
    "saved_views.delete": lambda who, of: saved_views.delete(who, of["saved_view"]["id"]),
    "bulk_acts.start": chosen,
    "bulk_acts.get_act": lambda who, of: bulk_acts.get_act(who, act(of)),
    "bulk_acts.list_recent": lambda who, of: [row for row in bulk_acts.list_recent(who) if row["id"] == act(of)],
    "bulk_acts.list_reasons": lambda who, of: bulk_acts.list_reasons(who, act(of)),
    "bulk_acts.undo": lambda who, of: bulk_acts.undo(who, act(of)),
    "bulk_acts.resume": lambda who, of: bulk_acts.resume(who, act(of)),
    "bulk_acts.rescue": lambda who, of: bulk_acts.rescue(who, act(of), again=True),
    "bulk_acts.go_on": lambda who, of: bulk_acts.go_on(who, act(of)),
    "bulk_acts.work": lambda who, of: bulk_acts.work(who, act(of)),
    "bulk_rows.check": lambda who, of: bulk_rows.check(
        who, BulkSubject.dialog, "move", {"stage": str(of["stage"]["id"])}
    ),
    "bulk_rows.do": lambda who, of: bulk_rows.do(who, BulkSubject.dialog, "tag", {"tag": "чужое"}, of["dialog"]["id"]),
    "bulk_rows.undo": lambda who, of: bulk_rows.undo(
        who, BulkSubject.client, "status", {"was": {}, "now": {}}, of["client"]["id"]
    ),
    "exports.choose_deals": lambda who, of: list(exports.choose_deals(who, of_client(of), "-activity", "csv")),
    "exports.choose_clients": lambda who, of: [
        found for found in exports.choose_clients(who, ClientFilter(), "-id", "csv") if found == of["client"]["id"]
    ],
    "exports.read_deals": lambda who, of: list(exports.read_deals(who, [of["dialog"]["id"]])),
    "exports.read_clients": lambda who, of: list(exports.read_clients(who, [of["client"]["id"]])),
}
# `matching` and `ids_query` are parts of statements; what reads by them is above.
TAKE_A_ROW = {"saved_views.save", "deal_lists.matching", "deal_lists.matching_all", "client_lists.ids_query"}
