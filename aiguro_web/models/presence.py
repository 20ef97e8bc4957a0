"""Who looks at a dialog now, and who types in it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Created, Tenant, belongs_to


class Presence(Tenant, Base):
    """A sign of life; it means something for some seconds only. The table is unlogged: a crash may empty it."""

    __tablename__ = "presence"
    __table_args__ = (belongs_to("dialog", "dialog_id"), {"prefixes": ["UNLOGGED"]})

    dialog_id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"), primary_key=True)
    seen_at: Mapped[Created]
    typed_at: Mapped[datetime | None]
