"""The cluster and its server process: built, started, watched and stopped. Callers hold boot.lock."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from .home import EmbeddedError, Home, give_private, open_lock, try_lock, unlock
from .programs import MAJOR, find_programs

PORT = 5432  # only the name of the socket; written into every address, or PGPORT of the environment would win
DATABASE = "aiguro"
SOCKET_PATH_MAX = 103  # bytes; sun_path is 104 on macOS and 108 on Linux, with a closing NUL
START_SECONDS = 120.0  # recovery after a power cut included
STOP_SECONDS = 60.0
LOG_MAX = 10 * 1024 * 1024
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_error_verbosity": "terse",  # the details of an error quote rows, and rows are what clients wrote
}
FRAGILE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

# One statement a line, for `postgres --single`. The owner gets what CREATEROLE would have given it, had it made the
# lookup role itself, and is a member that can both use the role and hand objects over to it.
ROLES = f"""\
CREATE ROLE aiguro_owner LOGIN CREATEROLE NOSUPERUSER NOCREATEDB NOBYPASSRLS
CREATE ROLE aiguro_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS
CREATE ROLE aiguro_lookup NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS
GRANT aiguro_lookup TO aiguro_owner WITH ADMIN TRUE, INHERIT TRUE, SET TRUE
CREATE DATABASE {DATABASE} OWNER aiguro_owner
"""


def ensure_running(home: Home, durable: bool) -> Path:
    """Wait for a ready server, starting one where none is alive; gives the directory of its socket."""
    check_version(home)
    bound_log(home)
    logged, booted, deadline = 0, False, time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        lock = try_lock(home, "server.lock")
        if lock is not None:
            try:
                if booted:
                    raise EmbeddedError(f"PostgreSQL ended while starting in {home.path}:\n{log_tail(home, logged)}")
                logged, booted = home.log.stat().st_size, True
                _boot(home, lock, durable)
            finally:
                os.close(lock)  # ours; the server keeps its own
        postmaster = read_postmaster(home)
        if postmaster and postmaster.ready:
            if listens(postmaster.sockets):
                return postmaster.sockets
            if _is_alive(home, postmaster):  # somebody deleted its socket: nobody can reach it any more
                _shut_down(home)
        time.sleep(0.01)
    raise EmbeddedError(
        f"PostgreSQL is not ready after {START_SECONDS:.0f} s in {home.path}:\n{log_tail(home, logged)}"
    )


def _boot(home: Home, lock: int, durable: bool) -> None:
    """Spawn the server, building the cluster first where there is none. `lock` proves that no process of it lives."""
    programs = find_programs(home)
    if not (home.data / "PG_VERSION").exists():
        _build(home, programs, lock, durable)
    postmaster = read_postmaster(home)
    if postmaster and _is_alive(home, postmaster):
        raise EmbeddedError(f"Another PostgreSQL, not started by AIGURO, already runs on {home.data}: stop it")
    sockets = socket_directory(home)
    give_private(sockets, home.account)
    for stale in (home.data / "postmaster.pid", sockets / f".s.PGSQL.{PORT}.lock", sockets / f".s.PGSQL.{PORT}"):
        stale.unlink(missing_ok=True)  # left by a crash; the number in it may be another process's by now
    settings = SETTINGS | ({} if durable else FRAGILE) | {"unix_socket_directories": str(sockets)}
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    # The shell puts the server behind itself and exits: it becomes init's child, so none of its users has to reap it,
    # and with a session of its own it does not hear the terminal's Ctrl-C.
    command = ["/bin/sh", "-c", '"$@" &', "sh", str(programs / "postgres"), "-D", str(home.data), *options]
    with home.log.open("ab") as log:
        how = home.popen() | {"stdout": log, "stderr": log, "pass_fds": (lock,), "start_new_session": True}
        subprocess.run(command, check=True, **how)


def _build(home: Home, programs: Path, lock: int, durable: bool) -> None:
    """Make the cluster with its roles and database under a working name: it appears complete or not at all."""
    draft = home.path / "data.new"
    if home.data.is_dir() and any(home.data.iterdir()):
        raise EmbeddedError(f"{home.data} is not empty and holds no PostgreSQL cluster: move it away")
    shutil.rmtree(draft, ignore_errors=True)
    give_private(draft, home.account)
    sync = [] if durable else ["--no-sync"]
    locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--encoding=UTF8"]
    access = ["--username=postgres", "--auth-local=trust", "--auth-host=reject"]
    home.run(programs / "initdb", "-D", draft, *locale, *access, *sync, keep=lock)
    single = [programs / "postgres", "--single", "-D", draft, "-c", "exit_on_error=on", *([] if durable else ["-F"])]
    home.run(*single, "postgres", keep=lock, script=ROLES)
    draft.rename(home.data)
    fd = os.open(home.path, os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)


def leave(home: Home, users_lock: int) -> None:
    """Close this process's lock and, if nobody else holds one, stop the server."""
    os.close(users_lock)
    alone = try_lock(home, "users.lock")
    if alone is None:
        return
    try:
        _shut_down(home)
    finally:
        unlock(alone)


