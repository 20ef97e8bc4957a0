"""How long the work of a thread may take: at its end the statement that runs is cancelled, and no other one begins.

One watch per process looks at what is under way. A cancelled statement is PostgreSQL's 57014, which web/faults.py
answers with 504.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from .errors import Timeout

LOOK_EVERY = 0.1  # seconds


@dataclass(slots=True)
class Work:
    """What one thread does: until when (monotonic seconds), on which connection of the driver, and what else to end."""

    until: float
    connection: Any = None
    hang_up: Callable[[], object] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def cancel(self) -> None:
        with self.lock:  # it cannot leave for its pool meanwhile, where the next one would be hit
            if self.hang_up is not None:
                with suppress(OSError):
                    self.hang_up()
            if self.connection is not None and not self.connection.closed:
                with suppress(Exception):
                    self.connection.cancel_safe(timeout=2.0)


class Watch:
    """Everything of this process that has a deadline."""

    def __init__(self) -> None:
        self.under_way: dict[int, Work] = {}
        self.lock = threading.Lock()
        self.thread: threading.Thread | None = None
        self.process = 0

    def start(self) -> None:
        """The thread, also after a fork."""
        with self.lock:
            if self.thread is None or self.process != os.getpid():
                self.process = os.getpid()
                self.thread = threading.Thread(target=self._look, name="deadlines", daemon=True)
                self.thread.start()

    def _look(self) -> None:
        while True:
            time.sleep(LOOK_EVERY)
            now = time.monotonic()
            for work in list(self.under_way.values()):
                if work.until < now:
                    work.cancel()


_watch = Watch()


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """The work of this thread ends after `seconds`; within other work, whichever ends first."""
    if _watch.process != os.getpid():
        _watch.start()
    me = threading.get_ident()
    outer = _watch.under_way.get(me)
    until = time.monotonic() + seconds
    work = _watch.under_way[me] = Work(until if outer is None else min(until, outer.until))
    try:
        yield
    finally:
        if outer is None:
            del _watch.under_way[me]
        else:
            _watch.under_way[me] = outer
        with work.lock:
            work.connection = None


def left() -> float | None:
    """Seconds until this thread's deadline, not below 0; None without one."""
    work = _watch.under_way.get(threading.get_ident())
    return None if work is None else max(0.0, work.until - time.monotonic())


@contextmanager
def apart(seconds: float) -> Iterator[None]:
    """What has to be tidied up has time of its own, when that of the rest is over."""
    me = threading.get_ident()
    outer = _watch.under_way.pop(me, None)
    try:
        with within(seconds):
            yield
    finally:
        if outer is not None:
            _watch.under_way[me] = outer


@contextmanager
def reading(hang_up: Callable[[], object]) -> Iterator[None]:
    """Within: this thread waits for its caller's bytes; at the deadline `hang_up` ends the wait. Raises Timeout."""
    work = _watch.under_way.get(threading.get_ident())
    if work is None:
        yield
        return
    work.hang_up = hang_up
    try:
        yield
    except Exception:
        check()
        raise
    finally:
        with work.lock:
            work.hang_up = None
    check()


def check() -> None:
    """Raises Timeout when this thread's time is over."""
    if left() == 0:
        raise Timeout("Запрос не уложился в отведённое время")


def use(connection: Any) -> None:
    """This thread's statements now run on that connection of the driver. Raises Timeout when its time is over."""
    work = _watch.under_way.get(threading.get_ident())
    if work is None:
        return
    check()
    with work.lock:
        work.connection = connection


def leave() -> None:
    """The connection goes back to its pool: nothing of this thread may be cancelled on it any more."""
    work = _watch.under_way.get(threading.get_ident())
    if work is not None:
        with work.lock:
            work.connection = None
