"""A file of the company: what assistants may know, what managers may send."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Created, Id, Tenant, belongs_to, choice, of_organization

DESCRIPTION_MAX = 2000  # characters of a file's description


class FileCategory(StrEnum):
    general_info = "general_info"
    service_catalog = "service_catalog"
    dialog_management = "dialog_management"
    client_work = "client_work"


class File(Tenant, Base):
    """Of the organisation; `FunnelFile` attaches it to funnels."""

    __tablename__ = "file"
    __table_args__ = (
        of_organization(),
        Index("ix_file_category", "org_id", "category", text("id DESC")),
    )

    id: Mapped[Id]
    original_name: Mapped[str] = mapped_column(String(255))
    storage_key: Mapped[str] = mapped_column(String(128), unique=True)
    content_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int]
    category: Mapped[FileCategory] = mapped_column(choice(FileCategory))
    description: Mapped[str] = mapped_column(Text, server_default="")
    is_public: Mapped[bool] = mapped_column(server_default=false())
    author_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id", ondelete="SET NULL"))
    created_at: Mapped[Created]


class FunnelFile(Tenant, Base):
    """A file that the assistants of a funnel may know."""

    __tablename__ = "funnel_file"
    __table_args__ = (
        belongs_to("funnel", "funnel_id"),
        belongs_to("file", "file_id"),
        Index("ix_funnel_file_file", "org_id", "file_id"),
    )

    funnel_id: Mapped[int] = mapped_column(primary_key=True)
    file_id: Mapped[int] = mapped_column(primary_key=True)
    uploaded: Mapped[bool] = mapped_column(server_default=false())  # to this funnel: it is gone with it
    created_at: Mapped[Created]
