"""Support's desk: AIGURO's own people and the tickets of all organisations. Its guard lets nobody else in."""

from __future__ import annotations

from typing import Any

from flask import Response, g, redirect, render_template, url_for
from werkzeug.wrappers import Response as BaseResponse

from ..errors import Invalid, TooLarge
from ..models.ticket import TicketStatus
from ..schemas.tickets import TicketMessageIn
from ..services import staff_desk
from ..services import tickets as service
from ..services.access import Actor
from ..web import auth, tenancy
from ..web.door import Door
from ..web.htmx import is_htmx
from . import shell, tickets
from .forms import read
from .forms.tickets import ChangeForm
from .tickets import Asked

bp = Door("staff_desk", __name__, guard=auth.desk, url_prefix="/dashboard/desk")

PLACE = tickets.DESK


@bp.get("")
def index() -> str:
    """The whole screen. `?ticket=` opens a ticket; `?status=`, `?department=`, `?priority=`, `?words=` (of the
    organisation's name) narrow the list."""
    asked = tickets.asked(PLACE)
    listed = _list(asked)  # before the ticket: the list is read outside of every organisation
    opened = _conversation(asked.open) if asked.open else {"ticket": None}
    return shell.page("support/page.html", funnels=[], **{**opened, **listed})


@bp.get("/list")
def list_() -> Response:
    """The list alone, or its next rows."""
    asked = tickets.asked(PLACE)
    found = _list(asked)
    return tickets.list_(asked, found["page"], found["tabs"])


@bp.get("/<id:id>")
def ticket(id: int) -> str | BaseResponse:
    """One ticket: its pane for HTMX, the whole screen for an address typed by hand."""
    if not is_htmx():
        return redirect(url_for("staff_desk.index", ticket=id))
    return render_template("support/_ticket.html", **_conversation(id))


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
    """Support answers."""
    _enter(id)  # before the files
    try:
        with tickets.receiving(TicketMessageIn, "attachments") as (wish, files):
            service.answer(_enter(id), id, wish.text, files)
            return changes(id)
    except (Invalid, TooLarge) as refusal:
        return tickets.refused(refusal, "ticket-answer")


@bp.post("/<id:id>/change")
def change(id: int) -> str:
    """Set state, department, priority; what is left out stays."""
    service.change(_enter(id), id, **read(ChangeForm).wish())
    return changes(id)


@bp.get("/<id:id>/files/<id:ticket_file_id>")
def file(id: int, ticket_file_id: int) -> BaseResponse:
    """A file of a message."""
    return tickets.file(_enter(id), id, ticket_file_id)


def _enter(id: int) -> Actor:
    return staff_desk.enter(g.who, id)


def _list(asked: Asked) -> dict[str, Any]:
    page = staff_desk.list_recent(
        g.who, asked.wanted, limit=tickets.rows_wanted(), before=tickets.before(), words=asked.words
    )
    states = staff_desk.count_states(g.who, asked.wanted, asked.words)
    counts = {status: state.total for status, state in states.items()}
    ours = (TicketStatus.open, TicketStatus.in_progress)
    since = {status: state.oldest for status, state in states.items() if status in ours}
    return tickets.context(asked, page, tickets.tabs(asked, counts, since))


def _conversation(id: int, before_id: int | None = None) -> dict[str, Any]:
    return tickets.conversation(_enter(id), tickets.asked(PLACE), id, before_id)
