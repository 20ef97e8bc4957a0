"""The screen of dialogs: the list, the open chat, the client's card."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast
from uuid import UUID

from flask import Response, g, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from ..services import dialog_moves, dialogs, inbox, messages, presences
from ..services.access import Actor
from ..services.inbox import CardPage, CardRow, Queue
from ..web import auth, tenancy
from ..web.door import Door
from ..web.htmx import is_htmx
from . import chats, shell, threads
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
    chat = chats.read(g.who, uuid) if uuid else {"chat": None}
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
    return render_template("messengers/_chat.html", **chats.read(g.who, uuid))


@bp.get("/<uuid:uuid>/drawer")
def drawer(uuid: UUID) -> str | BaseResponse:
    """One dialog for the drawer of any screen."""
    return chat(uuid)


@bp.get("/<uuid:uuid>/messages")
def changes(uuid: UUID) -> str:
    """The newest messages, and whatever else of an open dialog may have changed."""
    return chats.changes(uuid)


@bp.get("/<uuid:uuid>/messages/older")
def older(uuid: UUID) -> str:
    """The messages before `?before=`."""
    before = tenancy.get_id(request.args.get("before", ""))
    run = threads.read(g.who, uuid, threads.OLDER, before)
    return render_template("messengers/_older.html", run=run, can=shell.rights(g.who))


@bp.post("/<uuid:uuid>/messages")
def write(uuid: UUID) -> str:
    """A manager answers."""
    wish = read(MessageForm)
    messages.write(g.who, uuid, text=wish.text.data or "", key=wish.key.data or None)
    return chats.changes(uuid)


@bp.post("/<uuid:uuid>/messages/<id:message_id>/again")
def again(uuid: UUID, message_id: int) -> str:
    """Send once more what failed."""
    message = messages.send_again(g.who, uuid, message_id)
    run = threads.lay_out_one(g.who, uuid, message)
    return render_template("messengers/_messages.html", run=run, can=shell.rights(g.who))


@bp.post("/<uuid:uuid>/take")
def take(uuid: UUID) -> chats.Told:
    dialogs.take(g.who, uuid)
    return chats.told(uuid)


@bp.post("/<uuid:uuid>/release")
def release(uuid: UUID) -> chats.Told:
    dialogs.release(g.who, uuid)
    return chats.told(uuid)


@bp.post("/<uuid:uuid>/assistant/<any(on, off):switch>")
def assistant(uuid: UUID, switch: str) -> chats.Told:
    """Give the dialog back to the assistant, or take it from there."""
    dialog_moves.switch_assistant(g.who, uuid, switch == "on")
    return chats.told(uuid)


@bp.post("/<uuid:uuid>/reopen")
def reopen(uuid: UUID) -> chats.Told:
    dialogs.reopen(g.who, uuid)
    return chats.told(uuid)


@bp.get("/<uuid:uuid>/presence")
def watchers(uuid: UUID) -> str:
    """Who else has the dialog open."""
    chat = {"uuid": uuid, "watchers": presences.list_watchers(g.who, uuid)}
    return render_template("messengers/_presence.html", chat=chat)


@bp.post("/<uuid:uuid>/presence")
def presence(uuid: UUID) -> tuple[str, int]:
    """A sign of life of the person who has it open: `state` is looking, typing or gone."""
    state = request.form.get("state", "looking")
    if state == "gone":
        presences.leave(g.who, uuid)
    else:
        presences.note(g.who, uuid, typing=state == "typing")
    return "", 204


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
