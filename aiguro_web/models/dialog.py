"""A dialog: one conversation with one client in one funnel. Screens also call it a deal."""

from __future__ import annotations

import uuid as uuids
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import (
    CheckConstraint,
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Numeric,
    String,
    Text,
    UniqueConstraint,
    false,
    func,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Changed, Created, Id, Tenant, belongs_to, choice
from .client import MANAGER_TEXT_MAX

PREVIEW_MAX = 200
DESCRIPTION_MAX = 5000
TAG_MAX = 40
TAGS_MAX = 20
LOST_REASON_MAX = 500
PRICE_MAX = Decimal("999999999999.99")  # rubles
CLOSE_RATIO_MAX = 100


class DialogStatus(StrEnum):
    active = "active"
    closed = "closed"


class Outcome(StrEnum):
    won = "won"
    lost = "lost"


class HandOverReason(StrEnum):
    """Why a dialog waits for a person."""

    no_model = "no_model"
    requested = "requested"
    error = "error"
    refused = "refused"


class Dialog(Tenant, Base):
    """Counters (`messages_count`, `last_*`, `unanswered_since`, `unread`) are kept with every message, and so are
    `first_assistant_at` and `first_manager_at`, when each first wrote. A trigger (migration 0014) keeps `closed_at`,
    empty while it is open, and `handed_over_at`, when it first waited for a person for some reason.

    `epoch` is raised by every takeover: an assistant's answer of an older epoch is dropped.
    """

    __tablename__ = "dialog"
    __table_args__ = (
        belongs_to("funnel", "funnel_id"),
        ForeignKeyConstraint(
            ["org_id", "stage_id", "funnel_id"],
            ["stage.org_id", "stage.id", "stage.funnel_id"],
            deferrable=True,
            initially="DEFERRED",
        ),
        belongs_to("client", "client_id"),
        belongs_to("client_identity", "identity_id", "SET NULL"),
        belongs_to("messenger_connection", "connection_id", "SET NULL"),
        UniqueConstraint("org_id", "uuid"),
        CheckConstraint("close_ratio BETWEEN 0 AND 100", name="close_ratio"),
        Index("ix_dialog_funnel", "org_id", "funnel_id", text("id DESC"), postgresql_where=text("listed")),
        Index("ix_dialog_all", "org_id", text("id DESC"), postgresql_where=text("listed")),
        Index("ix_dialog_activity", "org_id", text("last_activity DESC"), text("id DESC"),
              postgresql_where=text("listed")),
        Index("ix_dialog_waiting", "org_id", "unanswered_since", "id",
              postgresql_where=text("unanswered_since IS NOT NULL AND status = 'active' AND listed")),
        Index("ix_dialog_client", "org_id", "client_id"),
        Index("ix_dialog_changed", "org_id", "changed"),
        Index("ix_dialog_manager_text", "org_id", "manager_text", text("id DESC"),
              postgresql_where=text("manager_text <> '' AND listed")),
        Index("ix_dialog_identity", "org_id", "identity_id"),
        Index("ix_dialog_won", "org_id", "client_id", postgresql_where=text("outcome = 'won' AND listed")),
        Index("ix_dialog_thread", "org_id", "thread_id"),
        Index("ix_dialog_manager", "org_id", "manager_id", text("last_activity DESC"), text("id DESC"),
              postgresql_where=text("manager_id IS NOT NULL AND listed")),
        Index("ix_dialog_board", "org_id", "funnel_id", "stage_id", text("last_activity DESC"), text("id DESC"),
              postgresql_where=text("status = 'active' AND listed")),
        Index("ix_dialog_funnel_activity", "org_id", "funnel_id", text("last_activity DESC"), text("id DESC"),
              postgresql_where=text("listed")),
        Index("ix_dialog_price", "org_id", text("price DESC"), text("id DESC"),
              postgresql_where=text("status = 'active' AND listed")),
        Index("ix_dialog_chance", "org_id", text("close_ratio DESC"), text("id DESC"),
              postgresql_where=text("status = 'active' AND listed")),
        # These two hold whatever the overview counts, so that it reads them alone.
        Index("ix_dialog_created", "org_id", text("created_at DESC"), text("id DESC"), postgresql_where=text("listed"),
              postgresql_include=["funnel_id", "channel", "outcome", "first_assistant_at", "first_manager_at",
                                  "handed_over_at", "listed"]),
        Index("ix_dialog_closed", "org_id", text("closed_at DESC"), text("id DESC"),
              postgresql_where=text("closed_at IS NOT NULL AND listed"),
              postgresql_include=["funnel_id", "outcome", "price", "listed"]),
        Index("ix_dialog_won_funnel", "org_id", "funnel_id", postgresql_where=text("outcome = 'won' AND listed")),
        Index("ix_dialog_trial", "org_id", "funnel_id", text("id DESC"),
              postgresql_where=text("is_test AND deleted_at IS NULL")),
        Index("ix_dialog_deleted", "deleted_at", postgresql_where=text("deleted_at IS NOT NULL")),
        Index("uq_dialog_open", "org_id", "identity_id", unique=True,
              postgresql_where=text("status = 'active' AND listed")),
    )  # fmt: skip

    id: Mapped[Id]
    uuid: Mapped[uuids.UUID] = mapped_column(server_default=func.gen_random_uuid())
    funnel_id: Mapped[int]
    stage_id: Mapped[int]
    client_id: Mapped[int]
    identity_id: Mapped[int | None]
    connection_id: Mapped[int | None]
    channel: Mapped[str] = mapped_column(String(16), server_default="")
    thread_id: Mapped[str] = mapped_column(String(128), server_default="")  # the chat's name in the messenger
    status: Mapped[DialogStatus] = mapped_column(choice(DialogStatus), server_default=DialogStatus.active.value)
    outcome: Mapped[Outcome | None] = mapped_column(choice(Outcome))
    lost_reason: Mapped[str] = mapped_column(String(LOST_REASON_MAX), server_default="")
    manager_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id", ondelete="SET NULL"))
    manager_text: Mapped[str] = mapped_column(String(MANAGER_TEXT_MAX), server_default="")
    ai: Mapped[bool] = mapped_column(server_default=true())
    unsubscribed: Mapped[bool] = mapped_column(server_default=false())
    epoch: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    hand_over_reason: Mapped[HandOverReason | None] = mapped_column(choice(HandOverReason))
    messages_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    unread: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    last_message: Mapped[str] = mapped_column(String(PREVIEW_MAX), server_default="")
    last_role: Mapped[str] = mapped_column(String(16), server_default="")
    last_activity: Mapped[datetime] = mapped_column(server_default=func.now())
    unanswered_since: Mapped[datetime | None]
    first_assistant_at: Mapped[datetime | None]
    first_manager_at: Mapped[datetime | None]
    handed_over_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    price: Mapped[Decimal] = mapped_column(Numeric(14, 2), server_default=text("0"))
    close_ratio: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    description: Mapped[str] = mapped_column(Text, server_default="")
    is_test: Mapped[bool] = mapped_column(server_default=false())
    deleted_at: Mapped[datetime | None]
    listed: Mapped[bool] = mapped_column(Computed("NOT is_test AND deleted_at IS NULL", persisted=True))
    created_at: Mapped[Created]
    changed: Mapped[Changed] = mapped_column(deferred=True)
    updated_at: Mapped[Created]


class DialogTally(Tenant, Base):
    """How many dialogs, and worth how much, stand where: kept by triggers, in shards so that no row is hot.

    `expected` is Σ price × close_ratio, in rubles.
    """

    __tablename__ = "dialog_tally"
    __table_args__ = (belongs_to("funnel", "funnel_id"),)

    funnel_id: Mapped[int] = mapped_column(primary_key=True)
    stage_id: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(String(24), primary_key=True)
    shard: Mapped[int] = mapped_column(Integer, primary_key=True)
    dialogs: Mapped[int] = mapped_column(server_default=text("0"))
    amount: Mapped[Decimal] = mapped_column(Numeric(20, 2), server_default=text("0"))
    expected: Mapped[Decimal] = mapped_column(Numeric(24, 4), server_default=text("0"))
