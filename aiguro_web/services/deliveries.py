"""Delivering the outbox: the next piece of a dialog, and what became of it.

A piece that was `sending` when its worker died is `uncertain`: it is never sent twice blindly. Whatever settles pieces
holds the dialog's row first: so do those who lock it (a takeover, "send again"), and nobody waits in a circle.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, func, select, text, update

from ..extensions import db
from ..live import publish
from ..models import ClientIdentity, Dialog, MessengerConnection, Outbox
from ..models.message import MessageStatus
from ..models.messenger_connection import ConnectionStatus
from ..models.outbox import OutboxStatus
from ..queue import held_locks
from . import connections, outbox, topics
from .access import Actor

GIVE_UP = timedelta(hours=24)
BACK_OFF_MAX = 60.0  # seconds
# How long a piece may be under way before its worker counts as lost: a call connects within 3 s and hears its answer
# within 10 (channels/telegram.py). With the 10–15 s until a dead worker's job is another's, it stays below 30 s.
SEND_LIMIT = 20.0
OPEN = (OutboxStatus.queued, OutboxStatus.sending)
LOST_WORKER = "Отправка прервалась, дошло ли сообщение, неизвестно"
BLANK = "Сообщение пустое: отправлять нечего"


@dataclass(frozen=True, slots=True)
class Piece:
    """One call to the messenger."""

    id: int
    message_id: int
    attempts: int
    text: str
    chat_id: str
    messenger_type: str
    secret_encrypted: bytes
    connection_id: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing may leave for this many seconds."""

    seconds: float


Split = Callable[[str, str], list[str]]  # (messenger type, text) -> pieces


def claim(who: Actor, dialog_id: int, split: Split) -> Piece | Wait | None:
    """The dialog's next piece, now marked `sending`; or how long to wait; or None when nothing is left.

    What can't leave (no connection, unsubscribed, blank, given up) is marked failed on the way, with the reason. What
    another worker is sending is waited for; after SEND_LIMIT that worker is lost and the piece `uncertain`.
    """
    who.must("deliver")
    _hold(who, dialog_id)
    while (row := _next(who, dialog_id)) is not None:
        if row.status == OutboxStatus.sending:
            if (left := SEND_LIMIT - float(row.age)) > 0:
                return Wait(left)
            _settle(who, row, OutboxStatus.uncertain, LOST_WORKER)
        elif (reason := _obstacle(row)) is not None:
            _fail(who, row, reason)
        elif row.pause > 0:
            return Wait(float(row.pause))
        elif not (pieces := split(row.messenger_type, row.text)):
            _fail(who, row, BLANK)
        else:
            return _start(who, row, pieces)
    return None


def sent(who: Actor, piece: Piece, external_id: str) -> None:
    """The messenger took it."""
    _finish(who, piece, OutboxStatus.sent, "", external_id)


def refused(who: Actor, piece: Piece, reason: str, *, unsubscribed: bool = False, broken: bool = False) -> None:
    """The messenger will never take it: failed, with the rest of its message."""
    row = _finish(who, piece, OutboxStatus.failed, reason)
    if row is not None:
        _fail_rest(who, row.message_id, reason)
    if unsubscribed and row is not None:
        _unsubscribe(who, row.dialog_id)
    if broken:
        connections.set_health(who, piece.connection_id, ConnectionStatus.broken, reason)


def unknown(who: Actor, piece: Piece, reason: str) -> None:
    """Nobody knows whether the messenger took it: for a person to decide."""
    _finish(who, piece, OutboxStatus.uncertain, reason)


def later(who: Actor, piece: Piece, reason: str, retry_after: float | None, whole_account: bool) -> None:
    """The messenger took nothing and asks to wait; a whole account waits for all its dialogs."""
    seconds = retry_after if retry_after is not None else min(BACK_OFF_MAX, 2.0 ** min(piece.attempts, 10))
    seconds += random.uniform(0.1, 1.0)  # noqa: S311 - spreads retries, no secret
    until = func.now() + timedelta(seconds=seconds)
    db.session.execute(
        update(Outbox)
        .where(Outbox.org_id == who.home, Outbox.id == piece.id, Outbox.status == OutboxStatus.sending)
        .where(Outbox.attempts == piece.attempts)
        .values(status=OutboxStatus.queued, not_before=until, error=reason[:500], updated_at=func.now())
    )
    if whole_account:
        db.session.execute(
            update(MessengerConnection)
            .where(MessengerConnection.org_id == who.home, MessengerConnection.id == piece.connection_id)
            .values(paused_until=until)
        )


