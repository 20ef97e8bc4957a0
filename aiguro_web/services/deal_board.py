"""The board of deals: the stages of a funnel as columns, with how many, worth how much, and their newest cards.

PostgreSQL builds each card's JSON and the page keeps what it made of it (pages/deal_cards.py): between two looks at a
board nearly all of its cards are the same.
"""

from __future__ import annotations

import json
import uuid as uuids
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypedDict, cast

from sqlalchemy import ColumnElement, Select, Text, case, func, literal_column, or_, select, true
from sqlalchemy.dialects.postgresql import aggregate_order_by

from ..errors import Invalid, NotFound
from ..extensions import among, db
from ..models import Client, Dialog, DialogTally, Funnel, Stage, User
from ..models.dialog import DialogStatus, Outcome
from . import deal_lists
from .access import Actor
from .deal_filters import DealFilter

CARDS = 25  # of a column at first, and each time it is scrolled to its end
SHOWN_MAX = 200  # cards of a column that a refresh brings back
COUNT_MAX = 1000  # deals of a column that a filter counts
COLUMNS_MAX = 150  # of a board of all funnels
PREVIEW = 140  # characters of the last message


class CardRow(TypedDict):
    """A deal on the board; times in UTC, `price` in rubles, `close_ratio` in percent."""

    id: int
    uuid: str
    client_name: str
    channel: str
    last_message: str
    last_role: str
    last_activity: datetime
    unanswered_since: datetime | None
    unread: int
    ai: bool
    unsubscribed: bool
    manager_name: str
    price: Decimal
    close_ratio: int
    tags: list[str]


class StageRow(TypedDict):
    """A stage to choose."""

    id: int
    code: str
    name: str
    funnel_id: int
    funnel_name: str


class PlaceRow(TypedDict):
    """Where a deal stands, and how it ended."""

    uuid: uuids.UUID
    client_name: str
    stage_id: int
    code: str
    name: str
    status: str
    outcome: str | None
    lost_reason: str


@dataclass(frozen=True, slots=True)
class Column:
    """A stage. `dialogs` and `amount` are of all its deals that the filter lets through; `amount` is None where there
    were more than COUNT_MAX to count. `cards` are JSON for `read_card`; `next` continues them, None at their end."""

    stage_id: int
    code: str
    name: str
    funnel_id: int
    funnel_name: str
    dialogs: int
    amount: Decimal | None
    cards: list[str]
    next: str | None


def list_columns(
    who: Actor, wanted: DealFilter, *, cards: int = CARDS, shown: Mapping[int, int] | None = None,
    stages: Collection[int] | None = None,
) -> list[Column]:  # fmt: skip
    """The stages of the funnel (of all funnels, one after another), or only `stages`, by one statement.

    Each has its newest `cards`; where `shown` names a stage, so many of its cards instead, up to SHOWN_MAX.
    """
    who.must("read")
    most = {stage: min(max(count, cards), SHOWN_MAX) for stage, count in (shown or {}).items()}
    build = _columns if wanted.words is None else _columns.__wrapped__  # words are looked for while it is built
    query = build(who, wanted, max([cards, *most.values()]))
    if stages is not None:
        query = query.where(among(Stage.id, stages))
    return [_column(row, most.get(row.id, cards)) for row in db.session.execute(query)]


def list_cards(
    who: Actor, wanted: DealFilter, stage_id: int, before: str | None = None
) -> tuple[list[str], str | None]:
    """The newest cards of a column, or those after what ended with `before`; and what continues them. Raises Invalid,
    NotFound."""
    who.must("read")
    d = Dialog
    older = []
    if before is not None:
        moment, last_id = _cursor(before)
        # The first is what the index is entered by; the second tells apart what happened at the same moment.
        older = [d.last_activity <= moment, or_(d.last_activity < moment, d.id < last_id)]
    funnel_id = db.session.scalar(select(Stage.funnel_id).where(Stage.org_id == who.home, Stage.id == stage_id))
    if funnel_id is None:
        raise NotFound("Этап не найден")
    here = (d.funnel_id == funnel_id, d.stage_id == stage_id, *older)
    texts = [row.card for row in db.session.execute(_cards_of(who, wanted, CARDS + 1).where(*here))]
    return _cut(texts, CARDS)


