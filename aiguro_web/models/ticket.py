"""A ticket: a conversation of a company with AIGURO's support."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Created, Id, Tenant, belongs_to, choice, of_organization

SUBJECT_MAX = 200


class Department(StrEnum):
    technical = "technical"
    sales = "sales"
    billing = "billing"
    general = "general"


class TicketStatus(StrEnum):
    open = "open"
    in_progress = "in_progress"
    waiting = "waiting"
    closed = "closed"


class Priority(StrEnum):
    low = "low"
    medium = "medium"
    high = "high"
    urgent = "urgent"


class Ticket(Tenant, Base):
    """The description is its first message."""

    __tablename__ = "ticket"
    __table_args__ = (
        of_organization(),
        belongs_to("funnel", "funnel_id", "SET NULL"),
        Index("ix_ticket_status", "org_id", "status", text("id DESC")),
        Index("ix_ticket_funnel", "org_id", "funnel_id", text("id DESC")),
        Index("ix_ticket_department", "org_id", "department", text("id DESC")),
        Index("ix_ticket_priority", "org_id", "priority", text("id DESC")),
        # Of all organisations, for support's desk.
        Index("ix_ticket_desk", "status", text("id DESC"), postgresql_include=["org_id", "department", "priority"]),
        Index("ix_ticket_id", "id", postgresql_using="hash"),
        Index("ix_ticket_words", text("search_words(org_id, id, subject)"), postgresql_using="gin",
              postgresql_with={"fastupdate": "off"}),
        # By what happened last: of one organisation, and of all at the desk.
        Index("ix_ticket_activity", "org_id", text("updated_at DESC"), text("id DESC")),
        Index("ix_ticket_desk_activity", "status", text("updated_at DESC"), text("id DESC"),
              postgresql_include=["org_id", "department", "priority"]),
    )  # fmt: skip

    id: Mapped[Id]
    funnel_id: Mapped[int | None]
    author_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id", ondelete="SET NULL"))
    subject: Mapped[str] = mapped_column(String(SUBJECT_MAX))
    department: Mapped[Department] = mapped_column(choice(Department))
    status: Mapped[TicketStatus] = mapped_column(choice(TicketStatus), server_default=TicketStatus.open.value)
    priority: Mapped[Priority] = mapped_column(choice(Priority), server_default=Priority.medium.value)
    messages_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    created_at: Mapped[Created]
    updated_at: Mapped[Created]
