"""The embedded PostgreSQL: one server per instance directory, shared by its processes and stopped by the last of them.

Three flocks in `instance/pg` say what is going on; the kernel drops them whatever way a process ends, SIGKILL included:

* `boot.lock`, exclusive: somebody starts or stops the server right now; everybody else waits.
* `users.lock`, shared: held for life by each process that uses the server. Whoever leaves and can then take it
  exclusively was the last one and stops the server.
* `server.lock`, exclusive: inherited by PostgreSQL itself (and by initdb), so it is free only when none of their
  processes is alive. That, and not a pid file that a power cut leaves behind, says whether the server runs.

A lock belongs to the open file, and a forked child shares the open files of its parent. So a user never unlocks: it
closes its own descriptor, and the lock stays while any fork of the family keeps its copy. A gunicorn master that
starts the server and then forks is therefore one user, whose last living process stops the server; no pid check is
needed. Programs that are exec'ed inherit nothing (Python opens files close-on-exec). If all users are SIGKILLed, the
server stays alone; the next `start` finds and uses it.

Who may come in: there is no TCP, and the socket asks no password ("trust"), because the file system has already
asked: the socket lies in a 0700 directory of the account that runs the server, so that only this account and root can
reach it. "peer" would not do: PostgreSQL refuses to run as root, so under root the server has another account than
its clients. Everything else in `instance/pg` stays root's then; only `data` and `socket` are that account's.
"""

from __future__ import annotations

import atexit
import fcntl
import os
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from .cluster import DATABASE, PORT, ensure_running, leave
from .home import EmbeddedError, Home, alone_with, find_home, open_lock

__all__ = ["EmbeddedError", "Server", "Urls", "start"]


class Urls(NamedTuple):
    """SQLAlchemy addresses of one database, by role."""

    app: str
    owner: str
    admin: str


class Server:
    """A running server, and this process's right to it. Made by `start`."""

    def __init__(self, home: Home, sockets: Path, users_lock: int) -> None:
        self._home, self._sockets, self._users_lock = home, sockets, users_lock
        self.app_url = self.urls(DATABASE).app
        self.owner_url = self.urls(DATABASE).owner

    def urls(self, dbname: str) -> Urls:
        """The addresses of a database of this server; it need not exist yet."""
        tail = f"@/{quote(dbname, safe='')}?host={quote(str(self._sockets))}&port={PORT}"
        return Urls(*(f"postgresql+psycopg://{role}{tail}" for role in ("aiguro_app", "aiguro_owner", "postgres")))

    def admin_url(self, dbname: str = "postgres") -> str:
        """The superuser's address: for tests and administration, never for the application."""
        return self.urls(dbname).admin

    def stop(self) -> None:
        """Give up this process's use of the server; the last user's stop ends it. A second call does nothing."""
        users_lock, self._users_lock = self._users_lock, -1
        if users_lock < 0:
            return
        atexit.unregister(self.stop)
        try:
            with alone_with(self._home):
                leave(self._home, users_lock)
        except FileNotFoundError:  # the instance was deleted under the server, which notices that within a minute
            os.close(users_lock)


def start(instance: Path, durable: bool = True) -> Server:
    """Start the server of `instance`, or join it when it runs; leaves by itself when the process exits.

    `durable=False` (tests) trades survival of a power cut for speed; the settings are those of whoever started the
    server first. Raises EmbeddedError.
    """
    home = find_home(instance)
    try:
        with alone_with(home):
            users_lock = open_lock(home, "users.lock")
            fcntl.flock(users_lock, fcntl.LOCK_SH)
            try:
                sockets = ensure_running(home, durable)
            except BaseException:
                leave(home, users_lock)
                raise
    except OSError as error:
        raise EmbeddedError(f"The embedded PostgreSQL in {home.path} cannot run: {error}") from error
    server = Server(home, sockets, users_lock)
    atexit.register(server.stop)
    return server
