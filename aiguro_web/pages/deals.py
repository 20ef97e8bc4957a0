"""The screen «Сделки»: the board, and what is done to a deal from here and from other screens."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from flask import Response, g, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from ..models.dialog import DialogStatus, Outcome
from ..services import deal_board, dialog_moves, dialogs, members
from ..services.access import Actor
from ..services.deal_filters import DealFilter
from ..services.dialog_moves import Terms
from ..web import auth, tenancy
from ..web.door import Door
from ..web.htmx import close, refresh, toast
from . import deal_cards, deal_chips, deal_filters, shell
from .forms import read
from .forms.deals import AssignForm, ClosingForm, MoveForm, NewDealForm, TermsForm

bp = Door("deals", __name__, guard=auth.page, url_prefix="/dashboard/deals")

CARDS_EACH = 10  # of a column, where the board shows all funnels
CLOSING = "deals/_closing.html"
NEW = "deals/_new.html"
NOWHERE = UUID(int=0)  # stands in an address until the browser knows whose it is
REASONS = 6


@bp.get("")
def index() -> str | BaseResponse:
    """The whole screen. `?deal=` opens a deal over it; the filter is that of pages/deal_filters.py."""
    if "price_from" in request.args:  # the filter's form: its address is made short
        return redirect(_asked())
    funnel_id = shell.chosen_funnel()
    people = members.list_members(g.who)
    return shell.page(
        "deals/page.html",
        **_board(g.who, funnel_id),
        people=people,
        chips=deal_chips.chips(request.args, people),
        channels=deal_chips.CHANNELS,
        args=request.args,
    )


@bp.get("/board")
def board() -> Response | tuple[str, int]:
    """A refresh: the columns that have changed. `?columns=` says what the page shows: `id.cards.digest` of each, parted
    by commas; where a column is missing there or too many, the whole board comes."""
    context = _board(g.who, shell.asked_funnel(), shown := _read_shown(request.args.get("columns", "")))
    laid = [one for section in context["sections"] for one in section.columns]
    if {one.column.stage_id for one in laid} != set(shown):
        response = make_response(render_template("deals/_board.html", **context))
        response.headers["HX-Retarget"], response.headers["HX-Reswap"] = "#board", "morph"
        return response
    changed = [one for one in laid if one.digest != shown[one.column.stage_id][1]]
    if not changed:
        return "", 204
    return make_response(deal_cards.columns(changed, kept=context["kept"], can=context["can"]))


@bp.get("/column/<id:id>")
def column(id: int) -> str:
    """More cards of a column: those after `?before=`."""
    cards, following = deal_board.list_cards(g.who, _wanted(None), id, request.args.get("before"))
    kept = _kept(shell.asked_funnel())
    return render_template("deals/_cards.html", cards=deal_cards.make(cards), stage_id=id, next=following, kept=kept)


@bp.post("/<uuid:uuid>/move")
def move(uuid: UUID) -> Response | tuple[str, int]:
    """To another stage. A card of the board gets itself and its two column heads back; `?to=&seen=` is what the button
    «Отменить» posts."""
    undoing = "to" in request.args
    to, seen = (request.args["to"], request.args.get("seen")) if undoing else read(MoveForm).wish()
    before = deal_board.get_place(g.who, uuid)
    dialog_moves.move_to_stage(g.who, uuid, to, seen=seen or before["code"])
    after = deal_board.get_place(g.who, uuid)
    if after["stage_id"] != before["stage_id"]:
        back = url_for("deals.move", uuid=uuid, to=before["code"], seen=after["code"])
        name = after["client_name"] or gettext("Без имени")
        words = gettext("%(name)s: %(old)s → %(new)s", name=name, old=before["name"], new=after["name"])
        toast(words, undo="" if undoing else back)
    if not _is_card():
        return _done(uuid)
    both = [before["stage_id"], after["stage_id"]]
    heads = deal_board.list_columns(g.who, _wanted(shell.asked_funnel()), cards=0, stages=both)
    card = deal_cards.make([deal_board.get_card(g.who, uuid)])
    return make_response(render_template("deals/_moved.html", card=card, heads=heads))


@bp.post("/<uuid:uuid>/terms")
def terms(uuid: UUID) -> Response | tuple[str, int]:
    """Price, chance, tags, description: what is sent."""
    dialog_moves.set_terms(g.who, uuid, read(TermsForm).terms())
    return _done(uuid)


@bp.post("/<uuid:uuid>/assign")
def assign(uuid: UUID) -> Response | tuple[str, int]:
    """Another manager, or nobody."""
    dialog_moves.assign(g.who, uuid, read(AssignForm).manager.data or "")
    return _done(uuid)


@bp.get("/<uuid:uuid>/closing")
def closing(uuid: UUID) -> str:
    """How did it end? `?outcome=` is chosen already."""
    g.who.must("write_dialog")
    place = deal_board.get_place(g.who, uuid)
    form = ClosingForm(formdata=None)
    form.outcome.data = request.args.get("outcome") or place["outcome"]
    form.lost_reason.data = place["lost_reason"]
    return render_template(CLOSING, form=form, place=place, reasons=_reasons(g.who))


@bp.post("/<uuid:uuid>/closing", endpoint="close")
def close_deal(uuid: UUID) -> Response | tuple[str, int]:
    """Close it, or correct how it ended."""
    g.who.must("write_dialog")
    place = deal_board.get_place(g.who, uuid)
    form = ClosingForm()
    if not form.validate_on_submit():
        return make_response(render_template(CLOSING, form=form, place=place, reasons=_reasons(g.who)), 422)
    ended = form.ended()
    dialogs.close(g.who, uuid, ended, form.lost_reason.data or "")
    words = {Outcome.won: gettext("Сделка выиграна"), Outcome.lost: gettext("Сделка проиграна")}
    undo = url_for("deals.reopen", uuid=uuid) if place["status"] == DialogStatus.active else ""
    toast(words.get(ended, gettext("Диалог закрыт")) if ended else gettext("Диалог закрыт"), undo=undo)
    close()
    return _done(uuid)


@bp.post("/<uuid:uuid>/reopen")
def reopen(uuid: UUID) -> Response | tuple[str, int]:
    """Open it again; what the button «Отменить» of a closing posts."""
    dialogs.reopen(g.who, uuid)
    return _done(uuid)


@bp.get("/new")
def new() -> str:
    """The form of a deal begun by hand."""
    g.who.must("write_dialog")
    return render_template(NEW, form=_new_form(g.who, blank=True))


@bp.post("/new")
def create() -> Response | tuple[str, int]:
    """Begin it: with a new client of that name."""
    g.who.must("write_dialog")
    form = _new_form(g.who)
    if not form.validate_on_submit():
        return make_response(render_template(NEW, form=form), 422)
    stage = next(row for row in deal_board.list_stages(g.who) if str(row["id"]) == form.stage.data)
    dialog = dialogs.create(g.who, stage["funnel_id"], name=form.name.data or "", stage=stage["code"])
    dialog_moves.set_terms(g.who, dialog.uuid, Terms(price=form.price.data or Decimal(0)))
    toast(gettext("Сделка создана: %(name)s", name=form.name.data))
    close()
    return _done(dialog.uuid)


def _asked() -> str:
    """The address of what the filter's form asks for, without what it leaves open."""
    asked = {name: value for name, value in request.args.items() if value}
    price = f"{asked.get('price_from', '')}..{asked.get('price_to', '')}"
    query: dict[str, Any] = deal_filters.query(asked, price=price if price != ".." else None)
    return url_for("deals.index", **query)


