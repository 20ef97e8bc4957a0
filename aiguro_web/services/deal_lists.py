"""The table of deals: its rows in an order, page by page, and how many there are.

Both read the same conditions, so that a number and the list it opens cannot differ.
"""

from __future__ import annotations

import uuid as uuids
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, TypedDict, cast

from sqlalchemy import ColumnElement, Select, and_, case, func, literal_column, select, tuple_

from ..errors import Invalid, NotFound
from ..extensions import among, db
from ..models import Client, Dialog, DialogTally, Funnel, Stage, User
from ..models.dialog import DialogStatus
from . import search
from .access import Actor
from .deal_filters import DealFilter, conditions

Sort = Literal[
    "-activity", "activity", "-created", "created", "-closed", "closed", "-price", "price", "-chance", "chance",
    "waiting", "-waiting",
]  # fmt: skip
NEWEST: Sort = "-activity"
COUNTED_MAX = 10_000
ROWS = 50
NAMED_MAX = 1000  # clients, the newest, whose deals words find: the whole list is not known beyond

# What each order goes by; the id decides between equals. Those of NULLABLE have rows without a value, which come last.
KEYS: dict[str, Any] = {
    "activity": Dialog.last_activity, "created": Dialog.created_at, "closed": Dialog.closed_at, "price": Dialog.price,
    "chance": Dialog.close_ratio, "waiting": Dialog.unanswered_since,
}  # fmt: skip
NULLABLE = frozenset({"closed", "waiting"})
SORTS = frozenset(sign + name for name in KEYS for sign in ("", "-"))
_NOTHING = "-"  # in a cursor: among the rows without a value


class DealRow(TypedDict):
    """A deal of the table; `manager_name` is the member's name, else the text that was set; times in UTC."""

    id: int
    uuid: uuids.UUID
    client_id: int
    client_name: str
    client_phone: str
    client_email: str
    funnel_id: int
    funnel_name: str
    stage_id: int
    stage_code: str
    stage_name: str
    stage_number: int
    status: str
    outcome: str | None
    lost_reason: str
    price: Decimal
    close_ratio: int
    manager_id: int | None
    manager_name: str
    channel: str
    tags: list[str]
    description: str
    ai: bool
    unsubscribed: bool
    messages_count: int
    last_message: str
    last_role: str
    last_activity: datetime
    unanswered_since: datetime | None
    unread: int
    created_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class DealPage:
    """`next` continues the list, None at its end."""

    rows: list[DealRow]
    next: str | None


def list_deals(
    who: Actor, wanted: DealFilter, sort: Sort = NEWEST, before: str | None = None, limit: int = ROWS
) -> DealPage:
    """A page of deals; `before` is a page's `next`. Raises Forbidden, Invalid."""
    found = matching(who, wanted)
    if sort not in SORTS:
        raise Invalid("Такого порядка нет", sort="возьмите его из заголовка таблицы")
    value, last_id = _cursor(before, sort) if before is not None else (None, None)
    rows: list[DealRow] = []
    if last_id is None or value is not None:
        rows = _read(found + _filled(sort) + _behind(sort, value, last_id), _order(sort), limit + 1)
    if sort.lstrip("-") in NULLABLE and len(rows) <= limit:  # the tail: rows without a value
        column = KEYS[sort.lstrip("-")]
        tail = [column.is_(None)] + ([Dialog.id < last_id] if last_id is not None and value is None else [])
        rows += _read(found + tail, [Dialog.id.desc()], limit + 1 - len(rows))
    shown = rows[:limit]
    return DealPage(shown, _end(shown[-1], sort) if len(rows) > limit and shown else None)


