"""A merge: two entries of one person became one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Created, Id, Tenant, belongs_to


class ClientMerge(Tenant, Base):
    """`gone_id` went into `kept_id`; `before` is what an undo needs: the fields, and which rows were moved."""

    __tablename__ = "client_merge"
    __table_args__ = (
        belongs_to("client", "kept_id"),
        belongs_to("client", "gone_id"),
        Index("ix_client_merge_kept", "org_id", "kept_id", text("id DESC")),
        Index("ix_client_merge_gone", "org_id", "gone_id"),
    )

    id: Mapped[Id]
    kept_id: Mapped[int]
    gone_id: Mapped[int]
    author_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id", ondelete="SET NULL"))
    author_name: Mapped[str] = mapped_column(String(200), server_default="")
    before: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[Created]
    undone_at: Mapped[datetime | None]