def _done(uuid: UUID) -> tuple[str, int]:
    refresh("dialogs", f"dialog-{uuid}")
    return "", 204


def _is_card() -> bool:
    return request.headers.get("HX-Target", "").startswith("deal-")


def _reasons(who: Actor) -> list[str]:
    """Why deals are lost: what was written lately, then what is usual."""
    usual = [gettext("Дорого"), gettext("Выбрал других"), gettext("Не отвечает"), gettext("Передумал")]
    return list(dict.fromkeys([*deal_board.list_lost_reasons(who, REASONS), *usual]))[:REASONS]


def _new_form(who: Actor, blank: bool = False) -> NewDealForm:
    form = NewDealForm(formdata=None) if blank else NewDealForm()
    funnel_id = shell.chosen_funnel()
    stages = deal_board.list_stages(who, funnel_id if "funnel" not in request.args else shell.asked_funnel())
    several = len({row["funnel_id"] for row in stages}) > 1
    form.offer((str(row["id"]), f"{row['funnel_name']}: {row['name']}" if several else row["name"]) for row in stages)
    return form


def _wanted(funnel_id: int | None) -> DealFilter:
    return deal_filters.read(request.args, g.timezone or "UTC", funnel_id)


def _kept(funnel_id: int | None) -> dict[str, str]:
    """The board's query for its own fragments: their funnel does not hang on what another window chooses."""
    return deal_filters.query(request.args, funnel=funnel_id or 0)


def _board(who: Actor, funnel_id: int | None, shown: dict[int, tuple[int, str]] | None = None) -> dict[str, Any]:
    """What templates/deals/_board.html shows."""
    counts = {stage: count for stage, (count, _) in (shown or {}).items()}
    columns = deal_board.list_columns(
        who, _wanted(funnel_id), cards=deal_board.CARDS if funnel_id else CARDS_EACH, shown=counts
    )
    return {
        "sections": deal_cards.lay_out(columns), "kept": _kept(funnel_id), "can": shell.rights(who),
        "query": deal_filters.query(request.args),
        "drawer": url_for("messengers.drawer", uuid=NOWHERE), "nowhere": NOWHERE,
        "whole": funnel_id is not None,
    }  # fmt: skip


def _read_shown(text: str) -> dict[int, tuple[int, str]]:
    """What a page shows: for each stage the number of its cards, and the digest of the column."""
    found: dict[int, tuple[int, str]] = {}
    for part in text.split(",")[: deal_board.COLUMNS_MAX]:
        stage, _, rest = part.partition(".")
        count, _, digest = rest.partition(".")
        stage_id, cards = tenancy.read_id(stage), tenancy.read_id(count)
        if stage_id is not None:
            found[stage_id] = (cards or 0, digest)
    return found
