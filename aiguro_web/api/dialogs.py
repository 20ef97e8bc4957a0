"""Dialogs: the seed's §1.1, 3.1 and 8.1, which are one resource."""

from __future__ import annotations

from dataclasses import replace

from flask import Response, g, url_for

from ..schemas.base import TextDeletedOut
from ..schemas.dialogs import DialogFilterIn, DialogIn, DialogOut, DialogPatchIn
from ..services import dialog_lists, dialog_moves, dialog_removal, dialogs, members
from ..services.dialog_lists import DialogFilter
from ..web import auth, conditional, paging
from ..web.body import read_json, read_query, respond
from ..web.faults import invalid
from ..web.operation import Api
from ..web.tenancy import get_id, get_uuid, read_id

bp = Api("api_dialogs", __name__, tag="Диалоги", guard=auth.bearer, url_prefix="/api/organization/<org>")


class DialogsQuery(DialogFilterIn, paging.PageQuery):
    """Filters and paging of a list of dialogs."""


@bp.get(
    "/funnel/<f>/dialogs", "/funnels/<f>/dialogs", summary="Диалоги воронки", seed="1.1, 3.1, 8.1",
    about="Воронка `0` — все воронки организации. Тестовые диалоги сюда не входят. Обход по `cursor` идёт от новых "
    "к старым.",
    query=DialogsQuery, gives=list[DialogOut], refuses=(404,),
)  # fmt: skip
def index(org: str, f: str) -> Response:
    """Dialogs of a funnel, newest first; funnel `0` is all funnels of the organisation (seed §1.1, 3.1, 8.1)."""
    query = read_query(DialogsQuery)
    funnel_id = None if f == "0" else get_id(f)
    scope = f"o{org}:dialogs:{f}"
    page = paging.page_of(query, scope)
    if page.walk and query.sort != "-id":
        raise invalid({"/sort": "обход по cursor идёт только по -id"})
    wanted = _filter(query, funnel_id)
    if query.manager is None or read_id(query.manager):  # who is called how is no matter of the organisation's rows
        known = conditional.unchanged(lambda moment: dialog_lists.unchanged(g.who, moment))
        if known is not None:
            return known
    before = page.after[0] if page.after else None
    found = dialog_lists.list_json(
        g.who,
        wanted,
        limit=page.limit,
        offset=page.offset,
        sort=query.sort,
        before_id=before if isinstance(before, int) else None,
        count=not page.walk,
    )
    conditional.seen(found.seen)
    full = found.rows == page.limit
    headers = paging.headers(page, scope=scope, total=found.total, more=full, next_key=[found.last] if full else None)
    return respond(found.body, headers=headers)


def _filter(query: DialogFilterIn, funnel_id: int | None) -> DialogFilter:
    manager_id = read_id(query.manager) if query.manager else None
    manager_text = None
    if query.manager is not None and manager_id is None:
        manager_id, manager_text = members.resolve(g.who, query.manager)
    words = (query.q or "").strip() or None
    wanted = DialogFilter(
        funnel_id,
        query.stage,
        query.status,
        query.ai,
        manager_id,
        query.updated_since,
        words=words,
    )
    # '' is of nobody
    return wanted if manager_id is not None or manager_text is None else replace(wanted, manager_text=manager_text)


@bp.post(
    "/funnel/<f>/dialog", "/funnels/<f>/dialogs", summary="Завести диалог вручную",
    about="Диалог встаёт на первый этап воронки. Без `client_id` заводится новый клиент, его имя может быть пустым. "
    "Мессенджера у такого диалога нет: написанное в нём получит статус `failed`.",
    takes=DialogIn, gives=DialogOut, status=201, refuses=(404, 409), needs="write_dialog",
)  # fmt: skip
def create(org: str, f: str) -> Response:
    """Begin a dialog by hand."""
    wish = read_json(DialogIn)
    dialog = dialogs.create(g.who, get_id(f), client_id=wish.client_id, name=wish.name or "")
    location = url_for("api_dialogs.show", org=org, f=f, uuid=dialog.uuid)
    return respond(dialog_lists.get_json(g.who, dialog.uuid), status=201, headers={"Location": location})


@bp.get(
    "/funnel/<f>/dialog/<uuid>", "/funnels/<f>/dialogs/<uuid>", summary="Один диалог",
    about="И обычный, и тестовый.", gives=DialogOut, refuses=(404,),
)  # fmt: skip
def show(org: str, f: str, uuid: str) -> Response:
    """One dialog."""
    return respond(dialog_lists.get_json(g.who, get_uuid(uuid), get_id(f)))


@bp.patch(
    "/funnel/<f>/dialog/<uuid>", "/funnels/<f>/dialogs/<uuid>", summary="Изменить диалог",
    about="Перевести на этап, назначить ответственного, включить или выключить ассистента, закрыть или открыть, задать "
    "цену, вероятность, метки, описание. Все поля необязательны; отсутствие поля и `null` ничего не меняют, текст "
    "очищает пустая строка, метки — пустой список. Всё вместе или ничего. Что уже так, следов не оставляет. Чужой "
    "диалог передаёт другому только его ответственный или администратор. Исход (`outcome`) указывают при закрытии "
    "или у закрытого диалога, `null` — без исхода; `lost_reason` — при `lost`, необязательно; открытие стирает оба. "
    "Диалог удалённой воронки снова не открыть: 409.",
    takes=DialogPatchIn, gives=DialogOut, refuses=(404, 409), needs="write_dialog", match=True,
)  # fmt: skip
def change(org: str, f: str, uuid: str) -> Response:
    """The board's move, the assistant's switch, and the rest of what people change."""
    wish = dialog_moves.Wish(**dict(read_json(DialogPatchIn)))
    name, funnel_id = get_uuid(uuid), get_id(f)

    def current() -> Response:
        dialog_moves.hold(g.who, name, funnel_id, wish)
        return respond(dialog_lists.get_json(g.who, name, funnel_id))

    conditional.must_match(current)
    dialog_moves.change(g.who, name, funnel_id, wish)
    return respond(dialog_lists.get_json(g.who, name, funnel_id))


@bp.delete(
    "/funnel/<f>/dialog/<uuid>", "/funnels/<f>/dialogs/<uuid>", summary="Удалить диалог",
    about="Исчезает сразу и отовсюду; неотправленное не уйдёт. Вернуть можно 30 дней, потом стирается навсегда. `id` в "
    "ответе — id диалога.",
    gives=TextDeletedOut, refuses=(404,), needs="write_dialog",
)  # fmt: skip
def delete(org: str, f: str, uuid: str) -> Response:
    """Delete; `restore` undoes it."""
    id = dialog_removal.remove(g.who, get_uuid(uuid), get_id(f))
    return respond(TextDeletedOut(id=str(id)))


@bp.post(
    "/funnel/<f>/dialog/<uuid>/restore", "/funnels/<f>/dialogs/<uuid>/restore", summary="Вернуть удалённый диалог",
    about="В течение 30 дней. Если клиент за это время начал новый диалог или воронка этого удалена, он вернётся "
    "закрытым. Диалоги удалённого клиента возвращаются вместе с ним.",
    gives=DialogOut, refuses=(404, 409), needs="write_dialog",
)  # fmt: skip
def restore(org: str, f: str, uuid: str) -> Response:
    """Undo a deletion."""
    name, funnel_id = get_uuid(uuid), get_id(f)
    dialog_removal.restore(g.who, name, funnel_id)
    return respond(dialog_lists.get_json(g.who, name, funnel_id))