def list_ids(who: Actor, wanted: DealFilter, sort: Sort = NEWEST) -> array[int]:
    """The whole list by its ids, in order: for an export, whose rows must not move while it is written."""
    if sort not in SORTS:
        raise Invalid("Такого порядка нет", sort="возьмите его из заголовка таблицы")
    column = KEYS[sort.lstrip("-")]
    by, then = _order(sort)
    order = [by, then]
    if sort.lstrip("-") in NULLABLE:  # those without a value come last, the newest of them first
        order = [column.is_(None), by, case((column.is_(None), -Dialog.id)), then]
    return array("q", db.session.scalars(select(Dialog.id).where(*matching_all(who, wanted)).order_by(*order)))


def list_some(who: Actor, ids: Sequence[int]) -> list[DealRow]:
    """These deals, in this order; without those that are gone."""
    who.must("read")
    page = select(Dialog).where(Dialog.org_id == who.home, Dialog.listed, among(Dialog.id, ids)).subquery("page")
    rows = {row["id"]: cast(DealRow, dict(row)) for row in db.session.execute(_around(page)).mappings()}
    return [rows[found] for found in ids if found in rows]


def get_deal(who: Actor, uuid: uuids.UUID) -> DealRow:
    """One row. Raises NotFound."""
    who.must("read")
    page = select(Dialog).where(Dialog.org_id == who.home, Dialog.uuid == uuid, Dialog.listed).subquery("page")
    row = db.session.execute(_around(page)).mappings().one_or_none()
    if row is None:
        raise NotFound("Сделка не найдена")
    return cast(DealRow, dict(row))


def count(who: Actor, wanted: DealFilter, most: int = COUNTED_MAX) -> int | None:
    """How many deals the list has: exact where only funnel, stage and status are asked for (kept tally), else up to
    `most`, None beyond, and where words find more than NAMED_MAX clients."""
    who.must("read")
    if _is_tallied(wanted):
        t = DialogTally
        kept = [t.org_id == who.home]
        for column, value in (
            (t.funnel_id, wanted.funnel_id), (t.stage_id, wanted.stage_id), (t.status, wanted.status)
        ):  # fmt: skip
            kept += [column == value] if value is not None else []
        return int(db.session.scalar(select(func.coalesce(func.sum(t.dialogs), 0)).where(*kept)) or 0)
    where, whole = _where(who, wanted)
    if not whole:
        return None
    some = select(literal_column("1")).select_from(Dialog).where(*where).limit(most + 1).subquery()
    found = db.session.scalar(select(func.count()).select_from(some)) or 0
    return found if found <= most else None


def matching(who: Actor, wanted: DealFilter) -> list[ColumnElement[bool]]:
    """The whole filter, for a WHERE over Dialog; words are looked for in the client's name, phone and e-mail. Raises
    Forbidden."""
    return _where(who, wanted)[0]


def matching_all(who: Actor, wanted: DealFilter) -> list[ColumnElement[bool]]:
    """As `matching`, for what must not miss a deal. Raises Invalid where words find too many clients."""
    where, whole = _where(who, wanted)
    if not whole:
        raise Invalid("Слишком много совпадений: уточните поиск")
    return where


def _where(who: Actor, wanted: DealFilter) -> tuple[list[ColumnElement[bool]], bool]:
    """The conditions, and whether they let through all that match."""
    whole = True
    found = conditions(who, wanted)
    if wanted.status == DialogStatus.active:
        # The words of the partial indexes: a bound value would not be recognised as their condition.
        found.append(literal_column("dialog.status = 'active'"))
    if wanted.waiting:
        found.append(Dialog.unanswered_since.is_not(None))
    if wanted.words:
        named = search.client_ids(who, wanted.words, limit=NAMED_MAX + 1)
        whole = len(named) <= NAMED_MAX
        found.append(among(Dialog.client_id, named[:NAMED_MAX]))
    return found, whole


def _is_tallied(wanted: DealFilter) -> bool:
    return wanted == DealFilter(funnel_id=wanted.funnel_id, stage_id=wanted.stage_id, status=wanted.status)


