"""A funnel: the way a company leads a client from the first word to a sale."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Index,
    Integer,
    Numeric,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Changed, Created, Id, Tenant, of_organization

FUNNEL_NAME_MAX = 120
INSTRUCTION_MAX = 20_000
HAND_OVER_TEXT_MAX = 1000
FUNNEL_DESCRIPTION_MAX = 5000
AUTO_ANSWER_MAX = 4000
MERGE_SECONDS_MAX = 600
BREAK_SIZE_MAX = 10_000  # characters
BREAK_WAIT_MAX = 60  # seconds
CONTEXT_MEMORY_MAX = 1000  # messages
AUTO_PAUSE_MAX = 43_200  # minutes: 30 days
ANTI_SPAM_MAX = 1000  # messages a minute
TEMPERATURE_MAX, TOP_P_MAX = 2, 1


class Funnel(Tenant, Base):
    """Settings carry their unit in the comment; contract.md §3 names them for the front-end."""

    __tablename__ = "funnel"
    __table_args__ = (
        of_organization(),
        UniqueConstraint("org_id", "name"),
        Index("ix_funnel_changed", "org_id", "changed"),
        CheckConstraint("work_start BETWEEN 0 AND 23 AND work_end BETWEEN 0 AND 23", name="work_hours"),
        CheckConstraint("temperature BETWEEN 0 AND 2 AND top_p BETWEEN 0 AND 1", name="parameters"),
    )

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(FUNNEL_NAME_MAX))
    display_name: Mapped[str] = mapped_column(String(FUNNEL_NAME_MAX))
    description: Mapped[str] = mapped_column(Text, server_default="")
    is_active: Mapped[bool] = mapped_column(Boolean, server_default=false())
    merge_seconds: Mapped[int] = mapped_column(Integer, server_default=text("5"))  # a burst becomes one turn
    break_size: Mapped[int] = mapped_column(Integer, server_default=text("0"))  # characters; 0 = never split
    break_wait: Mapped[int] = mapped_column(Integer, server_default=text("2"))  # seconds between the pieces
    context_memory_size: Mapped[int] = mapped_column(Integer, server_default=text("50"))  # messages; 0 = all
    use_company_knowledge_base: Mapped[bool] = mapped_column(server_default=true())
    use_funnel_knowledge_base: Mapped[bool] = mapped_column(server_default=true())
    auto_pause: Mapped[int] = mapped_column(Integer, server_default=text("0"))  # minutes; 0 = until switched on
    auto_pause_full: Mapped[bool] = mapped_column(server_default=false())
    auto_answer: Mapped[str] = mapped_column(Text, server_default="")  # text outside working hours
    anti_spam: Mapped[int] = mapped_column(Integer, server_default=text("0"))  # messages a minute; 0 = off
    accept_file: Mapped[bool] = mapped_column(server_default=true())
    accept_audio: Mapped[bool] = mapped_column(server_default=true())
    work_schedule: Mapped[bool] = mapped_column(server_default=false())
    work_start: Mapped[int] = mapped_column(Integer, server_default=text("9"))  # hour, organisation's zone
    work_end: Mapped[int] = mapped_column(Integer, server_default=text("18"))
    role_instruction: Mapped[str] = mapped_column(Text, server_default="")
    temperature: Mapped[Decimal] = mapped_column(Numeric(3, 2), server_default=text("0.7"))
    top_p: Mapped[Decimal] = mapped_column(Numeric(3, 2), server_default=text("1"))
    hand_over_text: Mapped[str] = mapped_column(String(HAND_OVER_TEXT_MAX), server_default="")
    created_at: Mapped[Created]
    changed: Mapped[Changed] = mapped_column(deferred=True)
    updated_at: Mapped[Created]
    archived_at: Mapped[datetime | None]
