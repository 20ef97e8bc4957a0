"""Lists of dialogs: for the JSON contract (built by PostgreSQL itself, the hottest read) and for the managers' page."""

from __future__ import annotations

import uuid as uuids
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal, TypedDict, cast

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true

from ..errors import Invalid, NotFound
from ..extensions import db, read_hot, run_hot
from ..models import Client, Dialog, Funnel, MessengerConnection, Stage, User
from ..models.dialog import DialogStatus
from . import funnels
from .access import Actor

# One dialog of the JSON contract (§2). schemas/dialogs.py declares the same shape; a test holds them equal. Sub-selects
# by primary key instead of joins: their plan stays good for a tenant of any size (performance.md, the plan trap).
_UTC = "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
_DIALOG_JSON = f"""
    SELECT d.id::text AS id, d.uuid, d.thread_id, d.client_id, d.funnel_id::text AS funnel_id,
           {_UTC.format("d.created_at")} AS created_at, {_UTC.format("d.updated_at")} AS updated_at,
           {_UTC.format("d.created_at")} AS created, {_UTC.format("d.last_activity")} AS "lastActivity",
           {_UTC.format("d.last_activity")} AS last_activity,
           d.status, d.outcome, d.lost_reason, d.messages_count, d.last_message, d.close_ratio,
           COALESCE(CASE WHEN d.manager_id IS NOT NULL THEN (
                        SELECT COALESCE(NULLIF(u.name, ''), u.email) FROM app_user u WHERE u.id = d.manager_id) END,
                    NULLIF(d.manager_text, '')) AS manager,
           d.ai, d.unsubscribed, s.code AS stage, s.name AS stage_name, d.description, d.tags, d.price, d.channel,
           c.name, c.phone, c.email,
           json_build_object('id', c.id, 'name', c.name, 'phone', c.phone, 'email', c.email, 'manager', c.manager,
                             'status', c.status, 'close_ratio', c.close_ratio, 'messages_count', c.messages_count)
               AS client
    FROM (SELECT * FROM dialog WHERE {{where}} ORDER BY id DESC LIMIT %(limit)s OFFSET %(offset)s) d
    CROSS JOIN LATERAL (SELECT code, name FROM stage WHERE org_id = %(org)s AND id = d.stage_id OFFSET 0) s
    CROSS JOIN LATERAL (
        SELECT k.id, k.name, k.phone, k.email, k.status,
               COALESCE(CASE WHEN k.manager_id IS NOT NULL THEN (
                            SELECT COALESCE(NULLIF(u.name, ''), u.email) FROM app_user u WHERE u.id = k.manager_id) END,
                        NULLIF(k.manager_text, '')) AS manager, t.close_ratio, t.messages_count
        FROM client k
        CROSS JOIN LATERAL (
            SELECT COALESCE(max(o.close_ratio) FILTER (WHERE o.status = 'active'), 0) AS close_ratio,
                   COALESCE(sum(o.messages_count), 0)::int AS messages_count
            FROM dialog o WHERE o.org_id = %(org)s AND o.client_id = k.id AND NOT o.is_test) t
        WHERE k.org_id = %(org)s AND k.id = d.client_id OFFSET 0) c
    ORDER BY d.id DESC
"""
_LIST_JSON = (
    "SELECT COALESCE(json_agg(r), '[]')::text AS body, count(*) AS rows, min(r.id::bigint) AS last, {total} AS total "
    "FROM ({rows}) r"
)
COUNTED_MAX = 10_000


@dataclass(frozen=True, slots=True)
class DialogFilter:
    """Which dialogs; None means any."""

    funnel_id: int | None = None
    stage: str | None = None
    status: DialogStatus | None = None
    ai: bool | None = None
    manager_id: int | None = None
    updated_since: datetime | None = None

    @property
    def counted(self) -> bool:
        """Whether the kept tally knows the exact number."""
        return self.ai is None and self.manager_id is None and self.updated_since is None


@dataclass(frozen=True, slots=True)
class JsonPage:
    """`body` is a JSON array; `last` is the id that the next page begins behind; `total` None when unknown."""

    body: bytes
    rows: int
    last: int | None
    total: int | None


def _conditions(who: Actor, wanted: DialogFilter) -> tuple[str, dict[str, Any]]:
    where = ["org_id = %(org)s", "NOT is_test"]
    values: dict[str, Any] = {"org": who.home}
    for name, value, condition in (
        ("funnel", wanted.funnel_id, "funnel_id = %(funnel)s"),
        ("status", wanted.status, "status = %(status)s"),
        ("ai", wanted.ai, "ai = %(ai)s"),
        ("manager", wanted.manager_id, "manager_id = %(manager)s"),
        ("since", wanted.updated_since, "updated_at >= %(since)s"),
        ("stage", wanted.stage, "stage_id IN (SELECT id FROM stage WHERE org_id = %(org)s AND code = %(stage)s)"),
    ):
        if value is not None:
            where.append(condition)
            values[name] = value
    return " AND ".join(where), values


