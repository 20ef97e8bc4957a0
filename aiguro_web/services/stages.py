"""The stages of a funnel, each with its assistant, and what reminds those who fall silent there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple, TypedDict

from sqlalchemy import select

from ..errors import Conflict, Invalid
from ..extensions import db
from ..models import Assistant, FollowupRule, Stage
from ..models.stage import CODE_MAX
from . import prompts
from .access import Actor

# What a funnel founded without stages gets (contract.md §3).
FIRST_STAGES = (("Квалификация", "qualification"), ("Презентация", "presentation"), ("Закрытие", "closing"))

_CYRILLIC = "абвгдеёзийклмнопрстуфыэ"
_LATIN = "abvgdeeziyklmnoprstufye"
_LETTERS = str.maketrans(
    dict(zip(_CYRILLIC, _LATIN, strict=True))
    | {"ж": "zh", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ь": "", "ю": "yu", "я": "ya"}
)


class NewFollowup(TypedDict):
    """`code` names the assistant that writes it: '' for the stage's own."""

    delay_minutes: int
    code: str
    text: str | None
    prompt: str | None


class NewStage(TypedDict):
    """Without a `code` it gets one made of its name."""

    name: str
    code: str
    prompt: str
    followups: list[NewFollowup]


class First(NamedTuple):
    """Where a funnel's dialogs begin."""

    funnel_id: int
    stage_id: int


def get_first(who: Actor, funnel_id: int) -> First:
    """The funnel's first stage. Raises Conflict where it has none."""
    who.must("read")
    query = (
        select(Stage.id)
        .where(Stage.org_id == who.home, Stage.funnel_id == funnel_id, Stage.archived_at.is_(None))
        .order_by(Stage.position)
        .limit(1)
    )
    stage_id = db.session.scalar(query)
    if stage_id is None:
        raise Conflict("В воронке нет ни одного этапа")
    return First(funnel_id, stage_id)


def add_stages(who: Actor, funnel_id: int, wanted: Sequence[NewStage]) -> None:
    """The stages of a new funnel: FIRST_STAGES where none are wanted. Raises Invalid for codes that do not fit."""
    who.must("manage")
    if not wanted:
        wanted = [NewStage(name=name, code=code, prompt="", followups=[]) for name, code in FIRST_STAGES]
    codes = _codes(wanted)
    made = [
        add_stage(who, funnel_id, stage["name"], code, position, stage["prompt"])
        for position, (stage, code) in enumerate(zip(wanted, codes, strict=True), 1)
    ]
    if not any(stage["followups"] for stage in wanted):
        return
    query = select(Assistant.code, Assistant.id).where(Assistant.org_id == who.home, Assistant.funnel_id == funnel_id)
    ids: dict[str, int] = dict(db.session.execute(query).tuples().all())
    for number, (row, stage) in enumerate(zip(made, wanted, strict=True)):
        for step, rule in enumerate(stage["followups"]):
            other = rule["code"] if rule["code"] != codes[number] else ""
            if other and other not in ids:
                at = f"stages/{number}/followups/{step}/assistant_code_name"
                raise Invalid("Напоминание пишет ассистент одного из этапов", errors={at: "такого ассистента нет"})
            db.session.add(
                FollowupRule(org_id=who.home, stage_id=row.id, step=step + 1, delay_minutes=rule["delay_minutes"],
                             text=rule["text"], prompt=rule["prompt"], assistant_id=ids[other] if other else None)
            )  # fmt: skip
    db.session.flush()  # the answer shows them


def add_stage(who: Actor, funnel_id: int, name: str, code: str, position: int, prompt: str = "") -> Stage:
    """A stage with its assistant and the first version of its prompt."""
    who.must("manage")
    stage = Stage(org_id=who.home, funnel_id=funnel_id, name=name, code=code, position=position)
    db.session.add(stage)
    db.session.flush()  # its id
    assistant = Assistant(org_id=who.home, funnel_id=funnel_id, stage_id=stage.id, code=code, name=name, prompt=prompt)
    db.session.add(assistant)
    db.session.flush()  # its id
    prompts.add_version(who, assistant)
    return stage


def _codes(wanted: Sequence[NewStage]) -> list[str]:
    """A code for each stage, unique among them: the given one, else one made of its name."""
    given: set[str] = set()
    for number, stage in enumerate(wanted):
        if stage["code"] and stage["code"] in given:
            raise Invalid("У этапов одинаковые коды", errors={f"stages/{number}/assistant_code_name": "уже есть"})
        given.add(stage["code"])
    codes = []
    for stage in wanted:
        code = stage["code"] or _free(code_of(stage["name"]), given)
        given.add(code)
        codes.append(code)
    return codes


def _free(base: str, taken: set[str]) -> str:
    number, code = 1, base
    while code in taken:
        number += 1
        code = f"{base[: CODE_MAX - 5]}_{number}"
    return code


def code_of(name: str) -> str:
    """A code in Latin letters for a stage's name: «Первый звонок» is `pervyy_zvonok`."""
    code = re.sub(r"[^a-z0-9]+", "_", name.lower().translate(_LETTERS)).strip("_")[:CODE_MAX].strip("_")
    return code if code and not code.isdigit() else f"stage_{code}".strip("_")[:CODE_MAX]