def _shut_down(home: Home) -> None:
    """Ask the server for its fast shutdown and wait until its last process is gone."""
    asked, deadline = False, time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline:
        lock = try_lock(home, "server.lock")
        if lock is not None:
            unlock(lock)
            break
        postmaster = read_postmaster(home)
        if not asked and postmaster and _is_alive(home, postmaster):
            # As the server's account: a number in its file never aims root's signal at somebody else's process.
            asked = home.can("/bin/sh", "-c", f"kill -{signal.SIGINT.value} {postmaster.pid}")
        time.sleep(0.01)
    sockets = socket_directory(home)
    if sockets.parent != home.path:
        with contextlib.suppress(OSError):
            sockets.rmdir()


def socket_directory(home: Home) -> Path:
    """`pg/socket`; a short name in the temporary directory where that is too long, or has letters that libpq reads
    as a list or a URL. The name follows from the path: an address stays true over restarts.
    """
    name = f"aiguro-{hashlib.sha256(os.fsencode(home.path)).hexdigest()[:16]}"
    for place in (home.path / "socket", Path(tempfile.gettempdir()) / name, Path("/tmp") / name):  # noqa: S108 - private below
        fits = len(os.fsencode(place)) + len(f"/.s.PGSQL.{PORT}") <= SOCKET_PATH_MAX
        if fits and re.fullmatch(r"[A-Za-z0-9_./-]+", str(place)) and home.can_enter(place.parent):
            return place
    raise EmbeddedError("No directory with a path short enough for PostgreSQL's socket")


class Postmaster(NamedTuple):
    pid: int
    sockets: Path
    ready: bool


def read_postmaster(home: Home) -> Postmaster | None:
    """What the server says of itself in postmaster.pid; None before it has said everything."""
    try:
        lines = (home.data / "postmaster.pid").read_text("utf-8", "replace").splitlines()
        return Postmaster(int(lines[0]), Path(lines[4]), len(lines) > 7 and lines[7].strip() == "ready")
    except (OSError, ValueError, IndexError):
        return None


def listens(sockets: Path) -> bool:
    """Whether a living server stands behind the socket: a left-over socket refuses."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(sockets / f".s.PGSQL.{PORT}"))
        except (TimeoutError, BlockingIOError):  # alive, and busy
            return True
        except OSError:
            return False
    return True


def _is_alive(home: Home, postmaster: Postmaster) -> bool:
    """Whether the number in the file is still the server's: nothing else works in its data directory."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{postmaster.pid}/cwd").samefile(home.data)
    return listens(postmaster.sockets)  # it is gone, or there is no /proc


def check_version(home: Home) -> None:
    try:
        version = (home.data / "PG_VERSION").read_text("ascii").strip()
    except FileNotFoundError:
        return
    if version != str(MAJOR):
        raise EmbeddedError(
            f"The database in {home.data} was made by PostgreSQL {version}, and this AIGURO brings PostgreSQL {MAJOR}. "
            f"Dump it with the AIGURO that made it and load it here, or move {home.data} away to begin empty."
        )


def bound_log(home: Home) -> None:
    """Two files of LOG_MAX or so at most: old text moves to log.1, under a running server too, because it appends."""
    os.close(open_lock(home, "log"))
    if home.log.stat().st_size > LOG_MAX:
        shutil.copyfile(home.log, home.log.with_suffix(".1"), follow_symlinks=False)
        os.truncate(home.log, 0)


def log_tail(home: Home, since: int) -> str:
    with home.log.open("rb") as log:
        log.seek(max(since, log.seek(0, os.SEEK_END) - 4000))
        return log.read().decode("utf-8", "replace").strip() or "(the log is empty)"
