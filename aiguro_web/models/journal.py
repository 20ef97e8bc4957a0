"""The journal: who did what, and when."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Created, Id, Tenant, of_organization


class JournalEntry(Tenant, Base):
    """`subject` and `subject_id` name what was acted on (`dialog`, `connection` …); `data` holds the difference."""

    __tablename__ = "journal_entry"
    __table_args__ = (
        of_organization(),
        Index("ix_journal_entry_subject", "org_id", "subject", "subject_id", text("id DESC")),
        Index("ix_journal_entry_newest", "org_id", text("id DESC")),
    )

    id: Mapped[Id]
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id", ondelete="SET NULL"))
    actor_name: Mapped[str] = mapped_column(String(200), server_default="")
    act: Mapped[str] = mapped_column(String(48))
    subject: Mapped[str] = mapped_column(String(32))
    subject_id: Mapped[int]
    data: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    created_at: Mapped[Created]
