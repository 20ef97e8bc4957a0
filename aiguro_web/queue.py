"""Jobs as rows of the same commit: procrastinate on the session's own connection.

`enqueue` writes the job into the caller's transaction; after the commit the workers are woken by `live`. The library's
own NOTIFY trigger is dropped (migration 0004): a NOTIFY inside the transaction makes all commits wait for one another.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import psycopg
from flask import Flask
from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
from sqlalchemy import event, text
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from .extensions import db, enter_organization

# How many jobs of each queue one worker process runs at a time: what hangs in one stops nothing in another.
QUEUES = {"deliveries": 32, "default": 4}


class Connector(PsycopgConnector):
    """Asynchronous for the worker; a real synchronous one for `enqueue`, which always brings its own connection."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._for_enqueue = SyncPsycopgConnector(**options)

    def get_sync_connector(self) -> SyncPsycopgConnector:
        return self._for_enqueue


jobs = App(connector=Connector())


_flask: Flask | None = None


def bind(app: Flask) -> None:
    """Tasks run inside this application's context (the worker's start)."""
    global _flask
    _flask = app


def task(
    name: str, *, queue: str = "default", retry: Any = False, cron: str | None = None
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function of tasks/ under `name`, in one of QUEUES; with `cron` it also runs by the clock.

    It must be safe to run twice: a worker that dies leaves its jobs to another.
    """
    if queue not in QUEUES:
        raise ValueError(f"unknown queue {queue}")

    def register(function: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(function)
        def run(**arguments: Any) -> None:
            if _flask is None:
                raise RuntimeError("queue.bind(app) was not called")
            with _flask.app_context():
                function(**arguments)

        registered: Any = jobs.task(name=name, queue=queue, retry=retry)(run)
        if cron is not None:
            jobs.periodic(cron=cron)(registered)
        return function

    return register


def enqueue(name: str, *, lock: str | None = None, schedule_in: float | None = None, **arguments: Any) -> int:
    """Add a job to the current transaction; give its id.

    `schedule_in` is in seconds; jobs of one `lock` run one by one.
    """
    session = db.session()
    connection = session.connection().connection.driver_connection
    wait: Any = {"microseconds": int(schedule_in * 1e6)} if schedule_in else None
    deferrer = jobs.tasks[name].configure(connection=connection, lock=lock, schedule_in=wait)
    if not schedule_in:
        session.info.setdefault("job_queues", set()).add(jobs.tasks[name].queue)
    return deferrer.defer(**arguments)


def hurry(lock: str) -> None:
    """What waits for its next try under `lock` tries at once: a job that was enqueued after it waits for it."""
    planned = "UPDATE procrastinate_jobs SET scheduled_at = NULL WHERE lock = :lock AND status = 'todo'"
    db.session.execute(text(planned + " AND scheduled_at > now()"), {"lock": lock})


def held_locks(locks: Collection[str]) -> set[str]:
    """Those of `locks` that a waiting or running job holds."""
    query = text("SELECT lock FROM procrastinate_jobs WHERE status IN ('todo', 'doing') AND lock = ANY(:locks)")
    return set(db.session.scalars(query, {"locks": list(locks)})) if locks else set()


def list_failed(name: str) -> list[tuple[dict[str, Any], int]]:
    """The arguments of this task's jobs that failed for good within a day, where no other job has these arguments, and
    how many did. Looks across tenants."""
    query = text("""
        SELECT f.args, count(*) FROM procrastinate_jobs f
        WHERE f.status = 'failed' AND f.task_name = :name
          AND EXISTS (SELECT FROM procrastinate_events e
                      WHERE e.job_id = f.id AND e.type = 'failed' AND e.at > now() - interval '1 day')
          AND NOT EXISTS (SELECT FROM procrastinate_jobs j
                          WHERE j.status IN ('todo', 'doing') AND j.lock = f.lock AND j.args = f.args)
        GROUP BY f.args
    """)
    return [(arguments, int(times)) for arguments, times in db.session.execute(query, {"name": name})]


class Bound(Protocol):
    """Somebody who acts inside one organisation, or in none."""

    @property
    def org(self) -> int | None: ...


@contextmanager
def transaction(who: Bound) -> Iterator[None]:
    """One transaction behind the wall of `who`'s organisation: leaving commits, an exception rolls back."""
    db.session.remove()
    enter_organization(who.org)
    try:
        yield
        db.session.commit()
    finally:
        db.session.remove()


KEEP_TRYING = 60.0  # seconds
# The driver's own too: what opens a transaction goes straight through it (extensions.py).
_AWAY = (OperationalError, InterfaceError, PoolTimeout, psycopg.OperationalError, psycopg.InterfaceError)


def persistently(who: Bound, act: Callable[[], None], seconds: float = KEEP_TRYING) -> None:
    """`act` in a transaction, again while the database is away: for what only this process knows.

    It must be safe to repeat: a commit whose answer was lost may have happened.
    """
    deadline = time.monotonic() + seconds
    wait = 0.1
    while True:
        try:
            with transaction(who):
                act()
            return
        except _AWAY:
            if time.monotonic() + wait > deadline:
                raise
        time.sleep(wait)
        wait = min(2 * wait, 2.0)


@event.listens_for(db.session, "after_rollback")
def _forget(session: Session) -> None:
    if not session.in_nested_transaction():  # a savepoint takes back its rows, not what came before it
        session.info.pop("job_queues", None)
