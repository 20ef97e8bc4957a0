"""What only a real server can be sent: endless and broken chunks, bombs, heaps of headers, two of what there is one of."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from aiguro_web.web.operation import Operation, operations
from tests import databases, given
from tests.people import HOME
from tests.rules.conftest import House
from tests.worker.processes import free_port

from . import lists


@pytest.fixture(scope="module")
def port(hostile_house: House) -> Iterator[int]:
    number = free_port()
    env = {
        **os.environ, "AIGURO_ENV": "test", "AIGURO_INSTANCE": str(databases.INSTANCE), "PORT": str(number), "HOST": "127.0.0.1",
        "DATABASE_URL": hostile_house.urls.app, "DATABASE_OWNER_URL": hostile_house.urls.owner, "SECRET_KEY": databases.SECRET,
        "TELEGRAM_API_URL": "http://127.0.0.1:9",
    }  # fmt: skip
    command = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"]
    server = subprocess.Popen(
        command, cwd=databases.ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", number), timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield number
    finally:
        server.terminate()
        server.wait(20)


def talk(port: int, head: list[str], *pieces: bytes) -> tuple[int, bytes, bytes]:
    """Status, head and body of the one answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall("\r\n".join([*head, "Connection: close", "", ""]).encode("latin-1"))
        try:
            for piece in pieces:
                connection.sendall(piece)
        except OSError:
            pass  # answered already
        answer = b""
        try:
            while part := connection.recv(65536):
                answer += part
        except ConnectionResetError:
            pass
    top, _, body = answer.partition(b"\r\n\r\n")
    return int(top.split(b" ", 2)[1]), top, body


def head_of(house: House, operation: Operation, *more: str) -> list[str]:
    path = given.call(house.app, operation, house.rows[HOME], HOME).path
    return [
        f"{operation.method} {path} HTTP/1.1",
        "Host: localhost",
        f"Authorization: Bearer {house.people.admin.token}",
        *more,
    ]


def writers(house: House) -> list[Operation]:
    return [one for one in operations(house.app) if one.takes is not None or one.form is not None]


def refused(found: tuple[int, bytes, bytes], *allowed: int) -> None:
    status, top, body = found
    assert status in allowed, (status, body[:200])
    assert b"application/problem+json" in top
    assert json.loads(body)["status"] == status


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def test_chunks_over_the_limit_and_broken_ones(hostile_house: House, port: int) -> None:
    house = hostile_house
    big = [chunk(b" " * 65536) for _ in range(20)]
    for operation in writers(house):
        kind = "application/json" if operation.takes is not None else "application/x-www-form-urlencoded"
        if operation.files and operation.takes is None:
            kind = "multipart/form-data; boundary=b"
        head = head_of(house, operation, "Transfer-Encoding: chunked", f"Content-Type: {kind}")
        refused(talk(port, head, *big, b"0\r\n\r\n"), 400, 413)
        refused(talk(port, head, b"zz\r\n{}\r\n0\r\n\r\n"), 400)
        refused(
            talk(port, head_of(house, operation, "Content-Length: 99999999999", f"Content-Type: {kind}"), b"{"),
            400,
            413,
        )


def test_bombs_are_not_unpacked(hostile_house: House, port: int) -> None:
    bomb = lists.bomb()
    for operation in writers(hostile_house):
        for coding in ("gzip", "br", "zstd", "deflate", "gzip, gzip"):
            head = head_of(
                hostile_house,
                operation,
                f"Content-Encoding: {coding}",
                "Content-Type: application/json",
                f"Content-Length: {len(bomb)}",
            )
            refused(talk(port, head, bomb), 415, 400, 413)


def test_two_of_what_there_is_one_of(hostile_house: House, port: int) -> None:
    house = hostile_house
    for operation in operations(house.app):
        if operation.guard == "public":
            continue
        twice = head_of(house, operation, f"Authorization: Bearer {house.people.admin.token}")
        refused(talk(port, twice), 401)
        status, top, _ = talk(port, head_of(house, operation, "Content-Length: 2", "Content-Length: 3"), b"{}")
        assert 400 <= status < 500, (operation.rule, top)
        status, top, _ = talk(
            port, head_of(house, operation, "Content-Length: 2", "Transfer-Encoding: chunked"), b"2\r\n{}\r\n0\r\n\r\n"
        )
        assert status < 500, (operation.rule, top)


def test_heaps_of_headers(hostile_house: House, port: int) -> None:
    """gunicorn itself refuses those, before there is an application; what matters: a 4xx, and the server lives."""
    operation = next(one for one in operations(hostile_house.app) if one.endpoint == "api_funnels.index")
    for more in (
        ["X-A: " + "a" * 20_000],
        [f"X-{n}: a" for n in range(300)],
        ["X\x00: a"],
        ["X: a\x00b"],
        ["Bad Name: a"],
    ):
        status, top, body = talk(port, head_of(hostile_house, operation, *more))
        assert 400 <= status < 500, top
        assert b"<script" not in body
    status, _, _ = talk(port, head_of(hostile_house, operation))
    assert status == 200
