"""Forms with files: what comes in is believed in nothing, and never held in memory."""

from __future__ import annotations

import hashlib
import io
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from werkzeug.datastructures import Headers
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartEncoder, Preamble
from werkzeug.test import EnvironBuilder, TestResponse, run_wsgi_app
from werkzeug.wrappers import Request

from aiguro_web.web import multipart
from aiguro_web.web.body import respond
from aiguro_web.web.multipart import Part

from .apps import problem, small_app

MIB = 1024 * 1024


class Form(BaseModel):
    title: str = ""
    number: int | None = None
    tags: list[str] = []


def take(part: Part) -> dict[str, Any]:
    content = hashlib.sha256()
    size = 0
    for piece in part.content:
        assert 0 < len(piece) <= 2 * multipart.PIECE
        content.update(piece)
        size += len(piece)
    return {"field": part.field, "name": part.filename, "size": size, "sha": content.hexdigest()}


@pytest.fixture(scope="module")
def app() -> Flask:
    app = small_app()

    @app.post("/api/form")
    def form() -> Any:
        fields, files = multipart.read(Form, take, files=("file", "more"), most_files=3, limit=50 * MIB)
        return respond({"fields": fields.model_dump(), "files": files, "digest": multipart.digest().hex()})

    @app.post("/api/small")
    def small() -> Any:
        _, files = multipart.read(Form, take, files=("file",), limit=1000)
        return respond({"files": files})

    @app.post("/api/lazy")
    def lazy() -> Any:
        _, names = multipart.read(Form, lambda part: part.filename, files=("file",))
        return respond({"names": names, "digest": multipart.digest().hex()})

    @app.post("/api/digest")
    def digest() -> Any:
        return respond({"digest": multipart.digest().hex()})

    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def send(client: FlaskClient, data: Any, path: str = "/api/form", **options: Any) -> TestResponse:
    options.setdefault("content_type", "multipart/form-data")
    return client.post(path, data=data, **options)


def stream(client: FlaskClient, body: Any, path: str = "/api/form", length: int | None = None) -> TestResponse:
    """As a server hands on a body that it has not read."""
    environ = EnvironBuilder(path, method="POST").get_environ()
    environ |= {"wsgi.input": body, "wsgi.input_terminated": True, "CONTENT_TYPE": "multipart/form-data; boundary=xx"}
    environ |= {"HTTP_TRANSFER_ENCODING": "chunked"} if length is None else {"CONTENT_LENGTH": str(length)}
    return TestResponse(*run_wsgi_app(client.application, environ, buffered=True), Request(environ))


def raw(*parts: bytes, boundary: bytes = b"xx", end: bool = True) -> bytes:
    body = b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts)
    return body + (b"--" + boundary + b"--\r\n" if end else b"")


def named(name: str, value: bytes = b"", more: str = "", headers: str = "") -> bytes:
    return f'Content-Disposition: form-data; name="{name}"{more}\r\n{headers}\r\n'.encode() + value


def send_raw(client: FlaskClient, body: bytes, boundary: str = "xx", path: str = "/api/form") -> TestResponse:
    return send(client, body, path, content_type=f"multipart/form-data; boundary={boundary}")


def test_fields_and_files_arrive(client: FlaskClient) -> None:
    data = {"title": "Прайс", "number": "7", "tags": ["a", "b"], "file": (io.BytesIO(b"abc"), "прайс.txt"), "odd": "x"}
    body = send(client, data).json
    assert body["fields"] == {"title": "Прайс", "number": 7, "tags": ["a", "b"]}
    assert body["files"] == [
        {"field": "file", "name": "прайс.txt", "size": 3, "sha": hashlib.sha256(b"abc").hexdigest()}
    ]


def test_an_input_without_a_file_counts_as_absent(client: FlaskClient) -> None:
    body = send_raw(client, raw(named("file", b"", '; filename=""'), named("more", b""), named("title", b"a"))).json
    assert body["files"] == []
    assert body["fields"]["title"] == "a"


