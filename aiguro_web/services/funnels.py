"""Funnels and their stages."""

from __future__ import annotations

from typing import TypedDict, cast

from sqlalchemy import select

from ..errors import NotFound
from ..extensions import db
from ..models import Assistant, Funnel, PromptVersion, Stage
from .access import Actor

# What a funnel founded without stages gets (contract.md §3).
FIRST_STAGES = (("Квалификация", "qualification"), ("Презентация", "presentation"), ("Закрытие", "closing"))


class FunnelRow(TypedDict):
    """A funnel as lists show it."""

    id: int
    name: str
    display_name: str
    is_active: bool


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
    """Raises NotFound, also for another organisation's funnel."""
    who.must("read")
    query = select(Funnel).where(Funnel.org_id == who.home, Funnel.id == funnel_id, Funnel.archived_at.is_(None))
    funnel = db.session.scalar(query)
    if funnel is None:
        raise NotFound("Воронка не найдена")
    return funnel


def create(who: Actor, display_name: str, *, hand_over_text: str = "", description: str = "") -> Funnel:
    """Found a funnel with FIRST_STAGES, each with its assistant. The organisation's first funnel is active."""
    who.must("manage")
    first = not list_funnels(who)
    funnel = Funnel(
        org_id=who.home,
        name=display_name,
        display_name=display_name,
        description=description,
        hand_over_text=hand_over_text,
        is_active=first,
    )
    db.session.add(funnel)
    db.session.flush()  # its id
    for position, (name, code) in enumerate(FIRST_STAGES, 1):
        add_stage(who, funnel.id, name, code, position)
    return funnel


def add_stage(who: Actor, funnel_id: int, name: str, code: str, position: int, prompt: str = "") -> Stage:
    """A stage with its assistant and the first version of its prompt."""
    who.must("manage")
    stage = Stage(org_id=who.home, funnel_id=funnel_id, name=name, code=code, position=position)
    db.session.add(stage)
    db.session.flush()  # its id
    assistant = Assistant(org_id=who.home, funnel_id=funnel_id, stage_id=stage.id, code=code, name=name, prompt=prompt)
    db.session.add(assistant)
    db.session.flush()  # its id
    db.session.add(
        PromptVersion(
            org_id=who.home,
            assistant_id=assistant.id,
            number=1,
            prompt=prompt,
            author_id=who.user_id,
            author_name=who.name,
        )
    )
    return stage
