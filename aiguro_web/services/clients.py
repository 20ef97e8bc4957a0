"""Clients: adding, changing, deleting with 30 days of undo."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Row, func, or_, select, text, update

from ..errors import Conflict, Invalid, NotFound, Unavailable
from ..extensions import among, db
from ..live import publish
from ..models import Client, Dialog, Funnel
from ..models.client import CLIENT_NAME_MAX, MANAGER_TEXT_MAX, ClientStatus
from ..models.dialog import DialogStatus
from ..models.message import MessageRole
from ..models.text import one_line
from . import contacts, dialog_removal, dialogs, journal, members, outbox, topics, transcript
from .access import Actor

Rows = Sequence[Row[*tuple[Any, ...]]]
Held = TypeVar("Held")
UNDO_DAYS = 30
TRIES = 5
TOLD_MAX = 200  # dialogs of one client that are told of a change of theirs; the rest is found by the slow poll
GONE = "Клиент удалён: сообщение не отправлено"
_NAMES = {"phone": "Телефон", "email": "Почта"}
_UNDO = text(f"interval '{UNDO_DAYS} days'")


def create(who: Actor, wish: Mapping[str, str], status: ClientStatus = ClientStatus.active) -> int:
    """A new client; `wish` as of `change`. Gives its id. Raises Invalid when nothing says who it is."""
    who.must("write_client")
    client = Client(org_id=who.home, name="", phone="", email="", manager_text="", status=status)
    _fill(who, client, wish)
    if not (client.name or client.phone or client.email):
        raise Invalid("Укажите имя, телефон или почту клиента", name="укажите имя, телефон или почту")
    db.session.add(client)
    db.session.flush()  # its id
    journal.note(who, "create", "client", client.id)
    announce(who, client.id)
    return client.id


def change(who: Actor, client_id: int, wish: Mapping[str, str], status: ClientStatus | None = None) -> None:
    """Set the fields that `wish` has of name, phone, email, manager; a clearing word (members.is_clearing) empties the
    field, but leaves the name. Raises NotFound, Invalid."""
    client = lock(who, client_id)
    changed = _fill(who, client, wish)
    if status is not None and status != client.status:
        client.status = status
        changed.append("status")
    if changed:
        client.updated_at = _now()
        db.session.flush()  # the answer reads the row again
        journal.note(who, "change", "client", client.id, fields=changed)
        announce(who, client.id)


def announce(who: Actor, client_id: int, *, listed: bool = True) -> None:
    """Tell whoever looks at this client, or at a dialog of theirs; with `listed` also the lists that name them."""
    who.must("read")
    theirs = select(Dialog.uuid).where(Dialog.org_id == who.home, Dialog.client_id == client_id, Dialog.listed)
    uuids = db.session.scalars(theirs.order_by(Dialog.id.desc()).limit(TOLD_MAX))
    publish(topics.client(who.home, client_id), *(topics.dialog(who.home, uuid) for uuid in uuids))
    if listed:
        publish(topics.clients(who.home), topics.dialogs(who.home))


def lock(who: Actor, client_id: int) -> Client:
    """The client, locked against other changes until the end of the transaction. Raises Forbidden, NotFound."""
    who.must("write_client")
    query = select(Client).where(
        Client.org_id == who.home, Client.id == client_id, Client.deleted_at.is_(None), ~Client.is_test
    )
    client: Client | None = db.session.scalar(_locked(query))
    if client is None:
        raise NotFound("Клиент не найден")
    return client


def delete(who: Actor, client_id: int) -> None:
    """Hide the client and their dialogs at once; what is queued for them does not leave. Raises NotFound."""
    who.must("write_client")
    found, client = _hold(_of(who, client_id, Dialog.deleted_at.is_(None)), lambda rows: lock(who, client_id))
    now = client.deleted_at = _now()
    db.session.flush()  # before the dialogs: the order of the tallies
    ids = [row.id for row in found]
    db.session.execute(update(Dialog).where(Dialog.org_id == who.home, among(Dialog.id, ids)).values(deleted_at=now))
    outbox.call_off_all(who, ids, GONE)
    journal.note(who, "delete", "client", client_id)
    _tell(who, client_id, found)


def restore(who: Actor, client_id: int) -> None:
    """Undo the deletion, with the dialogs that it hid; a client who is here stays so. Raises NotFound after UNDO_DAYS,
    Conflict for one who left by a merge (client_merges.undo).

    Whoever has begun a new dialog meanwhile goes on in that one: the restored one is closed. So are those whose funnel
    was deleted.
    """
    who.must("write_client")
    _hold_funnels(who, client_id)  # before the dialogs, as whoever moves a whole funnel does

    def take(rows: Rows) -> Client:
        for connection_id, thread_id in sorted({(row.connection_id or 0, row.thread_id) for row in rows}):
            dialogs.one_at_a_time(who, connection_id, thread_id)  # a message of theirs may be opening a new one
        in_time = or_(Client.deleted_at.is_(None), Client.deleted_at > func.now() - _UNDO)
        known = (Client.org_id == who.home, Client.id == client_id, ~Client.is_test, in_time)
        client: Client | None = db.session.scalar(_locked(select(Client).where(*known)))
        if client is None:
            raise NotFound("Клиент не найден")
        return client

    _, client = _hold(_of(who, client_id, Dialog.deleted_at.is_not(None)), take)
    if client.deleted_at is None:
        return
    if client.merged_into is not None:
        raise Conflict("Клиент объединён с другим: отмените объединение в его карточке")
    moment, client.deleted_at, client.updated_at = client.deleted_at, None, _now()
    db.session.flush()  # before its dialogs: the order of the tallies
    _restore_dialogs(who, client_id, moment)
    journal.note(who, "restore", "client", client_id)


def _of(who: Actor, client_id: int, which: ColumnElement[bool]) -> tuple[ColumnElement[bool], ...]:
    return (Dialog.org_id == who.home, Dialog.client_id == client_id, which)


def hold_dialogs(who: Actor, client_ids: Sequence[int], take: Callable[[], Held]) -> tuple[Rows, Held]:
    """All dialogs of these clients, hidden ones too, and then whom `take` locks: in the order of `delete`."""
    who.must("write_client")
    return _hold((Dialog.org_id == who.home, among(Dialog.client_id, client_ids)), lambda rows: take())


def _hold(which: tuple[ColumnElement[bool], ...], take: Callable[[Rows], Held]) -> tuple[Rows, Held]:
    """Dialogs, locked, and then their clients, whom `take` locks.

    In this order: a message that waited for its dialog and found it gone still holds it, and may wait for another one
    that is about to begin a dialog of this client. Where one was begun in between, everything is let go and done anew.
    For update, not merely by one: a delivery that is about to start a piece waits for that alone.
    """
    query = select(Dialog.id, Dialog.uuid, Dialog.connection_id, Dialog.thread_id).where(*which)
    for _ in range(TRIES):
        with db.session.begin_nested() as attempt:
            rows = db.session.execute(query.order_by(Dialog.id).with_for_update()).all()
            held = take(rows)
            if set(db.session.scalars(select(Dialog.id).where(*which))) <= {row.id for row in rows}:
                return rows, held
            attempt.rollback()
    raise Unavailable("Клиент сейчас пишет, повторите через секунду", headers={"Retry-After": "1"})


def _hold_funnels(who: Actor, client_id: int) -> list[int]:
    """Those of this client's hidden dialogs, held as `dialogs.is_funnel_kept` does; gives the deleted ones."""
    theirs = select(Dialog.funnel_id).where(*_of(who, client_id, Dialog.deleted_at.is_not(None)))
    held = select(Funnel.id, Funnel.archived_at).where(Funnel.org_id == who.home, Funnel.id.in_(theirs))
    rows = db.session.execute(held.order_by(Funnel.id).with_for_update(read=True, key_share=True))
    return [row.id for row in rows if row.archived_at is not None]


