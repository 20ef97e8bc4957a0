"""A notification: something that one person should know of."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Created, Id, Tenant, choice, of_organization


class NotificationKind(StrEnum):
    """What happened; the page finds the words."""

    assigned = "assigned"  # a colleague made this person responsible for a dialog
    ticket_answered = "ticket_answered"  # support answered in a ticket of theirs
    import_done = "import_done"
    bulk_done = "bulk_done"


class NotificationSubject(StrEnum):
    """What `subject_id` is an id of."""

    dialog = "dialog"
    ticket = "ticket"
    client_import = "client_import"
    bulk_act = "bulk_act"


class Notification(Tenant, Base):
    """`data` holds what its sentence needs; the same news that is not read yet is one row, renewed."""

    __tablename__ = "notification"
    __table_args__ = (
        of_organization(),
        Index("ix_notification_newest", "org_id", "user_id", text("id DESC")),
        Index("uq_notification_unread", "org_id", "user_id", "kind", "subject_id", unique=True,
              postgresql_where=text("read_at IS NULL")),
    )  # fmt: skip

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"))
    kind: Mapped[NotificationKind] = mapped_column(choice(NotificationKind))
    subject: Mapped[NotificationSubject] = mapped_column(choice(NotificationSubject))
    subject_id: Mapped[int]
    data: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    created_at: Mapped[Created]
    read_at: Mapped[datetime | None]
