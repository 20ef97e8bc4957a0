"""What messengers bring: each update once, its client, its dialog, its message; all in the caller's transaction."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import func, select, update
from sqlalchemy.exc import DataError

from ..extensions import db, run_hot
from ..live import publish
from ..models import Dialog, Message
from ..models.client import CLIENT_NAME_MAX
from ..models.client_identity import EXTERNAL_ID_MAX
from ..models.inbound_update import UpdateStatus
from ..models.message import TEXT_MAX, MessageRole
from . import connections, first_contact, topics, transcript
from .access import Actor
from .arrivals import Delivery, OpenDialog, Update
from .first_contact import OPEN_DIALOG

PAYLOAD_KEPT = 64_000  # characters of an update that nobody can read
STOP_WORDS = frozenset({"стоп", "stop", "/stop", "отписаться"})


@dataclass(frozen=True, slots=True)
class Received:
    """`fresh` is False for a repeat, which changed nothing."""

    fresh: bool
    message_id: int | None = None
    dialog_id: int | None = None


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
_KEEP = """
    WITH kept AS (
        INSERT INTO inbound_update (org_id, connection_id, external_id, status, payload, error)
        SELECT c.org_id, c.id, %(update)s, %(status)s, CAST(%(payload)s AS jsonb), %(error)s FROM messenger_connection c
        WHERE c.org_id = %(org)s AND c.id = %(connection)s AND c.is_active AND c.removed_at IS NULL
        ON CONFLICT (org_id, connection_id, external_id) DO NOTHING
        RETURNING id)
"""
_KEEP_ONLY = _KEEP + "SELECT id FROM kept"
_KEEP_AND_OPEN = (
    _KEEP + f", opened AS ({OPEN_DIALOG}) SELECT kept.id AS kept_id, opened.* FROM kept LEFT JOIN opened ON true"
)


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


def _message(who: Actor, connection_id: int, channel: str, news: Update, dialog: OpenDialog | None) -> Received:
    created = False
    external_id = f"{news.chat_id}:{news.message_id}"[:128] if news.message_id else None
    if dialog is None:
        if _is_known(who, connection_id, external_id):
            return Received(fresh=False)
        dialog, created = first_contact.begin(who, connection_id, channel, news)
    words = news.text[:TEXT_MAX]
    number = int(news.message_id) if news.message_id.isdigit() else 0
    message = transcript.store(
        dialog,
        MessageRole.user,
        words,
        author_name=news.person.name[:CLIENT_NAME_MAX] if news.person else "",
        connection_id=connection_id,
        external_id=external_id,
        sequence=number,
        media=news.media[:24],
        waits=not _is_stop(words),  # also with the assistant on: nothing answers in its place yet
    )
    if message is None:
        return Received(fresh=False, dialog_id=dialog.id)
    _listen_to(who, dialog, words)
    if created:
        first_contact.greet(who, dialog.uuid)
    return Received(fresh=True, message_id=message["id"], dialog_id=dialog.id)


def _is_known(who: Actor, connection_id: int, external_id: str | None) -> bool:
    """Whether this message is here already, in a dialog that is closed or gone: it must not begin another one."""
    query = select(Message.id).where(
        Message.org_id == who.home, Message.connection_id == connection_id, Message.external_id == external_id
    )
    return external_id is not None and db.session.scalar(query) is not None


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
