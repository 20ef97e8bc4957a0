"""The screen «Клиенты»: the table with its filter, bulk acts and export, and a new client."""

from __future__ import annotations

import base64
import json
from typing import Any, cast

from flask import Response, g, make_response, render_template, request, url_for
from flask_babel import gettext

from ..errors import Invalid
from ..models.bulk_act import BulkSubject
from ..models.saved_view import ViewScreen
from ..services import bulk_acts, client_lists, clients, exports, members, saved_views
from ..services.access import Actor
from ..services.client_lists import Key, Sort
from ..web import auth
from ..web.door import Door
from ..web.htmx import close, refresh, toast
from . import bulk_acts as bulk_pages
from . import client_columns, shell, tables
from .forms.tables import ClientForm
from .tables import SORT, Table

bp = Door("clients", __name__, guard=auth.page, url_prefix="/dashboard/clients")

NEW = "clients/_new.html"


@bp.get("")
def index() -> str:
    """The whole screen: `search`, `status`, `type`, `manager`, `created`, `active`, `sort`."""
    table = _table(g.who, whole=True)
    return shell.page(
        "clients/page.html", table=table, can=shell.rights(g.who), status=client_columns.status,
        kinds=client_columns.KINDS, shown=bulk_pages.shown(table.acts),
    )  # fmt: skip


@bp.get("/rows")
def part() -> Response:
    """The table alone; with `before`, its next rows; with `live`, a refresh, which leaves the address as it is."""
    more = "before" in request.args
    table = _table(g.who, whole="live" not in request.args and not more)
    names: dict[str, Any] = {
        "table": table, "can": shell.rights(g.who), "status": client_columns.status, "kinds": client_columns.KINDS,
    }  # fmt: skip
    if more:
        return make_response(render_template("clients/_rows.html", **names))
    if "live" in request.args:
        return make_response(render_template("clients/_data.html", **names))
    response = make_response(render_template("clients/_table.html", **names))
    response.headers["HX-Push-Url"] = table.url("index")
    return response


@bp.post("/columns")
def columns() -> Response:
    """Which columns to show, from now on in this browser."""
    tables.keep_columns(ViewScreen.clients, request.form.getlist("column"))
    return part()


@bp.get("/new")
def new() -> str:
    """The form of a client entered by hand."""
    g.who.must("write_client")
    return render_template(NEW, form=ClientForm(formdata=None), people=members.list_members(g.who), same=[])


@bp.post("/new")
def create() -> Response | tuple[str, int]:
    """Add them; who has this phone or e-mail already is shown first."""
    form = ClientForm()
    g.who.must("write_client")
    wish = {name: getattr(form, name).data or "" for name in ("name", "phone", "email", "manager")}
    if not form.validate_on_submit():
        return _again(form, [])
    same = client_lists.find_same(g.who, wish["phone"], wish["email"])
    if same and not form.anyway.data:
        return _again(form, same)
    try:
        client_id = clients.create(g.who, wish)
    except Invalid as refusal:
        for name, words in refusal.fields.items():
            cast(Any, form)[name if name in ("name", "phone", "email") else "name"].errors = [words]
        return _again(form, [])
    close()
    toast(gettext("Клиент добавлен: %(name)s", name=wish["name"] or wish["phone"] or wish["email"]))
    refresh("clients", f"client-{client_id}")
    return "", 204


@bp.get("/bulk")
def ask_bulk() -> str:
    """The question of a bulk act `?act=` on `?rows=` rows."""
    g.who.must("write_client")
    act = request.args.get("act", "assign")
    people = members.list_members(g.who) if act == "assign" else []
    return bulk_pages.ask(BulkSubject.client, act, url_for("clients.bulk"), stages=[], people=people)


@bp.post("/bulk")
def bulk() -> tuple[str, int]:
    """Begin it, on the rows `ids` or on `all` of the filter `query`."""
    g.who.must("write_client")
    ids, wanted = bulk_pages.asked_ids(), None
    if ids is None:
        asked = bulk_pages.asked_query()
        if not client_columns.is_readable(asked):
            raise bulk_pages.unread()
        wanted = client_columns.read(asked, g.timezone or "UTC")
    chosen = bulk_acts.Chosen(ids=ids, clients=wanted, most=bulk_pages.asked_most())
    return bulk_pages.begin(g.who, BulkSubject.client, chosen)


@bp.get("/export")
def export() -> Response:
    """The whole list as a file: `?to=csv` or xlsx."""
    asked = _asked()
    to: exports.Format = "xlsx" if request.args.get("to") == "xlsx" else "csv"
    wanted = client_columns.read(asked, g.timezone or "UTC")
    ids = exports.choose_clients(g.who, wanted, _sort(asked), to)
    return tables.export("clients", client_columns.CELLS, exports.read_clients(g.who, ids))


def _again(form: ClientForm, same: list[client_lists.ClientRow]) -> Response:
    return make_response(render_template(NEW, form=form, people=members.list_members(g.who), same=same), 422)


def _asked() -> dict[str, str]:
    return tables.canonical(request.args, client_columns.TWO_ENDED)


def _sort(asked: dict[str, str]) -> Sort:
    return cast(Sort, asked[SORT] if asked.get(SORT) in client_columns.SORTS else client_columns.NEWEST)


def _table(who: Actor, *, whole: bool) -> Table:
    """`whole` with its filter, views and acts; else its rows alone."""
    asked = _asked()
    wanted, sort = client_columns.read(asked, g.timezone or "UTC"), _sort(asked)
    more, limit = request.args.get("before"), tables.row_count()
    page = client_lists.list_clients(
        who, wanted, limit=limit + 1, sort=sort, after=_key(more) if more is not None else None, count=more is None
    )
    rows = page.rows[:limit]
    following = client_lists.key(rows[-1], sort) if len(page.rows) > limit else None
    extra: dict[str, Any] = {"fields": [], "chips": []}
    query = client_columns.query(asked) | ({SORT: sort} if sort != client_columns.NEWEST else {})
    if whole:
        shown = client_columns.fields(asked, members.list_members(who))
        extra = {
            "fields": shown, "chips": client_columns.chips({**asked, **query}, shown),
            "views": saved_views.list_views(who, ViewScreen.clients), "acts": bulk_acts.list_recent(who),
        }  # fmt: skip
    return Table(
        screen=ViewScreen.clients, blueprint="clients", query=query, sort=sort,
        columns=tables.chosen_columns(ViewScreen.clients, client_columns.EVERY), every=client_columns.EVERY,
        words=asked.get("search", ""), placeholder=gettext("Имя, телефон или почта"), rows=rows,
        next=_continued(following) if following else None, total=page.total, **extra,
    )  # fmt: skip


def _continued(key: Key) -> str:
    """A name may be anything: it travels as base64."""
    return base64.urlsafe_b64encode(json.dumps(key, ensure_ascii=False).encode()).decode()


def _key(before: str) -> Key:
    try:
        value, row_id = json.loads(base64.urlsafe_b64decode(before[:2000].encode()))
        if not isinstance(value, str) or not isinstance(row_id, int) or "\0" in value or not 0 <= row_id < 2**63:
            raise ValueError
    except ValueError as error:  # of base64 and JSON, too
        raise Invalid("Неверное продолжение списка", before="возьмите его из ответа") from error
    return value, row_id
