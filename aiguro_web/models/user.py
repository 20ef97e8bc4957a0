"""A person who signs in. Users stand above organisations; `membership` ties them to one."""

from __future__ import annotations

from sqlalchemy import Index, Integer, String, Text, UniqueConstraint, false, true
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Changed, Created, Id

LOCAL_ISSUER = "local"
EMAIL_MAX = 254
PERSON_NAME_MAX = 200


class User(Base):
    """Keyed by (issuer, subject), never by e-mail. Local users have issuer `local` and their e-mail as subject."""

    __tablename__ = "app_user"
    __table_args__ = (UniqueConstraint("issuer", "subject"), Index("ix_app_user_changed", "changed"))

    id: Mapped[Id]
    issuer: Mapped[str] = mapped_column(String(255))
    subject: Mapped[str] = mapped_column(String(255))
    email: Mapped[str] = mapped_column(String(EMAIL_MAX), server_default="", index=True)
    name: Mapped[str] = mapped_column(String(PERSON_NAME_MAX), server_default="")
    password_hash: Mapped[str | None] = mapped_column(Text)
    is_staff: Mapped[bool] = mapped_column(server_default=false())
    is_demo: Mapped[bool] = mapped_column(server_default=false())
    is_active: Mapped[bool] = mapped_column(server_default=true())
    session_version: Mapped[int] = mapped_column(Integer, server_default=sql("0"))  # pages' sessions of before are over
    created_at: Mapped[Created]
    changed: Mapped[Changed] = mapped_column(deferred=True)

    @property
    def label(self) -> str:
        """How colleagues see this person: the name, else the e-mail. Never for a client's eyes: `name` is."""
        return self.name or self.email or f"#{self.id}"
