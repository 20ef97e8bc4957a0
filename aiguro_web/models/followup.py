"""A rule: remind a silent client `delay_minutes` after our last message."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Integer, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Created, Id, Tenant, belongs_to

DELAY_MAX = 525_600  # minutes: a year
FOLLOWUP_TEXT_MAX = 4000
FOLLOWUPS_MAX = 20  # of a stage


class FollowupRule(Tenant, Base):
    """`text` is sent as it is; else the model writes from `prompt`; without either, the stage's assistant does.

    `assistant_id`: who writes it, if not the stage's own.
    """

    __tablename__ = "followup_rule"
    __table_args__ = (
        belongs_to("stage", "stage_id"),
        belongs_to("assistant", "assistant_id", "SET NULL"),
        UniqueConstraint("org_id", "stage_id", "step"),
        CheckConstraint("delay_minutes BETWEEN 1 AND 525600", name="delay_minutes"),
    )

    id: Mapped[Id]
    stage_id: Mapped[int]
    step: Mapped[int] = mapped_column(Integer)
    delay_minutes: Mapped[int] = mapped_column(Integer)
    text: Mapped[str | None] = mapped_column(Text)
    prompt: Mapped[str | None] = mapped_column(Text)
    assistant_id: Mapped[int | None]
    created_at: Mapped[Created]
