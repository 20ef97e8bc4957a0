"""Notifications: what one person should know of, told once and kept until it is read."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypedDict, cast

from sqlalchemy import delete, func, literal, select, text, update
from sqlalchemy.dialects.postgresql import JSONB, insert

from ..errors import NotFound
from ..extensions import db
from ..live import publish
from ..models import Dialog, Membership, Notification
from ..models.dialog import DialogStatus
from ..models.notification import NotificationKind, NotificationSubject
from . import topics
from .access import Actor

NEWEST = 20
COUNTED_MAX = 99
WAITING_LOOKED_AT = 1000
KEPT_DAYS = 90  # after they were read


class NotificationRow(TypedDict):
    """`data` holds what its sentence needs."""

    id: int
    kind: NotificationKind
    subject: NotificationSubject
    subject_id: int
    data: dict[str, Any]
    created_at: datetime
    read_at: datetime | None


def tell(
    who: Actor, user_id: int | None, kind: NotificationKind, subject: NotificationSubject, subject_id: int, **data: Any
) -> None:
    """Let a member know. The same news that they have not read yet is one row, renewed; nobody is told of their own
    doing, nor who does not work here. The right to do it was the caller's to ask for."""
    if user_id is None or user_id == who.user_id:
        return
    works_here = select(Membership.user_id).where(
        Membership.org_id == who.home, Membership.user_id == user_id, Membership.removed_at.is_(None)
    )
    given = select(
        literal(who.home), Membership.user_id, literal(kind.value), literal(subject.value), literal(subject_id),
        literal(data, JSONB),
    ).where(Membership.org_id == who.home, Membership.user_id.in_(works_here))  # fmt: skip
    row = insert(Notification).from_select(["org_id", "user_id", "kind", "subject", "subject_id", "data"], given)
    renewed = row.on_conflict_do_update(
        index_elements=["org_id", "user_id", "kind", "subject_id"],
        index_where=Notification.read_at.is_(None),
        set_={"id": row.excluded.id, "data": row.excluded.data, "created_at": func.now()},  # a new id: the newest again
    )
    if db.session.scalar(renewed.returning(Notification.id)) is not None:
        publish(topics.person(who.home, user_id))


def list_newest(who: Actor, limit: int = NEWEST) -> list[NotificationRow]:
    """The caller's own, newest first."""
    who.must("read")
    n = Notification
    query = (
        select(n.id, n.kind, n.subject, n.subject_id, n.data, n.created_at, n.read_at)
        .where(n.org_id == who.home, n.user_id == who.user_id)
        .order_by(n.id.desc())
        .limit(limit)
    )
    return [cast(NotificationRow, dict(row)) for row in db.session.execute(query).mappings()]


def count_unread(who: Actor) -> int:
    """How many of the caller's own are not read, counted up to COUNTED_MAX + 1."""
    who.must("read")
    n = Notification
    unread = select(n.id).where(n.org_id == who.home, n.user_id == who.user_id, n.read_at.is_(None))
    found = unread.limit(COUNTED_MAX + 1).subquery()
    return db.session.scalar(select(func.count()).select_from(found)) or 0


def count_waiting(who: Actor) -> int:
    """How many dialogs wait for an answer of this person or of anybody, counted up to COUNTED_MAX + 1 among those that
    wait longest."""
    who.must("read")
    d = Dialog
    unanswered = (d.org_id == who.home, d.listed, d.status == DialogStatus.active, d.unanswered_since.is_not(None))
    longest = select(d.manager_id).where(*unanswered).order_by(d.unanswered_since, d.id).limit(WAITING_LOOKED_AT)
    seen = longest.subquery()
    mine = select(seen.c.manager_id).where(seen.c.manager_id.is_(None) | (seen.c.manager_id == who.user_id))
    found = mine.limit(COUNTED_MAX + 1).subquery()
    return db.session.scalar(select(func.count()).select_from(found)) or 0


def mark_read(who: Actor, notification_id: int | None = None) -> None:
    """One of the caller's own is read, or (None) all of them; once more is no mistake. Raises NotFound."""
    who.must("read")
    n = Notification
    mine = [n.org_id == who.home, n.user_id == who.user_id]
    if notification_id is not None:
        mine.append(n.id == notification_id)
        if db.session.scalar(select(n.id).where(*mine)) is None:
            raise NotFound("Уведомление не найдено")
    statement = update(n).where(*mine, n.read_at.is_(None)).values(read_at=func.now())
    statement = statement.execution_options(synchronize_session=False)
    if db.session.scalars(statement.returning(n.id)).first() is not None and who.user_id is not None:
        publish(topics.person(who.home, who.user_id))


def list_forgettable() -> list[int]:
    """The organisations that keep notifications read more than KEPT_DAYS ago. Looks across tenants."""
    query = text("SELECT org_id FROM lookup_read_notifications(:days)")
    return list(db.session.scalars(query, {"days": KEPT_DAYS}))


def delete_read(who: Actor) -> None:
    """Forget what was read more than KEPT_DAYS ago in this organisation."""
    old = Notification.read_at < func.now() - text(f"interval '{KEPT_DAYS} days'")
    db.session.execute(delete(Notification).where(Notification.org_id == who.home, old))
