"""Where the embedded server lives, whose it is, and its locks."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ACCOUNTS = ("postgres", "nobody")  # who runs the server under root: the first that the machine has
ELSEWHERE = Path("/var/lib/aiguro")
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}  # nothing of ours reaches the server


class EmbeddedError(RuntimeError):
    """The embedded PostgreSQL cannot run; the text says why, with the end of the server's log where there is one."""


@dataclass(frozen=True, slots=True)
class Home:
    """`instance/pg`; `account` runs the server, None means the account that we are."""

    path: Path
    account: pwd.struct_passwd | None

    @property
    def data(self) -> Path:
        return self.path / "data"

    @property
    def log(self) -> Path:
        return self.path / "log"

    def popen(self) -> dict[str, Any]:
        """Arguments of subprocess.run: the server's account, and nothing of ours."""
        common: dict[str, Any] = {"cwd": "/", "env": ENVIRONMENT, "stdin": subprocess.DEVNULL, "umask": 0o077}
        if self.account:
            common |= {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}
        return common

    def can(self, *command: object) -> bool:
        """Whether the server's account succeeds with this command."""
        try:
            done = subprocess.run([str(word) for word in command], capture_output=True, check=False, **self.popen())
        except OSError:  # it may not even execute it
            return False
        return done.returncode == 0

    def can_enter(self, directory: Path) -> bool:
        return self.account is None or self.can("/bin/sh", "-c", 'cd -- "$1"', "sh", directory)

    def run(self, *command: object, keep: int, script: str | None = None) -> None:
        """Run a program of PostgreSQL to its end as the server's account; it inherits the lock `keep`."""
        words = [str(word) for word in command]
        how = self.popen() | {"pass_fds": (keep,), "capture_output": True, "text": True, "errors": "replace"}
        if script is not None:
            how = {**how, "input": script}
            del how["stdin"]
        done = subprocess.run(words, check=False, **how)
        if done.returncode:
            said = (done.stderr.strip() or done.stdout.strip())[-4000:]
            raise EmbeddedError(f"{Path(words[0]).name} failed ({done.returncode}) in {self.path}:\n{said}")


def find_home(instance: Path) -> Home:
    """Make `instance/pg` where it is absent and find out which account runs its server."""
    root = os.geteuid() == 0
    try:
        instance.mkdir(parents=True, exist_ok=True)
        door = instance.resolve() / "pg"
        if root and not os.path.lexists(door) and not Home(door, account_of(door)).can_enter(door.parent):
            _link_elsewhere(door)
        door.mkdir(mode=0o711 if root else 0o700, exist_ok=True)
    except FileExistsError as error:
        raise EmbeddedError(
            f"{error.filename} is no directory, or links to one that is gone: bring it back, or remove it to begin anew"
        ) from error
    except OSError as error:
        raise EmbeddedError(f"No place for the embedded PostgreSQL: {error}") from error
    path = door.resolve()
    owner = path.stat().st_uid
    if not root and owner != os.geteuid():
        raise EmbeddedError(f"{path} belongs to another user ({name_of(owner)}): run as that user, or as root")
    home = Home(path, account_of(path) if root else None)
    if root and owner == 0:
        path.chmod(0o711)  # the server's account passes through; what it must not read is closed one by one
    if not home.can_enter(path):
        raise EmbeddedError(
            f"The user {name_of(account_of(path).pw_uid)}, who runs PostgreSQL under root, cannot enter {path}"
        )
    return home


def account_of(path: Path) -> pwd.struct_passwd:
    """Who runs the server when we are root: the owner of what is already there, or else one of ACCOUNTS."""
    for place in (path / "data", path):
        with contextlib.suppress(FileNotFoundError, KeyError):
            if owner := place.stat().st_uid:
                return pwd.getpwuid(owner)
    for name in ACCOUNTS:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise EmbeddedError(f"PostgreSQL does not run as root, and this machine has no user {' or '.join(ACCOUNTS)}")


def name_of(uid: int) -> str:
    with contextlib.suppress(KeyError):
        return pwd.getpwuid(uid).pw_name
    return str(uid)


def _link_elsewhere(door: Path) -> None:
    """Root's instance that no other account can reach (under /root, say): we do not open the way to it, we put a link.

    The target's name is random: whoever deletes the instance begins anew. Temporary instances stay temporary.
    """
    temporary = Path(tempfile.gettempdir()).resolve()
    shelf = temporary if door.is_relative_to(temporary) else ELSEWHERE
    if shelf == ELSEWHERE:
        shelf.mkdir(mode=0o711, parents=True, exist_ok=True)
    target = Path(tempfile.mkdtemp(prefix="aiguro-pg-", dir=shelf))
    try:
        door.symlink_to(target, target_is_directory=True)
    except FileExistsError:  # another process was first: its target holds
        target.rmdir()


def give_private(path: Path, account: pwd.struct_passwd | None) -> None:
    """Make a 0700 directory of the server's account, never through a link, never one that a third user has made."""
    path.mkdir(mode=0o700, exist_ok=True)
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        wanted = account.pw_uid if account else os.geteuid()
        if os.fstat(fd).st_uid not in (wanted, os.geteuid()):
            raise EmbeddedError(f"{path} belongs to another user: remove it")
        if account:
            os.fchown(fd, account.pw_uid, account.pw_gid)
        os.fchmod(fd, 0o700)
    finally:
        os.close(fd)


def open_lock(home: Home, name: str) -> int:
    fd = os.open(home.path / name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    owner, made = home.path.stat().st_uid, os.fstat(fd)
    if made.st_uid == 0 and owner and made.st_nlink == 1:  # root visits a user's instance: the file is the user's
        os.fchown(fd, owner, -1)
    return fd


@contextlib.contextmanager
def alone_with(home: Home) -> Iterator[None]:
    """Alone with the server: nobody else starts or stops it meanwhile."""
    fd = open_lock(home, "boot.lock")
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        unlock(fd)


def unlock(fd: int) -> None:
    """End a lock that is ours alone, even if another thread has forked meanwhile and its child holds the open file."""
    fcntl.flock(fd, fcntl.LOCK_UN)
    os.close(fd)


def try_lock(home: Home, name: str) -> int | None:
    """An exclusive lock as a descriptor to be closed, or None where somebody holds it."""
    fd = open_lock(home, name)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return None
    return fd
