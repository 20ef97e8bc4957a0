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

from ..channels import Incoming, Person
from ..errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from ..live import Subscription, listen, streams
from ..models.message import KEY_MAX, TEXT_MAX
from ..services import connections, inbound, topics, webchat
from ..web import limits
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


@bp.post("/<key>/messages")
def say(key: str) -> Response:
    """A visitor's message. The same key again answers the same message."""
    wish = read_json(SayIn)
    if not g.connection.is_active:
        raise Conflict("Чат сейчас выключен")
    chat_id = _chat_id(wish.visitor)
    limits.allow("visitor", 30, 60, f"{g.connection.id}:{chat_id}")
    news = Incoming(
        kind="message",
        update_id=f"{chat_id}:{wish.key}"[:128],
        chat_id=chat_id,
        person=Person(external_id=chat_id, name=wish.name.strip() or "Посетитель сайта"),
        message_id=hashlib.sha256(wish.key.encode()).hexdigest()[:32],
        text=_clean(wish.text),
    )
    inbound.receive(g.who, g.connection.id, "webchat", news)
    connections.heard(g.who, g.connection.id)
    return _json({"message": webchat.get_said(g.who, g.connection.id, chat_id, news.message_id)}, 201)


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
    topic = topics.visitor(g.who.home, g.connection.id, chat_id)
    if streams() >= current_app.config["STREAMS_MAX"]:
        raise Unavailable("Слишком много открытых страниц", headers={"Retry-After": "10"})
    with outside():
        subscription = listen([topic])
    response = Response(_stream(subscription), mimetype="text/event-stream")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response


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
    if not text:
        raise Invalid("Сообщение пустое", text="напишите текст")
    return text


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
