"""Rate limits shared by processes through a real Redis."""

from __future__ import annotations

import multiprocessing
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from aiguro_web.errors import TooMany
from aiguro_web.web import limits

from .apps import small_app

Server = tuple[subprocess.Popen[bytes], int]


def start(folder: Path, port: int) -> subprocess.Popen[bytes]:
    binary = shutil.which("redis-server")
    assert binary, "these tests need redis-server: apt-get install redis-server"
    command = [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    for _ in range(200):
        try:
            if redis.Redis(port=port, socket_timeout=1).ping():
                return process
        except redis.ConnectionError:
            time.sleep(0.05)
    raise AssertionError("redis-server did not start")


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
        return number


@pytest.fixture
def server(tmp_path: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    process = start(tmp_path, port)
    yield process
    process.kill()
    process.wait()


def burst(uri: str, calls: int, granted: multiprocessing.Queue[int]) -> None:
    app = small_app(RATELIMIT_STORAGE_URI=uri)
    count = 0
    with app.test_request_context():
        for _ in range(calls):
            try:
                limits.allow("burst", 150, 60, "one")
                count += 1
            except TooMany:
                pass
    granted.put(count)


def test_processes_together_get_exactly_the_budget(server: subprocess.Popen[bytes], port: int) -> None:
    context = multiprocessing.get_context("spawn")
    granted: multiprocessing.Queue[int] = context.Queue()
    uri = f"redis://127.0.0.1:{port}/0"
    processes = [context.Process(target=burst, args=(uri, 100, granted)) for _ in range(2)]
    for process in processes:
        process.start()
    counts = [granted.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
    assert sum(counts) == 150


def test_redis_may_go_and_come_back(
    server: subprocess.Popen[bytes], port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "RETRY_REDIS", 0.2)
    app = small_app(RATELIMIT_STORAGE_URI=f"redis://127.0.0.1:{port}/0")
    client = redis.Redis(port=port)
    with app.test_request_context():
        limits.allow("named", 100, 60, "one")
        assert client.keys("*named*")
        server.kill()
        server.wait()
        for _ in range(20):
            limits.allow("named", 100, 60, "one")
        again = start(tmp_path, port)
        try:
            time.sleep(0.3)
            limits.allow("named", 100, 60, "one")
            assert client.keys("*named*")
        finally:
            again.kill()
            again.wait()