def list_json(
    who: Actor, wanted: DialogFilter, *, limit: int, offset: int = 0, before_id: int | None = None, count: bool = True
) -> JsonPage:
    """Dialogs as the JSON contract wants them, newest first. Raises NotFound for a funnel that is not here."""
    who.must("read")
    where, values = _conditions(who, wanted)
    counted = where
    if before_id is not None:
        where += " AND id < %(before)s"
        values["before"] = before_id
    values |= {"limit": limit, "offset": offset}
    total = _total(wanted, counted) if count else "NULL::bigint"
    row = read_hot(who.home, _list_query(where, total), values)
    if row.rows == 0 and wanted.funnel_id is not None:
        funnels.get_funnel(who, wanted.funnel_id)
    return JsonPage(row.body.encode(), row.rows, row.last, row.total)


@lru_cache(maxsize=256)
def _list_query(where: str, total: str) -> str:
    return _LIST_JSON.format(total=total, rows=_DIALOG_JSON.format(where=where))


def _total(wanted: DialogFilter, where: str) -> str:
    """How many: exact by funnel, stage and status (kept tally); other filters are counted up to COUNTED_MAX."""
    if wanted.counted:
        kept = where.replace(" AND NOT is_test", "")
        return f"(SELECT COALESCE(sum(dialogs), 0)::bigint FROM dialog_tally WHERE {kept})"
    counted = f"SELECT count(*) FROM (SELECT FROM dialog WHERE {where} LIMIT {COUNTED_MAX + 1}) x"
    return f"(SELECT NULLIF(({counted}), {COUNTED_MAX + 1}))"


def get_json(who: Actor, uuid: uuids.UUID, funnel_id: int | None = None) -> bytes:
    """One dialog in the contract's shape. Raises NotFound."""
    who.must("read")
    where = "org_id = %(org)s AND uuid = %(uuid)s" + ("" if funnel_id is None else " AND funnel_id = %(funnel)s")
    values = {"org": who.home, "uuid": uuid, "funnel": funnel_id, "limit": 1, "offset": 0}
    row = run_hot(f"SELECT row_to_json(r)::text AS body FROM ({_DIALOG_JSON.format(where=where)}) r", values)
    if row is None:
        raise NotFound("Диалог не найден")
    return str(row.body).encode()


# The managers' page.

Queue = Literal["unanswered", "mine", "open", "closed"]


class CardRow(TypedDict):
    """A dialog in the list of the messengers' page; times in UTC."""

    id: int
    uuid: uuids.UUID
    client_id: int
    client_name: str
    client_phone: str
    client_email: str
    funnel_id: int
    funnel_name: str
    stage_name: str
    stage_number: int
    channel: str
    connection_name: str | None
    connection_active: bool
    last_message: str
    last_role: str
    last_activity: datetime
    unanswered_since: datetime | None
    unread: int
    ai: bool
    status: str
    outcome: str | None
    manager_id: int | None
    manager_name: str | None
    unsubscribed: bool
    hand_over_reason: str | None
    price: Decimal
    close_ratio: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class CardPage:
    """`next` continues the list, None at its end."""

    rows: list[CardRow]
    next: str | None


def _cards(who: Actor) -> Select[*tuple[Any, ...]]:
    who.must("read")
    d, c, s, f, m, u = Dialog, Client, Stage, Funnel, MessengerConnection, User
    return (
        select(
            d.id, d.uuid, d.client_id, c.name.label("client_name"), c.phone.label("client_phone"),
            c.email.label("client_email"), d.funnel_id, f.display_name.label("funnel_name"),
            s.name.label("stage_name"), s.position.label("stage_number"), d.channel, m.name.label("connection_name"),
            func.coalesce(m.is_active & m.removed_at.is_(None), False).label("connection_active"),
            d.last_message, d.last_role, d.last_activity, d.unanswered_since, d.unread, d.ai, d.status, d.outcome,
            d.manager_id, func.coalesce(func.nullif(u.name, ""), u.email).label("manager_name"), d.unsubscribed,
            d.hand_over_reason, d.price, d.close_ratio, d.created_at,
        )
        .join(c, and_(c.org_id == d.org_id, c.id == d.client_id))
        .join(s, and_(s.org_id == d.org_id, s.id == d.stage_id))
        .join(f, and_(f.org_id == d.org_id, f.id == d.funnel_id))
        .outerjoin(m, and_(m.org_id == d.org_id, m.id == d.connection_id))
        .outerjoin(u, u.id == d.manager_id)
        .where(d.org_id == who.home)
    )  # fmt: skip


