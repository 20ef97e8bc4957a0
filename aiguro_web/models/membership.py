"""Who works in which organisation, and as what."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Created, Tenant, choice, of_organization


class Role(StrEnum):
    """admin: everything in the organisation; manager: dialogs, clients, tickets; viewer: reads."""

    admin = "admin"
    manager = "manager"
    viewer = "viewer"


class Membership(Tenant, Base):
    """A removed member keeps the row as a tombstone (`removed_at`) that only an invitation clears."""

    __tablename__ = "membership"
    __table_args__ = (of_organization(),)

    user_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("app_user.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    role: Mapped[Role] = mapped_column(choice(Role))
    created_at: Mapped[Created]
    removed_at: Mapped[datetime | None]
