"""Erasing clients for good, once their 30 days of undo are over or an admin orders it: nothing here names them any
more. An order makes the 30 days be over; the same task does the rest, in pieces, whatever breaks off.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Text, case, cast, delete, func, or_, select, text, union, update

from ..errors import NotFound
from ..extensions import among, db
from ..models import (
    Attachment,
    Client,
    ClientIdentity,
    ClientImport,
    ClientImportRow,
    Dialog,
    InboundUpdate,
    JournalEntry,
    Message,
    Notification,
)
from ..models.client_import import ImportState, ImportVerdict
from ..models.notification import NotificationSubject
from ..queue import enqueue
from . import clients, files, journal, outbox
from .access import Actor
from .clients import UNDO_DAYS

BATCH = 2000  # rows of one transaction
_UNDO = text(f"interval '{UNDO_DAYS} days'")
_OVER = text(f"interval '{UNDO_DAYS + 1} days'")
_FAMILY = """
    WITH RECURSIVE family AS (
        SELECT id FROM client WHERE org_id = :org AND id = :id AND NOT is_test
        UNION
        SELECT g.id FROM family f JOIN client g ON g.org_id = :org AND g.merged_into = f.id)
    SELECT id FROM family ORDER BY id
"""


def order(who: Actor, client_id: int) -> None:
    """Erase a client now, deleted or not, with everybody who was merged into them: they are hidden and cannot be
    restored from this moment on, the worker takes what is left of them. Raises Forbidden, NotFound."""
    who.must("manage")
    family = list(db.session.scalars(text(_FAMILY), {"org": who.home, "id": client_id}))
    if not family:
        raise NotFound("Клиент не найден")
    of = (Client.org_id == who.home, among(Client.id, family))
    all_of_them = select(Client.id).where(*of).order_by(Client.id).with_for_update()
    found, _ = clients.hold_dialogs(who, family, lambda: db.session.scalars(all_of_them).all())
    ids = [row.id for row in found]
    clients.announce(who, client_id)
    db.session.execute(update(Client).where(*of).values(deleted_at=func.now() - _OVER))  # first: the tallies' order
    theirs = (Dialog.org_id == who.home, among(Dialog.id, ids))
    db.session.execute(update(Dialog).where(*theirs).values(deleted_at=func.now() - _OVER))
    outbox.call_off_all(who, ids, clients.GONE)
    journal.note(who, "order_erasure", "client", client_id)
    for number in family:
        enqueue("erase_client", lock=f"erase:{number}", org_id=who.home, client_id=number)


def list_overdue() -> list[tuple[int, int]]:
    """(organisation, client) whose time is over, a thousand at a time. Looks across tenants."""
    query = text("SELECT org_id, id FROM lookup_overdue_clients(:days)")
    return [(row.org_id, row.id) for row in db.session.execute(query, {"days": UNDO_DAYS})]


def forget_payloads(who: Actor, after_id: int = 0) -> int | None:
    """What messengers told before the time of undo, as it came: that an update was here stays known, its words not.

    Walks through the organisation's updates from `after_id` on; gives where to go on, None at the end. All that an
    overdue client ever wrote is as old, whoever their chat belongs to by now.
    """
    who.must("manage")
    here = (InboundUpdate.org_id == who.home, InboundUpdate.id > after_id)
    part = select(InboundUpdate.id, InboundUpdate.created_at).where(*here).order_by(InboundUpdate.id).limit(BATCH)
    seen = part.subquery()
    last, rows, newest_is_old = db.session.execute(
        select(func.max(seen.c.id), func.count(), func.bool_and(seen.c.created_at < func.now() - _UNDO))
    ).one()
    if not rows:
        return None
    db.session.execute(
        update(InboundUpdate)
        .where(*here, InboundUpdate.id <= last, InboundUpdate.payload.is_not(None))
        .where(InboundUpdate.created_at < func.now() - _UNDO)
        .values(payload=None, error="")
    )
    return last if rows == BATCH and newest_is_old else None


def forget_payloads_of(who: Actor, client_id: int, after_id: int = 0) -> int | None:
    """As `forget_payloads`, of one client who is overdue by an order: what names a chat of theirs, however new."""
    who.must("manage")
    chats = _chats(who, client_id)
    here = (InboundUpdate.org_id == who.home, InboundUpdate.id > after_id)
    part = list(db.session.scalars(select(InboundUpdate.id).where(*here).order_by(InboundUpdate.id).limit(BATCH)))
    if not part or not chats:
        return None
    words = cast(InboundUpdate.payload, Text)
    named = or_(*(func.strpos(words, chat) > 0 for chat in {chat for _, chat in chats}))
    db.session.execute(
        update(InboundUpdate)
        .where(*here, InboundUpdate.id <= part[-1], InboundUpdate.payload.is_not(None))
        .where(among(InboundUpdate.connection_id, {connection for connection, _ in chats}), named)
        .values(payload=None, error="")
    )
    return part[-1] if len(part) == BATCH else None


def _chats(who: Actor, client_id: int) -> list[tuple[int, str]]:
    """Where an overdue client was met: (connection, their id there), also by identities that a newer client has now."""
    dialogs = (
        select(Dialog.connection_id, Dialog.thread_id)
        .join(Client, (Client.org_id == Dialog.org_id) & (Client.id == Dialog.client_id))
        .where(*_overdue(who, client_id), Dialog.connection_id.is_not(None), Dialog.thread_id != "")
    )
    faces = (
        select(ClientIdentity.connection_id, ClientIdentity.external_id)
        .join(Client, (Client.org_id == ClientIdentity.org_id) & (Client.id == ClientIdentity.client_id))
        .where(*_overdue(who, client_id))
    )
    found: Any = db.session.execute(union(dialogs, faces)).all()
    return [(row[0], row[1]) for row in found]


def erase_messages(who: Actor, client_id: int) -> bool:
    """Some of an overdue client's messages, with what hangs on them. Gives whether there may be more."""
    who.must("manage")
    of = select(Dialog.id).join(Client, (Client.org_id == Dialog.org_id) & (Client.id == Dialog.client_id))
    theirs = of.where(Dialog.org_id == who.home, *_overdue(who, client_id))
    some = list(db.session.scalars(
        select(Message.id).where(Message.org_id == who.home, Message.dialog_id.in_(theirs)).limit(BATCH)
    ))  # fmt: skip
    theirs_too = (Attachment.org_id == who.home, among(Attachment.message_id, some))
    keys = set(db.session.scalars(select(Attachment.storage_key).where(*theirs_too)))
    db.session.execute(delete(Message).where(Message.org_id == who.home, among(Message.id, some)))
    _delete_bytes(who, keys)
    return len(some) == BATCH


