"""The outbox: what is to leave, in which order, and how far each message came.

A message is queued, sending, sent, delivered, read; or failed; or uncertain. It only moves forward: the one way back is
a person's "send again".
"""

from __future__ import annotations

import uuid as uuids
from enum import IntEnum
from typing import Any

from sqlalchemy import Row, func, select, update

from ..errors import Conflict, NotFound
from ..extensions import among, db, run_hot
from ..live import publish
from ..models import Dialog, Message, Outbox
from ..models.dialog import DialogStatus
from ..models.message import MessageStatus
from ..models.outbox import OutboxStatus
from ..queue import enqueue
from . import topics
from .access import Actor
from .transcript import Talk

# How far each state is along the way; receipts never move a message back.
RANK = {
    MessageStatus.queued: 0,
    MessageStatus.sending: 1,
    MessageStatus.failed: 2,
    MessageStatus.uncertain: 2,
    MessageStatus.sent: 3,
    MessageStatus.delivered: 4,
    MessageStatus.read: 5,
}


TAKEN_OVER = "Диалог взял менеджер: сообщение ассистента не отправлено"


class Lane(IntEnum):
    """Who goes first out of one dialog."""

    manager = 0
    assistant = 1
    followup = 2


_QUEUE = """
    INSERT INTO outbox (org_id, dialog_id, message_id, part, lane, text)
    VALUES (%(org)s, %(dialog)s, %(message)s, 1, %(lane)s, %(text)s) RETURNING id
"""
_CALL_OFF = """
    WITH stopped AS (
        UPDATE outbox SET status = 'failed', error = %(why)s, updated_at = now()
        WHERE org_id = %(org)s AND dialog_id = %(dialog)s AND status = 'queued' AND lane >= %(lane)s
        RETURNING message_id)
    UPDATE message SET status = 'failed', error = %(why)s
    WHERE org_id = %(org)s AND id IN (SELECT message_id FROM stopped)
      AND status IN ('queued', 'sending', 'failed', 'uncertain')
    RETURNING id
"""


def queue(who: Actor, dialog: Talk, message_id: int, words: str, lane: Lane) -> None:
    """Put a stored message into the outbox and wake the dialog's delivery, in the current transaction."""
    run_hot(_QUEUE, {"org": who.home, "dialog": dialog.id, "message": message_id, "lane": lane.value, "text": words})
    _wake(who, dialog.id)


def call_off(who: Actor, dialog: Talk) -> None:
    """A person took the dialog: what the assistant has queued does not leave. A piece under way can't be stopped.

    The caller has locked the dialog, as `claim` does: none of these pieces can start meanwhile.
    """
    who.must("write_dialog")
    stopped = run_hot(
        _CALL_OFF, {"org": who.home, "dialog": dialog.id, "lane": Lane.assistant.value, "why": TAKEN_OVER}
    )
    if stopped is not None:
        _tell(who, dialog.uuid)


def call_off_all(who: Actor, dialog_ids: list[int], reason: str) -> None:
    """A client or a dialog is gone: nothing that is queued there leaves, a manager's words neither.

    The caller has locked the dialogs for update, as of `call_off`, and tells whoever watches them.
    """
    who.must("write_dialog")
    stopped = db.session.scalars(
        update(Outbox)
        .where(Outbox.org_id == who.home, among(Outbox.dialog_id, dialog_ids), Outbox.status == OutboxStatus.queued)
        .values(status=OutboxStatus.failed, error=reason, updated_at=func.now())
        .returning(Outbox.message_id)
    ).all()
    db.session.execute(
        update(Message)
        .where(Message.org_id == who.home, among(Message.id, set(stopped)))
        .where(Message.status.in_([MessageStatus.queued, MessageStatus.sending]))
        .values(status=MessageStatus.failed, error=reason)
    )


