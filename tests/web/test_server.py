"""Bodies through the real server: chunks that never end, and chunks that are none."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "-k", "gthread", "--threads", "4", "-b", f"127.0.0.1:{number}"]
    command += ["--no-control-socket", "tests.web.served:app"]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", number), timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield number
    finally:
        server.terminate()
        server.wait()


def call(port: int, head: str, *chunks: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        lines = ["POST /api/text HTTP/1.1", "Host: localhost", "Content-Type: application/json", head]
        connection.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode())
        try:
            for chunk in chunks:
                connection.sendall(chunk)
        except OSError:
            pass  # the server has answered already
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
        return answer


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def test_a_chunked_body_is_read(port: int) -> None:
    answer = call(port, "Transfer-Encoding: chunked", chunk(b'{"text": "'), chunk(b'a"}'), b"0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b'{"length":1}')


def test_a_chunked_body_over_the_limit_is_refused_whole(port: int) -> None:
    body = b'{"text": "' + b"a" * 1024 * 1024 + b'"}'
    answer = call(port, "Transfer-Encoding: chunked", chunk(body), b"0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413")
    fitting = b'{"text": "' + b"a" * (1024 * 1024 - 12) + b'"}'
    answer = call(port, "Transfer-Encoding: chunked", chunk(fitting), b"0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "broken",
    [b"zz\r\n{}\r\n0\r\n\r\n", b"2\r\n{}XX", b"-2\r\n{}\r\n0\r\n\r\n", b"5\r\n{}\r\n0\r\n\r\n"],
)
def test_broken_chunks_are_the_callers_mistake(port: int, broken: bytes) -> None:
    assert call(port, "Transfer-Encoding: chunked", broken).startswith(b"HTTP/1.1 400")


def test_a_length_over_the_limit_is_refused_unread(port: int) -> None:
    assert call(port, "Content-Length: 2000000", b"{" * 10).startswith(b"HTTP/1.1 413")
