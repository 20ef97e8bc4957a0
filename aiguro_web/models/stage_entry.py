"""The way of a dialog through its stages: one row for each time it entered one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Id, Tenant, belongs_to


class StageEntry(Tenant, Base):
    """Follow-ups hang on the entry, so that coming back to a stage starts them anew."""

    __tablename__ = "stage_entry"
    __table_args__ = (
        belongs_to("dialog", "dialog_id"),
        belongs_to("stage", "stage_id"),
        Index("ix_stage_entry_entered", "org_id", "stage_id", "entered_at", postgresql_include=["dialog_id"]),
    )

    id: Mapped[Id]
    dialog_id: Mapped[int] = mapped_column(index=True)
    stage_id: Mapped[int]
    entered_at: Mapped[datetime]
    left_at: Mapped[datetime | None]
    actor_name: Mapped[str] = mapped_column(String(200), server_default="")
