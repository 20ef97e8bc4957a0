"""Bodies, queries and forms read strictly; rows dumped."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from io import BytesIO
from typing import Annotated, Any, Literal

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field
from typing_extensions import TypedDict
from werkzeug.test import TestResponse

from aiguro_web.web.body import FORM_LIMIT, JSON_LIMIT, raw, read_form, read_json, read_query, respond

from .apps import problem, small_app


class Sort(StrEnum):
    new = "new"
    old = "old"


class Wish(BaseModel):
    text: str = Field(default="", max_length=10)
    price: int | None = Field(default=None, ge=0)
    parts: list[Any] | None = None
    kind: Literal["a", "b"] | None = None


class Asked(BaseModel):
    page: int | None = Field(default=None, ge=1, le=1000)
    ai: bool | None = None
    price: Decimal | None = None
    since: datetime | None = None
    sort: Sort | None = None
    stage: Annotated[list[int], Field(max_length=3)] = []
    q: str = ""


class Login(BaseModel):
    username: str
    password: str
    grant_type: Literal["password"]


@pytest.fixture(scope="module")
def app() -> Flask:
    app = small_app(ACCESS_LOG=False)
    app.add_url_rule("/api/wish", "wish", lambda: respond(read_json(Wish), Wish), methods=["POST"])
    app.add_url_rule("/api/asked", "asked", lambda: respond(read_query(Asked), Asked))
    app.add_url_rule("/api/token", "token", lambda: respond(read_form(Login), Login), methods=["POST"])

    def twice() -> dict[str, Any]:
        return {"raw": raw().decode(), "text": read_json(Wish).text}

    app.add_url_rule("/api/twice", "twice", twice, methods=["POST"])
    app.add_url_rule("/api/raw", "raw", lambda: {"length": len(raw(64))}, methods=["POST"])
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def post(client: FlaskClient, data: bytes | str, kind: str | None = "application/json", **more: Any) -> TestResponse:
    return client.post("/api/wish", data=data, content_type=kind, **more)


def test_a_good_body_is_read(client: FlaskClient) -> None:
    response = post(client, '{"text": "привет", "price": 5, "лишнее": 1, "parts": [1.5, {"a": null}]}')
    assert response.json == {"text": "привет", "price": 5, "parts": [1.5, {"a": None}], "kind": None}
    assert response.content_type == "application/json"


@pytest.mark.parametrize("kind", ["application/json", None, "application/json; charset=UTF-8"])
def test_an_empty_body_is_an_empty_object(client: FlaskClient, kind: str | None) -> None:
    assert post(client, b"", kind).status_code == 200


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"{}", None),
        (b"{}", "text/plain"),
        (b"", "text/plain"),
        (b"text=a", "application/x-www-form-urlencoded"),
        (b"{}", "application/json; charset=utf-16"),
        (b"{}", "application/json; charset=windows-1251"),
        (b"{}", "application/jsonp"),
    ],
)
def test_another_kind_of_body_is_unsupported(client: FlaskClient, data: bytes, kind: str | None) -> None:
    problem(post(client, data, kind), 415)


def test_a_packed_body_is_unsupported(client: FlaskClient) -> None:
    response = post(client, b"\x1f\x8b", headers={"Content-Encoding": "gzip"})
    problem(response, 415)
    assert response.headers["Accept-Encoding"] == "identity"
    assert post(client, b"{}", headers={"Content-Encoding": "identity"}).status_code == 200


HOSTILE = {
    "not json": b"{",
    "nothing but space": b"   ",
    "a trailing comma": b'{"text": "a",}',
    "single quotes": b"{'text': 'a'}",
    "two values": b"{} {}",
    "a list": b"[]",
    "a number": b"1",
    "null": b"null",
    "NaN": b'{"price": NaN}',
    "Infinity": b'{"parts": [-Infinity]}',
    "1e999": b'{"parts": [1e999]}',
    "a long fraction": b'{"parts": [0.' + b"1" * 5000 + b"]}",
    "a huge integer": b'{"price": ' + b"9" * 5000 + b"}",
    "2^63": b'{"parts": [9223372036854775808]}',
    "-2^63 - 1": b'{"parts": [-9223372036854775809]}',
    "twin keys": b'{"text": "a", "text": "b"}',
    "twin keys below": b'{"parts": [{"a": 1, "a": 2}]}',
    "twin keys by escape": b'{"text": "a", "te\\u0078t": "b"}',
    "a raw NUL": b'{"text": "a\x00b"}',
    "an escaped NUL": b'{"text": "a\\u0000b"}',
    "NUL in a key": b'{"parts": [{"a\\u0000": 1}]}',
    "a lone surrogate": b'{"text": "\\ud83d"}',
    "a lone low surrogate": b'{"text": "\\ude00x"}',
    "surrogates turned around": b'{"text": "\\ude00\\ud83d"}',
    "a surrogate in utf-8": b'{"text": "\xed\xa0\xbd"}',
    "broken utf-8": b'{"text": "\xff"}',
    "a mark of utf-8": b"\xef\xbb\xbf{}",
    "utf-16": '{"text": "a"}'.encode("utf-16"),
    "utf-16 without a mark": '{"text": "a"}'.encode("utf-16-le"),
    "utf-32": '{"text": "a"}'.encode("utf-32"),
    "33 levels": b'{"parts": ' + b"[" * 32 + b"]" * 32 + b"}",
    "100,000 levels": b"[" * 100_000,
    "100,000 levels of objects": b'{"a":' * 100_000,
    "levels after many strings": b'{"parts": ["[[[", "\\"[", ' + b"[" * 40 + b"]" * 40 + b"]}",
    "an unclosed string of brackets": b'{"text": "' + b"[" * 1000,
    "a too long text": b'{"text": "12345678901"}',
    "a wrong literal": b'{"kind": "c"}',
    "text for a number": b'{"price": "many"}',
    "an object for text": b'{"text": {}}',
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_json_is_refused(client: FlaskClient, data: bytes) -> None:
    problem(post(client, data), 400)


def test_what_only_looks_hostile_is_taken(client: FlaskClient) -> None:
    for text in ("\\\\u0000", "\\ud83d\\ude00", "[[[{{{", "\\\\\\\\"):
        assert post(client, f'{{"text": "{text}"}}').status_code == 200, text
    assert post(client, b'{"parts": ' + b"[" * 31 + b"]" * 31 + b"}").status_code == 200
    many = json.dumps({"parts": [{"a": [1]}] * 1000})
    assert post(client, many).status_code == 200


def test_every_wrong_field_is_named_at_once(client: FlaskClient) -> None:
    body = problem(post(client, '{"text": 5, "price": -1, "kind": "c"}'), 400)
    assert body["errors"] == [
        {"pointer": "/text", "message": "нужна строка"},
        {"pointer": "/price", "message": "должно быть не меньше 0"},
        {"pointer": "/kind", "message": "допустимые значения: 'a', 'b'"},
    ]
    assert body["error"] == "Поле «text»: нужна строка"


def test_a_body_over_the_limit_is_too_large(client: FlaskClient) -> None:
    fitting = b'{"parts": ["' + b"a" * (JSON_LIMIT - 15) + b'"]}'
    assert len(fitting) == JSON_LIMIT
    assert post(client, fitting).status_code == 200
    problem(post(client, fitting + b" "), 413)


def test_a_chunked_body_over_the_limit_is_too_large_and_never_cut(client: FlaskClient) -> None:
    def chunked(data: bytes) -> TestResponse:
        environ = {"wsgi.input": BytesIO(data), "wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
        return client.post("/api/raw", environ_overrides=environ)

    assert chunked(b"x" * 64).json == {"length": 64}
    problem(chunked(b"x" * 65), 413)
    problem(chunked(b"x" * 10_000_000), 413)


def test_a_body_that_breaks_off_is_refused(client: FlaskClient) -> None:
    class Broken(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise RuntimeError("ChunkMissingTerminator")

    problem(client.post("/api/raw", environ_overrides={"wsgi.input": Broken(), "wsgi.input_terminated": True}), 400)
    problem(post(client, b"{}", environ_overrides={"CONTENT_LENGTH": "50"}), 400)


def test_a_body_can_be_read_twice(client: FlaskClient) -> None:
    response = client.post("/api/twice", data='{"text": "a"}', content_type="application/json")
    assert response.json == {"raw": '{"text": "a"}', "text": "a"}


def test_get_does_not_mind_a_content_type(client: FlaskClient) -> None:
    assert client.get("/api/asked?page=1", content_type="application/json").json["page"] == 1


def test_a_query_is_read(client: FlaskClient) -> None:
    response = client.get(
        "/api/asked?page=7&ai=true&price=10.50&sort=old&stage=1&stage=2&q=%D0%B0&unknown=1&unknown=2"
        "&since=2026-11-23T10:15:00%2B03:00"
    )
    assert response.json == {
        "page": 7,
        "ai": True,
        "price": "10.50",
        "since": "2026-11-23T10:15:00+03:00",
        "sort": "old",
        "stage": [1, 2],
        "q": "а",
    }


@pytest.mark.parametrize(
    "query",
    [
        "page=1_0", "page=%D9%A3", "page=%EF%BC%91", "page=%2B1", "page=+1", "page=1+", "page=01", "page=1.0",
        "page=1e1", "page=0x1", "page=", "page=0", "page=-1", "page=1001", "page=true", "page=" + "9" * 5000,
        "page=1&page=2", "page=1&page=1", "q=a&q=b", "q=%00", "ai=yes", "ai=TRUE", "ai=", "price=1e999", "price=NaN",
        "price=1_0", "price=.5", "since=1", "since=now", "since=2026-13-45", "sort=newest", "stage=x",
        "stage=1&stage=x", "stage=1&stage=2&stage=3&stage=4", "since=2026-01-01T00:00:00%2B99:99",
    ],
)  # fmt: skip
def test_a_loose_query_is_refused(client: FlaskClient, query: str) -> None:
    body = problem(client.get(f"/api/asked?{query}"), 400)
    if query != "q=%00":
        assert body["errors"][0]["pointer"].startswith("/" + query.split("=")[0])


def test_a_form_is_read(client: FlaskClient) -> None:
    data = {"username": "ann@example.com", "password": "п+ %", "grant_type": "password", "scope": "", "x": "1"}
    response = client.post("/api/token", data=data)
    assert response.json == {"username": "ann@example.com", "password": "п+ %", "grant_type": "password"}


@pytest.mark.parametrize(
    ("data", "kind", "status"),
    [
        (b"username=a&username=b&password=c&grant_type=password", "application/x-www-form-urlencoded", 400),
        (b"username=%00&password=c&grant_type=password", "application/x-www-form-urlencoded", 400),
        (b"username=%FF&password=c&grant_type=password", "application/x-www-form-urlencoded", 400),
        (b"username=\xff&password=c&grant_type=password", "application/x-www-form-urlencoded", 400),
        (b"&".join(b"a=%d" % i for i in range(200)), "application/x-www-form-urlencoded", 400),
        (b"", "application/x-www-form-urlencoded", 400),
        (b"{}", "application/json", 415),
        (b"username=a", "application/x-www-form-urlencoded; charset=utf-16", 415),
        (b"--x\r\n", "multipart/form-data; boundary=x", 415),
        (b"username=" + b"a" * FORM_LIMIT, "application/x-www-form-urlencoded", 413),
    ],
)
def test_a_wrong_form_is_refused(client: FlaskClient, data: bytes, kind: str, status: int) -> None:
    problem(client.post("/api/token", data=data, content_type=kind), status)


def test_rows_and_ready_bytes_are_answered(app: Flask) -> None:
    class Row(TypedDict):
        id: int
        at: datetime

    with app.test_request_context():
        rows = [Row(id=1, at=datetime(2026, 1, 2, tzinfo=UTC))]
        response = respond(rows, list[Row], 201, {"Location": "/api/x/1"})
        assert response.get_data() == b'[{"id":1,"at":"2026-01-02T00:00:00Z"}]'
        assert (response.status_code, response.headers["Location"]) == (201, "/api/x/1")
        assert respond(b"[1]").get_data() == b"[1]"
        assert respond('{"a":"я"}').get_data() == '{"a":"я"}'.encode()
        assert respond({"deleted": True, "id": 3}).get_data() == b'{"deleted":true,"id":3}'


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
bodies = st.one_of(
    st.binary(max_size=60),
    json_values.map(lambda value: json.dumps(value).encode()),
    json_values.map(lambda value: json.dumps({"text": value, "price": value, "parts": [value]}).encode()),
    st.text(alphabet='{}[]",:\\ue0d8123 -+.NaInfity', max_size=40).map(str.encode),
)


@settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=bodies, kind=st.sampled_from(["application/json"] * 5 + ["text/plain", "application/json; charset=x"]))
def test_no_body_breaks_the_server(app: Flask, data: bytes, kind: str) -> None:
    with app.test_request_context("/api/wish", method="POST", data=data, content_type=kind):
        response = app.full_dispatch_request()
        assert request.path == "/api/wish"
    assert response.status_code in (200, 400, 415)
    assert json.loads(response.get_data())


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(query=st.dictionaries(st.sampled_from(["page", "ai", "price", "since", "sort", "stage", "q"]), st.text()))
def test_no_query_breaks_the_server(app: Flask, query: dict[str, str]) -> None:
    with app.test_request_context("/api/asked", query_string=_encodable(query)):
        assert app.full_dispatch_request().status_code in (200, 400)


def _encodable(query: dict[str, str]) -> dict[str, str]:
    return {name: value.encode("utf-8", "replace").decode() for name, value in query.items()}
