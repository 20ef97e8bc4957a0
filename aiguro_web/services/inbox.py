"""The managers' list of dialogs: its queues, its rows, its search."""

from __future__ import annotations

import uuid as uuids
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal, TypedDict, cast

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, text, true
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import aliased

from ..errors import Invalid, NotFound
from ..extensions import db
from ..models import Client, Dialog, Funnel, MessengerConnection, Stage, User
from ..models.dialog import DialogStatus
from . import presences
from .access import Actor

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
    stage_code: str
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


class StageName(TypedDict):
    """A stage that a dialog can be moved to."""

    code: str
    name: str


class ChatRow(CardRow):
    """An open dialog: its card, the stages of its funnel, and the colleagues who have it open too."""

    stages: list[StageName]
    watchers: list[presences.Watcher]


@dataclass(frozen=True, slots=True)
class CardPage:
    """`next` continues the list, None at its end."""

    rows: list[CardRow]
    next: str | None


def _cards(who: Actor, *more: Any) -> Select[*tuple[Any, ...]]:
    who.must("read")
    d, c, s, f, m, u = Dialog, Client, Stage, Funnel, MessengerConnection, User
    return (
        select(
            d.id, d.uuid, d.client_id, c.name.label("client_name"), c.phone.label("client_phone"),
            c.email.label("client_email"), d.funnel_id, f.display_name.label("funnel_name"),
            s.code.label("stage_code"), s.name.label("stage_name"), s.position.label("stage_number"), d.channel,
            m.name.label("connection_name"),
            func.coalesce(m.is_active & m.removed_at.is_(None), False).label("connection_active"),
            d.last_message, d.last_role, d.last_activity, d.unanswered_since, d.unread, d.ai, d.status, d.outcome,
            d.manager_id, func.coalesce(func.nullif(u.name, ""), u.email).label("manager_name"), d.unsubscribed,
            d.hand_over_reason, d.price, d.close_ratio, d.created_at, *more,
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
    return and_(Dialog.org_id == who.home, Dialog.listed, in_funnel, kinds[queue])


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


def get_card(who: Actor, uuid: uuids.UUID) -> ChatRow:
    """One dialog, by one statement. Raises NotFound."""
    stages = _stages_of_dialog(who).label("stages")
    query = _cards(who, stages, presences.watching(who, Dialog.id).label("watchers"))
    row = db.session.execute(query.where(Dialog.uuid == uuid, Dialog.deleted_at.is_(None))).mappings().one_or_none()
    if row is None:
        raise NotFound("Диалог не найден")
    return cast(ChatRow, dict(row))


def _stages_of_dialog(who: Actor) -> Any:
    """The stages of the dialog's funnel in their order, as a column of JSON."""
    each = aliased(Stage)
    named = func.json_build_object("code", each.code, "name", each.name)
    own = (each.org_id == who.home, each.funnel_id == Dialog.funnel_id, each.archived_at.is_(None))
    listed = select(func.coalesce(func.json_agg(aggregate_order_by(named, each.position)), text("'[]'::json")))
    return listed.where(*own).correlate(Dialog).scalar_subquery()


def find_uuid(who: Actor, thread_id: str) -> uuids.UUID:
    """The dialog behind a `?thread_id=` link. Raises NotFound."""
    who.must("read")
    query = select(Dialog.uuid).where(Dialog.org_id == who.home, Dialog.thread_id == thread_id, Dialog.listed)
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
