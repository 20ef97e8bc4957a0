"""Messenger connections: the seed's §5.4, 5.5, 5.6, 6.2, 6.3 and 6.4, and the front-end's of an organisation."""

from __future__ import annotations

from flask import Response, current_app, g, request, url_for

from .. import channels
from ..errors import Invalid, Unavailable
from ..schemas.base import TextDeletedOut
from ..schemas.connections import (
    ConnectionIn,
    ConnectionOut,
    OwnConnectionIn,
    WhichConnection,
    WhichConnectionIn,
    connection_out,
)
from ..services import connections, funnels
from ..services.connections import ConnectionRow
from ..web import auth, paging
from ..web.body import read_json, read_query, respond
from ..web.door import outside
from ..web.operation import Api
from ..web.paging import PageQuery
from ..web.tenancy import get_id

bp = Api("api_connections", __name__, tag="Мессенджеры", guard=auth.bearer, url_prefix="/api/organization/<org>")

CONNECTING = (
    "Токен проверяется у мессенджера до ответа 201; если мессенджер его не принял, 400 с его собственными словами, а "
    "если аккаунт уже подключён здесь или в другой организации, 409. Чату на сайте токен не нужен. Подключить можно "
    "`telegram` и `webchat`. Секреты никогда не возвращаются."
)
GONE = "Диалоги остаются, отправить через подключение больше ничего нельзя. Адрес у мессенджера тоже снимается."


@bp.get(
    "/funnel/<f>/messenger_connections", "/funnels/<f>/messenger_connections", summary="Подключения воронки",
    seed="5.4, 6.2", query=PageQuery, gives=list[ConnectionOut], refuses=(404,), kept=False,
)  # fmt: skip
def index(org: str, f: str) -> Response:
    """The connections attached to a funnel (seed §5.4, 6.2)."""
    scope = f"o{org}:connections:{f}"
    page = paging.page_of(read_query(PageQuery), scope)
    funnel = funnels.get_funnel(g.who, get_id(f))
    return _listed(connections.list_connections(g.who, funnel.id), page, scope)


@bp.get(
    "/funnel/<f>/messenger_connection/<id>", "/funnels/<f>/messenger_connections/<id>",
    summary="Подключение воронки", gives=ConnectionOut, refuses=(404,), kept=False,
)  # fmt: skip
def show(org: str, f: str, id: str) -> Response:
    """One connection of a funnel; where the `Location` of a new one points."""
    funnel = funnels.get_funnel(g.who, get_id(f))
    return respond(connection_out(connections.get_connection(g.who, get_id(id), funnel.id)), ConnectionOut)


@bp.post(
    "/funnel/<f>/messenger_connection", "/funnels/<f>/messenger_connections", summary="Подключить мессенджер к воронке",
    about=CONNECTING, seed="5.5, 6.3", takes=ConnectionIn, gives=ConnectionOut, status=201, refuses=(404, 409),
    needs="manage", kept=False,
)  # fmt: skip
def create(org: str, f: str) -> Response:
    """Connect a bot (seed §5.5, 6.3): its token is checked with the messenger before the 201."""
    wish = read_json(ConnectionIn)
    g.who.must("manage")
    row = _connect(wish, funnels.get_funnel(g.who, get_id(f)).id)
    return _created(row, url_for("api_connections.show", org=org, f=f, id=row["id"]))


@bp.delete(
    "/funnel/<f>/messenger_connection/<id>", "/funnels/<f>/messenger_connections/<id>", about=GONE,
    summary="Отключить мессенджер воронки", seed="5.6, 6.4", gives=TextDeletedOut, refuses=(404,), needs="manage",
    kept=False,
)  # fmt: skip
def remove(org: str, f: str, id: str) -> Response:
    """Disconnect (seed §5.6, 6.4): a task removes the webhook at the messenger."""
    connections.remove(g.who, connection_id := get_id(id), get_id(f))
    return _gone(connection_id)


@bp.post(
    "/funnel/<f>/attach_messenger_connection", "/funnels/<f>/attach_messenger_connection",
    summary="Прикрепить подключение к воронке", query=WhichConnection, takes=WhichConnectionIn, gives=ConnectionOut,
    about="Подключение прикреплено не больше чем к одной воронке: с прежней оно уходит. Повтор ничего не меняет. В эту "
    "воронку приходят новые клиенты, начатые диалоги остаются где были. Номер подключения — в адресе или в теле.",
    refuses=(404,), needs="manage", kept=False,
)  # fmt: skip
def attach(org: str, f: str) -> Response:
    """Lead the connection's new clients into this funnel."""
    row = connections.attach(g.who, _which(), get_id(f))
    return respond(connection_out(row), ConnectionOut)


