"""An answer that is kept, so that a repeated POST with the same key gets it again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Integer, LargeBinary, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Created, Tenant, of_organization


class Kept:
    """`status` is empty while the first request still runs; `body_hmac` tells another body under the same key."""

    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"), primary_key=True)
    route: Mapped[str] = mapped_column(String(200), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    body_hmac: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int | None] = mapped_column(Integer)
    headers: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[Created] = mapped_column(index=True)
    done_at: Mapped[datetime | None]


class IdempotencyKey(Kept, Tenant, Base):
    """Of a call inside an organisation."""

    __tablename__ = "idempotency_key"
    __table_args__ = (of_organization(),)


class PersonalIdempotencyKey(Kept, Base):
    """Of a call outside of all (founding one)."""

    __tablename__ = "personal_idempotency_key"
