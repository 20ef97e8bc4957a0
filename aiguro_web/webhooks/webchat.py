"""The web chat: its page, and what a visitor's browser says and asks.

A visitor is known by a random secret that their browser made; we keep only its hash, and find nothing by anything else.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

from flask import Response, current_app, g, render_template, request
from pydantic import BaseModel, Field

from .. import storage
from ..channels import Incoming, Person
from ..errors import Conflict, Forbidden, Invalid, NotFound
from ..live import ALL, Subscription, listen, seats
from ..models.message import KEY_MAX, TEXT_MAX
from ..models.text import is_visible, one_line
from ..services import attachments, connections, inbound, topics, webchat
from ..services.webchat import SaidRow
from ..web import downloads, limits
from ..web.assets import asset_file
from ..web.auth import public
from ..web.body import read_json, respond
from ..web.door import Door, outside
from .guard import connection_of

bp = Door("webchat", __name__, guard=connection_of("webchat"), url_prefix="/chat")
scripts = Door("widget", __name__, guard=public)
VISITOR = re.compile(r"[0-9a-f]{32,128}")
HEARTBEAT = 15  # seconds
STREAM_LIFE = 600  # seconds, then the page comes again
STREAMS_OF_VISITOR = 3
STREAMS_OF_ADDRESS = 20  # at one connection: an office behind one address; the rest ask each 3 s
NEW_VISITORS = 20  # a minute at one connection from one address
OWN_KEY = re.compile(r"[0-9a-f]{32,64}")  # what our page makes


class SayIn(BaseModel):
    """What a visitor writes; `key` makes a repeat change nothing."""

    visitor: str = Field(min_length=32, max_length=128, pattern="^[0-9a-f]+$")
    key: str = Field(min_length=8, max_length=KEY_MAX - 32)
    text: str = Field(min_length=1, max_length=TEXT_MAX)
    name: str = Field(default="", max_length=200)


class SeenIn(BaseModel):
    """How far a visitor has read."""

    visitor: str = Field(min_length=32, max_length=128, pattern="^[0-9a-f]+$")
    id: int = Field(gt=0, lt=2**63)


def _chat_id(visitor: str) -> str:
    return hashlib.sha256(visitor.encode()).hexdigest()[:40]


def _visitor() -> str:
    visitor = request.headers.get("X-Visitor", "")
    if not VISITOR.fullmatch(visitor):
        raise Forbidden("Нет доступа к этому чату")
    return _chat_id(visitor)


@bp.get("/<key>")
def page(key: str) -> str:
    """The page a visitor writes in, also inside the widget's frame on any site."""
    g.frame_ancestors = "*"
    return render_template("webchat/page.html", connection=webchat.get_face(g.who, g.connection.id), key=key)


@bp.get("/<key>/messages")
def messages(key: str) -> Response:
    """What was said, oldest first; `?after=<id>` what is new."""
    after = request.args.get("after", "0")
    after_id = int(after) if after.isascii() and after.isdigit() and len(after) < 19 else 0
    rows = webchat.list_said(g.who, g.connection.id, _visitor(), after_id)
    return _json({"messages": rows})


@bp.get("/<key>/files/<id:id>")
def file(key: str, id: int) -> Response:
    """A file of the visitor's own conversation; the secret comes in the header, so the page fetches it itself."""
    row = attachments.get_own_content(g.who, g.connection.id, _visitor(), id)
    part = downloads.asked_part(row["size"])
    with outside():
        pieces = storage.open(row["storage_key"], *(part or ()))
    response = downloads.answer(pieces, row, part, inline=False)
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.post("/<key>/messages")
def say(key: str) -> Response:
    """A visitor's message. The same key again answers the same message."""
    wish = read_json(SayIn)
    if not g.connection.is_active:
        raise Conflict("Чат сейчас выключен")
    chat_id = _chat_id(wish.visitor)
    limits.allow("visitor", 30, 60, f"{g.connection.id}:{chat_id}")
    message_id = _message_id(wish.key)
    news = Incoming(
        kind="message",
        update_id=f"{chat_id}:{message_id}",
        chat_id=chat_id,
        person=Person(external_id=chat_id, name=_name(wish.name)),
        message_id=message_id,
        text=_clean(wish.text),
    )
    if webchat.find_visitor(g.who, g.connection.id, chat_id) is None:
        limits.allow("visitors", NEW_VISITORS, 60, g.connection.id, limits.address())
    received = inbound.receive(g.who, g.connection.id, "webchat", news)
    said = _stored(chat_id, news) if received.fresh else _repeated(chat_id, news)
    connections.heard(g.who, g.connection.id)
    return _json({"message": said}, 201)