def _read(where: list[ColumnElement[bool]], order: list[Any], limit: int) -> list[DealRow]:
    if limit <= 0:
        return []
    # The page first, then what stands around its rows: the plan stays good for a tenant of any size.
    page = select(Dialog).where(*where).order_by(*order).limit(limit).subquery("page")
    number = func.row_number().over(order_by=[_of(page, one) for one in order]).label("place")
    query = _around(page).add_columns(number).order_by("place")
    rows = [dict(row) for row in db.session.execute(query).mappings()]
    for row in rows:
        del row["place"]
    return [cast(DealRow, row) for row in rows]


def _of(page: Any, order: Any) -> Any:
    """An order over Dialog, said of the page."""
    down = getattr(order, "modifier", None) is not None
    column = page.c[(order.element if down else order).key]
    return column.desc() if down else column


def _around(page: Any) -> Select[*tuple[Any, ...]]:
    d, c, s, f, u = page.c, Client, Stage, Funnel, User
    name = func.coalesce(func.nullif(u.name, ""), u.email, d.manager_text).label("manager_name")
    return (
        select(
            d.id, d.uuid, d.client_id, c.name.label("client_name"), c.phone.label("client_phone"),
            c.email.label("client_email"), d.funnel_id, f.display_name.label("funnel_name"), d.stage_id,
            s.code.label("stage_code"), s.name.label("stage_name"), s.position.label("stage_number"), d.status,
            d.outcome, d.lost_reason, d.price, d.close_ratio, d.manager_id, name, d.channel, d.tags, d.description,
            d.ai, d.unsubscribed, d.messages_count, d.last_message, d.last_role, d.last_activity, d.unanswered_since,
            d.unread, d.created_at, d.closed_at,
        )
        .select_from(page)
        .join(c, and_(c.org_id == d.org_id, c.id == d.client_id))
        .join(s, and_(s.org_id == d.org_id, s.id == d.stage_id))
        .join(f, and_(f.org_id == d.org_id, f.id == d.funnel_id))
        .outerjoin(u, u.id == d.manager_id)
    )  # fmt: skip


def _order(sort: str) -> list[Any]:
    column = KEYS[sort.lstrip("-")]
    return [column.desc(), Dialog.id.desc()] if sort.startswith("-") else [column, Dialog.id]


def _filled(sort: str) -> list[ColumnElement[bool]]:
    name = sort.lstrip("-")
    if name == "waiting":
        return [Dialog.unanswered_since.is_not(None)]
    return [KEYS[name].is_not(None)] if name in NULLABLE else []


def _behind(sort: str, value: Any, last_id: int | None) -> list[ColumnElement[bool]]:
    if last_id is None:
        return []
    here, there = tuple_(KEYS[sort.lstrip("-")], Dialog.id), tuple_(value, last_id)
    return [here < there if sort.startswith("-") else here > there]


def _end(row: DealRow, sort: str) -> str:
    name = {"activity": "last_activity", "created": "created_at", "closed": "closed_at", "waiting": "unanswered_since",
            "chance": "close_ratio"}.get(sort.lstrip("-"), "price")  # fmt: skip
    value = cast(dict[str, Any], row)[name]
    if isinstance(value, datetime):
        value = value.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%f")
    return f"{_NOTHING if value is None else value}~{row['id']}"


def _cursor(before: str, sort: str) -> tuple[Any, int]:
    """Of a page's `next`: the value (None: among the rows without one) and the id. Raises Invalid."""
    text, _, last_id = before.partition("~")
    try:
        if not (last_id.isascii() and last_id.isdigit()) or len(before) > 60:
            raise ValueError
        name, row_id = sort.lstrip("-"), min(int(last_id), 2**63 - 1)
        if text == _NOTHING and name in NULLABLE:
            return None, row_id
        if name == "price":
            price = Decimal(text)
            if not price.is_finite():
                raise ValueError
            return price, row_id
        if name == "chance":
            return max(-1, min(int(text), 101)), row_id
        return datetime.strptime(text, "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC), row_id
    except (ValueError, OverflowError, InvalidOperation) as error:
        raise Invalid("Неверное продолжение списка", before="возьмите его из ответа") from error
