"""A client: the company's customer."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, false, func, text
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Created, Id, Tenant, choice, of_organization

CLIENT_NAME_MAX = 200
PHONE_MAX = 32
SOURCE_MAX = 64


class ClientStatus(StrEnum):
    """Set by people."""

    active = "active"
    inactive = "inactive"


class Client(Tenant, Base):
    """`manager_text` keeps a responsible person who is no member here; `deleted_at` starts the 30 days of undo."""

    __tablename__ = "client"
    __table_args__ = (
        of_organization(),
        Index("ix_client_newest", "org_id", text("id DESC"),
              postgresql_where=text("deleted_at IS NULL AND NOT is_test")),
        Index("ix_client_activity", "org_id", text("last_activity DESC"), text("id DESC"),
              postgresql_where=text("deleted_at IS NULL AND NOT is_test")),
    )  # fmt: skip

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(CLIENT_NAME_MAX), server_default="")
    phone: Mapped[str] = mapped_column(String(PHONE_MAX), server_default="")
    email: Mapped[str] = mapped_column(String(254), server_default="")
    manager_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id", ondelete="SET NULL"))
    manager_text: Mapped[str] = mapped_column(String(200), server_default="")
    status: Mapped[ClientStatus] = mapped_column(choice(ClientStatus), server_default=ClientStatus.active.value)
    source: Mapped[str] = mapped_column(String(SOURCE_MAX), server_default="")
    notes: Mapped[str] = mapped_column(Text, server_default="")
    last_activity: Mapped[datetime] = mapped_column(server_default=func.now())
    created_at: Mapped[Created]
    updated_at: Mapped[Created]
    deleted_at: Mapped[datetime | None]
    is_test: Mapped[bool] = mapped_column(server_default=false())  # the made-up client of a trial dialog