def queue_again(who: Actor, dialog: Dialog, message_id: int) -> None:
    """Queue the pieces of a failed or uncertain message that are not known to have left; now it is a person's.

    The caller has locked the dialog. Raises NotFound, Conflict.
    """
    message = db.session.scalar(
        select(Message).where(Message.org_id == who.home, Message.dialog_id == dialog.id, Message.id == message_id)
    )
    if message is None:
        raise NotFound("Сообщение не найдено")
    if message.status not in (MessageStatus.failed, MessageStatus.uncertain):
        raise Conflict("Это сообщение не нужно отправлять ещё раз")
    if dialog.status == DialogStatus.closed:
        raise Conflict("Диалог закрыт: откройте его снова, чтобы отправить")
    if dialog.unsubscribed:
        raise Conflict("Клиент отписался от сообщений: дождитесь, пока он напишет сам")
    # A piece that is under way stays so; `attempts` goes on counting: it tells a late answer from the current one.
    db.session.execute(
        update(Outbox)
        .where(Outbox.org_id == who.home, Outbox.message_id == message_id)
        .where(Outbox.status.in_([OutboxStatus.failed, OutboxStatus.uncertain]))
        .values(
            status=OutboxStatus.queued, lane=Lane.manager.value, error="", not_before=func.now(), created_at=func.now()
        )
    )  # fmt: skip
    message.status, message.error = _standing(who, message_id), None
    db.session.flush()  # the answer to the person reads the row again
    _tell(who, dialog.uuid)
    _wake(who, dialog.id)


def _standing(who: Actor, message_id: int) -> MessageStatus:
    """Where a message stands whose pieces are queued, under way or sent: the last may have been settled just now."""
    query = select(Outbox.status).where(Outbox.org_id == who.home, Outbox.message_id == message_id)
    found = set(db.session.scalars(query))
    if not found:
        raise Conflict("У этого сообщения нечего отправлять")
    if OutboxStatus.queued in found:
        return MessageStatus.queued
    return MessageStatus.sending if OutboxStatus.sending in found else MessageStatus.sent


def receipt(who: Actor, dialog: Dialog | Row[*tuple[Any, ...]], upto_message_id: int, status: MessageStatus) -> None:
    """The messenger, or the visitor's own page, says how far our messages came; never backwards."""
    who.must("receive")
    behind = [state for state, rank in RANK.items() if rank < RANK[status] and state != MessageStatus.failed]
    changed = db.session.execute(
        update(Message)
        .where(
            Message.org_id == who.home,
            Message.dialog_id == dialog.id,
            Message.id <= upto_message_id,
            Message.status.in_(behind),
        )
        .values(status=status)
        .returning(Message.id)
    ).all()
    if changed:
        _tell(who, dialog.uuid)


def wake_again(who: Actor, dialog_id: int, wait: float | None = None) -> None:
    """A new delivery job of the dialog, after `wait` seconds."""
    who.must("deliver")
    _wake(who, dialog_id, wait)


def lock_of(dialog_id: int) -> str:
    """One delivery job of a dialog runs at a time."""
    return f"out:{dialog_id}"


def _wake(who: Actor, dialog_id: int, wait: float | None = None) -> None:
    enqueue("deliver", lock=lock_of(dialog_id), schedule_in=wait, org_id=who.home, dialog_id=dialog_id)


def mark(who: Actor, message_id: int, uuid: uuids.UUID, status: MessageStatus, errors: list[str] | None = None) -> None:
    """Move a message forward to `status`; a state further along stays."""
    allowed = [state for state, rank in RANK.items() if rank <= RANK[status]]
    db.session.execute(
        update(Message)
        .where(Message.org_id == who.home, Message.id == message_id, Message.status.in_(allowed))
        .values(status=status, error=errors[0][:500] if errors else None)
    )
    _tell(who, uuid)


def _tell(who: Actor, uuid: uuids.UUID) -> None:
    publish(topics.dialog(who.home, uuid))
