"""Trial dialogs: the front-end's calls of contract.md §4."""

from __future__ import annotations

from flask import Response, g, url_for

from ..errors import NotFound
from ..schemas.dialogs import DialogOut
from ..schemas.messages import MessageOut
from ..schemas.trials import StageTrialIn, TrialIn, TrialMessageIn, TrialOut
from ..services import dialog_lists, message_lists, trials
from ..web import auth, paging
from ..web.body import read_json, read_query, respond
from ..web.operation import Api
from ..web.paging import PageQuery
from ..web.tenancy import get_id, get_uuid, read_id

bp = Api("api_trials", __name__, tag="Тестовые диалоги", guard=auth.bearer, url_prefix="/api/organization/<org>")

ANSWER = (
    "Ответ приходит позже: его видно в `…/dialog/{uuid}/messages`, не позже чем через 45 секунд. Если ассистент не "
    "настроен или не успел, там сообщение с ролью `system`. В мессенджер ничего не уходит."
)


@bp.get(
    "/funnel/<f>/dialogs/test", "/funnels/<f>/dialogs/test", summary="Тестовые диалоги воронки",
    about="Новые сначала.", query=PageQuery, gives=list[TrialOut], refuses=(404,),
)  # fmt: skip
def index(org: str, f: str) -> Response:
    """Every trial dialog of a funnel."""
    return _list(org, f, None)


@bp.get(
    "/funnel/<f>/dialog/test-stage/<n>", "/funnels/<f>/dialogs/test-stage/<n>", summary="Тестовые диалоги этапа",
    about="`n` — номер этапа в воронке, с 1. Новые сначала.", query=PageQuery, gives=list[TrialOut], refuses=(404,),
)  # fmt: skip
def of_stage(org: str, f: str, n: str) -> Response:
    """The trial dialogs that stand in one stage."""
    number = read_id(n)
    if number is None or number > 2**31:
        raise NotFound("Этап не найден")
    return _list(org, f, number)


def _list(org: str, f: str, stage_number: int | None) -> Response:
    scope = f"o{org}:trials:{f}:{stage_number or ''}"
    page = paging.page_of(read_query(PageQuery), scope)
    before = page.after[0] if page.after else None
    rows, total = trials.list_trials(
        g.who,
        get_id(f),
        stage_number=stage_number,
        limit=page.limit,
        offset=page.offset,
        before_id=before if isinstance(before, int) else None,
    )
    next_key = [rows[-1]["id"]] if len(rows) == page.limit else None
    headers = paging.headers(page, scope=scope, total=None if page.walk else total, next_key=next_key)
    return respond([TrialOut.model_construct(**row) for row in rows], list[TrialOut], headers=headers)


@bp.post(
    "/funnel/<f>/dialog/test", "/funnels/<f>/dialogs/test", summary="Начать тестовый диалог",
    about="На первом этапе воронки. Тело может быть пустым. В списках, счётчиках и поиске его нет; читается и "
    "удаляется как всякий диалог.",
    takes=TrialIn, gives=DialogOut, status=201, refuses=(404, 409), needs="write_dialog",
)  # fmt: skip
def create(org: str, f: str) -> Response:
    """A trial of the whole funnel."""
    read_json(TrialIn)
    return _created(org, f, trials.begin(g.who, get_id(f)).uuid)


@bp.post(
    "/funnel/<f>/dialog/test-stage", "/funnels/<f>/dialogs/test-stage", summary="Начать тестовый диалог на этапе",
    about=ANSWER, takes=StageTrialIn, gives=DialogOut, status=201, refuses=(404, 409), needs="write_dialog",
)  # fmt: skip
def create_in_stage(org: str, f: str) -> Response:
    """A trial of one stage."""
    wish = read_json(StageTrialIn)
    dialog = trials.begin(g.who, get_id(f), stage_number=wish.stage_number, words=wish.initial_message or "")
    return _created(org, f, dialog.uuid)


def _created(org: str, f: str, uuid: object) -> Response:
    location = url_for("api_dialogs.show", org=org, f=f, uuid=uuid)
    return respond(dialog_lists.get_json(g.who, get_uuid(str(uuid))), status=201, headers={"Location": location})


@bp.post(
    "/funnel/<f>/dialog/test/<uuid>/message", "/funnels/<f>/dialogs/test/<uuid>/messages",
    "/funnel/<f>/dialog/test-stage/<uuid>/message", "/funnels/<f>/dialogs/test-stage/<uuid>/messages",
    summary="Написать в тестовый диалог", about=ANSWER,
    takes=TrialMessageIn, gives=MessageOut, status=201, refuses=(404, 409), needs="write_dialog",
)  # fmt: skip
def write(org: str, f: str, uuid: str) -> Response:
    """Play the client; the assistant's answer comes later."""
    wish = read_json(TrialMessageIn)
    name, funnel_id = get_uuid(uuid), get_id(f)
    row = trials.say(g.who, name, funnel_id, role=wish.role, text=wish.text)
    location = url_for("api_messages.show", org=org, f=f, uuid=uuid, id=row["id"])
    body = message_lists.get_json(g.who, name, funnel_id, row["id"])
    return respond(body, status=201, headers={"Location": location})