def _delete_bytes(who: Actor, keys: set[str]) -> None:
    """Those that no row names any more: one file may have gone to several clients."""
    if keys:
        files.forget(who, keys - files.list_known(sorted(keys)))


def erase(who: Actor, client_id: int) -> None:
    """An overdue client, their dialogs and faces, and what the journal says of them besides that it happened. Nothing
    where they are gone already or were restored."""
    who.must("manage")
    held = select(Client.phone, Client.email).where(*_overdue(who, client_id)).with_for_update()
    person = db.session.execute(held).one_or_none()
    if person is None:
        return
    theirs = (Dialog.org_id == who.home, Dialog.client_id == client_id)
    ids = list(db.session.scalars(select(Dialog.id).where(*theirs)))
    about = or_(
        (JournalEntry.subject == "client") & (JournalEntry.subject_id == client_id),
        (JournalEntry.subject == "dialog") & among(JournalEntry.subject_id, ids),
    )
    db.session.execute(update(JournalEntry).where(JournalEntry.org_id == who.home, about).values(data={}))
    _forget_imports(who, client_id, person.phone, person.email)
    db.session.execute(text(_FORGET_ANSWERS), {"org": who.home})
    news = (Notification.org_id == who.home, Notification.subject == NotificationSubject.dialog)
    db.session.execute(delete(Notification).where(*news, among(Notification.subject_id, ids)))
    db.session.execute(text(_FORGET_BULK), {"org": who.home, "client": client_id, "dialogs": ids})
    db.session.execute(delete(Dialog).where(*theirs))
    db.session.execute(delete(Client).where(Client.org_id == who.home, Client.id == client_id))  # and their identities
    journal.note(who, "erase", "client", client_id)


_FORGET_BULK = """
    UPDATE bulk_item i SET before = NULL, reason = '',
      state = CASE WHEN i.state = 'undone' THEN i.state ELSE 'skipped' END FROM bulk_act a
    WHERE a.org_id = :org AND i.org_id = :org AND i.act_id = a.id
      AND (a.subject = 'client' AND i.subject_id = :client OR a.subject = 'dialog' AND i.subject_id = ANY(:dialogs))
"""
# Answers kept for repeats of a request (a day long) may quote the client in any words: those of the calls that tell of
# clients become empty. A repeat still changes nothing.
_FORGET_ANSWERS = """
    UPDATE idempotency_key SET body = '{}' WHERE org_id = :org AND body IS NOT NULL
      AND route ~ '^api_(clients|dialogs|messages|trials)[.]'
"""


def _forget_imports(who: Actor, client_id: int, phone: str, email: str) -> None:
    """The rows that they came with or are named in, those of nobody too, and the files that these stood in. A file
    that is just being read stays; rows that wait for the run become rejected ones."""
    row = ClientImportRow
    of = [row.client_id == client_id]
    of += [
        (column == value) & row.client_id.is_(None)
        for column, value in ((row.phone, phone), (row.email, email))
        if value
    ]
    # Each by its own index; an OR between them would read all rows.
    parts = [select(row.import_id, row.number).where(row.org_id == who.home, condition) for condition in of]
    numbers: dict[int, list[int]] = {}
    for import_id, number in db.session.execute(union(*parts)):
        numbers.setdefault(import_id, []).append(number)
    if not numbers:
        return
    came = (ClientImport.org_id == who.home, among(ClientImport.id, numbers))
    read = (*came, ClientImport.state != ImportState.reading)
    held = select(ClientImport.storage_key).where(*read).order_by(ClientImport.id).with_for_update()
    keys = {key for key in db.session.scalars(held) if key}
    db.session.execute(update(ClientImport).where(*read).values(storage_key=None))
    _delete_bytes(who, keys)
    waiting = row.handled_at.is_(None)
    nothing = update(row).values(
        cells=[], fields={}, before=None,
        verdict=case((waiting, ImportVerdict.rejected.value), else_=row.verdict),
        reason=case((waiting, "данные клиента стёрты"), else_=""),
    ).execution_options(synchronize_session=False)  # fmt: skip
    for import_id, some in sorted(numbers.items()):
        db.session.execute(nothing.where(row.org_id == who.home, row.import_id == import_id, among(row.number, some)))


def _overdue(who: Actor, client_id: int) -> tuple[ColumnElement[bool], ...]:
    """As long as a restoring is still possible, these are not true."""
    return (Client.org_id == who.home, Client.id == client_id, Client.deleted_at < func.now() - _UNDO)
