"""A bot, a number or a web chat through which clients reach the company."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, LargeBinary, String, text, true
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Created, Id, Tenant, belongs_to, choice, of_organization

CONNECTION_NAME_MAX = 120
TOKEN_MAX = 512


class MessengerType(StrEnum):
    telegram = "telegram"
    whatsapp = "whatsapp"
    webchat = "webchat"
    max = "max"


class ConnectionStatus(StrEnum):
    """connecting: the webhook is being set; ok; broken: the messenger refuses us, a person must reconnect."""

    connecting = "connecting"
    ok = "ok"
    broken = "broken"


class MessengerConnection(Tenant, Base):
    """`key` names it in webhook and web-chat addresses. Secrets are encrypted and never leave."""

    __tablename__ = "messenger_connection"
    __table_args__ = (
        of_organization(),
        belongs_to("funnel", "funnel_id", "SET NULL"),
        # One bot, one home, over all tenants: two receivers of the same updates would answer twice.
        Index("uq_messenger_connection_account", "messenger_type", "account_id", unique=True,
              postgresql_where=text("removed_at IS NULL")),
    )  # fmt: skip

    id: Mapped[Id]
    funnel_id: Mapped[int | None] = mapped_column(index=True)
    messenger_type: Mapped[MessengerType] = mapped_column(choice(MessengerType))
    account_id: Mapped[str] = mapped_column(String(128))
    username: Mapped[str] = mapped_column(String(64), server_default="")
    account: Mapped[str] = mapped_column(String(200), server_default="")
    name: Mapped[str] = mapped_column(String(CONNECTION_NAME_MAX), server_default="")
    secret_encrypted: Mapped[bytes] = mapped_column(LargeBinary)
    token_hint: Mapped[str] = mapped_column(String(16), server_default="")
    key: Mapped[str] = mapped_column(String(64), unique=True)
    is_active: Mapped[bool] = mapped_column(server_default=true())
    status: Mapped[ConnectionStatus] = mapped_column(
        choice(ConnectionStatus), server_default=ConnectionStatus.connecting.value
    )
    last_error: Mapped[str] = mapped_column(String(500), server_default="")
    last_inbound_at: Mapped[datetime | None]
    paused_until: Mapped[datetime | None]
    poll_offset: Mapped[int] = mapped_column(server_default=text("0"))
    settings: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    created_at: Mapped[Created]
    updated_at: Mapped[Created]
    removed_at: Mapped[datetime | None]
