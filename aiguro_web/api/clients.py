"""Clients: the seed's §2.1, 9.1, 9.2, 9.3 and 9.4, with undo, and the front-end's way of adding one."""

from __future__ import annotations

from typing import Literal

from flask import Response, g, url_for
from pydantic import Field

from ..models.client import ClientStatus
from ..models.dialog import DialogStatus
from ..schemas.base import DeletedOut
from ..schemas.clients import ClientFilterIn, ClientIn, ClientOut, client_out
from ..schemas.dialogs import DialogOut
from ..services import client_lists, clients, dialog_lists
from ..services.client_lists import ClientFilter
from ..services.dialog_lists import DialogFilter
from ..web import auth, conditional, paging
from ..web.body import read_json, read_query, respond
from ..web.faults import invalid
from ..web.operation import Api
from ..web.tenancy import get_id

bp = Api("api_clients", __name__, tag="Клиенты", guard=auth.bearer, url_prefix="/api/organization/<org>")


class ClientsQuery(ClientFilterIn, paging.PageQuery):
    """Filters and paging of the list of clients."""


class ClientDialogsQuery(paging.PageQuery):
    """Filters and paging of a client's dialogs."""

    status: DialogStatus | None = Field(default=None, description="Только открытые (active) или закрытые (closed)")
    sort: Literal["-id", "id", "-last_activity", "last_activity", "-created_at", "created_at"] = Field(
        default="-id", description="С минусом: сначала новые; обход по cursor идёт только по -id"
    )


@bp.get(
    "/clients", summary="Клиенты организации", seed="2.1", query=ClientsQuery, gives=list[ClientOut],
    about="Удалённые клиенты и клиенты тестовых диалогов сюда не входят. Обход по `cursor` держит любой порядок. "
    "`X-Total-Count` точен без фильтров и по `status`; другие фильтры считаются до 10 000.",
)  # fmt: skip
def index(org: str) -> Response:
    """Clients of the organisation (seed §2.1)."""
    query = read_query(ClientsQuery)
    scope = f"o{org}:clients:{query.sort}"
    page = paging.page_of(query, scope)
    wanted = ClientFilter((query.q or "").strip() or None, query.status, query.type, query.manager)
    found = client_lists.list_clients(
        g.who,
        wanted,
        limit=page.limit,
        offset=page.offset,
        sort=query.sort,
        after=(str(page.after[0]), int(page.after[1] or 0)) if page.after else None,
        count=not page.walk,
    )
    full = len(found.rows) == page.limit
    headers = paging.headers(page, total=found.total, scope=scope, more=full, next_key=found.last if full else None)
    return respond([client_out(row) for row in found.rows], list[ClientOut], headers=headers)


@bp.post(
    "/client", "/clients", summary="Добавить клиента", takes=ClientIn, gives=ClientOut, status=201,
    needs="write_client", about="Нужно хотя бы одно из полей `name`, `phone`, `email`.",
)  # fmt: skip
def add(org: str) -> Response:
    """A client whom people here know already."""
    wish = read_json(ClientIn)
    client_id = clients.create(g.who, wish.wish, wish.status or ClientStatus.active)
    place = url_for("api_clients.show", org=org, id=client_id)
    return respond(_shown(client_id), ClientOut, 201, {"Location": place})


@bp.get("/client/<id>", "/clients/<id>", summary="Один клиент", seed="9.1", gives=ClientOut, refuses=(404,))
def show(org: str, id: str) -> Response:
    """One client (seed §9.1)."""
    return respond(_shown(get_id(id)), ClientOut)


@bp.put(
    "/client/<id>", "/clients/<id>", summary="Изменить клиента", seed="9.3", takes=ClientIn, gives=ClientOut,
    refuses=(404,), needs="write_client", match=True,
    about="Поля, которых в теле нет, остаются прежними. Пустая строка, «Не указано» и «Не назначено» очищают поле; имя "
    "при этом остаётся прежним.",
)  # fmt: skip
def change(org: str, id: str) -> Response:
    """Change what was sent (seed §9.3)."""
    wish = read_json(ClientIn)
    client_id = get_id(id)
    clients.lock(g.who, client_id)  # so that nobody changes it between the comparison and the write
    conditional.must_match(lambda: respond(_shown(client_id), ClientOut))
    clients.change(g.who, client_id, wish.wish, wish.status)
    return respond(_shown(client_id), ClientOut)


@bp.delete(
    "/client/<id>", "/clients/<id>", summary="Удалить клиента", seed="9.4", gives=DeletedOut, refuses=(404,),
    needs="write_client",
    about="Клиент и его диалоги исчезают отовсюду сразу, ждущие отправки сообщения не уходят. 30 дней удаление можно "
    "отменить (`restore`), потом всё стирается без следа. Новое сообщение того же человека заводит нового клиента.",
)  # fmt: skip
def remove(org: str, id: str) -> Response:
    """Hide it and its dialogs (seed §9.4)."""
    client_id = get_id(id)
    clients.delete(g.who, client_id)
    return respond(DeletedOut(id=client_id), DeletedOut)


@bp.post(
    "/client/<id>/restore", "/clients/<id>/restore", summary="Вернуть удалённого клиента", gives=ClientOut,
    refuses=(404, 409), needs="write_client",
    about="30 дней после удаления, вместе с диалогами, которые оно скрыло; потом 404. Неудалённый остаётся как есть. "
    "Если человек уже начал новый диалог или воронка диалога удалена, возвращённый закрыт. "
    "409: клиента объединили с другим, вернуть его можно только отменой объединения. Тело не нужно.",
)  # fmt: skip
def restore(org: str, id: str) -> Response:
    """Undo the deletion."""
    client_id = get_id(id)
    clients.restore(g.who, client_id)
    return respond(_shown(client_id), ClientOut)


@bp.get(
    "/client/<id>/dialogs", "/clients/<id>/dialogs", summary="Диалоги клиента", seed="9.2", query=ClientDialogsQuery,
    gives=list[DialogOut], refuses=(404,), about="Те же объекты, что в списке диалогов воронки.",
)  # fmt: skip
def index_dialogs(org: str, id: str) -> Response:
    """Dialogs of a client in all funnels, newest first (seed §9.2)."""
    query = read_query(ClientDialogsQuery)
    client_id = get_id(id)
    scope = f"o{org}:client:{client_id}:dialogs"
    page = paging.page_of(query, scope)
    if page.walk and query.sort != "-id":
        raise invalid({"/sort": "обход по cursor идёт только по -id"})
    client_lists.must_exist(g.who, client_id)
    before = page.after[0] if page.after else None
    found = dialog_lists.list_json(
        g.who,
        DialogFilter(status=query.status, client_id=client_id),
        limit=page.limit,
        offset=page.offset,
        sort=query.sort,
        before_id=before if isinstance(before, int) else None,
        count=not page.walk,
    )
    full = found.rows == page.limit
    headers = paging.headers(page, scope=scope, total=found.total, more=full, next_key=[found.last] if full else None)
    return respond(found.body, headers=headers)


def _shown(client_id: int) -> ClientOut:
    return client_out(client_lists.get_client(g.who, client_id))
