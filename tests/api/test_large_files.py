"""50 MiB through a real server: neither held in memory, nor left behind when refused or cut off."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest

from aiguro_web.extensions import db
from tests import databases, people
from tests.people import HOME
from tests.storage.conftest import objects
from tests.worker.processes import running, wait_until

MIB = 1024 * 1024
FILES = f"/api/api/organizations/{HOME}/files"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"


def form(size: int) -> Iterator[bytes]:
    yield b'--xx\r\nContent-Disposition: form-data; name="file"; filename="big.png"\r\n\r\n' + PNG
    left = size - len(PNG)
    noise = os.urandom(MIB)
    while left:
        yield noise[:left]
        left -= min(left, MIB)
    yield b"\r\n--xx--\r\n"


def memory(pids: list[int]) -> int:
    """The most that any of these processes ever held, in bytes."""
    status = [Path(f"/proc/{pid}/status").read_text() for pid in pids]
    peaks = [line for text in status for line in text.splitlines() if line.startswith("VmHWM:")]
    return max(int(line.split()[1]) * 1024 for line in peaks)


@pytest.fixture(scope="module")
def served(worker_id: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Path, dict[str, str]]]:
    place = tmp_path_factory.mktemp("files")
    with databases.clone(f"files_{worker_id}_{os.getpid()}") as urls:
        app = databases.make_app(urls)
        with app.app_context():
            headers = people.load().admin.headers
            db.session.remove()
            db.engine.dispose()
        with running(urls, FILES_URL=f"file://{place}") as house:
            yield house, place, headers


def call(house: Any, method: str, path: str, headers: dict[str, str], body: Any = None) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(urlsplit(house.address).netloc, timeout=60)
    chunked = body is not None and "Content-Length" not in headers
    connection.request(method, path, body, headers, encode_chunked=chunked)
    return connection.getresponse()


FORM = {"Content-Type": "multipart/form-data; boundary=xx"}


def test_fifty_megabytes_come_and_go_without_being_held(served: tuple[Any, Path, dict[str, str]]) -> None:
    house, place, headers = served
    warm = call(house, "POST", FILES, {**headers, **FORM, "Transfer-Encoding": "chunked"}, form(MIB))
    assert warm.status == 201, warm.read()
    before = memory(house.web_pids)
    digest = hashlib.sha256()
    answer = call(house, "POST", FILES, {**headers, **FORM, "Transfer-Encoding": "chunked"}, form(50 * MIB))
    assert answer.status == 201, answer.read()
    assert len(objects(place)) == 2
    file = int(answer.headers["Location"].rpartition("/")[2])
    url = json.loads(call(house, "GET", f"/api/files/{file}/url", headers).read())["url"]
    download = call(house, "GET", urlsplit(url).path, {})
    assert int(download.headers["Content-Length"]) == 50 * MIB
    size = 0
    while piece := download.read(MIB):
        size += len(piece)
        digest.update(piece)
    assert size == 50 * MIB
    stored = max((path for path in place.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)
    assert digest.digest() == hashlib.sha256(stored.read_bytes()).digest()
    assert memory(house.web_pids) - before < 12 * MIB
    assert psutil.pid_exists(house.web_pids[0])
    assert call(house, "DELETE", f"{FILES}/{file}", headers).status == 200
    wait_until(lambda: len(objects(place)) == 1, 20, "the bytes deleted by the worker")


def test_more_than_fifty_megabytes_leave_nothing(served: tuple[Any, Path, dict[str, str]]) -> None:
    house, place, headers = served
    kept = objects(place)
    try:
        answer = call(house, "POST", FILES, {**headers, **FORM, "Transfer-Encoding": "chunked"}, form(50 * MIB + 1))
        assert answer.status == 413, answer.read()
    except (BrokenPipeError, ConnectionResetError):
        pass  # it answered while more was being written
    refused = call(house, "POST", FILES, {**headers, **FORM, "Content-Length": str(60 * MIB)}, b"")
    assert refused.status == 413
    wait_until(lambda: objects(place) == kept, 10, "nothing more kept")


def test_an_upload_that_is_cut_leaves_nothing(served: tuple[Any, Path, dict[str, str]]) -> None:
    house, place, headers = served
    kept = objects(place)
    connection = http.client.HTTPConnection(urlsplit(house.address).netloc, timeout=20)
    connection.putrequest("POST", FILES)
    for name, value in {**headers, **FORM, "Content-Length": str(10 * MIB)}.items():
        connection.putheader(name, value)
    connection.endheaders()
    for number, piece in enumerate(form(10 * MIB)):
        if number < 3:
            connection.send(piece)
    wait_until(lambda: len(objects(place)) > len(kept), 10, "bytes under way")
    connection.close()
    wait_until(lambda: objects(place) == kept, 10, "nothing left of them")
    assert house.is_ready()
