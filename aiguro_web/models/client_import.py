"""An import of clients from a file: read, tried out, done, and undone by the worker, row by row."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Computed, ForeignKey, Index, Integer, String, Text, false, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Created, Id, Tenant, belongs_to, choice, of_organization

IMPORT_ROWS_MAX = 100_000
IMPORT_BYTES_MAX = 20 * 1024 * 1024
IMPORT_NAME_MAX = 255


class ImportState(StrEnum):
    """In this order; `failed` says why in `error`."""

    reading = "reading"  # the worker takes the file apart and gives each row its verdict
    ready = "ready"  # the dry run is over: a person looks at it
    running = "running"
    done = "done"
    undoing = "undoing"
    undone = "undone"
    failed = "failed"


class ImportVerdict(StrEnum):
    """What will be, or was, made of a row."""

    new = "new"
    duplicate = "duplicate"  # of a client here, or of an earlier row
    rejected = "rejected"  # `reason` says why


class DuplicateRule(StrEnum):
    """What to do with duplicates."""

    skip = "skip"
    fill = "fill"  # empty fields of the client are filled
    overwrite = "overwrite"


class ImportField(StrEnum):
    """What a column of the file holds; `none` is left out."""

    name = "name"  # several columns make one name: Фамилия, Имя, Отчество
    phone = "phone"
    email = "email"
    manager = "manager"
    status = "status"
    source = "source"
    notes = "notes"
    none = ""


class ImportOutcome(StrEnum):
    """What became of a row; none while nothing has."""

    added = "added"
    changed = "changed"
    skipped = "skipped"  # `reason` says why
    undone = "undone"
    kept = "kept"  # an undo left it as it is, or part of it: `reason` says why


class ClientImport(Tenant, Base):
    """`columns` names the field of each column of the file, `titles` are the words above them (`has_titles`) or the
    cells of its first row; `fresh` and `duplicates` are the verdicts of the dry run."""

    __tablename__ = "client_import"
    __table_args__ = (
        of_organization(),
        Index("ix_client_import_newest", "org_id", text("id DESC")),
        Index("ix_client_import_kept", "created_at", postgresql_where=text("rows_forgotten_at IS NULL")),
        Index("ix_client_import_storage_key", "storage_key", postgresql_where=text("storage_key IS NOT NULL")),
    )

    id: Mapped[Id]
    author_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id", ondelete="SET NULL"))
    author_name: Mapped[str] = mapped_column(String(200), server_default="")
    file_name: Mapped[str] = mapped_column(String(IMPORT_NAME_MAX))
    storage_key: Mapped[str | None] = mapped_column(String(128))  # none: the file is deleted by now
    encoding: Mapped[str] = mapped_column(String(16), server_default="")
    separator: Mapped[str] = mapped_column(String(1), server_default="")
    titles: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'"))
    has_titles: Mapped[bool] = mapped_column(server_default=false())
    rule: Mapped[DuplicateRule] = mapped_column(choice(DuplicateRule), server_default=DuplicateRule.skip.value)
    columns: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'"))
    state: Mapped[ImportState] = mapped_column(choice(ImportState), server_default=ImportState.reading.value)
    error: Mapped[str] = mapped_column(String(500), server_default="")
    total: Mapped[int] = mapped_column(Integer, server_default=text("0"))  # rows of the file
    handled: Mapped[int] = mapped_column(Integer, server_default=text("0"))  # of the work that is going on
    fresh: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    duplicates: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    added: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    changed: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    skipped: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    rejected: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    undone: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    kept: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    created_at: Mapped[Created]
    finished_at: Mapped[datetime | None]
    rows_forgotten_at: Mapped[datetime | None]  # its time is over: nothing is left but the counts


class ClientImportRow(Tenant, Base):
    """A row of the file in its place (`number`, as a table program counts), and what became of it."""

    __tablename__ = "client_import_row"
    __table_args__ = (
        belongs_to("client_import", "import_id"),
        belongs_to("client", "client_id", "SET NULL"),
        Index("ix_client_import_row_client", "org_id", "client_id", postgresql_where=text("client_id IS NOT NULL")),
        Index("ix_client_import_row_verdict", "org_id", "import_id", "verdict", "number"),
        Index("ix_client_import_row_outcome", "org_id", "import_id", "outcome", "number",
              postgresql_where=text("outcome IS NOT NULL")),
        Index("ix_client_import_row_phone", "org_id", "phone", postgresql_where=text("phone IS NOT NULL")),
        Index("ix_client_import_row_email", "org_id", "email", postgresql_where=text("email IS NOT NULL")),
    )  # fmt: skip

    import_id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    cells: Mapped[list[Any]] = mapped_column(JSONB)  # as the file has them
    fields: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))  # read and normalised
    # Columns for an erasure, since behind row-level security no index on `fields` would be used (design.md §4.3).
    phone: Mapped[str | None] = mapped_column(Text, Computed("fields ->> 'phone'", persisted=True))
    email: Mapped[str | None] = mapped_column(Text, Computed("fields ->> 'email'", persisted=True))
    verdict: Mapped[ImportVerdict] = mapped_column(choice(ImportVerdict))
    reason: Mapped[str] = mapped_column(Text, server_default="")
    client_id: Mapped[int | None]  # whom it made or changed, or is a duplicate of
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB)  # field: [what an undo puts back, what was written]
    outcome: Mapped[ImportOutcome | None] = mapped_column(choice(ImportOutcome))
    handled_at: Mapped[datetime | None]
