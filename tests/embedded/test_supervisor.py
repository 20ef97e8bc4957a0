"""The supervisor with real processes: each test runs it in a program of its own, as `make run` does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

SUPERVISOR = Path(__file__).parents[2] / "aiguro_web/supervisor.py"
PROGRAM = """
import importlib.util, os, sys
from pathlib import Path
spec = importlib.util.spec_from_file_location("supervisor", {path!r})
supervisor = importlib.util.module_from_spec(spec)
spec.loader.exec_module(supervisor)
supervisor.TICK = 0.02
here = Path({here!r})
sh = lambda text: ["/bin/sh", "-c", text]
"""


def until(condition: Callable[[], object], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def lives(pid: int) -> bool:
    """Whether it runs; nobody may have reaped a dead one yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


class Here:
    """A directory where the children leave notes, and the supervisor that runs them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.running: list[subprocess.Popen[str]] = []

    def run(self, program: str) -> subprocess.Popen[str]:
        text = PROGRAM.format(path=str(SUPERVISOR), here=str(self.path)) + textwrap.dedent(program)
        process = subprocess.Popen(
            [sys.executable, "-c", text], cwd=self.path, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self.running.append(process)
        return process

    def words(self, name: str) -> list[str]:
        path = self.path / name
        return path.read_text().split() if path.exists() else []

    def pid(self, name: str) -> int:
        until(lambda: self.words(name))
        return int(self.words(name)[-1])


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Here]:
    place = Here(tmp_path)
    yield place
    for process in place.running:
        if process.poll() is None:
            process.terminate()  # lets it end its children, which hold our pipes
        process.communicate(timeout=15)


def test_every_command_runs_with_its_environment_in_a_group_of_its_own(here: Here) -> None:
    process = here.run("""
        note = sh('echo $WORD >$0.word; echo $$ >$0.pid; exec sleep 60')
        supervisor.run({"web": [*note, "web"], "worker": [*note, "worker"]}, {**os.environ, "WORD": "hello"})
    """)
    for name in ("web", "worker"):
        pid = here.pid(f"{name}.pid")
        assert here.words(f"{name}.word") == ["hello"]
        assert os.getpgid(pid) == pid != os.getpgid(process.pid)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_children_politely_and_the_supervisor_after_them(here: Here, number: signal.Signals) -> None:
    process = here.run("""
        polite = sh('trap "sleep 0.2; echo bye >>bye; exit 0" TERM; echo $$ >$0; while :; do sleep 0.02; done')
        supervisor.run({"a": [*polite, "a"], "b": [*polite, "b"]}, os.environ)
        print("over")
    """)
    pids = [here.pid("a"), here.pid("b")]
    process.send_signal(number)
    output, _ = process.communicate(timeout=10)
    assert (output, process.returncode) == ("over\n", 0)
    assert here.words("bye") == ["bye", "bye"]
    assert not any(lives(pid) for pid in pids)


def test_a_child_that_ignores_sigterm_is_killed_with_all_that_it_started(here: Here) -> None:
    process = here.run("""
        supervisor.GRACE = 0.3
        stubborn = sh('trap "" TERM; sleep 60 & echo $! >grandchild; echo $$ >child; while :; do sleep 0.1; done')
        supervisor.run({"stubborn": stubborn}, os.environ)
    """)
    pids = [here.pid("child"), here.pid("grandchild")]
    process.terminate()
    assert process.wait(5) == 0
    until(lambda: not any(lives(pid) for pid in pids))


def test_a_second_signal_does_not_wait(here: Here) -> None:
    process = here.run("""
        supervisor.GRACE = 60
        supervisor.run({"stubborn": sh('trap "" TERM; echo $$ >child; while :; do sleep 0.1; done')}, os.environ)
    """)
    child = here.pid("child")
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert process.wait(5) == 0
    until(lambda: not lives(child))


def test_a_dead_child_starts_again_each_time_later_and_the_others_are_left_alone(here: Here) -> None:
    process = here.run("""
        supervisor.FIRST_DELAY, supervisor.LAST_DELAY = 0.1, 0.4
        note = sh("echo $$ >>steady; exec sleep 60")
        dying = [sys.executable, "-c", "import time; open('deaths', 'a').write(f'{time.monotonic()} '); exit(3)"]
        supervisor.run({"steady": note, "dying": dying}, os.environ)
    """)
    until(lambda: len(here.words("deaths")) >= 5)
    process.terminate()
    _, errors = process.communicate(timeout=10)
    times = [float(word) for word in here.words("deaths")[:5]]
    gaps = [later - earlier for earlier, later in zip(times, times[1:], strict=False)]
    for gap, delay in zip(gaps, (0.1, 0.2, 0.4, 0.4), strict=True):
        assert delay * 0.8 <= gap  # a loaded machine may take longer, never less
    assert [line for line in errors.splitlines() if "dying" in line][:4] == [
        f"dying ended with code 3; starting it again in {delay} s" for delay in (0.1, 0.2, 0.4, 0.4)
    ]
    assert len(here.words("steady")) == 1


def test_a_healthy_life_forgives_the_deaths_before_it(here: Here) -> None:
    process = here.run("""
        supervisor.FIRST_DELAY, supervisor.HEALTHY_AFTER = 0.05, 0.4
        supervisor.run({"web": sh('echo x >>born; [ $(wc -l <born) = 3 ] && sleep 0.5; exit 1')}, os.environ)
    """)
    until(lambda: len(here.words("born")) >= 4)
    process.terminate()
    _, errors = process.communicate(timeout=10)
    assert [line.split()[-2] for line in errors.splitlines()][:3] == ["0.05", "0.1", "0.05"]


def test_what_a_dead_child_leaves_behind_is_gone_before_the_next_starts(here: Here) -> None:
    here.run("""
        supervisor.FIRST_DELAY = 0.05
        supervisor.run({"web": sh('echo $$ >>master; sleep 60 & echo $! >>orphan; wait')}, os.environ)
    """)
    first, orphan = here.pid("master"), here.pid("orphan")
    os.kill(first, signal.SIGKILL)
    until(lambda: len(here.words("master")) == 2)
    assert not lives(orphan)


def test_a_command_that_does_not_exist_is_tried_again_beside_the_others(here: Here) -> None:
    process = here.run("""
        supervisor.FIRST_DELAY = 0.05
        supervisor.run({"absent": [str(here / "absent")], "steady": sh("echo $$ >steady; exec sleep 60")}, os.environ)
    """)
    here.pid("steady")
    (here.path / "draft").write_text("#!/bin/sh\necho $$ >late\nexec sleep 60\n")
    (here.path / "draft").chmod(0o755)
    (here.path / "draft").rename(here.path / "absent")
    assert lives(here.pid("late"))
    process.terminate()
    assert "absent did not start" in process.communicate(timeout=10)[1]


def test_readiness_is_asked_until_yes_and_announced_once(here: Here) -> None:
    process = here.run("""
        asked = []
        def ready():
            asked.append(1)
            return len(asked) == 3
        def announce():
            print(len(asked), flush=True)
            (here / "announced").write_text("yes")
        supervisor.run({"web": sh("exec sleep 60")}, os.environ, ready, announce)
        print(len(asked))
    """)
    until(lambda: here.words("announced"))
    time.sleep(0.2)
    process.terminate()
    assert process.communicate(timeout=10)[0].split() == ["3", "3"]


def test_a_failure_of_the_supervisor_itself_leaves_no_child(here: Here) -> None:
    process = here.run("""
        def ready():
            if (here / "child").exists():
                raise RuntimeError("broken")
        supervisor.run({"web": sh("echo $$ >child; exec sleep 60")}, os.environ, ready)
    """)
    child = here.pid("child")
    assert process.wait(10) == 1
    assert not lives(child)


if sys.platform == "linux":  # prctl is Linux's

    def test_a_killed_supervisor_takes_its_children_with_it(here: Here) -> None:
        process = here.run("""
            stubborn = sh('trap "" TERM HUP INT; echo $$ >$0; while :; do sleep 0.1; done')
            supervisor.run({"a": [*stubborn, "a"], "b": [*stubborn, "b"]}, os.environ)
        """)
        pids = [here.pid("a"), here.pid("b")]
        process.kill()
        until(lambda: not any(lives(pid) for pid in pids))
