"""What a messenger told us, kept as it came."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Created, Id, Tenant, belongs_to, choice


class UpdateStatus(StrEnum):
    """done: its effect is stored; ignored: nothing to do; unreadable: kept for a person to look at."""

    done = "done"
    ignored = "ignored"
    unreadable = "unreadable"


class InboundUpdate(Tenant, Base):
    """Unique by the messenger's own id of the update, so that a repeat changes nothing. `payload` is forgotten when
    clients who may be in it are erased (services/erasure.py)."""

    __tablename__ = "inbound_update"
    __table_args__ = (
        belongs_to("messenger_connection", "connection_id"),
        Index("uq_inbound_update", "org_id", "connection_id", "external_id", unique=True),
    )

    id: Mapped[Id]
    connection_id: Mapped[int]
    external_id: Mapped[str] = mapped_column(String(128))
    status: Mapped[UpdateStatus] = mapped_column(choice(UpdateStatus))
    payload: Mapped[Any | None] = mapped_column(JSONB)
    error: Mapped[str] = mapped_column(String(500), server_default="")
    created_at: Mapped[Created]
