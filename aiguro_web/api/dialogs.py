"""Dialogs: the seed's §1.1, 3.1 and 8.1, which are one resource."""

from __future__ import annotations

from flask import Response, g

from ..schemas.dialogs import DialogFilterIn, DialogOut
from ..services import dialog_lists
from ..services.dialog_lists import DialogFilter
from ..web import auth, paging
from ..web.body import read_query, respond
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
    full = found.rows == page.limit
    headers = paging.headers(page, scope=scope, total=found.total, more=full, next_key=[found.last] if full else None)
    return respond(found.body, headers=headers)


def _filter(query: DialogFilterIn, funnel_id: int | None) -> DialogFilter:
    manager_id = read_id(query.manager) if query.manager else None
    email = query.manager if query.manager and manager_id is None else None
    if email is not None and "@" not in email:
        raise invalid({"/manager": "укажите id или почту участника"})
    words = (query.q or "").strip() or None
    return DialogFilter(
        funnel_id,
        query.stage,
        query.status,
        query.ai,
        manager_id,
        query.updated_since,
        manager_email=email,
        words=words,
    )


@bp.get(
    "/funnel/<f>/dialog/<uuid>", "/funnels/<f>/dialogs/<uuid>", summary="Один диалог", gives=DialogOut, refuses=(404,)
)
def show(org: str, f: str, uuid: str) -> Response:
    """One dialog."""
    return respond(dialog_lists.get_json(g.who, get_uuid(uuid), get_id(f)))
