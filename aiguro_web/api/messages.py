"""Messages of a dialog: the seed's §8.2 and 8.3."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from flask import Response, g, request, url_for

from ..errors import Invalid
from ..models.message import KEY_MAX
from ..schemas.messages import MessageIn, MessageOut, message_out
from ..services import dialogs, messages, organizations
from ..web import auth, paging
from ..web.body import read_json, read_query, respond
from ..web.door import Door
from ..web.paging import PageQuery
from ..web.tenancy import get_id, get_uuid

bp = Door("api_messages", __name__, guard=auth.bearer, url_prefix="/api/organization/<org>")


@bp.get("/funnel/<f>/dialog/<uuid>/messages")
@bp.get("/funnels/<f>/dialogs/<uuid>/messages", endpoint="index_plural")
def index(org: str, f: str, uuid: str) -> Response:
    """Messages, newest first (seed §8.2)."""
    query = read_query(PageQuery)
    head = dialogs.find_head(g.who, get_uuid(uuid), get_id(f))
    scope = f"o{org}:messages:{head.id}"
    page = paging.page_of(query, scope)
    after = tuple(int(value) for value in page.after if isinstance(value, int)) if page.after else None
    rows = messages.list_messages(
        g.who,
        head.uuid,
        limit=page.limit,
        offset=page.offset,
        after=(after[0], after[1], after[2]) if after and len(after) == 3 else None,
    )
    last = rows[-1] if len(rows) == page.limit else None
    key = [last["position"], last["sequence"], last["id"]] if last else None
    total = None if page.walk else head.messages_count
    zone = _zone()
    return respond(
        [message_out(row, zone) for row in rows],
        list[MessageOut],
        headers=paging.headers(page, scope=scope, total=total, next_key=key),
    )


@bp.get("/funnel/<f>/dialog/<uuid>/messages/<id>", endpoint="show")
@bp.get("/funnels/<f>/dialogs/<uuid>/messages/<id>", endpoint="show_plural")
def show(org: str, f: str, uuid: str, id: str) -> Response:
    """One message; where the `Location` of a new one points."""
    dialogs.find_head(g.who, get_uuid(uuid), get_id(f))
    return respond(message_out(messages.get_message(g.who, get_uuid(uuid), get_id(id)), _zone()), MessageOut)


@bp.post("/funnel/<f>/dialog/<uuid>/message")
@bp.post("/funnels/<f>/dialogs/<uuid>/messages", endpoint="create_plural")
def create(org: str, f: str, uuid: str) -> Response:
    """Write to the client (seed §8.3): stored and queued in one transaction; delivery happens after."""
    wish = read_json(MessageIn)
    head = dialogs.find_head(g.who, get_uuid(uuid), get_id(f))
    row = messages.write(g.who, head.uuid, text=wish.text, role=wish.role, key=_key())
    location = url_for("api_messages.show", org=org, f=f, uuid=uuid, id=row["id"])
    return respond(message_out(row, _zone()), MessageOut, 201, {"Location": location})


def _key() -> str | None:
    """`Idempotency-Key`: a repeat by the same person answers the same message."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not 1 <= len(key) <= KEY_MAX - 40:
        raise Invalid("Неверный Idempotency-Key", **{"Idempotency-Key": f"от 1 до {KEY_MAX - 40} знаков"})
    return f"api-{g.who.user_id}-{key}" if key is not None else None


def _zone() -> ZoneInfo:
    return ZoneInfo(organizations.get_home(g.who.home).timezone)
