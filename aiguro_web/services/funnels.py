"""Funnels: founding, changing and archiving them. Their stages: stages.py; what lists show of them: funnel_lists.py."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, TypedDict, cast

from sqlalchemy import func, select, text, update

from ..errors import Conflict, Invalid, NotFound
from ..extensions import db
from ..live import publish
from ..models import DialogTally, Funnel, MessengerConnection
from ..models.dialog import DialogStatus
from ..models.funnel import FUNNEL_NAME_MAX
from . import files, funnel_moves, journal, stages, topics
from .access import Actor
from .stages import FIRST_STAGES, NewStage, add_stage

__all__ = ["FIRST_STAGES", "add_stage"]  # pages and the demo know them from here


class FunnelRow(TypedDict):
    """A funnel as lists show it."""

    id: int
    name: str
    display_name: str
    is_active: bool


class Settings(TypedDict, total=False):
    """What people set of a funnel, by its columns: models/funnel.py says the units."""

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
    temperature: Decimal
    top_p: Decimal
    hand_over_text: str


def list_funnels(who: Actor) -> list[FunnelRow]:
    """Every funnel of the organisation, oldest first."""
    who.must("read")
    query = (
        select(Funnel.id, Funnel.name, Funnel.display_name, Funnel.is_active)
        .where(Funnel.org_id == who.home, Funnel.archived_at.is_(None))
        .order_by(Funnel.id)
    )
    return [cast(FunnelRow, dict(row)) for row in db.session.execute(query).mappings()]


def get_funnel(who: Actor, funnel_id: int) -> Funnel:
    """Raises NotFound, also for another organisation's funnel and for one that was archived."""
    who.must("read")
    query = select(Funnel).where(Funnel.org_id == who.home, Funnel.id == funnel_id, Funnel.archived_at.is_(None))
    funnel = db.session.scalar(query)
    if funnel is None:
        raise NotFound("Воронка не найдена")
    return funnel


def lock_funnel(who: Actor, funnel_id: int) -> Funnel:
    """The funnel, for a change until the end of the transaction; dialogs may begin in it meanwhile. Raises NotFound."""
    who.must("manage")
    _one_at_a_time(who)
    query = select(Funnel).where(Funnel.org_id == who.home, Funnel.id == funnel_id, Funnel.archived_at.is_(None))
    funnel = db.session.scalar(query.with_for_update(key_share=True).execution_options(populate_existing=True))
    if funnel is None:
        raise NotFound("Воронка не найдена")
    return funnel


def create(
    who: Actor, display_name: str, settings: Settings | None = None, new_stages: Sequence[NewStage] = ()
) -> Funnel:
    """Found a funnel with these stages, or with FIRST_STAGES, each with its assistant. The organisation's first funnel
    is active. Raises Invalid for stages whose codes do not fit."""
    who.must("manage")
    _one_at_a_time(who)
    funnel = Funnel(
        org_id=who.home,
        name=_free_name(who, display_name),
        display_name=display_name,
        **{"is_active": False, **(settings or {})},
    )
    if not list_funnels(who):
        funnel.is_active = True
    db.session.add(funnel)
    db.session.flush()  # its id
    stages.add_stages(who, funnel.id, new_stages)
    journal.note(who, "create", "funnel", funnel.id, display_name=display_name)
    return funnel


def change(who: Actor, funnel_id: int, display_name: str | None, settings: Settings) -> Funnel:
    """Give the funnel these settings; what is left out stays. `name` follows `display_name`. Raises NotFound."""
    who.must("manage")
    funnel = lock_funnel(who, funnel_id)
    wanted: dict[str, Any] = {**settings}
    if display_name is not None:
        wanted["display_name"] = display_name
    before = {name: getattr(funnel, name) for name in wanted}
    changed = {name: value for name, value in wanted.items() if value != before[name]}
    if not changed:
        return funnel
    if "display_name" in changed:
        funnel.name = _free_name(who, changed["display_name"], funnel.id)
    for name, value in changed.items():
        setattr(funnel, name, value)
    funnel.updated_at = db.session.scalars(select(func.now())).one()
    db.session.flush()  # whoever reads it next, reads columns
    journal.note(who, "change", "funnel", funnel.id, changes=_told(before, changed))
    return funnel