def _message_id(key: str) -> str:
    """What a message is called here and in `ref`, never a bare number; our page's own keys stay recognisable."""
    return f"w{key}" if OWN_KEY.fullmatch(key) else f"h{hashlib.sha256(key.encode()).hexdigest()[:32]}"


def _stored(chat_id: str, news: Incoming) -> SaidRow:
    return webchat.get_said(g.who, g.connection.id, chat_id, news.message_id)


def _repeated(chat_id: str, news: Incoming) -> SaidRow:
    """The message that is here already. Raises Conflict where none is, or another."""
    try:
        said = _stored(chat_id, news)
    except NotFound:  # nothing was kept: the chat was switched off while the guard still remembered it as on
        raise Conflict("Чат сейчас выключен") from None
    if said["text"] != news.text:
        raise Conflict("С этим ключом уже отправлено другое сообщение")
    return said


@bp.post("/<key>/seen")
def seen(key: str) -> Response:
    """The visitor's page shows our messages up to `id`: the manager sees the mark."""
    wish = read_json(SeenIn)
    webchat.seen(g.who, g.connection.id, _chat_id(wish.visitor), wish.id)
    return _json({"ok": True})


@bp.get("/<key>/live")
def live(key: str) -> Response:
    """A stream that says when to ask for new messages."""
    chat_id = _visitor()
    subscription = listen([topics.visitor(g.who.home, g.connection.id, chat_id)])
    response = Response(_stream(subscription), mimetype="text/event-stream")
    seats.take(response, _caps(chat_id))
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response


def _caps(chat_id: str) -> dict[str, int]:
    """Visitors are strangers: a third of the streams stays for the managers' pages, whatever they open."""
    every: int = current_app.config["STREAMS_MAX"]
    here = f"webchat:{g.connection.id}"
    return {
        ALL: every,
        "webchat": every * 2 // 3,
        f"{here}:address:{limits.address()}": STREAMS_OF_ADDRESS,
        f"{here}:visitor:{chat_id}": STREAMS_OF_VISITOR,
    }


def _stream(subscription: Subscription) -> Iterator[str]:
    with subscription:
        yield "retry: 2000\n\nevent: messages\ndata: \n\n"
        for _ in range(STREAM_LIFE // HEARTBEAT):
            came = subscription.wait(HEARTBEAT)
            if subscription.closed:
                return
            yield "event: messages\ndata: \n\n" if came else ": still here\n\n"


def _clean(text: str) -> str:
    text = text.strip()
    if not is_visible(text):
        raise Invalid("Сообщение пустое", text="напишите текст")
    return text


def _name(name: str) -> str:
    return one_line(name) or "Посетитель сайта"


def _json(value: Any, status: int = 200) -> Response:
    response = respond(json.dumps(value, ensure_ascii=False, default=str).encode(), Any, status)
    response.headers["Cache-Control"] = "no-store"
    return response


@scripts.get("/widget.js")
def widget() -> Response:
    """The script that a company puts on its site."""
    found = asset_file("widget.js")
    if found is None:
        raise NotFound("Скрипт не собран: npm run build")
    response = Response(found.read_bytes(), mimetype="text/javascript")
    response.headers["Cache-Control"] = "public, max-age=3600"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
