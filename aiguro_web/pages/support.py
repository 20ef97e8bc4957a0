"""The screen «Поддержка»: a company's own tickets."""

from __future__ import annotations

from typing import Any

from flask import Response, g, make_response, redirect, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from ..errors import Invalid, TooLarge
from ..models.ticket import Priority, TicketStatus
from ..schemas.tickets import TicketIn, TicketMessageIn
from ..services import funnels, ticket_lists
from ..services import tickets as service
from ..web import auth, tenancy
from ..web.door import Door
from ..web.htmx import add_trigger, is_htmx, toast
from . import shell, tickets
from .forms import read
from .forms.tickets import ChangeForm
from .tickets import Asked

bp = Door("support", __name__, guard=auth.page, url_prefix="/dashboard/support")

PLACE = tickets.COMPANY


@bp.get("")
def index() -> str | BaseResponse:
    """The whole screen. `?ticket=` opens a ticket; `?status=`, `?department=`, `?priority=`, `?topic=` (a funnel)
    narrow the list. Staff who belong to no company have their desk alone."""
    if g.who.org is None:
        return redirect(url_for("staff_desk.index"))
    asked = tickets.asked(PLACE)
    chosen = funnels.list_funnels(g.who)
    opened = tickets.conversation(g.who, asked, asked.open) if asked.open else {"ticket": None}
    return shell.page("support/page.html", funnels=chosen, **{**opened, **_list(asked)})


@bp.get("/list")
def list_() -> Response:
    """The list alone, or its next rows."""
    asked = tickets.asked(PLACE)
    found = _list(asked)
    return tickets.list_(asked, found["page"], found["tabs"])


@bp.get("/new")
def new() -> str:
    """The form of a new ticket."""
    service.must_write(g.who)
    chosen = funnels.list_funnels(g.who)
    return render_template("support/_new.html", funnels=chosen, **tickets.context(tickets.asked(PLACE)))


@bp.post("", upload=True)
def create() -> Response:
    """Open a ticket: it is shown at once."""
    service.must_write(g.who)  # before the files
    try:
        with tickets.receiving(TicketIn, "files") as (wish, files):
            id = service.open_ticket(
                g.who, subject=wish.subject, description=wish.description, department=wish.department,
                priority=wish.priority or Priority.medium, funnel_id=wish.funnel_id, files=files,  # type: ignore[arg-type]
            )  # fmt: skip
            response = make_response(_ticket(id))
    except (Invalid, TooLarge) as refusal:
        return tickets.refused(refusal, "new-ticket")
    response.headers["HX-Push-Url"] = url_for("support.index", ticket=id)
    add_trigger(response, "close-modal")
    add_trigger(response, "refresh", {"names": ["tickets"]})
    add_trigger(response, "toast", {"message": gettext("Обращение отправлено"), "kind": "success"})
    return response


@bp.get("/<id:id>")
def ticket(id: int) -> str | BaseResponse:
    """One ticket: its pane for HTMX, the whole screen for an address typed by hand."""
    return _ticket(id) if is_htmx() else redirect(url_for("support.index", ticket=id))


@bp.get("/<id:id>/messages")
def changes(id: int) -> str:
    """The newest messages, and whatever else of an open ticket may have changed."""
    return render_template("support/_changes.html", **_conversation(id))


@bp.get("/<id:id>/messages/older")
def older(id: int) -> str:
    """The messages before `?before=`."""
    return render_template("support/_messages.html", **_conversation(id, tenancy.read_id(tickets.before() or "")))


@bp.post("/<id:id>/messages", upload=True)
def answer(id: int) -> str | Response:
    """The company writes."""
    service.must_write(g.who)  # before the files
    ticket_lists.get_ticket(g.who, id)
    try:
        with tickets.receiving(TicketMessageIn, "attachments") as (wish, files):
            service.answer(g.who, id, wish.text, files)
            return changes(id)
    except (Invalid, TooLarge) as refusal:
        return tickets.refused(refusal, "ticket-answer")


@bp.post("/<id:id>/change")
def change(id: int) -> str:
    """Close the ticket, or open it again; the rest is for support to set."""
    wish = read(ChangeForm).wish()
    service.change(g.who, id, **wish)
    if wish.get("status") == TicketStatus.closed:
        toast(gettext("Обращение закрыто"), undo=url_for("support.change_back", id=id))
    return changes(id)


@bp.post("/<id:id>/reopen")
def change_back(id: int) -> tuple[str, int]:
    """Take a closing back, from its toast: the open pages hear of it by themselves."""
    service.change(g.who, id, status=TicketStatus.open)
    return "", 204


@bp.get("/<id:id>/files/<id:ticket_file_id>")
def file(id: int, ticket_file_id: int) -> BaseResponse:
    """A file of a message."""
    return tickets.file(g.who, id, ticket_file_id)


def _list(asked: Asked) -> dict[str, Any]:
    page = ticket_lists.list_recent(g.who, asked.wanted, limit=tickets.rows_wanted(), before=tickets.before())
    counts = ticket_lists.count_states(g.who, asked.wanted)
    return tickets.context(asked, page, tickets.tabs(asked, counts, {}))


def _conversation(id: int, before_id: int | None = None) -> dict[str, Any]:
    return tickets.conversation(g.who, tickets.asked(PLACE), id, before_id)


def _ticket(id: int) -> str:
    return render_template("support/_ticket.html", **_conversation(id))
