"""Undoing an import, in the worker: from its last row to its first, so that what one row changed twice unwinds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, func, select, update

from ..extensions import among, db
from ..live import publish
from ..models import Client, ClientImport, ClientImportRow, ClientNote, Dialog
from ..models.client_import import ImportOutcome, ImportState
from . import topics
from .access import Actor
from .client_import_runs import CHANGE, FIELDS, HANDLE, PIECE, enter_journal, hold
from .client_import_twins import COLUMNS, Known

WORDS = {
    "name": "имя", "phone": "телефон", "email": "почта", "manager_id": "менеджер", "manager_text": "менеджер",
    "status": "статус", "source": "источник",
}  # fmt: skip
GONE = "клиента уже нет"


@dataclass
class Undoing:
    """The clients of some rows as they are now, and what is done to them."""

    clients: dict[int, Known]
    talking: Collection[int]  # those with a dialog
    notes: dict[int, set[int]]  # by client, without those that the undo takes away
    changed: dict[int, Known] = field(default_factory=dict)
    hidden: list[int] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)

    def take(self, row: Any) -> None:
        """One row."""
        client = self.clients.get(row.client_id)
        note = (row.before or {}).get("note")
        if note and client is not None:
            self.notes.get(client["id"], set()).discard(note[1])
        if client is None:
            outcome, reason = ImportOutcome.undone, GONE  # there is nothing that could be taken back
        elif row.outcome == ImportOutcome.added:
            outcome, reason = self._hide(client, row.before)
        else:
            outcome, reason = self._put_back(client, row.before)
        self.rows.append({
            "number": row.number, "outcome": outcome.value, "reason": reason, "client_id": row.client_id,
            "before": row.before,
        })  # fmt: skip

    def _hide(self, client: Known, before: dict[str, list[Any]]) -> tuple[ImportOutcome, str]:
        if client["id"] in self.talking:
            return ImportOutcome.kept, "с клиентом уже есть диалог"
        if self.notes.get(client["id"]):
            return ImportOutcome.kept, "у клиента есть заметки"
        differs = _differing(client, before)
        if differs:
            return ImportOutcome.kept, f"изменено после импорта: {_named(differs)}"
        self.hidden.append(client["id"])
        self.changed.pop(client["id"], None)
        return ImportOutcome.undone, ""

    def _put_back(self, client: Known, before: dict[str, list[Any]]) -> tuple[ImportOutcome, str]:
        differs = _differing(client, before)
        for name in FIELDS:
            if name in before and name not in differs:
                client[name] = before[name][0]
                self.changed[client["id"]] = client
        if differs:
            return ImportOutcome.kept, f"изменено после импорта и оставлено: {_named(differs)}"
        return ImportOutcome.undone, ""


def undo_piece(who: Actor, import_id: int, before: int) -> int | None:
    """The rows before number `before`, the last ones first; gives where to go on, None at the end."""
    who.must("manage")
    order = hold(who, import_id, ImportState.undoing)
    if order is None:
        return None
    rows = _done(who, import_id, before)
    if rows:
        undoing = _look(who, rows)
        for row in rows:
            undoing.take(row)
        _write(who, order, undoing, [row.before["note"][1] for row in rows if row.before and "note" in row.before])
        counts = Counter(row["outcome"] for row in undoing.rows)
        order.undone += counts[ImportOutcome.undone]
        order.kept += counts[ImportOutcome.kept]
        order.handled += len(rows)
    publish(topics.work(who.home))
    if len(rows) == PIECE:
        return int(rows[-1].number)
    order.state, order.finished_at = ImportState.undone, func.now()
    publish(topics.clients(who.home), topics.dialogs(who.home))
    return None


def _done(who: Actor, import_id: int, before: int) -> Sequence[Any]:
    row = ClientImportRow
    query = (
        select(row.number, row.outcome, row.client_id, row.before)
        .where(row.org_id == who.home, row.import_id == import_id, row.number < before)
        .where(row.outcome.in_((ImportOutcome.added, ImportOutcome.changed)))
        .order_by(row.number.desc())
        .limit(PIECE)
    )
    return db.session.execute(query).all()


def _look(who: Actor, rows: Sequence[Any]) -> Undoing:
    ids = sorted({row.client_id for row in rows if row.client_id is not None})
    here = (Client.org_id == who.home, among(Client.id, ids), Client.deleted_at.is_(None))
    columns = [getattr(Client, name) for name in COLUMNS]
    locked = select(*columns).where(*here).order_by(Client.id).with_for_update(key_share=True)
    clients = {row["id"]: dict(row) for row in db.session.execute(locked).mappings()}
    talks = select(Dialog.client_id).where(
        Dialog.org_id == who.home, among(Dialog.client_id, ids), Dialog.deleted_at.is_(None)
    )
    notes: dict[int, set[int]] = {}
    written = select(ClientNote.client_id, ClientNote.id).where(
        ClientNote.org_id == who.home, among(ClientNote.client_id, ids)
    )
    for client_id, note_id in db.session.execute(written):
        notes.setdefault(client_id, set()).add(note_id)
    return Undoing(clients, set(db.session.scalars(talks)), notes)


def _write(who: Actor, order: ClientImport, undoing: Undoing, notes: list[int]) -> None:
    if undoing.changed:
        rows = [{name: client[name] for name in ("id", *FIELDS)} for client in undoing.changed.values()]
        db.session.execute(CHANGE, {"org": who.home, "rows": rows})
    if undoing.hidden:
        gone = update(Client).where(Client.org_id == who.home, among(Client.id, undoing.hidden))
        db.session.execute(gone.values(deleted_at=func.now()).execution_options(synchronize_session=False))
    # Those of hidden clients stay: whoever is brought back has them.
    kept = set(undoing.hidden)
    theirs = delete(ClientNote).where(
        ClientNote.org_id == who.home, among(ClientNote.id, notes), ~among(ClientNote.client_id, kept),
        ClientNote.updated_at == ClientNote.created_at,
    )  # fmt: skip
    if notes:
        db.session.execute(theirs.execution_options(synchronize_session=False))
    db.session.execute(HANDLE, {"org": who.home, "import": order.id, "rows": undoing.rows})
    touched = dict.fromkeys([*undoing.changed, *undoing.hidden])
    enter_journal(who, order, "import_undo", [(client_id, {"hidden": client_id in kept}) for client_id in touched])
    publish(*(topics.client(who.home, client_id) for client_id in touched))


def _differing(client: Known, before: dict[str, list[Any]]) -> list[str]:
    """The fields that somebody has changed since."""
    return [name for name in FIELDS if name in before and client[name] != before[name][1]]


def _named(fields: list[str]) -> str:
    return ", ".join(dict.fromkeys(WORDS[name] for name in fields))
