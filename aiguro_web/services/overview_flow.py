"""What came in and what ended in a period and in the one before it, for the overview's numbers and its chart.

One statement reads it all, from two indexes alone (ix_dialog_created, ix_dialog_closed). What is counted is said by
services/deal_filters.py, as in the lists that the numbers open.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, TypedDict, cast

import sqlalchemy as sa
from sqlalchemy import (
    ColumnElement,
    Double,
    Integer,
    Numeric,
    Select,
    and_,
    case,
    func,
    literal,
    null,
    or_,
    select,
    text,
)

from ..extensions import db
from ..models import Dialog
from ..models.dialog import Outcome
from .access import Actor
from .deal_filters import DealFilter, Span, conditions

Step = Literal["day", "week"]
NOW, BEFORE = 1, 2  # which period a row is of; 0 is neither


@dataclass(frozen=True, slots=True)
class Asked:
    """The period, the one that it is compared with, and since when the chart goes, in steps of the zone's calendar."""

    current: Span
    previous: Span
    since: datetime
    step: Step
    zone: str
    funnel_id: int | None = None


@dataclass(slots=True)
class Counts:
    """Of a period. All but `won`, `lost` and their money (what was closed in it) are of the dialogs that began in it;
    `sold` of them are won by now. `first_answer` is the median, in seconds, None where nobody was answered."""

    new: int = 0
    assistant: int = 0
    people: int = 0
    nobody: int = 0
    handed_over: int = 0
    sold: int = 0
    won: int = 0
    lost: int = 0
    won_amount: Decimal = Decimal(0)
    lost_amount: Decimal = Decimal(0)
    first_answer: float | None = None


@dataclass(slots=True)
class Point:
    """A day or week of the chart, by its first moment."""

    start: datetime
    new: int = 0
    won: int = 0
    lost: int = 0


@dataclass(slots=True)
class Flow:
    """Both periods, the chart's points in their order (those without anything are left out), the new by channel."""

    now: Counts = field(default_factory=Counts)
    before: Counts = field(default_factory=Counts)
    points: list[Point] = field(default_factory=list)
    channels: dict[str, int] = field(default_factory=dict)


class _Row(TypedDict):
    kind: Literal["began", "ended", "answer"]
    part: int
    start: datetime | None
    word: str | None  # the channel, or the outcome
    new: int
    assistant: int
    people: int
    nobody: int
    handed_over: int
    sold: int
    amount: Decimal | None
    seconds: float | None


def read_flow(who: Actor, asked: Asked) -> Flow:
    """What came in and what ended. Raises Forbidden."""
    who.must("read")
    query = sa.union_all(_began(who, asked), _ended(who, asked), _first_answer(who, asked))
    return _folded(cast(_Row, dict(row)) for row in db.session.execute(query).mappings())


def _folded(rows: Iterable[_Row]) -> Flow:
    flow = Flow()
    points: dict[datetime, Point] = {}
    for row in rows:
        of = {NOW: flow.now, BEFORE: flow.before}.get(row["part"], Counts())
        point = points.setdefault(row["start"], Point(row["start"])) if row["start"] else None
        if row["kind"] == "answer":
            of.first_answer = row["seconds"]
        elif row["kind"] == "ended":
            _add_ended(of, point, row)
        else:
            for name in COUNTED:
                setattr(of, name, getattr(of, name) + cast(dict[str, Any], row)[name])
            if row["part"] == NOW:
                channel = row["word"] or ""
                flow.channels[channel] = flow.channels.get(channel, 0) + row["new"]
            if point is not None:
                point.new += row["new"]
    flow.points = [points[start] for start in sorted(points)]
    return flow


COUNTED = tuple(one.name for one in fields(Counts) if one.name in _Row.__annotations__)


def _add_ended(of: Counts, point: Point | None, row: _Row) -> None:
    if row["word"] == Outcome.won:
        of.won += row["new"]
        of.won_amount += row["amount"] or 0
        if point is not None:
            point.won += row["new"]
    elif row["word"] == Outcome.lost:
        of.lost += row["new"]
        of.lost_amount += row["amount"] or 0
        if point is not None:
            point.lost += row["new"]


