"""Real processes for tests: gunicorn and the worker under the supervisor, as `make run` keeps them.

`with running(urls, telegram_url=fake.url) as house: … house.address … house.kill_worker()`. This module is also what
the child process runs (`python -m tests.worker.processes`): `running.keep_alive` on the database of its environment.
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
from typing import TypeVar

import psutil

from aiguro_web import config, embedded
from tests import databases

HERE = "here"  # as `public_url`: the address of the processes themselves
START = 40.0  # seconds until they must answer
STOP = 15.0

T = TypeVar("T")


def free_port() -> int:
    """A port that nobody has at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], T], timeout: float, what: str = "the condition", pause: float = 0.05) -> T:
    """The first true answer of `condition`. Raises AssertionError when the time is over."""
    deadline = time.monotonic() + timeout
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout:g} s: {what}")
        time.sleep(pause)


def kill(pid: int) -> None:
    """SIGKILL one process; it may be gone already."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _children(pid: int) -> list[psutil.Process]:
    """Its living children."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return [child for child in psutil.Process(pid).children() if child.status() != psutil.STATUS_ZOMBIE]
    return []


def _command(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""


class Running:
    """The processes of one house. `log` is what all of them have written."""

    def __init__(self, address: str, supervisor: subprocess.Popen[bytes], log: Path) -> None:
        self.address, self.supervisor, self._log = address, supervisor, log

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    @property
    def worker_pids(self) -> list[int]:
        """The worker: one process."""
        return [child.pid for child in _children(self.supervisor.pid) if "gunicorn" not in _command(child)]

    @property
    def web_pids(self) -> list[int]:
        """gunicorn: its master first, then those that serve."""
        masters = [child for child in _children(self.supervisor.pid) if "gunicorn" in _command(child)]
        return [one.pid for master in masters for one in (master, *_children(master.pid))]

    def kill_worker(self) -> list[int]:
        """SIGKILL the worker; gives whom it killed. The supervisor starts another."""
        pids = self.worker_pids
        for pid in pids:
            kill(pid)
        return pids

    def kill_web(self, *, master: bool = False) -> list[int]:
        """SIGKILL what serves (gunicorn starts another), with `master` gunicorn as a whole (the supervisor does)."""
        pids = self.web_pids if master else self.web_pids[1:]
        for pid in pids:
            kill(pid)
        return pids

    def is_ready(self) -> bool:
        """Whether the web answers and reaches its database."""
        try:
            with urllib.request.urlopen(f"{self.address}/readyz", timeout=2) as response:
                return bool(response.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def wait_ready(self, timeout: float = START) -> None:
        """Until the web answers and a worker process is there."""
        wait_until(lambda: self._alive() and self.is_ready() and self.worker_pids, timeout, "the processes up", 0.2)

    def _alive(self) -> bool:
        assert self.supervisor.poll() is None, f"the supervisor ended:\n{self.log[-4000:]}"
        return True

    def stop(self) -> None:
        """As Ctrl-C would; whoever does not end is killed."""
        children = [*self.worker_pids, *self.web_pids]
        self.supervisor.terminate()
        try:
            self.supervisor.wait(STOP)
        except subprocess.TimeoutExpired:
            for pid in (self.supervisor.pid, *children):
                kill(pid)
            self.supervisor.wait(STOP)


def _settings(urls: embedded.Urls, telegram_url: str | None, public_url: str) -> dict[str, str]:
    outside = {name: value for name, value in os.environ.items() if name not in config.DEFAULTS}
    return outside | {
        "AIGURO_ENV": "test",
        "AIGURO_INSTANCE": str(databases.INSTANCE),
        "DATABASE_URL": urls.app,
        "DATABASE_OWNER_URL": urls.owner,
        "SECRET_KEY": databases.SECRET,
        "TELEGRAM_API_URL": telegram_url or "http://127.0.0.1:9",  # nobody: a test never calls the real one
        "PUBLIC_URL": public_url,
    }


@contextlib.contextmanager
def worker(urls: embedded.Urls, telegram_url: str, public_url: str = "") -> Iterator[subprocess.Popen[bytes]]:
    """One more worker process of its own, ended at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "wsgi", "worker"],
        cwd=databases.ROOT,
        env=_settings(urls, telegram_url, public_url),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP)


@contextlib.contextmanager
def running(
    urls: embedded.Urls, telegram_url: str | None = None, public_url: str = "", wait: bool = True, **env: str
) -> Iterator[Running]:
    """Web and worker on a migrated database, ended at the end. `public_url=HERE`: the messengers call them back.

    `env` adds to their environment (WEB_CONCURRENCY="2"); settings of the caller's own environment do not reach them.
    """
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    settings = _settings(urls, telegram_url, address if public_url == HERE else public_url)
    settings |= {"HOST": "127.0.0.1", "PORT": str(port), **env}
    with tempfile.TemporaryDirectory(prefix="aiguro-house-") as folder:
        log = Path(folder) / "log"
        with log.open("wb") as output:
            supervisor = subprocess.Popen(
                [sys.executable, "-m", "tests.worker.processes"],
                cwd=databases.ROOT,
                env=settings,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        house = Running(address, supervisor, log)
        try:
            if wait:
                house.wait_ready()
            yield house
        except BaseException:
            print(f"--- the processes wrote:\n{house.log[-8000:]}")
            raise
        finally:
            house.stop()


def main() -> None:
    """The child: what `make run` does after the migrations, until SIGTERM or until its parent is gone."""
    from aiguro_web import create_app
    from aiguro_web.running import keep_alive

    parent = os.getppid()
    threading.Thread(target=_leave_with, args=(parent,), daemon=True).start()
    keep_alive(create_app())


def _leave_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
