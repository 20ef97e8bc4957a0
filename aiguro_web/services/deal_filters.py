"""Which deals: one filter for the board, the table, bulk acts, the export and the overview, whose numbers are the
lengths of these lists."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, exists, or_

from ..errors import Invalid
from ..models import Dialog, StageEntry
from ..models.dialog import DialogStatus, Outcome
from .access import Actor

Answered = Literal["assistant", "people", "nobody"]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, `start` included and `end` not; None is open."""

    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class DealFilter:
    """None means any. `manager` 0 means nobody; `entered` the stage (its id) that a deal came into within the span;
    `answered` who has ever written to the client; `price` in rubles, both ends included."""

    funnel_id: int | None = None
    stage_id: int | None = None
    client_id: int | None = None
    status: DialogStatus | None = None
    outcome: Outcome | None = None
    manager: int | None = None
    channel: str | None = None
    tag: str | None = None
    ai: bool | None = None
    waiting: bool | None = None
    unsubscribed: bool | None = None
    handed_over: bool | None = None
    answered: Answered | None = None
    created: Span | None = None
    closed: Span | None = None
    active: Span | None = None
    entered: tuple[int, Span] | None = None
    price: tuple[Decimal | None, Decimal | None] | None = None
    words: str | None = None


def conditions(who: Actor, wanted: DealFilter) -> list[ColumnElement[bool]]:
    """For a WHERE over Dialog, without `words` (services/deal_lists.py looks for those). Raises Forbidden."""
    who.must("read")
    d = Dialog
    found: list[Any] = [d.org_id == who.home, d.listed]
    equal = (
        (d.funnel_id, wanted.funnel_id), (d.stage_id, wanted.stage_id), (d.client_id, wanted.client_id),
        (d.status, wanted.status), (d.outcome, wanted.outcome), (d.channel, wanted.channel), (d.ai, wanted.ai),
        (d.unsubscribed, wanted.unsubscribed),
    )  # fmt: skip
    found += [column == value for column, value in equal if value is not None]
    if wanted.manager is not None:
        found.append(d.manager_id == wanted.manager if wanted.manager else d.manager_id.is_(None))
    if wanted.tag is not None:
        found.append(d.tags.contains([wanted.tag]))
    if wanted.waiting is not None:
        waits = and_(d.status == DialogStatus.active, d.unanswered_since.is_not(None))
        found.append(waits if wanted.waiting else ~waits)
    if wanted.handed_over is not None:
        found.append(d.handed_over_at.is_not(None) if wanted.handed_over else d.handed_over_at.is_(None))
    if wanted.answered is not None:
        found.append(_answered(wanted.answered))
    for column, span in (
        (d.created_at, wanted.created),
        (d.closed_at, wanted.closed),
        (d.last_activity, wanted.active),
    ):
        if span is not None:
            found += _within(column, span)
            found += [column.is_not(None)] if column is d.closed_at else []
    if wanted.entered is not None:
        found.append(_entered(who, *wanted.entered))
    if wanted.price is not None:
        low, high = wanted.price
        found += [d.price >= low] if low is not None else []
        found += [d.price <= high] if high is not None else []
    return found


def _answered(answered: Answered) -> ColumnElement[bool]:
    by_assistant, by_people = Dialog.first_assistant_at.is_not(None), Dialog.first_manager_at.is_not(None)
    kinds = {"assistant": by_assistant, "people": by_people, "nobody": ~or_(by_assistant, by_people)}
    if answered not in kinds:
        raise Invalid("Такого отбора нет", answered="assistant, people или nobody")
    return kinds[answered]


def _within(column: Any, span: Span) -> list[ColumnElement[bool]]:
    found = [column >= span.start] if span.start is not None else []
    return found + ([column < span.end] if span.end is not None else [])


def _entered(who: Actor, stage_id: int, span: Span) -> ColumnElement[bool]:
    entry = and_(
        StageEntry.org_id == who.home, StageEntry.dialog_id == Dialog.id, StageEntry.stage_id == stage_id,
        *_within(StageEntry.entered_at, span),
    )  # fmt: skip
    return exists().where(entry)
