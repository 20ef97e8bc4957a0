"""The dry run of an import, in the worker: every row of the file gets its verdict, nothing is changed yet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.expression import bindparam

from ..extensions import db
from ..live import publish
from ..models import ClientImport, ClientImportRow
from ..models.client_import import ImportState, ImportVerdict
from . import client_import_rows, client_import_twins, topics
from .access import Actor
from .client_import_files import Table
from .client_import_rows import Read

PIECE = 1000  # rows of one transaction

_STORE = text(
    """INSERT INTO client_import_row (org_id, import_id, number, cells, fields, verdict, reason, client_id)
       SELECT :org, :import, number, cells, fields, verdict, reason, client_id
       FROM jsonb_to_recordset(:rows) AS r (number int, cells jsonb, fields jsonb, verdict text, reason text,
                                            client_id bigint)
       ON CONFLICT DO NOTHING"""
).bindparams(bindparam("rows", type_=JSONB))


@dataclass
class DryRun:
    """What a reading remembers between its pieces: where the file has named a phone or e-mail already."""

    table: Table
    columns: list[str]
    phones: dict[str, int] = field(default_factory=dict)
    emails: dict[str, int] = field(default_factory=dict)
    handled: int = 0

    def earlier(self, fields: dict[str, str]) -> int | None:
        """The row that these fields repeat."""
        return self.phones.get(fields.get("phone", "")) or self.emails.get(fields.get("email", ""))

    def remember(self, number: int, fields: dict[str, str]) -> None:
        """This row will be a client, or is about one."""
        if "phone" in fields:
            self.phones.setdefault(fields["phone"], number)
        if "email" in fields:
            self.emails.setdefault(fields["email"], number)


def find_file(who: Actor, import_id: int) -> str | None:
    """The key of the file that waits to be read; None where the import was given up, or read, meanwhile."""
    who.must("manage")
    row = _held(who, import_id)
    return row.storage_key if row is not None else None


def begin(who: Actor, import_id: int, table: Table) -> DryRun | None:
    """Forget the rows of an earlier reading. None where the import was given up meanwhile."""
    who.must("manage")
    row = _held(who, import_id)
    if row is None:
        return None
    of = (ClientImportRow.org_id == who.home, ClientImportRow.import_id == import_id)
    db.session.execute(delete(ClientImportRow).where(*of))
    if len(row.columns) == len(table.titles):
        table = table.titled(row.has_titles)  # a person has chosen
    else:
        row.columns = [str(column.value) for column in table.guess()]
    row.encoding, row.separator = table.encoding, table.separator
    row.titles, row.has_titles = table.titles, table.has_titles
    row.total, row.handled = table.rows, 0
    publish(topics.work(who.home))
    return DryRun(table, list(row.columns))


def store_piece(who: Actor, import_id: int, run: DryRun, piece: Sequence[tuple[int, Sequence[str]]]) -> bool:
    """The verdicts of some rows. False where the import was given up meanwhile."""
    who.must("manage")
    row = _held(who, import_id)
    if row is None:
        return False
    titles = run.table.titles if run.table.has_titles else [""] * len(run.columns)
    read = [(number, cells, client_import_rows.read(cells, run.columns, titles)) for number, cells in piece]
    rows = list(_judged(who, run, read))
    db.session.execute(_STORE, {"org": who.home, "import": import_id, "rows": rows})
    run.handled += len(piece)
    row.handled = run.handled
    publish(topics.work(who.home))
    return True


def finish(who: Actor, import_id: int) -> None:
    """Every row has its verdict: a person looks at them."""
    who.must("manage")
    row = _held(who, import_id)
    if row is None:
        return
    query = (
        select(ClientImportRow.verdict, func.count())
        .where(ClientImportRow.org_id == who.home, ClientImportRow.import_id == import_id)
        .group_by(ClientImportRow.verdict)
    )
    counts = {found[0]: found[1] for found in db.session.execute(query)}
    row.fresh = counts.get(ImportVerdict.new, 0)
    row.duplicates = counts.get(ImportVerdict.duplicate, 0)
    row.rejected = counts.get(ImportVerdict.rejected, 0)
    row.handled, row.state = row.total, ImportState.ready
    publish(topics.work(who.home))


def fail(who: Actor, import_id: int, words: str) -> None:
    """The file cannot be read; `words` say why."""
    who.must("manage")
    row = _held(who, import_id)
    if row is not None:
        row.state, row.error, row.finished_at = ImportState.failed, words[:500], func.now()
        publish(topics.work(who.home))


def _held(who: Actor, import_id: int) -> ClientImport | None:
    """The import while it is being read, against whoever gives it up."""
    query = select(ClientImport).where(
        ClientImport.org_id == who.home, ClientImport.id == import_id, ClientImport.state == ImportState.reading
    )
    return db.session.scalars(query.with_for_update()).one_or_none()


def _judged(who: Actor, run: DryRun, read: list[tuple[int, Sequence[str], Read]]) -> Iterable[dict[str, Any]]:
    twins = client_import_twins.find(who, [row.fields for _, _, row in read if not row.wrong])
    for number, cells, row in read:
        verdict, reason, client_id = ImportVerdict.rejected, row.reason, None
        if not row.wrong:
            by_phone, by_email = twins.of(row.fields)
            reason = client_import_twins.torn(by_phone, by_email)
            known, earlier = by_phone or by_email, run.earlier(row.fields)
            if not reason and known is not None:
                verdict, client_id = ImportVerdict.duplicate, known["id"]
                reason = client_import_twins.match(by_phone, by_email)
            elif not reason and earlier is not None:
                verdict, reason = ImportVerdict.duplicate, f"повтор строки {earlier}"
            elif not reason:
                verdict = ImportVerdict.new
            if verdict is not ImportVerdict.rejected:
                run.remember(number, row.fields)
        yield {
            "number": number, "cells": client_import_rows.kept(cells), "fields": row.fields, "verdict": verdict.value,
            "reason": reason, "client_id": client_id,
        }  # fmt: skip