def _restore_dialogs(who: Actor, client_id: int, moment: datetime) -> None:
    """Those that were hidden at this moment: with their client."""
    of = (Dialog.org_id == who.home, Dialog.client_id == client_id, Dialog.deleted_at == moment)
    newer = (
        select(Dialog.identity_id)
        .where(Dialog.org_id == who.home, Dialog.status == DialogStatus.active, Dialog.listed)
        .where(Dialog.identity_id.in_(select(Dialog.identity_id).where(*of)))
    )
    replaced = db.session.execute(
        update(Dialog)
        .where(*of, Dialog.status == DialogStatus.active, Dialog.identity_id.in_(newer))
        .values(status=DialogStatus.closed, unanswered_since=None, unread=0)
        .returning(Dialog.id)
        .execution_options(synchronize_session=False)
    ).scalars()
    closed = dict.fromkeys(replaced, dialog_removal.REPLACED)
    orphaned = db.session.execute(
        update(Dialog)
        .where(*of, Dialog.status == DialogStatus.active, among(Dialog.funnel_id, _hold_funnels(who, client_id)))
        .values(status=DialogStatus.closed, unanswered_since=None, unread=0)
        .returning(Dialog.id)
        .execution_options(synchronize_session=False)
    ).scalars()
    closed |= dict.fromkeys(orphaned, dialog_removal.ORPHANED)
    row = (Dialog.id, Dialog.org_id, Dialog.uuid, Dialog.connection_id, Dialog.channel, Dialog.thread_id)
    back = update(Dialog).where(*of).values(deleted_at=None, updated_at=func.now()).returning(*row)
    found = db.session.execute(back.execution_options(synchronize_session=False)).all()
    for dialog in found:
        if dialog.id in closed:
            transcript.store(dialog, MessageRole.system, closed[dialog.id])
    _tell(who, client_id, found)


