"""A stage of a funnel, in its place (`position`, 1-based)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Changed, Created, Id, Tenant, belongs_to

STAGE_NAME_MAX = 120
CODE_MAX = 64
STAGES_MAX = 50  # of a funnel


class Stage(Tenant, Base):
    """`code` is the code name of the stage's assistant, unique in the funnel: the `stage` of the JSON contract."""

    __tablename__ = "stage"
    __table_args__ = (
        belongs_to("funnel", "funnel_id"),
        UniqueConstraint("org_id", "funnel_id", "code"),
        UniqueConstraint("org_id", "funnel_id", "position", deferrable=True, initially="DEFERRED"),
        Index("ix_stage_changed", "org_id", "changed"),
        UniqueConstraint("org_id", "id", "funnel_id"),  # lets a dialog's stage be of the dialog's funnel
    )

    id: Mapped[Id]
    funnel_id: Mapped[int]
    name: Mapped[str] = mapped_column(String(STAGE_NAME_MAX))
    code: Mapped[str] = mapped_column(String(CODE_MAX))
    position: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[Created]
    changed: Mapped[Changed] = mapped_column(deferred=True)
    archived_at: Mapped[datetime | None]