@pytest.mark.parametrize(("body", "status"), [
    (b"--xx", 400),
    (b"--xx\r\n", 400),
    (raw(named("title", b"a"), end=False), 400),
    (raw(named("file", b"a" * 100_000, '; filename="a"'), end=False), 400),
    (raw(named("title", b"a"))[:-5], 400),
    (b"--yy\r\n" + named("title", b"a") + b"\r\n--yy--\r\n", 400),
    (raw(b"\r\nno headers"), 400),
    (raw(b"Content-Type: text/plain\r\n\r\nno disposition"), 400),
    (raw(b"Content-Disposition: form-data\r\n\r\nno name"), 400),
    (raw(b'Content-Disposition: form-data; filename="a"\r\n\r\nno name'), 400),
    (raw(named("title", b"\xff\xfe")), 400),
    (raw(named("title", "привет".encode("cp1251"), headers="Content-Type: text/plain; charset=windows-1251\r\n")), 400),
    (raw(b'Content-Disposition: form-data; name="\xff"\r\n\r\na'), 400),
    (raw(named("title", b"a\x00b")), 400),
    (raw(named("title", b"a"), named("title", b"b")), 400),
    (raw(named("number", b"1_0")), 400),
    (raw(named("file", b"text in place of a file")), 400),
    (raw(named("evil", b"a", '; filename="a"')), 400),
    (raw(*[named("file", b"a", '; filename="a"')] * 4), 400),
    (raw(named("title", b"YQ==", headers="Content-Transfer-Encoding: base64\r\n")), 400),
    (raw(named("title", b"a", headers="X-Long: " + "a" * 9000 + "\r\n")), 400),
    (raw(named("title", b"a", headers="X-Long: " + "a" * 900_000 + "\r\n")), 400),
    (b"a" * 9000 + b"\r\n" + raw(named("title", b"a")), 400),
    (b"a" * 900_000, 400),
    (raw(named("title", b"a" * (multipart.TEXTS_LIMIT + 1))), 413),
    (raw(named("odd", b"a" * (multipart.TEXTS_LIMIT + 1))), 413),
    (raw(*[named("title", b"")] * 101), 413),
    (raw(*[named("odd", b"")] * 10_001), 413),
    (raw(*[named("file", b"", '; filename=""')] * 10_001), 413),
])  # fmt: skip
def test_a_form_that_cannot_be_right_is_refused(client: FlaskClient, body: bytes, status: int) -> None:
    problem(send_raw(client, body), status)
    if b"xx" in body and status == 413:
        problem(send_raw(client, body, path="/api/digest"), status)


@pytest.mark.parametrize(("content_type", "status"), [
    ("multipart/form-data", 400),
    ("multipart/form-data; boundary=", 400),
    ("multipart/form-data; boundary=" + "a" * 71, 400),
    ('multipart/form-data; boundary="a\tb"', 400),
    ("multipart/form-data; boundary=é", 400),
    ("multipart/form-data; boundary=xx; charset=utf-16", 415),
    ("multipart/mixed; boundary=xx", 415),
    ("application/json", 415),
    ("application/x-www-form-urlencoded", 415),
    (None, 415),
])  # fmt: skip
def test_a_body_that_is_no_form_is_refused(client: FlaskClient, content_type: str | None, status: int) -> None:
    problem(send(client, raw(named("title", b"a")), content_type=content_type), status)


def test_a_compressed_form_is_refused(client: FlaskClient) -> None:
    problem(send(client, {"title": "a"}, headers={"Content-Encoding": "gzip"}), 415)


def test_nothing_at_all_is_refused(client: FlaskClient) -> None:
    problem(stream(client, io.BytesIO(b"")), 400)


