"""A message of a ticket."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Created, Id, Tenant, belongs_to, choice

FILES_MAX = 10  # of one message


class TicketRole(StrEnum):
    """`support` exactly when the sender is AIGURO's staff."""

    user = "user"
    support = "support"


class TicketMessage(Tenant, Base):
    __tablename__ = "ticket_message"
    __table_args__ = (
        belongs_to("ticket", "ticket_id"),
        Index("ix_ticket_message_ticket", "org_id", "ticket_id", "id"),
        Index("ix_ticket_message_words", sql("search_words(org_id, id, text)"), postgresql_using="gin",
              postgresql_with={"fastupdate": "off"}),
    )  # fmt: skip

    id: Mapped[Id]
    ticket_id: Mapped[int]
    role: Mapped[TicketRole] = mapped_column(choice(TicketRole))
    text: Mapped[str] = mapped_column(Text)
    author_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id", ondelete="SET NULL"))
    author_name: Mapped[str] = mapped_column(String(200), server_default="")
    created_at: Mapped[Created]


class TicketFile(Tenant, Base):
    """A file that came with a message of a ticket; the bytes lie in storage under `storage_key`."""

    __tablename__ = "ticket_file"
    __table_args__ = (belongs_to("ticket_message", "message_id"),)

    id: Mapped[Id]
    message_id: Mapped[int] = mapped_column(index=True)
    name: Mapped[str] = mapped_column(String(255))
    content_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int]
    storage_key: Mapped[str] = mapped_column(String(128), unique=True)
    created_at: Mapped[Created]