def get_card(who: Actor, uuid: uuids.UUID) -> str:
    """One deal's card, for `read_card`. Raises NotFound."""
    who.must("read")
    query = select(_card().label("card")).where(Dialog.org_id == who.home, Dialog.uuid == uuid, Dialog.listed)
    found = db.session.scalar(query)
    if found is None:
        raise NotFound("Сделка не найдена")
    return str(found)


def list_stages(who: Actor, funnel_id: int | None = None) -> list[StageRow]:
    """The stages of a funnel, or of all of them, in their order."""
    who.must("read")
    s, f = Stage, Funnel
    query = (
        select(s.id, s.code, s.name, s.funnel_id, f.display_name.label("funnel_name"))
        .join(f, (f.org_id == s.org_id) & (f.id == s.funnel_id))
        .where(s.org_id == who.home, s.archived_at.is_(None), f.archived_at.is_(None))
        .order_by(f.id, s.position)
        .limit(COLUMNS_MAX)
    )
    query = query.where(s.funnel_id == funnel_id) if funnel_id is not None else query
    return [cast(StageRow, dict(row)) for row in db.session.execute(query).mappings()]


def get_place(who: Actor, uuid: uuids.UUID) -> PlaceRow:
    """Where a deal stands. Raises NotFound."""
    who.must("read")
    d, s = Dialog, Stage
    query = (
        select(d.uuid, Client.name.label("client_name"), d.stage_id, s.code, s.name, d.status, d.outcome, d.lost_reason)
        .join(s, (s.org_id == d.org_id) & (s.id == d.stage_id))
        .join(Client, (Client.org_id == d.org_id) & (Client.id == d.client_id))
        .where(d.org_id == who.home, d.uuid == uuid, d.deleted_at.is_(None))
    )
    row = db.session.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("Сделка не найдена")
    return cast(PlaceRow, dict(row))


def list_lost_reasons(who: Actor, limit: int = 6) -> list[str]:
    """Why deals were lost lately, the commonest first; what was written once is no pattern."""
    who.must("read")
    d = Dialog
    lost = (d.org_id == who.home, d.listed, d.closed_at.is_not(None), d.outcome == Outcome.lost, d.lost_reason != "")
    lately = select(d.lost_reason).where(*lost).order_by(d.closed_at.desc(), d.id.desc()).limit(200).subquery()
    reason = lately.c.lost_reason
    commonest = select(reason).group_by(reason).having(func.count() > 1).order_by(func.count().desc(), reason)
    return list(db.session.scalars(commonest.limit(limit)))


def read_card(card: str) -> CardRow:
    """What PostgreSQL wrote of a deal."""
    row = dict(zip(CardRow.__annotations__, json.loads(card, parse_float=Decimal), strict=True))
    for name in ("last_activity", "unanswered_since"):
        row[name] = datetime.fromisoformat(row[name]) if row[name] else None
    return cast(CardRow, row)


@lru_cache(maxsize=500)  # building it costs as much as running it
def _columns(who: Actor, wanted: DealFilter, cards: int) -> Select[*tuple[Any, ...]]:
    who.must("read")
    s, f = Stage, Funnel
    totals = _kept(who) if _is_whole(wanted) else _counted(who, wanted)
    newest = _cards_of(who, wanted, cards + 1).where(Dialog.stage_id == s.id, Dialog.funnel_id == s.funnel_id)
    newest_cards = newest.correlate(s).subquery()
    order = (newest_cards.c.last_activity.desc(), newest_cards.c.id.desc())
    listed = select(func.array_agg(aggregate_order_by(newest_cards.c.card, *order)).label("cards")).lateral()
    query = (
        select(s.id, s.code, s.name, s.funnel_id, f.display_name, totals.c.dialogs, totals.c.amount, listed.c.cards)
        .join(f, (f.org_id == s.org_id) & (f.id == s.funnel_id))
        .join(totals, true())
        .join(listed, true())
        .where(s.org_id == who.home, s.archived_at.is_(None), f.archived_at.is_(None))
        .order_by(f.id, s.position)
        .limit(COLUMNS_MAX)
    )
    return query.where(s.funnel_id == wanted.funnel_id) if wanted.funnel_id is not None else query


