"""Assistants of a funnel: their prompts (each change is a new version), names and parameters."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, TypedDict, cast

from sqlalchemy import func, or_, select
from sqlalchemy.exc import IntegrityError

from ..errors import Conflict, Invalid, NotFound
from ..extensions import db
from ..live import publish
from ..models import Assistant, FollowupRule, Funnel, Stage
from . import funnels, journal, prompts, topics
from .access import Actor
from .funnel_lists import Parameters


class AssistantRow(TypedDict):
    """An assistant; `stage_number` is its stage's place from 1 (None: it has no stage), `parameters` are the funnel's
    where it has none of its own."""

    id: int
    code: str
    name: str
    description: str
    prompt: str
    stage_number: int | None
    followups_count: int
    parameters: Parameters


class Wish(TypedDict, total=False):
    """What people change; `text` is another name of `prompt`, None of a parameter means the funnel's."""

    prompt: str | None
    text: str | None
    name: str
    code: str
    description: str
    temperature: Decimal | None
    top_p: Decimal | None


def _query(who: Actor, funnel_id: int) -> Any:
    rules = (
        select(func.count())
        .where(FollowupRule.org_id == who.home, FollowupRule.stage_id == Assistant.stage_id)
        .scalar_subquery()
    )
    return (
        select(
            Assistant.id, Assistant.code, Assistant.name, Assistant.description, Assistant.prompt,
            func.coalesce(Assistant.temperature, Funnel.temperature).label("temperature"),
            func.coalesce(Assistant.top_p, Funnel.top_p).label("top_p"),
            Stage.position.label("stage_number"), rules.label("followups_count"),
        )
        .join(Funnel, (Funnel.org_id == Assistant.org_id) & (Funnel.id == Assistant.funnel_id))
        .outerjoin(Stage, (Stage.org_id == Assistant.org_id) & (Stage.id == Assistant.stage_id))
        .where(Assistant.org_id == who.home, Assistant.funnel_id == funnel_id, Stage.archived_at.is_(None))
        .order_by(Stage.position.nulls_last(), Assistant.id)
    )  # fmt: skip


def _row(found: Any) -> AssistantRow:
    row = dict(found)
    row["parameters"] = Parameters(temperature=row.pop("temperature"), top_p=row.pop("top_p"))
    return cast(AssistantRow, row)


def _named(code: str) -> Any:
    """Digits are an id; no new code is made of digits alone."""
    if code.isascii() and code.isdigit() and len(code) < 19:
        return or_(Assistant.id == int(code), Assistant.code == code)
    return Assistant.code == code


def list_assistants(who: Actor, funnel_id: int) -> list[AssistantRow]:
    """In the order of their stages, those without one last. Raises NotFound for a funnel that is not here."""
    funnels.get_funnel(who, funnel_id)
    return [_row(found) for found in db.session.execute(_query(who, funnel_id)).mappings()]


def get_assistant(who: Actor, funnel_id: int, code: str) -> AssistantRow:
    """By its code, or by its id in digits. Raises NotFound."""
    funnels.get_funnel(who, funnel_id)
    found = db.session.execute(_query(who, funnel_id).where(_named(code))).mappings().all()
    if not found:
        raise NotFound("Ассистент не найден")
    return _row(max(found, key=lambda row: str(row["id"]) == code))


def lock_assistant(who: Actor, funnel_id: int, code: str) -> Assistant:
    """The assistant, for a change until the end of the transaction. Raises NotFound."""
    who.must("manage")
    assistant_id = get_assistant(who, funnel_id, code)["id"]
    query = select(Assistant).where(Assistant.org_id == who.home, Assistant.id == assistant_id)
    assistant = db.session.scalar(query.with_for_update(key_share=True).execution_options(populate_existing=True))
    if assistant is None:
        raise NotFound("Ассистент не найден")
    return assistant


