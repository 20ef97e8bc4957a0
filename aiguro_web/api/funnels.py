"""Funnels: the seed's §5.1, 6.1, 7.1 and 7.2, and what the front-end adds (contract.md §3, §4)."""

from __future__ import annotations

from typing import cast

from flask import Response, g, url_for

from ..schemas.base import TextDeletedOut
from ..schemas.funnels import FunnelChangeIn, FunnelIn, FunnelOut, RemoveQuery
from ..services import funnel_lists, funnels
from ..services.funnels import Settings
from ..services.stages import NewStage
from ..web import auth, conditional, paging
from ..web.body import read_json, read_query, respond
from ..web.operation import Api
from ..web.paging import PageQuery
from ..web.tenancy import get_id

bp = Api("api_funnels", __name__, tag="Воронки", guard=auth.bearer, url_prefix="/api/organization/<org>")

NAMES = (
    "`name` составляется из `display_name`: если такое имя в организации уже есть, к нему добавляется номер. "
    "Два одинаковых `display_name` — не ошибка."
)


@bp.get(
    "/funnels", summary="Воронки организации", seed="6.1, 7.1", query=PageQuery, gives=list[FunnelOut],
    about="Воронки целиком, со старых: этапы, настройки, ассистенты. Удалённые воронки сюда не входят.",
)  # fmt: skip
def index(org: str) -> Response:
    """Every funnel of the organisation, oldest first (seed §6.1, 7.1)."""
    scope = f"o{org}:funnels"
    page = paging.page_of(read_query(PageQuery), scope)
    rows, headers = paging.part(funnels.list_funnels(g.who), page, scope)
    full = funnel_lists.list_full(g.who, [row["id"] for row in rows])
    return respond([FunnelOut.model_validate(row) for row in full], list[FunnelOut], headers=headers)


@bp.get("/funnel/<f>", "/funnels/<f>", summary="Одна воронка", seed="5.1", gives=FunnelOut, refuses=(404,))
def show(org: str, f: str) -> Response:
    """One funnel (seed §5.1)."""
    return _show(get_id(f))


def _show(funnel_id: int) -> Response:
    return respond(FunnelOut.model_validate(funnel_lists.get_full(g.who, funnel_id)), FunnelOut)


@bp.post(
    "/funnel", "/funnels", summary="Создать воронку", takes=FunnelIn, gives=FunnelOut, status=201, needs="manage",
    about="Без этапов воронка получает три, каждый со своим ассистентом: Квалификация, Презентация, Закрытие. Первая "
    "воронка организации сразу включена. " + NAMES,
)  # fmt: skip
def create(org: str) -> Response:
    """A new funnel, with its stages and their assistants."""
    wish = read_json(FunnelIn)
    stages = [cast(NewStage, stage.stage()) for stage in wish.stages or []]
    funnel = funnels.create(g.who, wish.display_name, cast(Settings, wish.settings()), stages)
    row = FunnelOut.model_validate(funnel_lists.get_full(g.who, funnel.id))
    return respond(row, FunnelOut, 201, {"Location": url_for("api_funnels.show", org=org, f=funnel.id)})


@bp.put(
    "/funnel/<f>", "/funnels/<f>", summary="Изменить воронку", takes=FunnelChangeIn, gives=FunnelOut, refuses=(404,),
    needs="manage", match=True,
    about="Поля, которых нет в теле, остаются прежними; null и пустая строка вместо числа — тоже. `stages` здесь не "
    "меняются. ETag воронки меняется и вместе с её сделками (`deals_count`). " + NAMES,
)  # fmt: skip
def change(org: str, f: str) -> Response:
    """Change a funnel's settings."""
    wish, funnel_id = read_json(FunnelChangeIn), get_id(f)
    funnels.lock_funnel(g.who, funnel_id)
    conditional.must_match(lambda: _show(funnel_id))
    funnels.change(g.who, funnel_id, wish.display_name, cast(Settings, wish.settings()))
    return _show(funnel_id)


@bp.delete(
    "/funnel/<f>", "/funnels/<f>", summary="Удалить воронку", seed="7.2", query=RemoveQuery, gives=TextDeletedOut,
    refuses=(404, 409), needs="manage",
    about="Пока в воронке есть открытые сделки, ответ 409 с кодом `open_deals`: укажите `move_to` — воронку, на первый "
    "этап которой перейдут все диалоги, открытые и закрытые. Мессенджеры воронки открепляются, их новые диалоги "
    "начинаются в первой включённой воронке; файлы, загруженные в воронку, удаляются. Последнюю воронку организации "
    "удалить нельзя: 409.",
)  # fmt: skip
def remove(org: str, f: str) -> Response:
    """Archive a funnel (seed §7.2)."""
    query, funnel_id = read_query(RemoveQuery), get_id(f)
    funnels.remove(g.who, funnel_id, query.move_to)
    return respond(TextDeletedOut(id=str(funnel_id)), TextDeletedOut)
