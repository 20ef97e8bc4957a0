"""Delivering: a dialog's outbox, piece by piece, in order."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import structlog
from flask import current_app
from procrastinate import RetryStrategy

from .. import channels
from ..queue import persistently, task, transaction
from ..services import access, connections, deliveries, outbox, secrets
from ..services.deliveries import Piece, Wait

log = structlog.get_logger(__name__)
# A task that fails (the database went away) comes again, later and later, for an hour; then `sweep_outbox` wakes it.
AGAIN = RetryStrategy(max_attempts=40, wait=1, linear_wait=5)
SEATS = 8  # of QUEUES["deliveries"]: a connection whose messenger hangs leaves the others theirs


class Seats:
    """How many deliveries of each connection run in this process, and how many were turned away since one ended."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._taken: Counter[int | None] = Counter()
        self._turned_away: Counter[int | None] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def one(self, connection_id: int | None) -> Iterator[float]:
        """Take a seat and hold it: 0; or, when all are taken, after how many seconds to come again."""
        with self._lock:
            free = self._taken[connection_id] < self.limit
            (self._taken if free else self._turned_away)[connection_id] += 1
            wait = 0.0 if free else 0.5 + self._turned_away[connection_id] / 100
        try:
            yield wait
        finally:
            if free:
                with self._lock:
                    self._taken[connection_id] -= 1
                    del self._turned_away[connection_id]
                    if not self._taken[connection_id]:
                        del self._taken[connection_id]


_seats = Seats(SEATS)


@task("deliver", queue="deliveries", retry=AGAIN)
def deliver(org_id: int, dialog_id: int) -> None:
    """Send what the dialog has to send.

    Twice at once is harmless: a piece is claimed by one worker, and whoever finds it under way comes again later.
    """
    who = access.system(org_id)
    with transaction(who):
        connection_id = deliveries.find_connection(who, dialog_id)
    with _seats.one(connection_id) as wait:
        if not wait:
            _drain(who, dialog_id)
            return
    with transaction(who):
        outbox.wake_again(who, dialog_id, wait)


def _drain(who: access.Actor, dialog_id: int) -> None:
    while True:
        with transaction(who):
            piece = deliveries.claim(who, dialog_id, _split)
            if isinstance(piece, Wait):
                outbox.wake_again(who, dialog_id, piece.seconds)
        if not isinstance(piece, Piece):
            return
        # What the messenger said is known here alone: it outlives a restart of the database.
        persistently(who, _send(who, piece))


def _split(messenger_type: str, text: str) -> list[str]:
    return channels.channel(messenger_type, current_app.config).split(text)


def _send(who: access.Actor, piece: Piece) -> Callable[[], None]:
    """Send one piece; gives what writes down how it ended."""
    adapter = channels.channel(piece.messenger_type, current_app.config)
    try:
        credentials = channels.Credentials(**connections.open_secrets(piece.secret_encrypted))
        result = adapter.send(credentials, piece.chat_id, piece.text, key=f"{piece.message_id}-{piece.id}")
    except secrets.Unreadable:
        return partial(deliveries.refused, who, piece, "Токен подключения не открывается: сменился SECRET_KEY")
    except channels.Refused as no:
        return partial(deliveries.refused, who, piece, no.reason, unsubscribed=no.unsubscribed, broken=no.broken)
    except channels.Later as later:
        return partial(deliveries.later, who, piece, later.reason, later.retry_after, later.scope == "account")
    except channels.Unknown as unknown:
        return partial(deliveries.unknown, who, piece, unknown.reason)
    return partial(deliveries.sent, who, piece, result.external_id)


@task("sweep_outbox", cron="* * * * *")
def sweep_outbox(timestamp: int) -> None:
    """Wake dialogs whose outbox stands still although nothing makes it wait: their job was lost."""
    with transaction(access.system(None)):
        overdue = deliveries.list_overdue()
    for org_id, dialog_id in overdue:
        who = access.system(org_id)
        with transaction(who):
            outbox.wake_again(who, dialog_id)
    if overdue:
        log.warning("outbox swept", dialogs=len(overdue))
