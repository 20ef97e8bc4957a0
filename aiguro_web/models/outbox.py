"""What is to leave: one row for each piece that a messenger takes in one call."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, Integer, String, Text, UniqueConstraint, func
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Created, Id, Tenant, belongs_to, choice


class OutboxStatus(StrEnum):
    queued = "queued"
    sending = "sending"
    sent = "sent"
    failed = "failed"
    uncertain = "uncertain"


class Outbox(Tenant, Base):
    """Drained per dialog by `lane` (a manager before an assistant before a follow-up), then as written."""

    __tablename__ = "outbox"
    __table_args__ = (
        belongs_to("message", "message_id"),
        belongs_to("dialog", "dialog_id"),
        UniqueConstraint("org_id", "message_id", "part"),
        Index("ix_outbox_dialog", "org_id", "dialog_id"),
        Index("ix_outbox_open", "org_id", "dialog_id", "lane", "message_id", "part",
              postgresql_where=sql("status IN ('queued', 'sending')")),
    )  # fmt: skip

    id: Mapped[Id]
    dialog_id: Mapped[int]
    message_id: Mapped[int]
    part: Mapped[int] = mapped_column(Integer)
    lane: Mapped[int] = mapped_column(Integer)
    text: Mapped[str] = mapped_column(Text)
    status: Mapped[OutboxStatus] = mapped_column(choice(OutboxStatus), server_default=OutboxStatus.queued.value)
    attempts: Mapped[int] = mapped_column(Integer, server_default=sql("0"))
    not_before: Mapped[datetime] = mapped_column(server_default=func.now())
    external_id: Mapped[str | None] = mapped_column(String(128))
    error: Mapped[str] = mapped_column(String(500), server_default="")
    created_at: Mapped[Created]
    updated_at: Mapped[Created]
