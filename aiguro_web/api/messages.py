"""Messages of a dialog: the seed's §8.2 and 8.3."""

from __future__ import annotations

import hashlib

from flask import Response, g, request, url_for

from ..errors import Invalid
from ..schemas.messages import MessageIn
from ..services import dialogs, message_lists, messages
from ..services.message_lists import Key
from ..web import auth, paging
from ..web.body import read_json, read_query, respond
from ..web.door import Door
from ..web.paging import Page, PageQuery
from ..web.tenancy import get_id, get_uuid

KEY_MAX = 255  # characters of an Idempotency-Key (contract.md §1)

bp = Door("api_messages", __name__, guard=auth.bearer, url_prefix="/api/organization/<org>")


@bp.get("/funnel/<f>/dialog/<uuid>/messages")
@bp.get("/funnels/<f>/dialogs/<uuid>/messages", endpoint="index_plural")
def index(org: str, f: str, uuid: str) -> Response:
    """Messages, newest first (seed §8.2)."""
    scope = f"o{org}:messages:{uuid}"
    page = paging.page_of(read_query(PageQuery), scope)
    found = message_lists.list_json(
        g.who, get_uuid(uuid), get_id(f), limit=page.limit, offset=page.offset, after=_key_of(page)
    )
    more = found.rows == page.limit
    headers = paging.headers(
        page, scope=scope, total=None if page.walk else found.total, next_key=found.last if more else None
    )
    return respond(found.body, headers=headers)


def _key_of(page: Page) -> Key | None:
    """A signed cursor holds what `index` put into it."""
    if page.after is None:
        return None
    position, sequence, id = (int(value or 0) for value in page.after)
    return position, sequence, id


@bp.get("/funnel/<f>/dialog/<uuid>/messages/<id>")
@bp.get("/funnels/<f>/dialogs/<uuid>/messages/<id>", endpoint="show_plural")
def show(org: str, f: str, uuid: str, id: str) -> Response:
    """One message; where the `Location` of a new one points."""
    return respond(message_lists.get_json(g.who, get_uuid(uuid), get_id(f), get_id(id)))


@bp.post("/funnel/<f>/dialog/<uuid>/message")
@bp.post("/funnels/<f>/dialogs/<uuid>/messages", endpoint="create_plural")
def create(org: str, f: str, uuid: str) -> Response:
    """Write to the client (seed §8.3): stored and queued in one transaction; delivery happens after."""
    wish = read_json(MessageIn)
    head = dialogs.find_head(g.who, get_uuid(uuid), get_id(f))
    row = messages.write(g.who, head.uuid, text=wish.text, role=wish.role, key=_key())
    location = url_for("api_messages.show", org=org, f=f, uuid=uuid, id=row["id"])
    body = message_lists.get_json(g.who, head.uuid, head.funnel_id, row["id"])
    headers = {"Location": location} | ({"Idempotent-Replayed": "true"} if row["replayed"] else {})
    return respond(body, status=201, headers=headers)


def _key() -> str | None:
    """`Idempotency-Key`: a repeat by the same person answers the same message. Hashed, for it may fill the column."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not 1 <= len(key) <= KEY_MAX:
        raise Invalid("Неверный Idempotency-Key", errors={"Idempotency-Key": f"от 1 до {KEY_MAX} знаков"})
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
    return f"api-{g.who.user_id}-{digest}"