def _began(who: Actor, asked: Asked) -> Select[Any]:
    """The dialogs that began, by part, step and channel."""

    def those(wanted: DealFilter) -> ColumnElement[int]:
        return func.count().filter(and_(*conditions(who, wanted)))

    d = Dialog
    return (
        select(
            literal("began").label("kind"), _part(d.created_at, asked), _start(d.created_at, asked),
            d.channel.label("word"), func.count().label("new"),
            those(DealFilter(answered="assistant")).label("assistant"),
            those(DealFilter(answered="people")).label("people"), those(DealFilter(answered="nobody")).label("nobody"),
            those(DealFilter(handed_over=True)).label("handed_over"),
            those(DealFilter(outcome=Outcome.won)).label("sold"),
            sa.cast(null(), Numeric).label("amount"), sa.cast(null(), Double).label("seconds"),
        )
        .where(*conditions(who, DealFilter(funnel_id=asked.funnel_id, created=_all(asked))))
        .group_by(text("2, 3, 4"))
    )  # fmt: skip


def _ended(who: Actor, asked: Asked) -> Select[Any]:
    """The dialogs that were closed with an outcome, by part, step and outcome."""
    d, none = Dialog, literal(0)
    return (
        select(
            literal("ended"), _part(d.closed_at, asked), _start(d.closed_at, asked), d.outcome,
            func.count(), none, none, none, none, none, func.sum(d.price), sa.cast(null(), Double),
        )
        .where(*conditions(who, DealFilter(funnel_id=asked.funnel_id, closed=_all(asked))), d.outcome.is_not(None))
        .group_by(text("2, 3, 4"))
    )  # fmt: skip


def _first_answer(who: Actor, asked: Asked) -> Select[Any]:
    """The median of how long the new dialogs of each period waited for their first answer, in whole seconds.

    Counted by seconds and summed up to the middle: percentile_cont would sort every dialog.
    """
    d, none = Dialog, literal(0)
    first = func.least(d.first_assistant_at, d.first_manager_at)  # of those that are there
    waited = func.round(func.greatest(func.extract("epoch", first - d.created_at), 0))
    spans = DealFilter(funnel_id=asked.funnel_id, created=Span(asked.previous.start, asked.current.end))
    each = (
        select(_part(d.created_at, asked), waited.label("waited"), func.count().label("dialogs"))
        .where(*conditions(who, spans), or_(d.first_assistant_at.is_not(None), d.first_manager_at.is_not(None)))
        .group_by(text("1, 2"))
        .subquery("each")
    )
    part, dialogs = each.c.part, func.sum(each.c.dialogs)
    upto = select(
        part, each.c.waited, dialogs.over(partition_by=part, order_by=each.c.waited).label("upto"),
        dialogs.over(partition_by=part).label("all"),
    ).subquery("upto")  # fmt: skip
    nothing = [sa.cast(null(), kind) for kind in (d.created_at.type, d.channel.type)]
    return (
        select(
            literal("answer"), upto.c.part, *nothing, none, none, none, none, none, none, sa.cast(null(), Numeric),
            sa.cast(func.min(upto.c.waited), Double),
        )
        .where(upto.c.upto * 2 >= upto.c.all)
        .group_by(upto.c.part)
    )  # fmt: skip


def _all(asked: Asked) -> Span:
    """Everything that is counted or drawn."""
    starts = [start for start in (asked.previous.start, asked.since) if start is not None]
    return Span(min(starts), asked.current.end)


def _part(moment: Any, asked: Asked) -> ColumnElement[int]:
    now, before = asked.current, asked.previous
    return sa.cast(
        case(
            (and_(moment >= now.start, moment < now.end), NOW),
            (and_(moment >= before.start, moment < before.end), BEFORE),
            else_=0,
        ),
        Integer,
    ).label("part")


def _start(moment: Any, asked: Asked) -> Any:
    """The first moment of its step, None before the chart begins."""
    step = func.date_trunc(literal(asked.step), moment, literal(asked.zone))
    return case((moment >= asked.since, step)).label("start")
