"""Who a client is in a messenger: their id there, at one of our connections."""

from __future__ import annotations

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Created, Id, Tenant, belongs_to

EXTERNAL_ID_MAX = 128


class ClientIdentity(Tenant, Base):
    """`external_id` is what we answer to (Telegram's chat id, a web visitor's id)."""

    __tablename__ = "client_identity"
    __table_args__ = (
        belongs_to("client", "client_id"),
        belongs_to("messenger_connection", "connection_id"),
        UniqueConstraint("org_id", "connection_id", "external_id"),
    )

    id: Mapped[Id]
    client_id: Mapped[int] = mapped_column(index=True)
    connection_id: Mapped[int]
    external_id: Mapped[str] = mapped_column(String(EXTERNAL_ID_MAX))
    username: Mapped[str] = mapped_column(String(64), server_default="")
    created_at: Mapped[Created]