def create(who: Actor, funnel_id: int, code: str, wish: Wish) -> AssistantRow:
    """An assistant without a stage: for follow-ups, or for a stage to come. Raises NotFound, and Conflict for a code
    that the funnel knows already."""
    who.must("manage")
    funnel = funnels.get_funnel(who, funnel_id)
    assistant = Assistant(
        org_id=who.home, funnel_id=funnel.id, code=code, name=wish.get("name") or code,
        description=wish.get("description", ""), prompt=wish.get("prompt") or wish.get("text") or "",
        temperature=wish.get("temperature"), top_p=wish.get("top_p"),
    )  # fmt: skip
    try:
        with db.session.begin_nested():
            db.session.add(assistant)
            db.session.flush()  # the unique code speaks here
    except IntegrityError as error:
        raise _code_taken(code) from error
    prompts.add_version(who, assistant)
    journal.note(who, "create", "assistant", assistant.id, code=code, funnel_id=funnel_id)
    return get_assistant(who, funnel_id, str(assistant.id))


def change(who: Actor, funnel_id: int, code: str, wish: Wish) -> AssistantRow:
    """Change what the wish names. Another prompt becomes a new version; a new code is the stage's too.

    Raises NotFound, Conflict for a code that is taken, Invalid for a prompt that would be emptied.
    """
    who.must("manage")
    assistant = lock_assistant(who, funnel_id, code)
    wanted = _wanted(assistant, wish, get_assistant(who, funnel_id, str(assistant.id))["parameters"])
    changed = {name: value for name, value in wanted.items() if value != getattr(assistant, name)}
    if not changed:
        return get_assistant(who, funnel_id, str(assistant.id))
    before = assistant.code
    try:
        with db.session.begin_nested():
            for name, value in changed.items():
                setattr(assistant, name, value)
            assistant.updated_at = db.session.scalars(select(func.now())).one()
            if "code" in changed and assistant.stage_id is not None:
                db.session.get_one(Stage, (who.home, assistant.stage_id)).code = assistant.code
            db.session.flush()  # the unique code speaks here
    except IntegrityError as error:
        raise _code_taken(changed["code"]) from error
    told: dict[str, Any] = {"changed": sorted(changed)}
    if "prompt" in changed:
        told["version"] = prompts.add_version(who, assistant)
    if "code" in changed:
        told["code"] = [before, assistant.code]
        publish(topics.dialogs(who.home))
    journal.note(who, "change", "assistant", assistant.id, **told)
    return get_assistant(who, funnel_id, str(assistant.id))


def _wanted(assistant: Assistant, wish: Wish, shown: Parameters) -> dict[str, Any]:
    """By column. Of `prompt` and `text`, which are one thing, the one that differs from what is there is meant; a
    parameter that comes back as it was shown stays the funnel's if it was."""
    wanted: dict[str, Any] = {name: value for name, value in wish.items() if name not in ("prompt", "text")}
    for name, value in shown.items():
        if getattr(assistant, name) is None and wanted.get(name) == value:
            del wanted[name]
    given = [text for text in (wish.get("prompt"), wish.get("text")) if text is not None]
    if given:
        wanted["prompt"] = next((text for text in given if text != assistant.prompt), assistant.prompt)
        if not wanted["prompt"].strip() and assistant.prompt.strip():
            raise Invalid("Промпт не может быть пустым", prompt="не может быть пустым")
    return wanted


def remove(who: Actor, funnel_id: int, code: str) -> int:
    """Delete an assistant that nobody needs, with its versions; its id. Raises NotFound, and Conflict while a stage or
    a follow-up has it."""
    who.must("manage")
    assistant = lock_assistant(who, funnel_id, code)
    if assistant.stage_id is not None:
        raise Conflict("Ассистент ведёт этап воронки: его можно изменить, но не удалить")
    used = select(FollowupRule.id).where(FollowupRule.org_id == who.home, FollowupRule.assistant_id == assistant.id)
    if db.session.scalar(used.limit(1)) is not None:
        raise Conflict("Ассистент пишет напоминания этапа: сначала поручите их другому")
    journal.note(who, "delete", "assistant", assistant.id, code=assistant.code, funnel_id=funnel_id)
    db.session.delete(assistant)
    db.session.flush()  # a follow-up that names it meanwhile speaks here
    return assistant.id


def _code_taken(code: str) -> Conflict:
    return Conflict(f"Код «{code}» в этой воронке уже занят", code_name="уже занят")
