"""The tenant: a company that sells with AIGURO."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, true
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Created, Id

NAME_MAX = 200
GID_MAX = 128


class Organization(Base):
    """`gid` is the identity provider's own name of it (Clerk's `org_…`); times are shown in `timezone`."""

    __tablename__ = "organization"

    id: Mapped[Id]
    gid: Mapped[str | None] = mapped_column(String(GID_MAX), unique=True)
    display_name: Mapped[str] = mapped_column(String(NAME_MAX))
    timezone: Mapped[str] = mapped_column(String(64), server_default="Europe/Moscow")
    locale: Mapped[str] = mapped_column(String(8), server_default="ru")
    is_active: Mapped[bool] = mapped_column(server_default=true())
    created_at: Mapped[Created]
    archived_at: Mapped[datetime | None]
