"""A message of a dialog, whoever wrote it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Created, Id, Tenant, belongs_to, choice

TEXT_MAX = 20_000
KEY_MAX = 255


class MessageRole(StrEnum):
    """`system` is for people here: a stage moved, a hand-over. It never leaves for the client."""

    user = "user"
    assistant = "assistant"
    manager = "manager"
    system = "system"


class MessageStatus(StrEnum):
    """Delivery of our own messages; it only moves forward (services/outbox.py)."""

    queued = "queued"
    sending = "sending"
    sent = "sent"
    delivered = "delivered"
    read = "read"
    failed = "failed"
    uncertain = "uncertain"


class Message(Tenant, Base):
    """`position` (microseconds) with `sequence` orders a dialog.

    It is the time of arrival; a client's message that comes late takes its place before the later ones that are already
    here, by `sequence`, the messenger's own number.
    """

    __tablename__ = "message"
    __table_args__ = (
        belongs_to("dialog", "dialog_id"),
        UniqueConstraint("org_id", "dialog_id", "client_key"),
        Index("ix_message_order", "org_id", "dialog_id", sql("position DESC"), sql("sequence DESC"), sql("id DESC")),
        Index("ix_message_sequence", "org_id", "dialog_id", "sequence", postgresql_where=sql("sequence > 0")),
        Index("uq_message_external", "org_id", "connection_id", "external_id", unique=True,
              postgresql_where=sql("external_id IS NOT NULL")),
        Index("ix_message_words", sql("search_words(org_id, id, text)"), postgresql_using="gin",
              postgresql_with={"fastupdate": "off"}, postgresql_where=sql("role <> 'system'")),
    )  # fmt: skip

    id: Mapped[Id]
    dialog_id: Mapped[int]
    connection_id: Mapped[int | None]
    role: Mapped[MessageRole] = mapped_column(choice(MessageRole))
    text: Mapped[str] = mapped_column(Text)
    author_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id", ondelete="SET NULL"))
    author_name: Mapped[str] = mapped_column(String(200), server_default="")
    status: Mapped[MessageStatus | None] = mapped_column(choice(MessageStatus))
    error: Mapped[str | None] = mapped_column(String(500))
    external_id: Mapped[str | None] = mapped_column(String(128))
    sequence: Mapped[int] = mapped_column(server_default=sql("0"))
    position: Mapped[int]
    client_key: Mapped[str | None] = mapped_column(String(KEY_MAX))
    stage_number: Mapped[int] = mapped_column(Integer, server_default=sql("1"))
    media: Mapped[str] = mapped_column(String(24), server_default="")
    created_at: Mapped[Created]
    edited_at: Mapped[datetime | None]
