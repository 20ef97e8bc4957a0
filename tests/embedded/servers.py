"""Real servers for the tests: asking them, building them cheaply, and processes that use them."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg

from aiguro_web import embedded

ROOT = os.geteuid() == 0


def connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url.replace("+psycopg", "", 1), autocommit=True)


def ask(url: str, query: str) -> tuple[object, ...]:
    with connect(url) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row


def answers(url: str) -> bool:
    try:
        return ask(url, "SELECT 1") == (1,)
    except psycopg.OperationalError:
        return False


def postmaster_pid(instance: Path) -> int:
    return int((instance / "pg/data/postmaster.pid").read_text().splitlines()[0])


def until(condition: Callable[[], object], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def holders(path: Path) -> dict[int, str]:
    """The processes that have this file open, with the names of their programs."""
    names = {}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if any(fd.resolve() == path for fd in (process / "fd").iterdir()):
                names[int(process.name)] = (process / "comm").read_text().strip()
    return names


@contextlib.contextmanager
def new_instance() -> Iterator[Path]:
    place = Path(tempfile.mkdtemp(prefix="ag", dir="/tmp"))
    place.chmod(0o711)  # under root, another account runs the server
    try:
        yield place / "i"
    finally:
        for pid_file in place.rglob("pg/data/postmaster.pid"):
            if pid_file.exists():
                embedded.start(pid_file.parents[2]).stop()
        shutil.rmtree(place)


def plant(built: Path, instance: Path) -> None:
    """Give an instance a copy of a built cluster: cheaper than building one."""
    (instance / "pg").mkdir(parents=True)
    subprocess.run(["cp", "-a", built / "pg/data", instance / "pg"], check=True)


class User:
    """A process that uses the server of an instance; see using_server.py."""

    def __init__(self, instance: Path, **how: object) -> None:
        script = Path(__file__).with_name("using_server.py")
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen([sys.executable, str(script), str(instance)], **pipes, **how)  # type: ignore[call-overload]

    def hear(self) -> str:
        return str(self.process.stdout.readline().strip())

    def tell(self, word: str) -> None:
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()

    def leave(self) -> None:
        self.tell("exit")
        assert self.process.wait(20) == 0
        self.close()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.close()

    def close(self) -> None:
        self.process.stdin.close()
        self.process.stdout.close()


def as_user(uid: int, work: Callable[[], object]) -> str:
    """What `work` gives, done by another user in a fork: that user may not be able to execute our Python."""
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of fork beside threads: the fork only calls and exits
        child = os.fork()
    if not child:
        try:
            os.setgroups([])
            os.setgid(pwd.getpwuid(uid).pw_gid)
            os.setuid(uid)
            os.write(writer, str(work()).encode())
        except BaseException as error:
            os.write(writer, repr(error).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        said = answer.read()
    os.waitpid(child, 0)
    return said
