"""A file that came or left with a message."""

from __future__ import annotations

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Created, Id, Tenant, belongs_to


class Attachment(Tenant, Base):
    """The bytes lie in storage under `storage_key`, random and unguessable."""

    __tablename__ = "attachment"
    __table_args__ = (belongs_to("message", "message_id"), Index("ix_attachment_storage_key", "storage_key"))

    id: Mapped[Id]
    message_id: Mapped[int] = mapped_column(index=True)
    name: Mapped[str] = mapped_column(String(255))
    content_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int]
    storage_key: Mapped[str] = mapped_column(String(128))
    created_at: Mapped[Created]
