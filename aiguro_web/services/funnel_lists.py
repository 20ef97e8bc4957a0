"""Full funnels for the JSON contract (§3): settings, stages, assistants, follow-ups, deals, in a fixed number of
statements."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, TypedDict, cast

from sqlalchemy import func, literal_column, select

from ..errors import NotFound
from ..extensions import db
from ..models import Assistant, Dialog, DialogTally, FollowupRule, Funnel, Stage
from ..models.dialog import DialogStatus
from .access import Actor


class Parameters(TypedDict):
    """How freely the model writes."""

    temperature: Decimal
    top_p: Decimal


class FollowupRow(TypedDict):
    """A reminder, and the code of the assistant that writes it."""

    delay_minutes: int
    code: str
    text: str | None
    prompt: str | None


class StageAssistantRow(TypedDict):
    """The assistant of a stage; `parameters` are the funnel's where it has none of its own."""

    id: int
    code: str
    name: str
    prompt: str
    parameters: Parameters


class StageRow(TypedDict):
    """A stage; `deals_*` are of its open deals."""

    name: str
    code: str
    prompt: str
    followups: list[FollowupRow]
    deals_count: int
    deals_amount: Decimal
    assistant: StageAssistantRow | None


class FullFunnelRow(TypedDict):
    """A funnel with everything of it; `conversion` is the share of deals won among all of its dialogs, in percent."""

    id: int
    name: str
    display_name: str
    description: str
    is_active: bool
    merge_seconds: int
    break_size: int
    break_wait: int
    context_memory_size: int
    use_company_knowledge_base: bool
    use_funnel_knowledge_base: bool
    auto_pause: int
    auto_pause_full: bool
    auto_answer: str
    anti_spam: int
    accept_file: bool
    accept_audio: bool
    work_schedule: bool
    work_start: int
    work_end: int
    role_instruction: str
    hand_over_text: str
    parameters: Parameters
    created_at: datetime
    updated_at: datetime
    conversion: float
    stages: list[StageRow]


_HEAD = [
    column for column in Funnel.__table__.c if column.name in {*FullFunnelRow.__annotations__, "temperature", "top_p"}
]


def get_full(who: Actor, funnel_id: int) -> FullFunnelRow:
    """Raises NotFound, also for another organisation's funnel and for one that was archived."""
    found = list_full(who, [funnel_id])
    if not found:
        raise NotFound("Воронка не найдена")
    return found[0]


def list_full(who: Actor, ids: Sequence[int]) -> list[FullFunnelRow]:
    """These funnels, oldest first; without those that are not here."""
    who.must("read")
    total = select(func.coalesce(func.sum(DialogTally.dialogs), 0)).where(
        DialogTally.org_id == who.home, DialogTally.funnel_id == Funnel.id
    )
    # The words of the partial index ix_dialog_won_funnel: a bound value would not be recognised as its condition.
    won = select(func.count()).where(
        Dialog.org_id == who.home, Dialog.funnel_id == Funnel.id, literal_column("dialog.outcome = 'won'"),
        Dialog.listed,
    )  # fmt: skip
    query = (
        select(*_HEAD, total.scalar_subquery().label("total"), won.scalar_subquery().label("won"))
        .where(Funnel.org_id == who.home, Funnel.id.in_(ids), Funnel.archived_at.is_(None))
        .order_by(Funnel.id)
    )
    funnels = [dict(row) for row in db.session.execute(query).mappings()]
    stages = _stages(who, {row["id"]: _parameters(row) for row in funnels})
    found = []
    for row in funnels:
        total_count, won_count = int(row.pop("total")), int(row.pop("won"))
        row["conversion"] = round(100 * won_count / total_count, 1) if total_count > 0 else 0.0
        row["stages"] = stages.get(row["id"], [])
        row["parameters"] = _parameters(row)
        found.append(cast(FullFunnelRow, row))
    return found


def _stages(who: Actor, parameters: dict[int, Parameters]) -> dict[int, list[StageRow]]:
    """By funnel, in their order. `parameters` are the funnels' own."""
    deals = (
        select(
            DialogTally.stage_id,
            func.sum(DialogTally.dialogs).label("count"),
            func.sum(DialogTally.amount).label("sum"),
        )
        .where(
            DialogTally.org_id == who.home,
            DialogTally.funnel_id.in_(list(parameters)),
            DialogTally.status == DialogStatus.active.value,
        )
        .group_by(DialogTally.stage_id)
        .subquery()
    )
    query = (
        select(
            Stage.id, Stage.funnel_id, Stage.name, Stage.code, func.coalesce(deals.c.count, 0).label("deals_count"),
            func.coalesce(deals.c.sum, 0).label("deals_amount"), Assistant.id.label("assistant_id"),
            Assistant.code.label("assistant_code"), Assistant.name.label("assistant_name"), Assistant.prompt,
            Assistant.temperature, Assistant.top_p,
        )
        .outerjoin(Assistant, (Assistant.org_id == Stage.org_id) & (Assistant.stage_id == Stage.id))
        .outerjoin(deals, deals.c.stage_id == Stage.id)
        .where(Stage.org_id == who.home, Stage.funnel_id.in_(list(parameters)), Stage.archived_at.is_(None))
        .order_by(Stage.funnel_id, Stage.position, Stage.id, Assistant.id)
    )  # fmt: skip
    rows = {row.id: row for row in reversed(db.session.execute(query).all())}  # the oldest assistant of a stage
    followups = _followups(who, rows)
    found: dict[int, list[StageRow]] = {}
    for row in reversed(rows.values()):
        stage = StageRow(
            name=row.name, code=row.code, prompt=row.prompt or "", followups=followups.get(row.id, []),
            deals_count=int(row.deals_count), deals_amount=row.deals_amount,
            assistant=_assistant(row, parameters[row.funnel_id]),
        )  # fmt: skip
        found.setdefault(row.funnel_id, []).append(stage)
    return found


def _followups(who: Actor, stage_ids: Iterable[int]) -> dict[int, list[FollowupRow]]:
    """By stage, in the order of their steps."""
    by = (Assistant.org_id == FollowupRule.org_id) & (Assistant.id == FollowupRule.assistant_id)
    query = (
        select(FollowupRule.stage_id, FollowupRule.delay_minutes, FollowupRule.text, FollowupRule.prompt,
               func.coalesce(Assistant.code, Stage.code).label("code"))
        .join(Stage, (Stage.org_id == FollowupRule.org_id) & (Stage.id == FollowupRule.stage_id))
        .outerjoin(Assistant, by)
        .where(FollowupRule.org_id == who.home, FollowupRule.stage_id.in_(list(stage_ids)))
        .order_by(FollowupRule.stage_id, FollowupRule.step)
    )  # fmt: skip
    found: dict[int, list[FollowupRow]] = {}
    for row in db.session.execute(query).mappings():
        rule = dict(row)
        found.setdefault(rule.pop("stage_id"), []).append(cast(FollowupRow, rule))
    return found


def _assistant(row: Any, funnel: Parameters) -> StageAssistantRow | None:
    if row.assistant_id is None:
        return None
    parameters = Parameters(
        temperature=funnel["temperature"] if row.temperature is None else row.temperature,
        top_p=funnel["top_p"] if row.top_p is None else row.top_p,
    )
    return StageAssistantRow(
        id=row.assistant_id, code=row.assistant_code, name=row.assistant_name, prompt=row.prompt, parameters=parameters
    )


def _parameters(row: Any) -> Parameters:
    return Parameters(temperature=row["temperature"], top_p=row["top_p"])
