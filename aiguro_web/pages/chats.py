"""One open dialog, as every screen shows it: beside the list, or in the drawer over a board or a table."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from flask import g, render_template, request, url_for

from ..models.message import TEXT_MAX
from ..services import attachments, dialogs, inbox
from ..services.access import Actor
from ..services.inbox import ChatRow
from ..web import htmx
from . import shell, threads

Told = str | tuple[str, int]


def read(who: Actor, uuid: UUID, limit: int = threads.PAGE) -> dict[str, Any]:
    """What the templates of a chat need. Raises NotFound."""
    card = inbox.get_card(who, uuid)
    return {
        "chat": card,
        "run": threads.read(who, uuid, limit),
        "can": shell.rights(who),
        "me": who.user_id,
        "back": _list_address(),
        "state": _state(who, card),
        "text_max": TEXT_MAX,
        "has_model": dialogs.has_model(),
        "takes_files": card["channel"] in attachments.CHANNELS,
        "files_max": attachments.FILES_MAX,
    }


def changes(uuid: UUID) -> str:
    """The newest messages, and whatever else of an open dialog may have changed."""
    return render_template("messengers/_changes.html", **read(g.who, uuid, threads.NEWEST))


def told(uuid: UUID) -> Told:
    """The answer to an act on a dialog: its changes where it is open; elsewhere its lists are told to look again."""
    if request.headers.get("HX-Target") == "messages":
        return changes(uuid)
    htmx.refresh("dialogs", f"dialog-{uuid}")
    return "", 204


def _list_address() -> str:
    """The list that the person came from: in this address, or in that of the page around this fragment."""
    here = parse_qs(request.headers.get("HX-Current-URL", "").partition("#")[0].partition("?")[2])
    queue, search = (request.args.get(name) or here.get(name, [""])[0][:100] for name in ("queue", "search"))
    return url_for("messengers.index", queue=queue or None, search=search or None)


def _state(who: Actor, card: ChatRow) -> str:
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
