"""Messages of a dialog: the seed's §8.2 and 8.3."""

from __future__ import annotations

from flask import Response, g, url_for

from ..schemas.messages import MessageIn, MessageOut
from ..services import message_lists, messages
from ..services.message_lists import Key
from ..web import auth, paging
from ..web.body import read_json, read_query, respond
from ..web.operation import Api
from ..web.paging import Page, PageQuery
from ..web.tenancy import get_id, get_uuid

bp = Api("api_messages", __name__, tag="Сообщения", guard=auth.bearer, url_prefix="/api/organization/<org>")


@bp.get(
    "/funnel/<f>/dialog/<uuid>/messages", "/funnels/<f>/dialogs/<uuid>/messages", summary="Сообщения диалога",
    about="Новые сначала. `time` — тот же миг, что `timestamp`, в часовом поясе организации.",
    seed="8.2", query=PageQuery, gives=list[MessageOut], refuses=(404,),
)  # fmt: skip
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


@bp.get(
    "/funnel/<f>/dialog/<uuid>/messages/<id>", "/funnels/<f>/dialogs/<uuid>/messages/<id>",
    summary="Одно сообщение", gives=MessageOut, refuses=(404,),
)  # fmt: skip
def show(org: str, f: str, uuid: str, id: str) -> Response:
    """One message; where the `Location` of a new one points."""
    return respond(message_lists.get_json(g.who, get_uuid(uuid), get_id(f), get_id(id)))


@bp.post(
    "/funnel/<f>/dialog/<uuid>/message", "/funnels/<f>/dialogs/<uuid>/messages", summary="Написать клиенту",
    about="Сообщение сохранено и поставлено в очередь доставки; доставка идёт потом, её ход виден в `status`. "
    "Сообщение менеджера останавливает ассистента. В тестовом диалоге ничего не уходит, и можно писать за клиента "
    "(`role` = `user`).",
    seed="8.3", takes=MessageIn, gives=MessageOut, status=201, refuses=(404, 409), needs="write_dialog",
)  # fmt: skip
def create(org: str, f: str, uuid: str) -> Response:
    """Write to the client (seed §8.3): stored and queued in one transaction; delivery happens after."""
    wish = read_json(MessageIn)
    dialog, funnel = get_uuid(uuid), get_id(f)
    row = messages.write(g.who, dialog, text=wish.text, role=wish.role, funnel_id=funnel)
    location = url_for("api_messages.show", org=org, f=f, uuid=uuid, id=row["id"])
    body = message_lists.get_json(g.who, dialog, funnel, row["id"])
    return respond(body, status=201, headers={"Location": location})
