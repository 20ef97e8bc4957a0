"""The overview's stages: what stands in each now, what came into each in a period, how far its new dialogs went."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypedDict, cast

from sqlalchemy import ColumnElement, Subquery, and_, func, or_, select, true

from ..extensions import db
from ..models import Dialog, DialogTally, Funnel, Stage, StageEntry
from ..models.dialog import DialogStatus
from .access import Actor
from .deal_filters import DealFilter, Span, conditions
from .overview_flow import Asked


class StageRow(TypedDict):
    """A stage. `dialogs`, `amount`, `expected` are of those that stand in it now; `entered` and `entered_before` how
    many came into it in the period and in the one before; `reached` how many of the period's new dialogs."""

    id: int
    name: str
    funnel_id: int
    funnel_name: str
    dialogs: int
    amount: Decimal
    expected: Decimal
    entered: int
    entered_before: int
    reached: int


@dataclass(frozen=True, slots=True)
class Stages:
    """By funnel, in their order; `ever` is how many dialogs the organisation has, closed ones too."""

    rows: list[StageRow]
    ever: int

    @property
    def dialogs(self) -> int:
        return sum(row["dialogs"] for row in self.rows)

    @property
    def amount(self) -> Decimal:
        return sum((row["amount"] for row in self.rows), Decimal(0))

    @property
    def expected(self) -> Decimal:
        """The forecast: Σ price × close_ratio, in rubles."""
        return sum((row["expected"] for row in self.rows), Decimal(0))


def list_stages(who: Actor, asked: Asked) -> Stages:
    """The stages of the funnel, or of all; a deleted one only while dialogs stand in it. Raises Forbidden."""
    who.must("read")
    t, e, s, f = _standing(who), _entries(who, asked), Stage, Funnel
    standing = func.coalesce(t.c.dialogs, 0)
    everything = select(func.coalesce(func.sum(DialogTally.dialogs), 0)).where(DialogTally.org_id == who.home)
    query = (
        select(
            s.id, s.name, s.funnel_id, f.display_name.label("funnel_name"), standing.label("dialogs"),
            func.coalesce(t.c.amount, 0).label("amount"), func.coalesce(t.c.expected, 0).label("expected"),
            func.coalesce(e.c.entered, 0).label("entered"),
            func.coalesce(e.c.entered_before, 0).label("entered_before"),
            func.coalesce(e.c.reached, 0).label("reached"), everything.scalar_subquery().label("ever"),
        )
        .join(f, and_(f.org_id == s.org_id, f.id == s.funnel_id))
        .outerjoin(t, t.c.stage_id == s.id)
        .outerjoin(e, e.c.stage_id == s.id)
        .where(s.org_id == who.home, true() if asked.funnel_id is None else s.funnel_id == asked.funnel_id)
        .where(or_(and_(s.archived_at.is_(None), f.archived_at.is_(None)), standing > 0))
        .order_by(s.funnel_id, s.position, s.id)
    )  # fmt: skip
    found = [dict(row) for row in db.session.execute(query).mappings()]
    ever = [int(row.pop("ever")) for row in found]
    for row in found:
        row["dialogs"] = int(row["dialogs"])
    return Stages([cast(StageRow, row) for row in found], ever[0] if ever else 0)


def _standing(who: Actor) -> Subquery:
    """What is kept of the open dialogs of each stage."""
    t = DialogTally
    return (
        select(
            t.stage_id, func.sum(t.dialogs).label("dialogs"), func.sum(t.amount).label("amount"),
            func.sum(t.expected).label("expected"),
        )
        .where(t.org_id == who.home, t.status == DialogStatus.active.value)
        .group_by(t.stage_id)
        .subquery("standing")
    )  # fmt: skip


def _entries(who: Actor, asked: Asked) -> Subquery:
    """How many dialogs came into each stage. One that came twice counts once, as in the list of them (the filter's
    `entered`), hence the two levels."""
    d, e, now, before = Dialog, StageEntry, asked.current, asked.previous
    came = and_(e.entered_at >= now.start, _within(d.created_at, now))
    each = (
        select(
            e.stage_id, e.dialog_id, func.bool_or(_within(e.entered_at, now)).label("now"),
            func.bool_or(_within(e.entered_at, before)).label("before"), func.bool_or(came).label("reached"),
        )
        .join(d, and_(d.org_id == e.org_id, d.id == e.dialog_id))
        .where(e.org_id == who.home, e.entered_at >= before.start)
        .where(*conditions(who, DealFilter(funnel_id=asked.funnel_id)))
        .group_by(e.stage_id, e.dialog_id)
        .subquery("each")
    )  # fmt: skip
    return (
        select(
            each.c.stage_id, func.count().filter(each.c.now).label("entered"),
            func.count().filter(each.c.before).label("entered_before"),
            func.count().filter(each.c.reached).label("reached"),
        )
        .group_by(each.c.stage_id)
        .subquery("entries")
    )  # fmt: skip


def _within(moment: Any, span: Span) -> ColumnElement[bool]:
    return and_(moment >= span.start, moment < span.end)