def _fill(who: Actor, client: Client, wish: Mapping[str, str]) -> list[str]:
    """Take over what differs; gives the names of the changed fields. What is stored already is never refused."""
    changed, wrong = list[str](), dict[str, str]()
    for field in ("name", "phone", "email"):
        stored = getattr(client, field)
        try:
            value = _value(field, wish.get(field, stored), stored)
        except Invalid as refusal:
            wrong |= refusal.fields
            continue
        if value != stored:
            setattr(client, field, value)
            changed.append(field)
    if wrong:
        said = "; ".join(f"{_NAMES[field]}: {words}" for field, words in wrong.items())
        raise Invalid(said, errors=wrong)
    if "manager" in wish:
        manager = members.resolve(who, wish["manager"][:MANAGER_TEXT_MAX], client.manager_id)
        if manager != (client.manager_id, client.manager_text):
            client.manager_id, client.manager_text = manager
            changed.append("manager")
    return changed


def _value(field: str, given: str, stored: str) -> str:
    words = one_line(given)
    if members.is_clearing(words):
        return stored if field == "name" else ""
    if words == stored:
        return stored
    if field == "phone":
        return contacts.checked_phone(words)
    return contacts.checked_email(words) if field == "email" else words[:CLIENT_NAME_MAX]


def _locked(query: Any) -> Any:
    """Against changes, not against rows that come to refer to it."""
    return query.with_for_update(key_share=True).execution_options(populate_existing=True)


def _now() -> datetime:
    return db.session.scalars(select(func.now())).one()


def _tell(who: Actor, client_id: int, found: Rows) -> None:
    publish(topics.clients(who.home), topics.client(who.home, client_id), topics.dialogs(who.home))
    publish(*(topics.dialog(who.home, row.uuid) for row in found))
