"""Messenger connections: the seed's §5.4, 5.5, 6.2 and 6.3."""

from __future__ import annotations

from flask import Response, current_app, g, url_for

from .. import channels
from ..errors import Invalid, Unavailable
from ..schemas.connections import ConnectionIn, ConnectionOut, connection_out
from ..services import connections, funnels
from ..web import auth, paging
from ..web.body import read_json, read_query, respond
from ..web.door import outside
from ..web.operation import Api
from ..web.paging import PageQuery
from ..web.tenancy import get_id

bp = Api("api_connections", __name__, tag="Мессенджеры", guard=auth.bearer, url_prefix="/api/organization/<org>")


@bp.get(
    "/funnel/<f>/messenger_connections", "/funnels/<f>/messenger_connections", summary="Подключения воронки",
    seed="5.4, 6.2", query=PageQuery, gives=list[ConnectionOut], refuses=(404,), kept=False,
)  # fmt: skip
def index(org: str, f: str) -> Response:
    """The connections attached to a funnel (seed §5.4, 6.2)."""
    scope = f"o{org}:connections:{f}"
    page = paging.page_of(read_query(PageQuery), scope)
    funnel = funnels.get_funnel(g.who, get_id(f))
    rows, headers = paging.part(connections.list_connections(g.who, funnel.id), page, scope)
    return respond([connection_out(row) for row in rows], list[ConnectionOut], headers=headers)


@bp.get(
    "/funnel/<f>/messenger_connection/<id>", "/funnels/<f>/messenger_connections/<id>",
    summary="Одно подключение", gives=ConnectionOut, refuses=(404,), kept=False,
)  # fmt: skip
def show(org: str, f: str, id: str) -> Response:
    """One connection; where the `Location` of a new one points."""
    funnel = funnels.get_funnel(g.who, get_id(f))
    return respond(connection_out(connections.get_connection(g.who, get_id(id), funnel.id)), ConnectionOut)


@bp.post(
    "/funnel/<f>/messenger_connection", "/funnels/<f>/messenger_connections", summary="Подключить мессенджер",
    about="Токен проверяется у мессенджера до ответа 201. Веб-чату токен не нужен. Секреты никогда не возвращаются.",
    seed="5.5, 6.3", takes=ConnectionIn, gives=ConnectionOut, status=201, refuses=(404, 409), needs="manage",
    kept=False,
)  # fmt: skip
def create(org: str, f: str) -> Response:
    """Connect a bot (seed §5.5, 6.3): its token is checked with the messenger before the 201."""
    wish = read_json(ConnectionIn)
    g.who.must("manage")
    funnel_id = funnels.get_funnel(g.who, get_id(f)).id
    account = channels.Account("", "", "")
    if wish.messenger_type != "webchat":
        with outside():
            account = check(wish.messenger_type, wish.token)
    row = connections.create(
        g.who,
        funnel_id=funnel_id,
        messenger_type=wish.messenger_type,
        account_id=account.id,
        username=account.username,
        account=account.name,
        token=wish.token.strip(),
        name=wish.name or "",
    )
    location = url_for("api_connections.show", org=org, f=f, id=row["id"])
    return respond(connection_out(row), ConnectionOut, 201, {"Location": location})


def check(messenger_type: str, token: str) -> channels.Account:
    """Ask the messenger whose token this is; a person waits for the answer, no transaction does."""
    if not token.strip():
        raise Invalid("Нужен токен", token="вставьте токен бота")
    try:
        return channels.channel(messenger_type, current_app.config).check(token.strip())
    except channels.BadToken as bad:
        raise Invalid(bad.reason, token=bad.words) from None
    except channels.Later as later:
        raise Unavailable(f"Мессенджер сейчас не отвечает: {later.reason}") from None
