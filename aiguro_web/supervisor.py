"""Keeps several processes alive in one terminal: what `make run` does with the web server and the worker."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from types import FrameType

FIRST_DELAY = 0.5  # seconds before a dead child starts again; doubles up to LAST_DELAY
LAST_DELAY = 10.0
HEALTHY_AFTER = 30.0  # seconds of life after which a death counts as the first again
GRACE = 10.0  # seconds between SIGTERM and SIGKILL
TICK = 0.1
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PR_SET_PDEATHSIG = 1  # linux/prctl.h

log = logging.getLogger("aiguro.supervisor")
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None  # loaded here: a forked child must not load anything


def run(
    commands: Mapping[str, Sequence[str]],
    env: Mapping[str, str],
    ready: Callable[[], bool] | None = None,
    announce: Callable[[], None] | None = None,
) -> None:
    """Run the named commands until SIGINT, SIGTERM or SIGHUP, starting a dead one again; returns when all have ended.

    Asks `ready` now and then until it says yes (at once without it), then calls `announce`, once. A second signal
    skips the wait for children that do not end. Call it in the main thread: it sets signal handlers, and Linux ties
    the life of a child to the thread that started it.
    """
    signals: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        signals.append(number)

    before = {number: signal.getsignal(number) for number in STOPPING}
    children = [_Child(name, command, env) for name, command in commands.items()]
    try:
        for number in STOPPING:
            if before[number] is not signal.SIG_IGN:  # nohup means it
                signal.signal(number, note)
        announced = False
        while not signals:
            for child in children:
                child.keep_alive()
            if not announced and (ready is None or ready()):
                announced = True
                if announce:
                    announce()
            time.sleep(TICK)
    finally:
        _stop(children, impatient=lambda: len(signals) > 1)
        for number, handler in before.items():
            signal.signal(number, handler)


class _Child:
    """One command: its process, and when it may start again."""

    def __init__(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> None:
        self.name, self.command, self.env = name, list(command), dict(env)
        self.process: subprocess.Popen[bytes] | None = None
        self.delay, self.born, self.due = FIRST_DELAY, 0.0, 0.0

    def keep_alive(self) -> None:
        """Notice a death, plan the next start, start when it is time."""
        if self.process and (code := self.process.poll()) is not None:
            self.kill_group()  # what a dead master leaves behind would hold its port
            self.process = None
            self._plan(f"ended with code {code}")
        if not self.process and time.monotonic() >= self.due:
            self._start()

    def _start(self) -> None:
        self.born = time.monotonic()
        parent = os.getpid()
        try:
            self.process = subprocess.Popen(
                self.command,
                env=self.env,
                stdin=subprocess.DEVNULL,
                process_group=0,  # the terminal's Ctrl-C reaches the supervisor alone, which then asks each child
                preexec_fn=lambda: _die_with(parent),
            )
        except OSError as error:
            self._plan(f"did not start: {error}")

    def _plan(self, what: str) -> None:
        if time.monotonic() - self.born >= HEALTHY_AFTER:
            self.delay = FIRST_DELAY
        self.due = time.monotonic() + self.delay
        log.warning("%s %s; starting it again in %g s", self.name, what, self.delay)
        self.delay = min(self.delay * 2, LAST_DELAY)

    def terminate(self) -> None:
        if self.process:
            self.process.terminate()  # the child alone: it knows in which order to end its own processes

    def kill_group(self) -> None:
        """SIGKILL for the child and whatever it has started."""
        if self.process:
            with contextlib.suppress(ProcessLookupError, PermissionError):  # nobody left; the second: macOS, of zombies
                os.killpg(self.process.pid, signal.SIGKILL)


def _die_with(parent: int) -> None:
    """In the new child: be killed when the supervisor dies, SIGKILL included.

    SIGKILL and not SIGTERM, so that a hanging child goes too; web and worker are built to be killed at any moment. Only
    Linux has this: elsewhere the children of a killed supervisor live on. A child's own children are its own affair
    (gunicorn's workers leave when their master is gone).
    """
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL.value, 0, 0, 0)
        if os.getppid() != parent:  # it died before the line above
            os._exit(1)


def _stop(children: Sequence[_Child], impatient: Callable[[], bool]) -> None:
    for child in children:
        child.terminate()
    deadline = time.monotonic() + GRACE
    while time.monotonic() < deadline and not impatient():
        if all(child.process is None or child.process.poll() is not None for child in children):
            break
        time.sleep(TICK / 2)
    for child in children:
        child.kill_group()
        if child.process:
            child.process.wait()