def list_overdue(seconds: int = 60) -> list[tuple[int, int]]:
    """(organisation, dialog) whose outbox stands still and that no job is about to move. Looks across tenants."""
    rows = db.session.execute(text("SELECT org_id, dialog_id FROM lookup_overdue_outbox(:s)"), {"s": seconds}).all()
    held = held_locks([outbox.lock_of(row.dialog_id) for row in rows])
    return [(row.org_id, row.dialog_id) for row in rows if outbox.lock_of(row.dialog_id) not in held]


def find_connection(who: Actor, dialog_id: int) -> int | None:
    """The connection that a dialog is delivered through."""
    who.must("deliver")
    return db.session.scalar(select(Dialog.connection_id).where(Dialog.org_id == who.home, Dialog.id == dialog_id))


def _hold(who: Actor, dialog_id: int) -> None:
    """Wait for whoever has locked the dialog, and keep them away until the end of the transaction."""
    query = select(Dialog.id).where(Dialog.org_id == who.home, Dialog.id == dialog_id)
    db.session.execute(query.with_for_update(read=True, key_share=True))


def _next(who: Actor, dialog_id: int) -> Row[*tuple[Any, ...]] | None:
    pause = func.greatest(
        func.extract("epoch", Outbox.not_before - func.now()),
        func.coalesce(func.extract("epoch", MessengerConnection.paused_until - func.now()), 0),
    )
    query = (
        select(
            Outbox.id, Outbox.dialog_id, Outbox.message_id, Outbox.part, Outbox.lane, Outbox.text, Outbox.status,
            Outbox.attempts, pause.label("pause"),
            func.extract("epoch", func.clock_timestamp() - Outbox.updated_at).label("age"),
            (func.now() - Outbox.created_at > GIVE_UP).label("old"),
            Dialog.unsubscribed, Dialog.uuid, Dialog.deleted_at, ClientIdentity.external_id.label("chat_id"),
            MessengerConnection.id.label("connection_id"), MessengerConnection.messenger_type,
            MessengerConnection.secret_encrypted, MessengerConnection.is_active, MessengerConnection.removed_at,
            MessengerConnection.status.label("connection_status"),
        )
        .join(Dialog, (Dialog.org_id == Outbox.org_id) & (Dialog.id == Outbox.dialog_id))
        .outerjoin(
            ClientIdentity, (ClientIdentity.org_id == Dialog.org_id) & (ClientIdentity.id == Dialog.identity_id)
        )
        .outerjoin(
            MessengerConnection,
            (MessengerConnection.org_id == Dialog.org_id) & (MessengerConnection.id == Dialog.connection_id),
        )
        .where(Outbox.org_id == who.home, Outbox.dialog_id == dialog_id, Outbox.status.in_(OPEN))
        .order_by(Outbox.status == OutboxStatus.queued, Outbox.lane, Outbox.message_id, Outbox.part)
        .limit(1)
        .with_for_update(of=Outbox)
    )  # fmt: skip
    return db.session.execute(query).one_or_none()


def _obstacle(row: Row[*tuple[Any, ...]]) -> str | None:
    """Why this can't leave at all, in plain Russian."""
    if row.deleted_at is not None:
        return "Диалог удалён"
    if row.connection_id is None or row.chat_id is None or row.removed_at is not None:
        return "Нет подключения, через которое доставить: оно удалено"
    if row.connection_status == "broken":
        return "Подключение сломано: мессенджер не принимает его токен"
    if not row.is_active:
        return "Подключение выключено"
    if row.unsubscribed:
        return "Клиент отписался от сообщений"
    return "Мессенджер не принимал сообщение целые сутки" if row.old else None


