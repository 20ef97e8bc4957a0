"""A client: the company's customer."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, Integer, String, false, func, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Changed, Created, Id, Tenant, belongs_to, choice, of_organization

CLIENT_NAME_MAX = 200
PHONE_MAX = 32  # as it is kept: E.164
PHONE_TYPED_MAX = 64  # with the spaces and brackets of whoever types it
SOURCE_MAX = 64
MANAGER_TEXT_MAX = 200


class ClientStatus(StrEnum):
    """Set by people."""

    active = "active"
    inactive = "inactive"


class Client(Tenant, Base):
    """`manager_text` keeps a responsible person who is no member here; `deleted_at` starts the 30 days of undo.

    `last_activity` follows the dialogs' own, to within a second (services/transcript.py).
    """

    __tablename__ = "client"
    __table_args__ = (
        of_organization(),
        belongs_to("client", "merged_into", "SET NULL"),
        Index("ix_client_changed", "org_id", "changed"),
        Index("ix_client_newest", "org_id", text("id DESC"),
              postgresql_where=text("deleted_at IS NULL AND NOT is_test")),
        Index("ix_client_activity", "org_id", text("last_activity DESC"), text("id DESC"),
              postgresql_where=text("deleted_at IS NULL AND NOT is_test")),
        Index("ix_client_created", "org_id", text("created_at DESC"), text("id DESC"),
              postgresql_where=text("deleted_at IS NULL AND NOT is_test")),
        Index("ix_client_name", "org_id", text("lower(name)"), "id",
              postgresql_where=text("deleted_at IS NULL AND NOT is_test")),
        Index("ix_client_inactive", "org_id", text("id DESC"),
              postgresql_where=text("status = 'inactive' AND deleted_at IS NULL AND NOT is_test")),
        Index("ix_client_manager", "org_id", "manager_id", text("id DESC"),
              postgresql_where=text("manager_id IS NOT NULL AND deleted_at IS NULL AND NOT is_test")),
        Index("ix_client_manager_text", "org_id", "manager_text", text("id DESC"),
              postgresql_where=text("manager_text <> '' AND deleted_at IS NULL AND NOT is_test")),
        Index("ix_client_merged_into", "org_id", "merged_into", postgresql_where=text("merged_into IS NOT NULL")),
        Index("ix_client_phone", "org_id", "phone",
              postgresql_where=text("phone <> '' AND deleted_at IS NULL AND NOT is_test")),
        Index("ix_client_email", "org_id", "email",
              postgresql_where=text("email <> '' AND deleted_at IS NULL AND NOT is_test")),
        Index("ix_client_deleted", "deleted_at", postgresql_where=text("deleted_at IS NOT NULL")),
    )  # fmt: skip

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(CLIENT_NAME_MAX), server_default="")
    phone: Mapped[str] = mapped_column(String(PHONE_MAX), server_default="")
    email: Mapped[str] = mapped_column(String(254), server_default="")
    manager_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id", ondelete="SET NULL"))
    manager_text: Mapped[str] = mapped_column(String(MANAGER_TEXT_MAX), server_default="")
    status: Mapped[ClientStatus] = mapped_column(choice(ClientStatus), server_default=ClientStatus.active.value)
    source: Mapped[str] = mapped_column(String(SOURCE_MAX), server_default="")
    last_activity: Mapped[datetime] = mapped_column(server_default=func.now())
    created_at: Mapped[Created]
    changed: Mapped[Changed] = mapped_column(deferred=True)
    updated_at: Mapped[Created]
    deleted_at: Mapped[datetime | None]
    merged_into: Mapped[int | None]  # whom a merge left (services/client_merges.py)
    is_test: Mapped[bool] = mapped_column(server_default=false())  # the made-up client of a trial dialog


class ClientTally(Tenant, Base):
    """How many clients stand in each status, without deleted and made-up ones: kept by triggers, in shards so that no
    row is hot."""

    __tablename__ = "client_tally"
    __table_args__ = (of_organization(),)

    status: Mapped[str] = mapped_column(String(24), primary_key=True)
    shard: Mapped[int] = mapped_column(Integer, primary_key=True)
    clients: Mapped[int] = mapped_column(server_default=text("0"))


class ClientWords(Tenant, Base):
    """By what a client is found: the words of name and e-mail, the ends of the phone; kept by a trigger (0015). Beside
    the client, whose own row is written with every message."""

    __tablename__ = "client_words"
    __table_args__ = (
        belongs_to("client", "client_id"),
        Index("ix_client_words", "words", postgresql_using="gin", postgresql_with={"fastupdate": "off"}),
    )

    client_id: Mapped[int] = mapped_column(primary_key=True)
    words: Mapped[str] = mapped_column(TSVECTOR)
