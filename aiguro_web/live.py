"""Live events: `publish` notes topics that leave after the commit; `listen` hears those of every process.

One sender and one listener a process, each on a connection of its own. The sender coalesces: while one NOTIFY runs,
further topics gather. Events carry names only; who hears one fetches with their own rights. Each new connection of the
listener is told to every subscriber as the topic EVERYTHING, so that they fetch anew.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
import weakref
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import psycopg
from flask import Flask, Response
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from .errors import Unavailable
from .extensions import db

CHANNEL = "aiguro"
EVERYTHING = "*"
GATHER = 0.01  # seconds between two NOTIFYs: what comes meanwhile leaves as one
PAYLOAD_MAX = 7900  # bytes; PostgreSQL takes fewer than 8000
log = logging.getLogger(__name__)


def publish(*topics: str) -> None:
    """Note `topics` for the current transaction; they leave if it commits."""
    db.session().info.setdefault("live_topics", set()).update(topics)


class Subscription:
    """What one listener wants to hear. Use as a context manager; `wait` gives the topics that came."""

    def __init__(self, topics: Iterable[str]) -> None:
        self.topics = frozenset(topics)
        self._came: set[str] = set()
        self._wake = threading.Condition()
        self.closed = False

    def __enter__(self) -> Subscription:
        _hub().add(self)
        return self

    def __exit__(self, *error: object) -> None:
        _hub().remove(self)

    def put(self, topics: Iterable[str]) -> None:
        with self._wake:
            self._came.update(topics)
            self._wake.notify()

    def close(self) -> None:
        with self._wake:
            self.closed = True
            self._wake.notify()

    def wait(self, seconds: float) -> set[str]:
        """The topics that came since the last call; empty after `seconds` of silence, or when the process stops."""
        with self._wake:
            if not self._came and not self.closed:
                self._wake.wait(seconds)
            came, self._came = self._came, set()
            return came


def listen(topics: Iterable[str]) -> Subscription:
    """Subscribe to exact topic names."""
    return Subscription(topics)


class Seats:
    """How many streams this process has accepted, under each name that is counted apart."""

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()
        self._lock = threading.RLock()  # `_leave` also comes from the garbage collector, in whatever thread holds it

    def take(self, response: Response, caps: Mapping[str, int]) -> None:
        """Count a stream under every name of `caps` until its response is closed, or dropped without being sent.

        Raises Unavailable where a name is full: then nothing is counted.
        """
        with self._lock:
            if any(self._taken[name] >= most for name, most in caps.items()):
                raise Unavailable("Слишком много открытых страниц", headers={"Retry-After": "10"})
            self._taken.update(caps.keys())
        response.call_on_close(weakref.finalize(response, self._leave, tuple(caps)))

    def count(self, name: str) -> int:
        """How many streams are counted under `name`."""
        return self._taken.get(name, 0)

    def _leave(self, names: tuple[str, ...]) -> None:
        with self._lock:
            self._taken.subtract(names)
            for name in names:
                if self._taken[name] <= 0:
                    del self._taken[name]


seats = Seats()
ALL = "all"  # the name under which every stream is counted


class Hub:
    """The two threads of one process."""

    def __init__(self, conninfo: str) -> None:
        self.conninfo = conninfo
        self.pid = os.getpid()
        self.stopping = False
        self._subscribers: dict[str, set[Subscription]] = {}
        self._lock = threading.Lock()
        self._outgoing: set[str] = set()
        self._queues: set[str] = set()
        self._pending = threading.Event()
        self._threads: dict[str, threading.Thread] = {}

    def count(self) -> int:
        """How many subscriptions are open."""
        with self._lock:
            return len({id(s) for group in self._subscribers.values() for s in group})

    def add(self, subscription: Subscription) -> None:
        self._run("listener", self._listen)
        with self._lock:
            for topic in subscription.topics:
                self._subscribers.setdefault(topic, set()).add(subscription)
        if self.stopping:
            subscription.close()

    def remove(self, subscription: Subscription) -> None:
        with self._lock:
            for topic in subscription.topics:
                group = self._subscribers.get(topic, set())
                group.discard(subscription)
                if not group:
                    self._subscribers.pop(topic, None)

    def send(self, topics: Iterable[str], queues: Iterable[str] = ()) -> None:
        self._run("sender", self._send)
        with self._lock:
            self._outgoing.update(topics)
            self._queues.update(queues)
        self._pending.set()

    def stop(self) -> None:
        """End every subscription of this process."""
        self.stopping = True
        with self._lock:
            everyone = {s for group in self._subscribers.values() for s in group}
        for subscription in everyone:
            subscription.close()

    def _run(self, name: str, target: Any) -> None:
        with self._lock:
            thread = self._threads.get(name)
            if thread is None or not thread.is_alive():
                self._threads[name] = threading.Thread(target=target, name=f"live-{name}", daemon=True)
                self._threads[name].start()

    def _connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.conninfo, autocommit=True, application_name="aiguro-live", connect_timeout=5)

    def _send(self) -> None:
        connection: psycopg.Connection[Any] | None = None
        while True:
            self._pending.wait()
            self._pending.clear()
            with self._lock:
                topics, self._outgoing = self._outgoing, set()
                queues, self._queues = self._queues, set()
            try:
                connection = connection or self._connect()
                connection.execute(
                    "SELECT pg_notify(channel, payload) FROM unnest(%s::text[], %s::text[]) AS n (channel, payload)",
                    [list(column) for column in zip(*_notices(topics, queues), strict=True)] or [[], []],
                )
                time.sleep(GATHER)
            except psycopg.Error as error:
                if self.stopping:
                    return  # nobody waits for it any more
                log.warning("live events were not sent: %s", type(error).__name__)
                connection = None
                time.sleep(0.2)
                with self._lock:
                    self._outgoing |= topics
                    self._queues |= queues
                self._pending.set()

    def _listen(self) -> None:
        while not self.stopping:
            try:
                with self._connect() as connection:
                    connection.execute(f"LISTEN {CHANNEL}")
                    self._tell({EVERYTHING})  # what was said before this moment was not heard, the first time too
                    for notice in connection.notifies():
                        self._tell(notice.payload.split(","))
            except psycopg.Error as error:
                log.warning("the live listener lost its connection: %s", type(error).__name__)
                time.sleep(0.3)

    def _tell(self, topics: Iterable[str]) -> None:
        topics = set(topics)
        with self._lock:
            if EVERYTHING in topics:
                everyone = {s for group in self._subscribers.values() for s in group}
                found = [(s, {EVERYTHING}) for s in everyone]
            else:
                found = [(s, {topic}) for topic in topics for s in self._subscribers.get(topic, ())]
        for subscription, came in found:
            subscription.put(came)


def _notices(topics: set[str], queues: set[str]) -> list[tuple[str, str]]:
    notices: list[tuple[str, str]] = []
    payload = ""
    for topic in sorted(topics):
        if payload and len(payload) + len(topic) + 1 > PAYLOAD_MAX:
            notices.append((CHANNEL, payload))
            payload = ""
        payload = f"{payload},{topic}" if payload else topic
    if payload:
        notices.append((CHANNEL, payload))
    wake = json.dumps({"type": "job_inserted", "job_id": 0})  # what procrastinate's own trigger would say
    return notices + [(f"procrastinate_queue_v1#{queue}", wake) for queue in sorted(queues)]


_conninfo = ""
_current: Hub | None = None
_guard = threading.Lock()


def _hub() -> Hub:
    """This process's hub; a fork gets one of its own."""
    global _current
    if _current is None or _current.pid != os.getpid() or _current.conninfo != _conninfo:
        with _guard:
            if _current is None or _current.pid != os.getpid() or _current.conninfo != _conninfo:
                if _current is not None and _current.pid == os.getpid():
                    _current.stop()  # of an application on another database
                _current = Hub(_conninfo)
    return _current


def init_app(app: Flask) -> None:
    global _conninfo
    url = make_url(app.config["DATABASE_URL"]).set(drivername="postgresql")
    _conninfo = url.render_as_string(hide_password=False)


def conninfo() -> str:
    """Where the database is, as psycopg takes it."""
    return _conninfo


def stop() -> None:
    """End the streams of this process at once (before a shutdown)."""
    _hub().stop()


def forget() -> None:
    """Stop this process's hub; the next use makes another (a test's database goes away)."""
    global _current
    with _guard:
        if _current is not None and _current.pid == os.getpid():
            _current.stop()
        _current = None


def streams() -> int:
    """How many subscriptions are open in this process."""
    return _hub().count()


@event.listens_for(db.session, "after_commit")
def _leave(session: Session) -> None:
    if session.in_nested_transaction():
        return
    topics = session.info.pop("live_topics", set())
    queues = session.info.pop("job_queues", set())
    if topics or queues:
        _hub().send(topics, queues)


@event.listens_for(db.session, "after_rollback")
def _forget(session: Session) -> None:
    if not session.in_nested_transaction():  # a savepoint takes back its rows, not what came before it
        session.info.pop("live_topics", None)
