"""A canned answer: a text that managers write often, with variables."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Created, Id, Tenant, of_organization

CANNED_NAME_MAX = 60
CANNED_ANSWERS_MAX = 500  # of an organisation


class CannedAnswer(Tenant, Base):
    """Of the whole organisation; found by its short `name`."""

    __tablename__ = "canned_answer"
    __table_args__ = (of_organization(), UniqueConstraint("org_id", "name"))

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(CANNED_NAME_MAX))
    text: Mapped[str] = mapped_column(Text)
    author_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id", ondelete="SET NULL"))
    created_at: Mapped[Created]
    updated_at: Mapped[Created]
