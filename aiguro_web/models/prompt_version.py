"""Every prompt that an assistant ever had, byte for byte."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Created, Id, Tenant, belongs_to


class PromptVersion(Tenant, Base):
    """Numbered from 1 within its assistant; never changed."""

    __tablename__ = "prompt_version"
    __table_args__ = (belongs_to("assistant", "assistant_id"), UniqueConstraint("org_id", "assistant_id", "number"))

    id: Mapped[Id]
    assistant_id: Mapped[int]
    number: Mapped[int] = mapped_column(Integer)
    prompt: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(String(500), server_default="")
    author_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id", ondelete="SET NULL"))
    author_name: Mapped[str] = mapped_column(String(200), server_default="")
    created_at: Mapped[Created]