def remove(who: Actor, funnel_id: int, move_to: int | None = None) -> None:
    """Archive the funnel, detach its connections and give up its files; its dialogs go to the first stage of `move_to`.

    Raises NotFound for either funnel, Conflict while it holds open deals and nobody said where they go, and for the
    organisation's last funnel: new clients would have nowhere to go.
    """
    who.must("manage")
    funnel = lock_funnel(who, funnel_id)
    if move_to == funnel_id:
        raise Invalid("Сделки нельзя перенести в ту же воронку", move_to="выберите другую воронку")
    first = stages.get_first(who, get_funnel(who, move_to).id) if move_to is not None else None
    if len(list_funnels(who)) == 1:
        raise Conflict("Это последняя воронка: создайте другую, прежде чем удалить эту")
    moved = _empty(who, funnel_id, first)
    files.leave_funnel(who, funnel_id)
    now = db.session.scalars(select(func.now())).one()
    funnel.name = _free_name(who, f"удалена {funnel_id}")  # its own name is free again
    funnel.is_active = False
    funnel.archived_at = funnel.updated_at = now
    connections = db.session.scalars(
        update(MessengerConnection)
        .where(MessengerConnection.org_id == who.home, MessengerConnection.funnel_id == funnel_id)
        .values(funnel_id=None, updated_at=now)
        .returning(MessengerConnection.id)
    ).all()
    db.session.flush()  # whoever looks for it next, finds nothing
    journal.note(
        who, "delete", "funnel", funnel_id, display_name=funnel.display_name, move_to=move_to, dialogs=moved,
        connections=list(connections),
    )  # fmt: skip
    publish(topics.dialogs(who.home), *([topics.connections(who.home)] if connections else []))


def _empty(who: Actor, funnel_id: int, first: stages.First | None) -> int:
    """Nothing new begins in the funnel from here on; its dialogs are moved (how many), or none is open."""
    lock = select(Funnel.id).where(Funnel.org_id == who.home, Funnel.id == funnel_id)
    db.session.execute(lock.with_for_update())  # waits for dialogs that are just beginning here
    if first is not None:
        return funnel_moves.move_all(who, funnel_id, first)
    open_deals = select(func.coalesce(func.sum(DialogTally.dialogs), 0)).where(
        DialogTally.org_id == who.home,
        DialogTally.funnel_id == funnel_id,
        DialogTally.status == DialogStatus.active.value,
    )
    count = int(db.session.scalar(open_deals) or 0)
    if count:
        raise Conflict(
            f"В воронке есть открытые сделки: {count}. Скажите, в какую воронку их перенести (move_to)",
            code="open_deals",
        )
    return 0


def _one_at_a_time(who: Actor) -> None:
    """Names, the first and the last funnel of an organisation are decided by one transaction at a time."""
    db.session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"funnels:{who.home}"})


def _free_name(who: Actor, wanted: str, funnel_id: int | None = None) -> str:
    """`wanted`, or with the first number behind it that no other funnel's name has."""
    query = select(Funnel.name).where(Funnel.org_id == who.home)
    if funnel_id is not None:
        query = query.where(Funnel.id != funnel_id)
    taken = set(db.session.scalars(query))
    number, name = 1, wanted
    while name in taken:
        number += 1
        end = f" {number}"
        name = wanted[: FUNNEL_NAME_MAX - len(end)] + end
    return name


def _told(before: dict[str, Any], changed: dict[str, Any]) -> dict[str, Any]:
    """What the journal keeps of a change: short values before and after, of long texts that they changed."""
    long = ("description", "auto_answer", "role_instruction", "hand_over_text")
    return {
        name: None if name in long else [_plain(before[name]), _plain(value)] for name, value in sorted(changed.items())
    }


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value