def _in_queue(who: Actor, queue: str, funnel_id: int | None) -> ColumnElement[bool]:
    active = Dialog.status == DialogStatus.active
    kinds: dict[str, ColumnElement[bool]] = {
        "unanswered": and_(active, Dialog.unanswered_since.is_not(None)),
        "mine": and_(active, Dialog.manager_id == who.user_id),
        "open": active,
        "closed": Dialog.status == DialogStatus.closed,
    }
    if queue not in kinds:
        raise Invalid("Такой очереди нет", queue="unanswered, mine, open или closed")
    in_funnel = true() if funnel_id is None else Dialog.funnel_id == funnel_id
    return and_(Dialog.org_id == who.home, Dialog.is_test.is_(False), in_funnel, kinds[queue])


def list_cards(
    who: Actor, *, queue: Queue, funnel_id: int | None = None, search: str = "", before: str | None = None,
    limit: int = 40,
) -> CardPage:  # fmt: skip
    """A page of a queue: newest activity first, the unanswered by who waits longest. `before` is a page's `next`."""
    waiting = queue == "unanswered"
    key = Dialog.unanswered_since if waiting else Dialog.last_activity
    query = _cards(who).where(_in_queue(who, queue, funnel_id))
    if search.strip():
        query = query.where(_matches(search.strip()))
    if before is not None:
        moment, last_id = _cursor(before)
        older = [key > moment, and_(key == moment, Dialog.id > last_id)]
        newer = [key < moment, and_(key == moment, Dialog.id < last_id)]
        query = query.where(or_(*(older if waiting else newer)))
    query = query.order_by(key, Dialog.id) if waiting else query.order_by(key.desc(), Dialog.id.desc())
    found = db.session.execute(query.limit(limit + 1)).mappings()
    rows = [cast(CardRow, dict(row)) for row in found]
    more = len(rows) > limit
    rows = rows[:limit]
    last = rows[-1] if more else None
    end = (last["unanswered_since"] if waiting else last["last_activity"]) if last else None
    return CardPage(rows, f"{end.timestamp():.6f}~{last['id']}" if last and end else None)


def _cursor(before: str) -> tuple[datetime, int]:
    moment, _, last_id = before.partition("~")
    try:
        if not (last_id.isascii() and last_id.isdigit()) or len(before) > 60:
            raise ValueError
        return datetime.fromtimestamp(float(moment), UTC), int(last_id)
    except (ValueError, OverflowError, OSError) as error:
        raise Invalid("Неверное продолжение списка", before="возьмите его из ответа") from error


def _matches(words: str) -> ColumnElement[bool]:
    """Name, phone, e-mail or last message contain the words; `%` and `_` mean themselves."""
    fields: list[Any] = [Client.name, Client.email, Dialog.last_message]
    found = [field.icontains(words[:100], autoescape=True) for field in fields]
    digits = "".join(sign for sign in words if sign.isdigit())
    if len(digits) >= 3:
        found.append(func.regexp_replace(Client.phone, r"\D", "", "g").contains(digits, autoescape=True))
    return or_(*found)


def get_card(who: Actor, uuid: uuids.UUID) -> CardRow:
    """One dialog. Raises NotFound."""
    row = db.session.execute(_cards(who).where(Dialog.uuid == uuid)).mappings().one_or_none()
    if row is None:
        raise NotFound("Диалог не найден")
    return cast(CardRow, dict(row))


def find_uuid(who: Actor, thread_id: str) -> uuids.UUID:
    """The dialog behind a `?thread_id=` link. Raises NotFound."""
    who.must("read")
    query = select(Dialog.uuid).where(Dialog.org_id == who.home, Dialog.thread_id == thread_id)
    uuid = db.session.scalar(query.order_by(Dialog.id.desc()).limit(1))
    if uuid is None:
        raise NotFound("Диалог не найден")
    return uuid


QUEUE_COUNT_MAX = 1000


def count_queues(who: Actor, funnel_id: int | None = None) -> dict[str, int]:
    """How many dialogs stand in each queue, counted up to QUEUE_COUNT_MAX."""
    who.must("read")
    counts = []
    for queue in ("unanswered", "mine", "open", "closed"):
        found = select(Dialog.id).where(_in_queue(who, queue, funnel_id)).limit(QUEUE_COUNT_MAX).subquery()
        counts.append(select(func.count()).select_from(found).scalar_subquery().label(queue))
    return dict(db.session.execute(select(*counts)).mappings().one())