def _start(who: Actor, row: Row[*tuple[Any, ...]], pieces: list[str]) -> Piece:
    values: dict[str, Any] = {"status": OutboxStatus.sending, "attempts": row.attempts + 1, "text": pieces[0]}
    db.session.execute(
        update(Outbox)
        .where(Outbox.org_id == who.home, Outbox.id == row.id)
        .values(**values, updated_at=func.clock_timestamp())  # the claim may have waited for the dialog
    )
    for part, words in enumerate(pieces[1:], row.part + 1):
        db.session.add(
            Outbox(org_id=who.home, dialog_id=row.dialog_id, message_id=row.message_id, part=part, lane=row.lane,
                   text=words)
        )  # fmt: skip
    outbox.mark(who, row.message_id, row.uuid, MessageStatus.sending)
    return Piece(
        row.id, row.message_id, row.attempts + 1, pieces[0], row.chat_id, row.messenger_type, row.secret_encrypted,
        row.connection_id,
    )  # fmt: skip


def _finish(
    who: Actor, piece: Piece, status: OutboxStatus, reason: str, external_id: str | None = None
) -> Row[*tuple[Any, ...]] | None:
    """Settle a piece that this worker was sending; None if somebody has settled it meanwhile."""
    dialog_id = db.session.scalar(select(Outbox.dialog_id).where(Outbox.org_id == who.home, Outbox.id == piece.id))
    if dialog_id is None:
        return None
    _hold(who, dialog_id)
    query = (
        select(Outbox.id, Outbox.message_id, Outbox.dialog_id, Dialog.uuid)
        .join(Dialog, (Dialog.org_id == Outbox.org_id) & (Dialog.id == Outbox.dialog_id))
        .where(Outbox.org_id == who.home, Outbox.id == piece.id)
        .where(Outbox.status.in_([OutboxStatus.sending, OutboxStatus.uncertain]), Outbox.attempts == piece.attempts)
        .with_for_update(of=Outbox)
    )
    row = db.session.execute(query).one_or_none()
    if row is not None:
        _settle(who, row, status, reason, external_id)
    return row


def _settle(
    who: Actor, row: Row[*tuple[Any, ...]], status: OutboxStatus, reason: str, external_id: str | None = None
) -> None:
    db.session.execute(
        update(Outbox)
        .where(Outbox.org_id == who.home, Outbox.id == row.id)
        .values(status=status, error=reason[:500], external_id=external_id, updated_at=func.now())
    )
    states = db.session.execute(
        select(Outbox.status, Outbox.error).where(Outbox.org_id == who.home, Outbox.message_id == row.message_id)
    ).all()
    found = {state.status for state in states}
    errors = [state.error for state in states if state.error and state.status in ("failed", "uncertain")]
    if OutboxStatus.failed in found:
        outbox.mark(who, row.message_id, row.uuid, MessageStatus.failed, errors)
    elif OutboxStatus.uncertain in found:
        outbox.mark(who, row.message_id, row.uuid, MessageStatus.uncertain, errors)
    elif found == {OutboxStatus.sent}:
        outbox.mark(who, row.message_id, row.uuid, MessageStatus.sent)


def _fail(who: Actor, row: Row[*tuple[Any, ...]], reason: str) -> None:
    _settle(who, row, OutboxStatus.failed, reason)
    _fail_rest(who, row.message_id, reason)


def _fail_rest(who: Actor, message_id: int, reason: str) -> None:
    """Half a message is no message: what has not left yet does not leave."""
    db.session.execute(
        update(Outbox)
        .where(Outbox.org_id == who.home, Outbox.message_id == message_id, Outbox.status == OutboxStatus.queued)
        .values(status=OutboxStatus.failed, error=reason[:500], updated_at=func.now())
    )


def _unsubscribe(who: Actor, dialog_id: int) -> None:
    dialog = db.session.scalar(select(Dialog).where(Dialog.org_id == who.home, Dialog.id == dialog_id))
    if dialog is not None:
        dialog.unsubscribed = True
        publish(topics.dialogs(who.home))
