"""The table of deals: the board's other view, with orders, columns, editing in place, bulk acts and export."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from flask import Response, g, make_response, render_template, request, url_for
from flask_babel import gettext

from ..errors import Invalid
from ..models.bulk_act import BulkSubject
from ..models.saved_view import ViewScreen
from ..services import bulk_acts, deal_board, deal_lists, exports, members, saved_views
from ..services.access import Actor
from ..services.deal_filters import DealFilter
from ..services.deal_lists import Sort
from ..web import auth
from ..web.door import Door
from . import bulk_acts as bulk_pages
from . import deal_columns, deal_filters, shell, tables
from .tables import SORT, Table

bp = Door("deal_table", __name__, guard=auth.page, url_prefix="/dashboard/deals/table")

EDITED = ("stage", "price", "chance", "manager")


@bp.get("")
def index() -> str:
    """The whole screen; its filter is that of pages/deal_filters.py, `sort` one of deal_lists.SORTS."""
    funnel_id = shell.chosen_funnel()
    table = _table(g.who, funnel_id, whole=True)
    return shell.page(
        "deals/table.html", table=table, query=deal_filters.query(table.query), can=shell.rights(g.who),
        status=deal_columns.status, shown=bulk_pages.shown(table.acts),
    )  # fmt: skip


@bp.get("/rows")
def part() -> Response:
    """The table alone; with `before`, its next rows; with `live`, a refresh, which leaves the address as it is."""
    funnel_id = shell.asked_funnel()
    more = "before" in request.args
    table = _table(g.who, funnel_id, whole="live" not in request.args and not more)
    names = {"table": table, "can": shell.rights(g.who), "status": deal_columns.status}
    if more:
        return make_response(render_template("deals/_table_rows.html", **names))
    if "live" in request.args:
        return make_response(render_template("deals/_table_data.html", **names))
    response = make_response(render_template("deals/_table.html", **names))
    response.headers["HX-Push-Url"] = table.url("index")
    return response


@bp.post("/columns")
def columns() -> Response:
    """Which columns to show, from now on in this browser."""
    tables.keep_columns(ViewScreen.deals, request.form.getlist("column"))
    return part()


@bp.get("/<uuid:uuid>/row")
def row(uuid: UUID) -> str:
    """One row, as it is now."""
    shown = tables.chosen_columns(ViewScreen.deals, deal_columns.EVERY)
    return render_template(
        "deals/_table_row.html", deal=deal_lists.get_deal(g.who, uuid), columns=shown, can=shell.rights(g.who),
        status=deal_columns.status,
    )  # fmt: skip


@bp.get("/<uuid:uuid>/cell")
def cell(uuid: UUID) -> str:
    """The editor of one cell, `?field=` of EDITED: it posts to the addresses of pages/deals.py."""
    g.who.must("write_dialog")
    field = request.args.get("field", "stage")
    if field not in EDITED:
        raise Invalid("Это поле здесь не меняют", field="stage, price, chance или manager")
    deal = deal_lists.get_deal(g.who, uuid)
    options: list[tuple[str, str]] = []
    if field == "stage":
        options = [(row["code"], row["name"]) for row in deal_board.list_stages(g.who, deal["funnel_id"])]
    elif field == "manager":
        options = [("", gettext("Никто")), *((str(row["id"]), row["name"]) for row in members.list_members(g.who))]
    return render_template("deals/_table_cell.html", deal=deal, field=field, options=options)


@bp.get("/bulk")
def ask_bulk() -> str:
    """The question of a bulk act `?act=` on `?rows=` rows."""
    g.who.must("write_dialog")
    act = request.args.get("act", "move")
    stages = deal_board.list_stages(g.who, shell.asked_funnel()) if act == "move" else []
    people = members.list_members(g.who) if act == "assign" else []
    return bulk_pages.ask(BulkSubject.dialog, act, url_for("deal_table.bulk"), stages=stages, people=people)


@bp.post("/bulk")
def bulk() -> tuple[str, int]:
    """Begin it, on the rows `ids` or on `all` of the filter `query`."""
    g.who.must("write_dialog")
    ids, wanted = bulk_pages.asked_ids(), None
    if ids is None:
        asked = bulk_pages.asked_query()
        if not deal_filters.is_readable(asked):
            raise bulk_pages.unread()
        wanted = deal_filters.read(asked, g.timezone or "UTC", None)
    chosen = bulk_acts.Chosen(ids=ids, deals=wanted, most=bulk_pages.asked_most())
    return bulk_pages.begin(g.who, BulkSubject.dialog, chosen)


@bp.get("/export")
def export() -> Response:
    """The whole list as a file: `?to=csv` or xlsx."""
    asked = _asked()
    to: exports.Format = "xlsx" if request.args.get("to") == "xlsx" else "csv"
    ids = exports.choose_deals(g.who, _wanted(asked, shell.asked_funnel()), _sort(asked), to)
    return tables.export("deals", deal_columns.CELLS, exports.read_deals(g.who, ids))


def _asked() -> dict[str, str]:
    return tables.canonical(request.args, deal_columns.TWO_ENDED)


def _wanted(asked: dict[str, str], funnel_id: int | None) -> DealFilter:
    return deal_filters.read(asked, g.timezone or "UTC", funnel_id)


def _sort(asked: dict[str, str]) -> Sort:
    return cast(Sort, asked[SORT]) if asked.get(SORT) in deal_lists.SORTS else deal_lists.NEWEST


def _table(who: Actor, funnel_id: int | None, *, whole: bool) -> Table:
    """`whole` with its filter, views and acts; else its rows alone."""
    asked = _asked()
    wanted, sort = _wanted(asked, funnel_id), _sort(asked)
    page = deal_lists.list_deals(who, wanted, sort, request.args.get("before"), tables.row_count())
    extra: dict[str, Any] = {"fields": [], "chips": []}
    query = deal_filters.query(asked, funnel=wanted.funnel_id or 0)
    query |= {SORT: sort} if sort != deal_lists.NEWEST else {}
    if whole:
        stages = deal_board.list_stages(who, wanted.funnel_id)
        shown = deal_columns.fields(asked, stages, members.list_members(who))
        extra = {
            "fields": shown, "chips": deal_columns.chips({**asked, **query}, shown, stages),
            "views": saved_views.list_views(who, ViewScreen.deals), "acts": bulk_acts.list_recent(who),
        }  # fmt: skip
    return Table(
        screen=ViewScreen.deals, blueprint="deal_table", query=query, sort=sort,
        columns=tables.chosen_columns(ViewScreen.deals, deal_columns.EVERY), every=deal_columns.EVERY,
        words=asked.get("search", ""), placeholder=gettext("Имя, телефон или почта"), rows=page.rows, next=page.next,
        total=None if "before" in request.args else deal_lists.count(who, wanted), **extra,
    )  # fmt: skip
