"""Long polling of Telegram where no PUBLIC_URL lets it call us: one thread a bot, one process a bot."""

from __future__ import annotations

import threading
import time

import psycopg
import structlog
from flask import Flask, current_app

from .. import channels
from ..channels.delivery import read
from ..models.messenger_connection import ConnectionStatus
from ..queue import transaction
from ..services import access, connections, inbound

log = structlog.get_logger(__name__)
POLL_SECONDS = 25
LOOK_EVERY = 2.0  # seconds between looks for new bots


class Pollers:
    """Looks for active bots and keeps a polling thread for each; `stop` ends them."""

    def __init__(self, app: Flask, conninfo: str) -> None:
        self.app = app
        self.conninfo = conninfo
        self.stopping = threading.Event()
        self._threads: dict[int, threading.Thread] = {}

    def run(self) -> None:
        """Until `stop`. Whatever goes wrong is logged, and tried again."""
        while not self.stopping.is_set():
            try:
                with self.app.app_context():
                    with transaction(access.system(None)):
                        active = connections.list_active("telegram")
                for org_id, connection_id in active:
                    thread = self._threads.get(connection_id)
                    if thread is None or not thread.is_alive():
                        thread = threading.Thread(target=self._poll, args=(org_id, connection_id), daemon=True)
                        self._threads[connection_id] = thread
                        thread.start()
            except Exception as error:  # the database is away: this loop must outlive it
                log.warning("looking for bots failed", error=type(error).__name__)
            self.stopping.wait(LOOK_EVERY)

    def stop(self) -> None:
        self.stopping.set()

    def _poll(self, org_id: int, connection_id: int) -> None:
        """Poll one bot as long as it is active and this process holds its lock."""
        try:
            with psycopg.connect(self.conninfo, autocommit=True) as lock, self.app.app_context():
                mine = lock.execute("SELECT pg_try_advisory_lock(4244, %s)", [connection_id % 2**31]).fetchone()
                while mine and mine[0] and not self.stopping.is_set() and self._once(org_id, connection_id):
                    lock.execute("SELECT 1")  # the lock is gone with its connection
        except Exception as error:  # the next look starts it again
            log.warning("polling stopped", connection=connection_id, error=type(error).__name__)

    def _once(self, org_id: int, connection_id: int) -> bool:
        """One call of the messenger and its updates, each in a transaction; False when the bot is no longer ours."""
        who = access.system(org_id)
        with transaction(who):
            wiring = connections.get_wiring(who, connection_id)
        if wiring is None or not wiring.is_active or wiring.removed_at is not None or wiring.status == "broken":
            return False
        if wiring.status == ConnectionStatus.connecting:
            self.stopping.wait(0.3)
            return True
        return _take_updates(who, wiring)


def _take_updates(who: access.Actor, wiring: object) -> bool:
    adapter = channels.channel("telegram", current_app.config)
    credentials = channels.Credentials(**connections.open_secrets(wiring.secret_encrypted))  # type: ignore[attr-defined]
    connection_id: int = wiring.id  # type: ignore[attr-defined]
    try:
        updates = adapter.poll(credentials, wiring.poll_offset, POLL_SECONDS)  # type: ignore[attr-defined]
    except (channels.BadToken, channels.Refused) as refused:
        with transaction(who):
            connections.set_health(who, connection_id, ConnectionStatus.broken, refused.reason)
        return False
    except (channels.PollConflict, channels.Later) as error:
        with transaction(who):
            connections.set_health(who, connection_id, ConnectionStatus.ok, error.reason)
        time.sleep(3)
        return True
    for update_id, body in sorted(updates):  # the offset confirms all before it
        with transaction(who):
            inbound.take(who, connection_id, "telegram", read(adapter, body))
            connections.heard(who, connection_id, poll_offset=update_id + 1)
    with transaction(who):
        connections.set_health(who, connection_id, ConnectionStatus.ok)
    return True
