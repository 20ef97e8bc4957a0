"""Running an import, in the worker: in pieces, a row's effect in the same transaction as the word that it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, insert, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.expression import bindparam

from ..extensions import db
from ..live import publish
from ..models import Client, ClientImport, ClientImportRow, ClientNote, JournalEntry
from ..models.client import ClientStatus
from ..models.client_import import DuplicateRule, ImportOutcome, ImportState, ImportVerdict
from ..models.notification import NotificationKind, NotificationSubject
from . import client_import_twins, notifications, topics
from .access import Actor
from .client_import_rows import Managers
from .client_import_twins import Known, Twins

PIECE = 500  # rows of one transaction
# What a row may set of a client; the two columns of the responsible person stand for one field.
FIELDS = ("name", "phone", "email", "manager_id", "manager_text", "status", "source")

CHANGE = text(
    """UPDATE client c SET name = n.name, phone = n.phone, email = n.email, manager_id = n.manager_id,
              manager_text = n.manager_text, status = n.status, source = n.source, updated_at = now()
       FROM jsonb_to_recordset(:rows) AS n (id bigint, name text, phone text, email text, manager_id bigint,
                                            manager_text text, status text, source text)
       WHERE c.org_id = :org AND c.id = n.id"""
).bindparams(bindparam("rows", type_=JSONB))
HANDLE = text(
    """UPDATE client_import_row r
       SET outcome = n.outcome, reason = n.reason, client_id = n.client_id, before = n.before, handled_at = now()
       FROM jsonb_to_recordset(:rows) AS n (number int, outcome text, reason text, client_id bigint, before jsonb)
       WHERE r.org_id = :org AND r.import_id = :import AND r.number = n.number"""
).bindparams(bindparam("rows", type_=JSONB))


@dataclass
class Piece:
    """What some rows come to, before any of it is written."""

    rule: DuplicateRule
    managers: Managers
    twins: Twins
    added: list[Known] = field(default_factory=list)
    changed: dict[int, Known] = field(default_factory=dict)
    notes: list[tuple[Known, str, dict[str, Any]]] = field(default_factory=list)
    rows: list[tuple[dict[str, Any], Known | None]] = field(default_factory=list)

    def take(self, number: int, fields: dict[str, str]) -> None:
        """One row: what it adds, changes, or leaves as it is. Clients that appeared since the dry run are seen."""
        by_phone, by_email = self.twins.of(fields)
        known = by_phone or by_email
        torn = client_import_twins.torn(by_phone, by_email)
        if torn:
            self._done(number, ImportOutcome.skipped, torn, None)
        elif known is None:
            self._add(number, fields)
        elif self.rule is DuplicateRule.skip:
            self._done(number, ImportOutcome.skipped, client_import_twins.match(by_phone, by_email), known)
        else:
            self._change(number, fields, known)

    def _add(self, number: int, fields: dict[str, str]) -> None:
        wish = self._wish(fields)
        client: Known = {"name": "", "phone": "", "email": "", "manager_id": None, "manager_text": "",
                         "status": ClientStatus.active.value, "source": "", **wish}  # fmt: skip
        self.added.append(client)
        self.twins.add(client)
        before: dict[str, Any] = {name: [None, client[name]] for name in FIELDS}
        self._note(client, fields, before)
        self._done(number, ImportOutcome.added, "", client, before)

    def _change(self, number: int, fields: dict[str, str], known: Known) -> None:
        wish, before = self._wish(fields), dict[str, Any]()
        if self.rule is DuplicateRule.fill:
            empty_manager = known["manager_id"] is None and not known["manager_text"]
            wish = {
                name: value
                for name, value in wish.items()
                if (empty_manager if name.startswith("manager") else not known[name])
            }
        for name, value in wish.items():
            if value != known[name]:
                before[name] = [known[name], value]
                known[name] = value
        if before and "id" in known:
            self.changed[known["id"]] = known
        self.twins.add(known)  # a new phone or e-mail of theirs
        self._note(known, fields, before)
        if before:
            self._done(number, ImportOutcome.changed, "", known, before)
        else:
            self._done(number, ImportOutcome.skipped, "всё уже так", known)

    def _wish(self, fields: dict[str, str]) -> dict[str, Any]:
        wish: dict[str, Any] = {name: fields[name] for name in FIELDS if name in fields}
        if "manager" in fields:
            wish["manager_id"], wish["manager_text"] = self.managers.resolve(fields["manager"])
        return wish

    def _note(self, client: Known, fields: dict[str, str], before: dict[str, Any]) -> None:
        if fields.get("notes"):
            before["note"] = [None, 0]  # its id comes with the row
            self.notes.append((client, fields["notes"], before))

    def _done(self, number: int, outcome: ImportOutcome, reason: str, client: Known | None, before: Any = None) -> None:
        row = {"number": number, "outcome": outcome.value, "reason": reason, "before": before}
        self.rows.append((row, client))


def run_piece(who: Actor, import_id: int, after: int) -> int | None:
    """The next rows behind number `after`; gives where to go on, None at the end. A second run finds nothing to do."""
    who.must("manage")
    order = hold(who, import_id, ImportState.running)
    if order is None:
        return None
    rows = _waiting(who, import_id, after)
    if rows:
        piece = Piece(order.rule, Managers(who), client_import_twins.find(who, [r.fields for r in rows], lock=True))
        for row in rows:
            piece.take(row.number, row.fields)
        _write(who, order, piece)
        counts = Counter(row["outcome"] for row, _ in piece.rows)
        order.added += counts["added"]
        order.changed += counts["changed"]
        order.skipped += counts["skipped"]
        order.handled += len(rows)
    publish(topics.work(who.home))
    if len(rows) == PIECE:
        return int(rows[-1].number)
    _finish(who, order)
    return None


def hold(who: Actor, import_id: int, state: ImportState) -> ClientImport | None:
    """The import, locked: whoever works on it twice (a worker that was thought dead) does so one after another."""
    query = select(ClientImport).where(
        ClientImport.org_id == who.home, ClientImport.id == import_id, ClientImport.state == state
    )
    return db.session.scalars(query.with_for_update()).one_or_none()


def enter_journal(who: Actor, order: ClientImport, act: str, entries: Sequence[tuple[int, dict[str, Any]]]) -> None:
    """One entry for each client, by whoever ordered the import."""
    author = {"actor_kind": "person", "actor_id": order.author_id, "actor_name": order.author_name}
    rows = [
        {"org_id": who.home, **author, "act": act, "subject": "client", "subject_id": client_id,
         "data": {"import_id": order.id, **data}}
        for client_id, data in entries
    ]  # fmt: skip
    if rows:
        db.session.execute(insert(JournalEntry), rows)


def _waiting(who: Actor, import_id: int, after: int) -> Sequence[Any]:
    row = ClientImportRow
    query = (
        select(row.number, row.fields)
        .where(row.org_id == who.home, row.import_id == import_id, row.number > after, row.handled_at.is_(None))
        .where(row.verdict != ImportVerdict.rejected)
        .order_by(row.number)
        .limit(PIECE)
    )
    return db.session.execute(query).all()


def _write(who: Actor, order: ClientImport, piece: Piece) -> None:
    if piece.added:
        made = insert(Client).returning(Client.id, sort_by_parameter_order=True)
        values = [{"org_id": who.home, **{name: client[name] for name in FIELDS}} for client in piece.added]
        for client, client_id in zip(piece.added, db.session.scalars(made, values), strict=True):
            client["id"] = client_id
    if piece.changed:
        rows = [{name: client[name] for name in ("id", *FIELDS)} for client in piece.changed.values()]
        db.session.execute(CHANGE, {"org": who.home, "rows": rows})
    if piece.notes:
        written = insert(ClientNote).returning(ClientNote.id, sort_by_parameter_order=True)
        author = {"org_id": who.home, "author_id": order.author_id, "author_name": order.author_name}
        values = [{**author, "client_id": client["id"], "text": words} for client, words, _ in piece.notes]
        for (_, _, before), note_id in zip(piece.notes, db.session.scalars(written, values), strict=True):
            before["note"] = [None, note_id]
    handled = [{**row, "client_id": client["id"] if client else None} for row, client in piece.rows]
    db.session.execute(HANDLE, {"org": who.home, "import": order.id, "rows": handled})
    touched = [row for row in handled if row["outcome"] != ImportOutcome.skipped]
    enter_journal(who, order, "import", [
        (row["client_id"], {"added": row["outcome"] == ImportOutcome.added, "fields": _named(row["before"])})
        for row in touched
    ])  # fmt: skip
    publish(*(topics.client(who.home, client_id) for client_id in piece.changed))


def _named(before: dict[str, list[Any]]) -> list[str]:
    """The fields that were written, as the journal names them."""
    names = {"manager" if name.startswith("manager") else name for name, (_, value) in before.items() if value}
    return sorted(names)


def _finish(who: Actor, order: ClientImport) -> None:
    order.state, order.finished_at = ImportState.done, func.now()
    publish(topics.clients(who.home), topics.dialogs(who.home))
    notifications.tell(
        who, order.author_id, NotificationKind.import_done, NotificationSubject.client_import, order.id,
        name=order.file_name, added=order.added, changed=order.changed, rejected=order.rejected,
    )  # fmt: skip
