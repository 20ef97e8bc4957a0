"""A saved view: filters, order and columns of a table under a name."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Created, Id, Tenant, choice, of_organization

VIEW_NAME_MAX = 60
VIEW_QUERY_MAX = 2000
VIEWS_MAX = 50  # of a person, on one screen


class ViewScreen(StrEnum):
    """Which table."""

    deals = "deals"
    clients = "clients"


class SavedView(Tenant, Base):
    """A person's own, or with `is_shared` everybody's to look at. `query` is the address's query of that screen."""

    __tablename__ = "saved_view"
    __table_args__ = (of_organization(), UniqueConstraint("org_id", "user_id", "screen", "name"))

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"))
    screen: Mapped[ViewScreen] = mapped_column(choice(ViewScreen))
    name: Mapped[str] = mapped_column(String(VIEW_NAME_MAX))
    query: Mapped[str] = mapped_column(Text, server_default="")
    is_shared: Mapped[bool] = mapped_column(server_default=false())
    created_at: Mapped[Created]