def test_too_long_a_body_is_refused_before_it_is_read(client: FlaskClient) -> None:
    class Untouched(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            raise AssertionError("it was read")

    problem(stream(client, Untouched(), length=60 * MIB), 413)


def test_each_file_has_a_limit(client: FlaskClient) -> None:
    assert send(client, {"file": (io.BytesIO(b"a" * 1000), "a")}, "/api/small").status_code == 200
    problem(send(client, {"file": (io.BytesIO(b"a" * 1001), "a")}, "/api/small"), 413)


class Endless(io.RawIOBase):
    """A form whose only file has `size` bytes, written as it is read."""

    def __init__(self, size: int) -> None:
        self.pieces = self._form(size)
        self.held = b""

    @staticmethod
    def _form(size: int) -> Iterator[bytes]:
        yield b"--xx\r\n" + named("file", b"", '; filename="big.bin"')
        for _ in range(size // 65536):
            yield b"\r\n--x" * 13107 + b"a"  # almost a boundary, everywhere
        yield b"\r\n--xx--\r\n"

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self.held:
            self.held = next(self.pieces, b"")
            if not self.held:
                return 0
        size = min(len(buffer), len(self.held))
        buffer[:size], self.held = self.held[:size], self.held[size:]
        return size


def test_fifty_megabytes_take_no_memory(client: FlaskClient) -> None:
    tracemalloc.start()
    response = stream(client, Endless(50 * MIB))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert response.json["files"][0]["size"] == 50 * MIB
    assert peak < 4 * MIB


def test_a_body_without_a_length_has_the_same_limit(client: FlaskClient) -> None:
    problem(stream(client, Endless(55 * MIB)), 413)
    problem(stream(client, Endless(55 * MIB), "/api/digest"), 413)


@pytest.mark.parametrize(("given", "kept"), [
    ("a.txt", "a.txt"),
    ("Отчёт 2026.pdf", "Отчёт 2026.pdf"),
    ("../../etc/passwd", "passwd"),
    ("C:\\Users\\me\\a.txt", "a.txt"),
    ("gpj\u202eexe.a", "gpjexe.a"),
    ("a\u0000b\u001b[31m.txt", "ab[31m.txt"),
    ("  a.txt  ", "a.txt"),
    ("...", ""),
    ("a" * 300 + ".txt", "a" * 251 + ".txt"),
    ("a" * 300, "a" * 255),
    ("e\u0301.txt", "é.txt"),
])  # fmt: skip
def test_a_files_name_is_cleaned(given: str, kept: str) -> None:
    assert multipart.clean_name(given) == kept


def test_a_name_by_rfc_5987_is_read(client: FlaskClient) -> None:
    part = named("file", b"a", "; filename*=UTF-8''%D0%BF%D1%80%D0%B0%D0%B9%D1%81.txt")
    assert send_raw(client, raw(part)).json["files"][0]["name"] == "прайс.txt"


def test_what_a_receiver_leaves_is_thrown_away(client: FlaskClient) -> None:
    parts = [named("file", b"a" * 200_000, f'; filename="{name}"') for name in "ab"]
    body = send_raw(client, raw(*parts), path="/api/lazy").json
    assert body["names"] == ["a", "b"]
    assert body["digest"] == send_raw(client, raw(*parts), path="/api/digest").json["digest"]


def test_the_digest_is_of_the_content_and_not_of_the_boundary(client: FlaskClient) -> None:
    def digest(*parts: bytes, boundary: str = "xx", path: str = "/api/digest") -> str:
        found: str = send_raw(client, raw(*parts, boundary=boundary.encode()), boundary, path).json["digest"]
        return found

    form = [named("title", b"ab"), named("file", b"cd", '; filename="a"')]
    same = {digest(*form), digest(*form, boundary="other"), digest(*form, path="/api/form")}
    assert len(same) == 1
    others = {
        digest(named("title", b"abc"), named("file", b"d", '; filename="a"')),
        digest(named("title", b"ab"), named("file", b"cd", '; filename="b"')),
        digest(named("title", b"ab"), named("more", b"cd", '; filename="a"')),
        digest(named("title", b"ab"), named("file", b"cd")),
        digest(named("title", b"ab")),
        digest(*reversed(form)),
    }
    assert len(others | same) == 7


words = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters='"\\'), min_size=1, max_size=20)
contents = st.binary(max_size=300) | st.lists(st.sampled_from([b"\r\n", b"--", b"xx", b"\r", b"\n", b"-", b"a"])).map(
    b"".join
)


@given(st.lists(st.tuples(words, words, contents), max_size=3), words)
@settings(max_examples=60, deadline=None)
def test_what_a_client_encodes_arrives(app: Flask, files: list[tuple[str, str, bytes]], title: str) -> None:
    encoder = MultipartEncoder(b"a-boundary-of-its-own")
    body = encoder.send_event(Preamble(b""))
    body += encoder.send_event(Field("title", Headers())) + encoder.send_event(Data(title.encode(), more_data=False))
    for _, name, content in files:
        body += encoder.send_event(File("file", name, Headers())) + b"\r\n" + content
        encoder.send_event(Data(content, more_data=False))
    body += encoder.send_event(Epilogue(b""))
    answer = send_raw(app.test_client(), body, "a-boundary-of-its-own")
    assert answer.status_code == 200, answer.text
    assert answer.json["fields"]["title"] == title
    known = [(multipart.clean_name(name) or "file", hashlib.sha256(content).hexdigest()) for _, name, content in files
             if content or multipart.clean_name(name)]  # fmt: skip
    assert [(file["name"], file["sha"]) for file in answer.json["files"]] == known
