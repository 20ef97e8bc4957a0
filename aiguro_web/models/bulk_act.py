"""A bulk act: one wish for many rows, done by the worker piece by piece, and undone the same way."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Created, Id, Tenant, belongs_to, choice, of_organization

BULK_ROWS_MAX = 50_000  # of one act


class BulkSubject(StrEnum):
    """What its items are."""

    dialog = "dialog"
    client = "client"


class BulkState(StrEnum):
    running = "running"
    done = "done"
    undoing = "undoing"
    undone = "undone"
    failed = "failed"


class BulkItemState(StrEnum):
    waiting = "waiting"
    done = "done"
    skipped = "skipped"  # `reason` says why
    undone = "undone"


class BulkAct(Tenant, Base):
    """`act` is the verb of the service (`move`, `assign`, `close` …), `wish` its arguments."""

    __tablename__ = "bulk_act"
    __table_args__ = (of_organization(), Index("ix_bulk_act_newest", "org_id", text("id DESC")))

    id: Mapped[Id]
    author_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id", ondelete="SET NULL"))
    author_name: Mapped[str] = mapped_column(String(200), server_default="")
    subject: Mapped[BulkSubject] = mapped_column(choice(BulkSubject))
    act: Mapped[str] = mapped_column(String(24))
    wish: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    state: Mapped[BulkState] = mapped_column(choice(BulkState), server_default=BulkState.running.value)
    total: Mapped[int] = mapped_column(Integer)
    done: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    skipped: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    created_at: Mapped[Created]
    finished_at: Mapped[datetime | None]


class BulkItem(Tenant, Base):
    """One row of it; `before` is what an undo puts back."""

    __tablename__ = "bulk_item"
    __table_args__ = (
        belongs_to("bulk_act", "act_id"),
        Index("ix_bulk_item_waiting", "org_id", "act_id", "state", "subject_id"),
    )

    act_id: Mapped[int] = mapped_column(primary_key=True)
    subject_id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[BulkItemState] = mapped_column(choice(BulkItemState), server_default=BulkItemState.waiting.value)
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    reason: Mapped[str] = mapped_column(String(200), server_default="")
