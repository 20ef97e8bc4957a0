"""A note about a client, for colleagues alone."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Created, Id, Tenant, belongs_to

NOTE_MAX = 5000


class ClientNote(Tenant, Base):
    """What somebody here wrote down; it never leaves for the client."""

    __tablename__ = "client_note"
    __table_args__ = (
        belongs_to("client", "client_id"),
        Index("ix_client_note_client", "org_id", "client_id", text("id DESC")),
    )

    id: Mapped[Id]
    client_id: Mapped[int]
    author_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id", ondelete="SET NULL"))
    author_name: Mapped[str] = mapped_column(String(200), server_default="")
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[Created]
    updated_at: Mapped[Created]
