"""The screen of dialogs: the list, the open chat, the client's card."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import parse_qs
from uuid import UUID

from flask import Response, g, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from ..models.message import TEXT_MAX
from ..services import dialogs, inbox, messages
from ..services.access import Actor
from ..services.inbox import CardPage, CardRow, Queue
from ..web import auth, tenancy
from ..web.door import Door
from ..web.htmx import is_htmx
from . import shell, threads
from .forms import read
from .forms.messengers import MessageForm

bp = Door("messengers", __name__, guard=auth.page, url_prefix="/dashboard/messengers")
bp.add_app_template_filter(threads.waiting)

ROWS = 40
ROWS_MAX = 400  # a refresh brings back as many as were shown, up to this


@dataclass(frozen=True)
class Inbox:
    """What the list of dialogs shows."""

    queue: Queue
    search: str
    funnel_id: int | None
    open: UUID | None
    counts: dict[str, int]
    page: CardPage

    @property
    def rows(self) -> list[CardRow]:
        return self.page.rows

    @property
    def next(self) -> str | None:
        return self.page.next

    @property
    def queues(self) -> list[tuple[str, str]]:
        return [
            ("unanswered", gettext("Не отвечено")),
            ("mine", gettext("Мои")),
            ("open", gettext("Все")),
            ("closed", gettext("Закрытые")),
        ]

    def address(self, uuid: UUID | None) -> str:
        """The page with this list and that dialog open."""
        return url_for("messengers.index", queue=self.queue, search=self.search or None, uuid=uuid)


@bp.get("")
def index() -> str:
    """The whole screen. `?uuid=` or `?thread_id=` opens a dialog, `?queue=`, `?search=`, `?funnel=` narrow the list."""
    uuid = _asked_dialog(g.who)
    inbox = _inbox(g.who, shell.chosen_funnel(), uuid)
    chat = _chat(g.who, uuid) if uuid else {"chat": None}
    return shell.page("messengers/page.html", inbox=inbox, **chat)


@bp.get("/list")
def list_() -> Response:
    """The list alone; with `before`, its next rows; with `live`, a refresh, which leaves the address as it is."""
    uuid = tenancy.get_uuid(request.args["uuid"]) if request.args.get("uuid") else None
    inbox = _inbox(g.who, shell.asked_funnel(), uuid)
    if "before" in request.args:
        return make_response(render_template("messengers/_rows.html", inbox=inbox))
    response = make_response(render_template("messengers/_dialogs.html", inbox=inbox))
    if "live" not in request.args:
        response.headers["HX-Replace-Url"] = inbox.address(uuid)
    return response


@bp.get("/<uuid:uuid>")
def chat(uuid: UUID) -> str | BaseResponse:
    """One dialog: its pane for HTMX, the whole screen for an address typed by hand."""
    if not is_htmx():
        return redirect(url_for("messengers.index", uuid=uuid))
    return render_template("messengers/_chat.html", **_chat(g.who, uuid))


@bp.get("/<uuid:uuid>/messages")
def changes(uuid: UUID) -> str:
    """The newest messages, and whatever else of an open dialog may have changed."""
    return render_template("messengers/_changes.html", **_chat(g.who, uuid, threads.NEWEST))


@bp.get("/<uuid:uuid>/messages/older")
def older(uuid: UUID) -> str:
    """The messages before `?before=`."""
    run = threads.read(g.who, uuid, before_id=tenancy.get_id(request.args.get("before", "")))
    return render_template("messengers/_messages.html", run=run, can=shell.rights(g.who))


@bp.post("/<uuid:uuid>/messages")
def write(uuid: UUID) -> str:
    """A manager answers."""
    wish = read(MessageForm)
    messages.write(g.who, uuid, text=wish.text.data or "", key=wish.key.data or None)
    return changes(uuid)


@bp.post("/<uuid:uuid>/messages/<id:message_id>/again")
def again(uuid: UUID, message_id: int) -> str:
    """Send once more what failed."""
    message = messages.send_again(g.who, uuid, message_id)
    run = threads.lay_out_one(g.who, uuid, message)
    return render_template("messengers/_messages.html", run=run, can=shell.rights(g.who))


@bp.post("/<uuid:uuid>/take")
def take(uuid: UUID) -> str:
    dialogs.take(g.who, uuid)
    return changes(uuid)


@bp.post("/<uuid:uuid>/release")
def release(uuid: UUID) -> str:
    dialogs.release(g.who, uuid)
    return changes(uuid)


@bp.post("/<uuid:uuid>/close")
def close(uuid: UUID) -> str:
    dialogs.close(g.who, uuid)
    return changes(uuid)


@bp.post("/<uuid:uuid>/reopen")
def reopen(uuid: UUID) -> str:
    dialogs.reopen(g.who, uuid)
    return changes(uuid)


@bp.post("/<uuid:uuid>/read", endpoint="read")
def mark_read(uuid: UUID) -> tuple[str, int]:
    dialogs.mark_read(g.who, uuid)
    return "", 204


def _asked_dialog(who: Actor) -> UUID | None:
    if request.args.get("uuid"):
        return tenancy.get_uuid(request.args["uuid"])
    thread_id = _words("thread_id")
    return inbox.find_uuid(who, thread_id) if thread_id else None


def _words(name: str) -> str:
    """What a person typed into an address, at most 100 characters."""
    return request.args.get(name, "").strip()[:100]


def _inbox(who: Actor, funnel_id: int | None, uuid: UUID | None) -> Inbox:
    counts = inbox.count_queues(who, funnel_id)
    queue = cast("Queue", request.args.get("queue") if request.args.get("queue") in counts else "unanswered")
    search = _words("search")
    shown = tenancy.read_id(request.args.get("shown", "")) or ROWS
    page = inbox.list_cards(
        who,
        queue=queue,
        funnel_id=funnel_id,
        search=search,
        before=request.args.get("before"),
        limit=min(max(shown, ROWS), ROWS_MAX),
    )
    return Inbox(queue, search, funnel_id, uuid, counts, page)


def _chat(who: Actor, uuid: UUID, limit: int = threads.PAGE) -> dict[str, Any]:
    card = inbox.get_card(who, uuid)
    return {
        "chat": card,
        "run": threads.read(who, uuid, limit),
        "can": shell.rights(who),
        "me": who.user_id,
        "back": _list_address(),
        "state": _state(who, card),
        "text_max": TEXT_MAX,
    }


def _list_address() -> str:
    """The list that the person came from: in this address, or in that of the page around this fragment."""
    here = parse_qs(request.headers.get("HX-Current-URL", "").partition("#")[0].partition("?")[2])
    queue, search = (request.args.get(name) or here.get(name, [""])[0][:100] for name in ("queue", "search"))
    return url_for("messengers.index", queue=queue or None, search=search or None)


def _state(who: Actor, card: CardRow) -> str:
    """Whether this person can write to the client now: "open", or what stands in the way."""
    if not who.may("write_dialog"):
        return "viewer"
    if card["status"] == "closed":
        return "closed"
    if card["unsubscribed"]:
        return "unsubscribed"
    if card["connection_name"] is None:
        return "gone"
    return "open" if card["connection_active"] else "off"
