"""Real processes for tests: gunicorn and the worker under the supervisor, as `make run` keeps them, to be killed at will.

`with running(urls, telegram_url=fake.url) as house: … house.address … house.kill_worker()`. This module is also what the
child process runs (`python -m tests.worker.processes`): `running.keep_alive` on the database of its environment.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from aiguro_web import config, embedded
from tests import databases

HERE = "here"  # as `public_url`: the address of the processes themselves
START = 40.0  # seconds until they must answer
STOP = 15.0


def free_port() -> int:
    """A port that nobody has at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until[T](condition: Callable[[], T], timeout: float, what: str = "", pause: float = 0.05) -> T:
    """The first true answer of `condition`. Raises AssertionError when the time is over."""
    deadline = time.monotonic() + timeout
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout:g} s: {what or getattr(condition, '__name__', 'the condition')}")
        time.sleep(pause)
