"""Assistants of a funnel: the seed's §5.2 and 5.3, and the front-end's older spelling (contract.md §4)."""

from __future__ import annotations

from typing import cast

from flask import Response, g, url_for

from ..schemas.assistants import AssistantChangeIn, AssistantIn, AssistantOut, AssistantTextIn
from ..schemas.base import DeletedOut
from ..services import assistants
from ..services.assistants import AssistantRow, Wish
from ..web import auth, conditional, paging
from ..web.body import read_json, read_query, respond
from ..web.operation import Api
from ..web.paging import PageQuery
from ..web.tenancy import get_id

bp = Api("api_assistants", __name__, tag="Ассистенты", guard=auth.bearer, url_prefix="/api/organization/<org>")

NAMED = "Ассистент называется кодом или id; одни цифры — это id."
VERSIONS = "Каждый новый промпт становится новой версией; тот же самый — нет. Пустым непустой промпт сделать нельзя."


@bp.get(
    "/funnel/<f>/assistants", "/funnels/<f>/assistants", summary="Ассистенты воронки", seed="5.2", query=PageQuery,
    gives=list[AssistantOut], refuses=(404,), about="В порядке этапов, ассистенты без этапа в конце; обход по `cursor` "
    "идёт в порядке id.",
)  # fmt: skip
def index(org: str, f: str) -> Response:
    """The assistants of a funnel (seed §5.2)."""
    scope = f"o{org}:assistants:{f}"
    page = paging.page_of(read_query(PageQuery), scope)
    rows = assistants.list_assistants(g.who, get_id(f))
    shown, headers = paging.part(sorted(rows, key=lambda row: row["id"]) if page.walk else rows, page, scope)
    return respond([AssistantOut.model_validate(row) for row in shown], list[AssistantOut], headers=headers)


@bp.get(
    "/funnel/<f>/assistant/<code>", "/funnels/<f>/assistants/<code>", summary="Один ассистент", gives=AssistantOut,
    refuses=(404,), about=NAMED,
)  # fmt: skip
def show(org: str, f: str, code: str) -> Response:
    """One assistant, by code or id."""
    return _show(assistants.get_assistant(g.who, get_id(f), code))


def _show(row: AssistantRow) -> Response:
    return respond(AssistantOut.model_validate(row), AssistantOut)


@bp.post(
    "/funnel/<f>/assistant", "/funnels/<f>/assistants", summary="Создать ассистента", takes=AssistantIn,
    gives=AssistantOut, status=201, refuses=(404, 409), needs="manage",
    about="Новый ассистент — без этапа (`stage_number` null): ассистенты этапов появляются вместе с этапами. Код, "
    "который в воронке уже есть, — 409.",
)  # fmt: skip
def create(org: str, f: str) -> Response:
    """A new assistant without a stage."""
    wish = read_json(AssistantIn)
    row = assistants.create(g.who, get_id(f), wish.code_name, cast(Wish, wish.wish()))
    location = url_for("api_assistants.show", org=org, f=f, code=row["code"])
    return respond(AssistantOut.model_validate(row), AssistantOut, 201, {"Location": location})


@bp.put(
    "/funnel/<f>/assistant/<code>", "/funnels/<f>/assistants/<code>", summary="Изменить ассистента", seed="5.3",
    takes=AssistantChangeIn, gives=AssistantOut, refuses=(404, 409), needs="manage", match=True,
    about=f"{NAMED} {VERSIONS} Новый `code_name` ассистента этапа становится и кодом этапа; занятый — 409.",
)  # fmt: skip
def change(org: str, f: str, code: str) -> Response:
    """Change an assistant (seed §5.3)."""
    wish = read_json(AssistantChangeIn)
    return _change(get_id(f), code, cast(Wish, wish.wish()))


@bp.put(
    "/funnel/<f>/assistant", "/funnels/<f>/assistants", summary="Изменить ассистента, названного в теле",
    takes=AssistantTextIn, gives=AssistantOut, refuses=(404,), needs="manage", match=True,
    about=f"Прежняя запись `PUT …/assistant/{{code}}`: `code_name` называет ассистента. {VERSIONS} `If-Match` — от "
    "`GET …/assistant/{code}`.",
)  # fmt: skip
def write(org: str, f: str) -> Response:
    """Change the assistant that the body names."""
    wish = read_json(AssistantTextIn)
    return _change(get_id(f), wish.code_name, cast(Wish, wish.wish()))


def _change(funnel_id: int, code: str, wish: Wish) -> Response:
    assistants.lock_assistant(g.who, funnel_id, code)
    conditional.must_match(lambda: _show(assistants.get_assistant(g.who, funnel_id, code)))
    return _show(assistants.change(g.who, funnel_id, code, wish))


@bp.delete(
    "/funnel/<f>/assistant/<code>", "/funnels/<f>/assistants/<code>", summary="Удалить ассистента", gives=DeletedOut,
    refuses=(404, 409), needs="manage",
    about="Ассистента, который ведёт этап или пишет напоминания, удалить нельзя: 409. Вместе с ассистентом удаляются "
    "версии его промпта.",
)  # fmt: skip
def remove(org: str, f: str, code: str) -> Response:
    """Delete an assistant that no stage has."""
    return respond(DeletedOut(id=assistants.remove(g.who, get_id(f), code)), DeletedOut)
