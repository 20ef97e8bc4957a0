"""What messengers bring: each update once, its client, its dialog, its message; all in the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Row, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from ..errors import Conflict
from ..extensions import db
from ..live import publish
from ..models import Client, ClientIdentity, Dialog, Funnel, InboundUpdate, Message, MessengerConnection
from ..models.client import CLIENT_NAME_MAX, SOURCE_MAX
from ..models.client_identity import EXTERNAL_ID_MAX
from ..models.dialog import DialogStatus
from ..models.inbound_update import UpdateStatus
from ..models.message import TEXT_MAX, MessageRole, MessageStatus
from . import connections, deliveries, dialogs, topics, transcript
from .access import Actor

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


class Delivery(Protocol):
    """One delivery of a messenger, as its adapter read it; `error` says why it could not."""

    @property
    def payload(self) -> Any: ...
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
    for news in delivery.updates:
        receive(who, connection_id, channel, news, delivery.payload)
    connections.heard(who, connection_id)


def receive(who: Actor, connection_id: int, channel: str, news: Update, payload: Any = None) -> Received:
    """Keep the update and its effect. A repeat of it changes nothing."""
    who.must("receive")
    known = news.kind in ("message", "edit", "blocked", "unblocked")
    status = UpdateStatus.done if known else UpdateStatus.ignored
    if not keep(who, connection_id, news.update_id, status, payload):
        return Received(fresh=False)
    if news.kind == "message":
        return _message(who, connection_id, channel, news)
    if news.kind == "edit":
        _edit(who, connection_id, channel, news)
    elif known:
        _subscription(who, connection_id, news.chat_id, unsubscribed=news.kind == "blocked")
    return Received(fresh=True)


def keep(
    who: Actor, connection_id: int, external_id: str, status: UpdateStatus, payload: Any, error: str = ""
) -> bool:
    """Keep an update as it came; False when it is here already."""
    who.must("receive")
    statement = insert(InboundUpdate).values(
        org_id=who.home,
        connection_id=connection_id,
        external_id=external_id[:128],
        status=status,
        payload=payload,
        error=error[:500],
    )
    statement = statement.on_conflict_do_nothing(index_elements=["org_id", "connection_id", "external_id"])
    return db.session.execute(statement.returning(InboundUpdate.id)).one_or_none() is not None


_OPEN_DIALOG = (
    select(
        Dialog.id, Dialog.org_id, Dialog.uuid, Dialog.connection_id, Dialog.channel, Dialog.thread_id,
        Dialog.unsubscribed, Dialog.ai,
    )
    .join(ClientIdentity, (ClientIdentity.org_id == Dialog.org_id) & (ClientIdentity.id == Dialog.identity_id))
    .where(Dialog.status == DialogStatus.active, Dialog.is_test.is_(False))
)  # fmt: skip


def find_open_dialog(who: Actor, connection_id: int, chat_id: str, *, lock: bool = False) -> Row[Any] | None:
    """The open dialog of this person at this connection."""
    query = _OPEN_DIALOG.where(
        Dialog.org_id == who.home,
        ClientIdentity.org_id == who.home,
        ClientIdentity.connection_id == connection_id,
        ClientIdentity.external_id == chat_id[:EXTERNAL_ID_MAX],
    )
    return db.session.execute(query.with_for_update(of=Dialog) if lock else query).one_or_none()


def _message(who: Actor, connection_id: int, channel: str, news: Update) -> Received:
    dialog = find_open_dialog(who, connection_id, news.chat_id, lock=True)
    created = dialog is None
    if dialog is None:
        _one_at_a_time(who, connection_id, news.chat_id)
        dialog = find_open_dialog(who, connection_id, news.chat_id, lock=True)
        created = dialog is None
    if dialog is None:
        _begin(who, connection_id, channel, news)
        dialog = find_open_dialog(who, connection_id, news.chat_id, lock=True)
        assert dialog is not None
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
        waits=not dialog.ai,
    )
    if message is None:
        return Received(fresh=False, dialog_id=dialog.id)
    _listen_to(who, dialog, words)
    if created:
        _greet(who, dialog.uuid)
    return Received(fresh=True, message_id=message["id"], dialog_id=dialog.id)


def _one_at_a_time(who: Actor, connection_id: int, chat_id: str) -> None:
    """Two first messages of one person at once must find one dialog: the second waits here for the first's commit."""
    key = f"{who.home}:{connection_id}:{chat_id}"
    db.session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": key})


def _begin(who: Actor, connection_id: int, channel: str, news: Update) -> None:
    """The client, who they are there, and the dialog."""
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
    funnel = db.session.scalar(query.order_by((Funnel.id == attached).desc(), Funnel.is_active.desc(), Funnel.id).limit(1))
    if funnel is None:
        raise Conflict("В организации нет ни одной воронки")
    return funnel


def _listen_to(who: Actor, dialog: Row[Any], words: str) -> None:
    """A client who says "стоп" is left alone; whatever else they write makes them reachable again."""
    stop = words.strip().lower() in STOP_WORDS
    if stop != dialog.unsubscribed:
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
            dialog, MessageRole.assistant, words, author_name="Ассистент", status=MessageStatus.queued
        )
        assert message is not None
        deliveries.queue(who, dialog, message["id"], words, deliveries.Lane.assistant)


def _edit(who: Actor, connection_id: int, channel: str, news: Update) -> None:
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
        _message(who, connection_id, channel, news)
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
    uuid = uuid or db.session.scalar(
        select(Dialog.uuid).where(Dialog.org_id == who.home, Dialog.id == row.dialog_id)
    )
    if uuid is not None:
        publish(topics.dialog(who.home, uuid), topics.dialogs(who.home))


def _subscription(who: Actor, connection_id: int, chat_id: str, *, unsubscribed: bool) -> None:
    """The client blocked the bot, or let it in again."""
    dialog = find_open_dialog(who, connection_id, chat_id, lock=True)
    if dialog is None or dialog.unsubscribed == unsubscribed:
        return
    row = (Dialog.org_id == who.home, Dialog.id == dialog.id)
    db.session.execute(update(Dialog).where(*row).values(unsubscribed=unsubscribed))
    words = "Клиент заблокировал бота: сообщения не дойдут" if unsubscribed else "Клиент разблокировал бота"
    transcript.store(dialog, MessageRole.system, words)
