"""What messengers bring: each update once, its client, its dialog, its message; all in the caller's transaction."""

from __future__ import annotations

import json
import uuid as uuids
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import psycopg
from sqlalchemy import func, select, update
from sqlalchemy.exc import DataError

from ..errors import Conflict
from ..extensions import db, run_hot
from ..live import publish
from ..models import Client, ClientIdentity, Dialog, Funnel, Message, MessengerConnection
from ..models.client import CLIENT_NAME_MAX, SOURCE_MAX
from ..models.client_identity import EXTERNAL_ID_MAX
from ..models.inbound_update import UpdateStatus
from ..models.message import TEXT_MAX, MessageRole, MessageStatus
from . import connections, dialogs, outbox, topics, transcript
from .access import Actor

PAYLOAD_KEPT = 64_000  # characters of an update that nobody can read
STOP_WORDS = frozenset({"стоп", "stop", "/stop", "отписаться"})


class Person(Protocol):
    """Who wrote, as a messenger knows them."""

    @property
    def external_id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def username(self) -> str: ...
    @property
    def phone(self) -> str: ...


class Update(Protocol):
    """What a messenger told us, as its adapter read it."""

    @property
    def kind(self) -> str: ...
    @property
    def update_id(self) -> str: ...
    @property
    def chat_id(self) -> str: ...
    @property
    def person(self) -> Person | None: ...
    @property
    def message_id(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def media(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Received:
    """`fresh` is False for a repeat, which changed nothing."""

    fresh: bool
    message_id: int | None = None
    dialog_id: int | None = None


class OpenDialog(Protocol):
    """What the path of a message needs of its dialog."""

    id: int
    org_id: int
    uuid: uuids.UUID
    connection_id: int | None
    channel: str
    thread_id: str
    unsubscribed: bool
    ai: bool


class Delivery(Protocol):
    """One delivery of a messenger, as its adapter read it; `error` says why it could not."""

    @property
    def payload(self) -> str: ...
    @property
    def updates(self) -> Sequence[Update]: ...
    @property
    def update_id(self) -> str: ...
    @property
    def error(self) -> str: ...


def take(who: Actor, connection_id: int, channel: str, delivery: Delivery) -> None:
    """Keep one delivery and its effect. An unreadable one is kept and marked: it must not block the next."""
    if delivery.error:
        keep(who, connection_id, delivery.update_id, UpdateStatus.unreadable, delivery.payload, delivery.error)
    try:
        for news in delivery.updates:
            receive(who, connection_id, channel, news, delivery.payload)
    except (DataError, psycopg.DataError) as error:
        _keep_poison(who, connection_id, delivery, type(error).__name__)
    connections.heard(who, connection_id)


def _keep_poison(who: Actor, connection_id: int, delivery: Delivery, error: str) -> None:
    """The database does not take what the adapter could read: kept as mere text, so that its repeats do not block."""
    db.session.rollback()  # the failed transaction is over; the next statement begins another, behind the same wall
    text_only = json.dumps(delivery.payload.replace("\x00", "")[:PAYLOAD_KEPT], ensure_ascii=True)
    for news in delivery.updates:
        keep(who, connection_id, news.update_id, UpdateStatus.unreadable, text_only, error)


def receive(who: Actor, connection_id: int, channel: str, news: Update, payload: str | None = None) -> Received:
    """Keep the update and its effect. A repeat of it changes nothing."""
    who.must("receive")
    if news.kind not in ("message", "edit", "blocked", "unblocked"):
        return Received(keep(who, connection_id, news.update_id, UpdateStatus.ignored, payload))
    values = _kept(who, connection_id, news.update_id, UpdateStatus.done, payload)
    row = run_hot(_KEEP_AND_OPEN, {**values, "chat": news.chat_id[:EXTERNAL_ID_MAX]})
    if row is None:
        return Received(fresh=False)
    dialog: OpenDialog | None = row if row.id is not None else None
    if news.kind == "message":
        return _message(who, connection_id, channel, news, dialog)
    if news.kind == "edit":
        _edit(who, connection_id, channel, news, dialog)
    else:
        _subscription(who, dialog, unsubscribed=news.kind == "blocked")
    return Received(fresh=True)


# One statement for the usual update: keep it (once, and only for a connection that is on), and lock the person's open
# dialog. The message itself is a second one: it must see what the lock has waited for.
_OPEN = """
    SELECT d.id, d.org_id, d.uuid, d.connection_id, d.channel, d.thread_id, d.unsubscribed, d.ai
    FROM client_identity i JOIN dialog d ON d.org_id = i.org_id AND d.identity_id = i.id
    WHERE i.org_id = %(org)s AND i.connection_id = %(connection)s AND i.external_id = %(chat)s
      AND d.status = 'active' AND NOT d.is_test
    FOR UPDATE OF d
"""
_KEEP = """
    WITH kept AS (
        INSERT INTO inbound_update (org_id, connection_id, external_id, status, payload, error)
        SELECT c.org_id, c.id, %(update)s, %(status)s, CAST(%(payload)s AS jsonb), %(error)s FROM messenger_connection c
        WHERE c.org_id = %(org)s AND c.id = %(connection)s AND c.is_active AND c.removed_at IS NULL
        ON CONFLICT (org_id, connection_id, external_id) DO NOTHING
        RETURNING id)
"""
_KEEP_ONLY = _KEEP + "SELECT id FROM kept"
_KEEP_AND_OPEN = _KEEP + f", opened AS ({_OPEN}) SELECT kept.id AS kept_id, opened.* FROM kept LEFT JOIN opened ON true"


def keep(
    who: Actor, connection_id: int, external_id: str, status: UpdateStatus, payload: str | None, error: str = ""
) -> bool:
    """Keep an update as it came. False when it is here already, or the connection is off."""
    who.must("receive")
    return run_hot(_KEEP_ONLY, _kept(who, connection_id, external_id, status, payload, error)) is not None


def _kept(
    who: Actor, connection_id: int, external_id: str, status: UpdateStatus, payload: str | None, error: str = ""
) -> dict[str, Any]:
    return {
        "org": who.home,
        "connection": connection_id,
        "update": external_id[:128],
        "status": status.value,
        "payload": payload,
        "error": error[:500],
    }


def find_open_dialog(who: Actor, connection_id: int, chat_id: str) -> OpenDialog | None:
    """The open dialog of this person at this connection, locked."""
    who.must("receive")
    found: OpenDialog | None = run_hot(
        _OPEN, {"org": who.home, "connection": connection_id, "chat": chat_id[:EXTERNAL_ID_MAX]}
    )
    return found


def _message(who: Actor, connection_id: int, channel: str, news: Update, dialog: OpenDialog | None) -> Received:
    created = False
    if dialog is None:
        dialog, created = _begin(who, connection_id, channel, news)
    words = news.text[:TEXT_MAX]
    number = int(news.message_id) if news.message_id.isdigit() else 0
    message = transcript.store(
        dialog,
        MessageRole.user,
        words,
        author_name=news.person.name[:CLIENT_NAME_MAX] if news.person else "",
        connection_id=connection_id,
        external_id=f"{news.chat_id}:{news.message_id}"[:128] if news.message_id else None,
        sequence=number,
        media=news.media[:24],
        waits=not dialog.ai and not _is_stop(words),
    )
    if message is None:
        return Received(fresh=False, dialog_id=dialog.id)
    _listen_to(who, dialog, words)
    if created:
        _greet(who, dialog.uuid)
    return Received(fresh=True, message_id=message["id"], dialog_id=dialog.id)


def _begin(who: Actor, connection_id: int, channel: str, news: Update) -> tuple[OpenDialog, bool]:
    """The client, who they are there, and the dialog; and whether it was begun here rather than by a twin meanwhile."""
    dialogs.one_at_a_time(who, connection_id, news.chat_id)
    dialog = find_open_dialog(who, connection_id, news.chat_id)
    if dialog is not None:
        return dialog, False
    identity = db.session.scalar(
        select(ClientIdentity).where(
            ClientIdentity.org_id == who.home,
            ClientIdentity.connection_id == connection_id,
            ClientIdentity.external_id == news.chat_id[:EXTERNAL_ID_MAX],
        )
    )
    if identity is None:
        identity = _meet(who, connection_id, news)
    client = db.session.get_one(Client, (who.home, identity.client_id))
    if client.deleted_at is not None:  # they wrote again: a new client, the deleted one stays gone
        identity.client_id = _new_client(who, news).id
        client = db.session.get_one(Client, (who.home, identity.client_id))
    dialogs.start(who, client, identity=identity, funnel=_funnel_of(who, connection_id), channel=channel)
    dialog = find_open_dialog(who, connection_id, news.chat_id)
    if dialog is None:
        raise RuntimeError("the dialog that was just begun is not open")
    return dialog, True


def _meet(who: Actor, connection_id: int, news: Update) -> ClientIdentity:
    client = _new_client(who, news)
    identity = ClientIdentity(
        org_id=who.home,
        client_id=client.id,
        connection_id=connection_id,
        external_id=news.chat_id[:EXTERNAL_ID_MAX],
        username=news.person.username[:64] if news.person else "",
    )
    db.session.add(identity)
    db.session.flush()  # its id
    return identity


def _new_client(who: Actor, news: Update) -> Client:
    person = news.person
    client = Client(
        org_id=who.home,
        name=person.name[:CLIENT_NAME_MAX] if person else "",
        phone=person.phone[:32] if person else "",
        source=news.source[:SOURCE_MAX],
    )
    db.session.add(client)
    db.session.flush()  # its id
    return client


def _funnel_of(who: Actor, connection_id: int) -> Funnel:
    """The funnel that the connection is attached to, else the organisation's first active one."""
    attached = (
        select(MessengerConnection.funnel_id)
        .where(MessengerConnection.org_id == who.home, MessengerConnection.id == connection_id)
        .scalar_subquery()
    )
    query = select(Funnel).where(Funnel.org_id == who.home, Funnel.archived_at.is_(None))
    funnel = db.session.scalar(
        query.order_by((Funnel.id == attached).desc(), Funnel.is_active.desc(), Funnel.id).limit(1)
    )
    if funnel is None:
        raise Conflict("В организации нет ни одной воронки")
    return funnel


def _is_stop(words: str) -> bool:
    return words.strip().lower() in STOP_WORDS


def _listen_to(who: Actor, dialog: OpenDialog, words: str) -> None:
    """A client who says "стоп" is left alone; whatever else they write makes them reachable again."""
    stop = _is_stop(words)
    if stop or dialog.unsubscribed:
        db.session.execute(
            update(Dialog)
            .where(Dialog.org_id == who.home, Dialog.id == dialog.id)
            .values(unsubscribed=stop, unanswered_since=None if stop else Dialog.unanswered_since)
        )


def _greet(who: Actor, uuid: Any) -> None:
    """No model answers yet: say so to people here, and once to the client when the funnel has words for it."""
    dialog = db.session.scalar(select(Dialog).where(Dialog.org_id == who.home, Dialog.uuid == uuid))
    assert dialog is not None
    transcript.store(dialog, MessageRole.system, "Ассистент не настроен: диалог ждёт менеджера")
    words = db.session.scalar(
        select(Funnel.hand_over_text).where(Funnel.org_id == who.home, Funnel.id == dialog.funnel_id)
    )
    if words:
        message = transcript.store(
            dialog,
            MessageRole.assistant,
            words,
            author_name="Ассистент",
            status=MessageStatus.queued,
            news=False,  # the client's question is what a manager wants to see in the list
        )
        assert message is not None
        outbox.queue(who, dialog, message["id"], words, outbox.Lane.assistant)


def _edit(who: Actor, connection_id: int, channel: str, news: Update, dialog: OpenDialog | None) -> None:
    """The client changed what they wrote. The last message's preview follows."""
    row = db.session.execute(
        update(Message)
        .where(
            Message.org_id == who.home,
            Message.connection_id == connection_id,
            Message.external_id == f"{news.chat_id}:{news.message_id}"[:128],
            Message.role == MessageRole.user,
        )
        .values(text=news.text[:TEXT_MAX], edited_at=func.now())
        .returning(Message.dialog_id, Message.position, Message.media)
    ).one_or_none()
    if row is None:  # it comes before its original, or is older than the connection: better told than lost
        _message(who, connection_id, channel, news, dialog)
        return
    newest = select(func.max(Message.position)).where(
        Message.org_id == who.home, Message.dialog_id == row.dialog_id, Message.role != MessageRole.system
    )
    uuid = db.session.scalar(
        update(Dialog)
        .where(Dialog.org_id == who.home, Dialog.id == row.dialog_id, newest.scalar_subquery() == row.position)
        .values(last_message=transcript.preview(news.text, row.media), updated_at=func.now())
        .returning(Dialog.uuid)
    )
    uuid = uuid or db.session.scalar(select(Dialog.uuid).where(Dialog.org_id == who.home, Dialog.id == row.dialog_id))
    if uuid is not None:
        publish(topics.dialog(who.home, uuid), topics.dialogs(who.home))


def _subscription(who: Actor, dialog: OpenDialog | None, *, unsubscribed: bool) -> None:
    """The client blocked the bot, or let it in again."""
    if dialog is None or dialog.unsubscribed == unsubscribed:
        return
    row = (Dialog.org_id == who.home, Dialog.id == dialog.id)
    db.session.execute(update(Dialog).where(*row).values(unsubscribed=unsubscribed))
    words = "Клиент заблокировал бота: сообщения не дойдут" if unsubscribed else "Клиент разблокировал бота"
    transcript.store(dialog, MessageRole.system, words)