@bp.delete(
    "/funnel/<f>/detach_messenger_connection", "/funnels/<f>/detach_messenger_connection",
    summary="Открепить подключение от воронки", query=WhichConnection, takes=WhichConnectionIn, gives=TextDeletedOut,
    about="Само подключение остаётся у организации; удаляется только его связь с воронкой. Новые клиенты попадут в "
    "первую активную воронку. Номер подключения — в адресе или в теле.",
    refuses=(404,), needs="manage", kept=False,
)  # fmt: skip
def detach(org: str, f: str) -> Response:
    """Take the connection from this funnel; it stays the organisation's."""
    connections.detach(g.who, connection_id := _which(), get_id(f))
    return _gone(connection_id)


@bp.get(
    "/messenger_connections", summary="Все подключения организации", query=PageQuery, gives=list[ConnectionOut],
    kept=False,
)  # fmt: skip
def index_all(org: str) -> Response:
    """Every connection of the organisation, attached to a funnel or not."""
    scope = f"o{org}:connections:all"
    page = paging.page_of(read_query(PageQuery), scope)
    return _listed(connections.list_connections(g.who), page, scope)


@bp.get(
    "/messenger_connection/<id>", "/messenger_connections/<id>", summary="Подключение организации",
    gives=ConnectionOut, refuses=(404,), kept=False,
)  # fmt: skip
def show_own(org: str, id: str) -> Response:
    """One connection of the organisation."""
    return respond(connection_out(connections.get_connection(g.who, get_id(id))), ConnectionOut)


@bp.post(
    "/messenger_connection", "/messenger_connections", summary="Подключить мессенджер к организации",
    about=CONNECTING + " Воронку можно указать сразу в `funnel_id` или прикрепить потом.", takes=OwnConnectionIn,
    gives=ConnectionOut, status=201, refuses=(404, 409), needs="manage", kept=False,
)  # fmt: skip
def create_own(org: str) -> Response:
    """Connect a bot of the organisation: its token is checked with the messenger before the 201."""
    wish = read_json(OwnConnectionIn)
    g.who.must("manage")
    if wish.funnel_id is not None:
        funnels.get_funnel(g.who, wish.funnel_id)
    row = _connect(wish, wish.funnel_id)
    return _created(row, url_for("api_connections.show_own", org=org, id=row["id"]))


@bp.delete(
    "/messenger_connection/<id>", "/messenger_connections/<id>", summary="Отключить мессенджер", about=GONE,
    gives=TextDeletedOut, refuses=(404,), needs="manage", kept=False,
)  # fmt: skip
def remove_own(org: str, id: str) -> Response:
    """Disconnect, whatever funnel it is attached to."""
    connections.remove(g.who, connection_id := get_id(id))
    return _gone(connection_id)


def _listed(rows: list[ConnectionRow], page: paging.Page, scope: str) -> Response:
    shown, headers = paging.part(rows, page, scope)
    return respond([connection_out(row) for row in shown], list[ConnectionOut], headers=headers)


def _created(row: ConnectionRow, location: str) -> Response:
    return respond(connection_out(row), ConnectionOut, 201, {"Location": location})


def _gone(connection_id: int) -> Response:
    return respond(TextDeletedOut(id=str(connection_id)))


def _which() -> int:
    """The connection that the address names, or else the body. Raises Invalid."""
    asked = read_query(WhichConnection).messenger_connection_id
    if asked is not None and request.method == "DELETE":  # what else a DELETE brings does not matter
        return asked
    in_body = read_json(WhichConnectionIn).messenger_connection_id
    asked = asked or in_body
    if asked is None:
        raise Invalid("Не указано подключение", messenger_connection_id="укажите номер подключения")
    return asked


def _connect(wish: ConnectionIn, funnel_id: int | None) -> ConnectionRow:
    """Ask the messenger outside of the transaction, and keep the connection in a second one."""
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
    return row if wish.is_active else connections.set_active(g.who, row["id"], False)


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
