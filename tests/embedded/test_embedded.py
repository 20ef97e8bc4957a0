"""What the first start makes, and how processes share the server: real servers, real processes."""

from __future__ import annotations

import os
import signal
import stat
import time
from pathlib import Path

import psycopg
import pytest

from aiguro_web import embedded

from .servers import User, answers, ask, connect, postmaster_pid, until


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