def _is_whole(wanted: DealFilter) -> bool:
    """Whether a column shows every open deal of its stage."""
    return replace(wanted, funnel_id=None, status=None) == DealFilter()


def _kept(who: Actor) -> Any:
    """Exact whatever the size: the kept counts (dialog_tally)."""
    t = DialogTally
    sums = [func.coalesce(func.sum(column), 0).label(column.key) for column in (t.dialogs, t.amount)]
    of_stage = (t.funnel_id == Stage.funnel_id, t.stage_id == Stage.id, t.status == DialogStatus.active)
    return select(*sums).where(t.org_id == who.home, *of_stage).correlate(Stage).lateral()


def _counted(who: Actor, wanted: DealFilter) -> Any:
    """What a filter lets through, counted up to COUNT_MAX and one more."""
    of_stage = (Dialog.stage_id == Stage.id, Dialog.funnel_id == Stage.funnel_id)
    some = select(Dialog.price).where(*_shown(who, wanted), *of_stage).limit(_number(COUNT_MAX + 1))
    found = some.correlate(Stage).subquery()
    amount = case((func.count() <= COUNT_MAX, func.coalesce(func.sum(found.c.price), 0)))
    return select(func.count().label("dialogs"), amount.label("amount")).select_from(found).lateral()


def _number(value: int) -> ColumnElement[int]:
    """In the statement itself: a generic plan takes a parameter for a tenth of the table."""
    return literal_column(str(int(value)))


def _shown(who: Actor, wanted: DealFilter) -> list[ColumnElement[bool]]:
    """The filter, for open deals: a board has no place for others."""
    return deal_lists.matching(who, replace(wanted, status=DialogStatus.active, outcome=None, closed=None))


def _card() -> ColumnElement[Any]:
    """The deal as a JSON array in the order of CardRow. Sub-selects: a join is planned worse under a generic plan."""
    d = Dialog
    client = select(Client.name).where(Client.org_id == d.org_id, Client.id == d.client_id)
    manager = select(func.coalesce(func.nullif(User.name, ""), User.email)).where(User.id == d.manager_id)
    values = (
        d.id, d.uuid, client.correlate(d).scalar_subquery(), d.channel, func.left(d.last_message, _number(PREVIEW)),
        d.last_role, d.last_activity, d.unanswered_since, d.unread, d.ai, d.unsubscribed,
        func.coalesce(manager.correlate(d).scalar_subquery(), d.manager_text), d.price, d.close_ratio,
        func.to_jsonb(d.tags),
    )  # fmt: skip
    return cast(ColumnElement[Any], func.json_build_array(*values).cast(Text))


def _cards_of(who: Actor, wanted: DealFilter, count: int) -> Select[*tuple[Any, ...]]:
    """The newest cards that the filter lets through; the caller names the column."""
    d = Dialog
    return (
        select(_card().label("card"), d.last_activity, d.id)
        .where(*_shown(who, wanted))
        .order_by(d.last_activity.desc(), d.id.desc())
        .limit(_number(count))
    )


def _column(row: Any, cards: int) -> Column:
    shown, following = _cut(row.cards or [], cards)
    return Column(
        row.id, row.code, row.name, row.funnel_id, row.display_name, int(row.dialogs), row.amount, shown, following
    )


def _cut(texts: Sequence[str], count: int) -> tuple[list[str], str | None]:
    shown = list(texts[:count])
    if len(texts) <= count or not shown:
        return shown, None
    last = json.loads(shown[-1])
    names = list(CardRow.__annotations__)
    return shown, f"{last[names.index('last_activity')]}~{last[0]}"


def _cursor(before: str) -> tuple[datetime, int]:
    moment, _, last_id = before.partition("~")
    try:
        if len(before) > 80 or not (last_id.isascii() and last_id.isdigit() and len(last_id) <= 18):
            raise ValueError
        found = datetime.fromisoformat(moment)
        if found.tzinfo is None:
            raise ValueError
    except ValueError as error:
        raise Invalid("Неверное продолжение списка", before="возьмите его из ответа") from error
    return found, int(last_id)
