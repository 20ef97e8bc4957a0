"""Security headers, CORS, compression."""

from __future__ import annotations

import gzip
import json
from typing import Any

import brotli
import pytest
import zstandard
from flask import Flask, Response, g
from flask.testing import FlaskClient

from aiguro_web.web.body import respond
from aiguro_web.web.headers import EXPOSED

from .apps import problem, small_app

ROWS = [{"id": number, "name": "Клиент"} for number in range(100)]


def an_app(**config: Any) -> Flask:
    app = small_app(ACCESS_LOG=False, **config)

    def framed() -> str:
        g.frame_ancestors = "https://shop.example"
        return "<p>чат"

    def stream() -> Response:
        return Response(iter([b"data: " + b"x" * 1000 + b"\n\n"] * 3), mimetype="text/event-stream")

    def own() -> Response:
        return Response(b"%PDF", mimetype="application/pdf", headers={"Content-Security-Policy": "sandbox"})

    app.add_url_rule("/api/rows", "rows", lambda: respond(ROWS), methods=["GET", "PUT"])
    app.add_url_rule("/api/tiny", "tiny", lambda: respond(b'"' + b"x" * 498 + b'"'))
    app.add_url_rule("/api/stream", "stream", stream)
    app.add_url_rule("/api/lines", "lines", lambda: Response(iter([b"a,b\n"] * 500), mimetype="text/csv"))
    app.add_url_rule("/page", "page", lambda: "<p>страница" + " " * 600)
    app.add_url_rule("/chat", "framed", framed)
    app.add_url_rule("/own", "own", own)
    return app


@pytest.fixture
def client() -> FlaskClient:
    return an_app(CORS_ORIGINS=["https://app.example", "https://two.example"]).test_client()


@pytest.mark.parametrize("path", ["/api/rows", "/page", "/chat", "/api/none", "/none", "/healthz", "/metrics"])
def test_every_answer_is_guarded(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "*" not in policy
    assert policy.startswith(("default-src 'self'", "default-src 'none'"))
    assert "frame-ancestors" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert headers["X-Request-Id"]
    assert "Strict-Transport-Security" not in headers
    names = [name.lower() for name, _ in headers]
    assert len(names) == len(set(names))


def test_nobody_may_frame_unless_a_view_says_who(client: FlaskClient) -> None:
    page, framed = client.get("/page").headers, client.get("/chat").headers
    assert page["Content-Security-Policy"].endswith("frame-ancestors 'none'")
    assert page["X-Frame-Options"] == "DENY"
    assert framed["Content-Security-Policy"].endswith("frame-ancestors https://shop.example")
    assert "X-Frame-Options" not in framed


def test_a_view_may_be_stricter(client: FlaskClient) -> None:
    assert client.get("/own").headers.getlist("Content-Security-Policy") == ["sandbox"]


def test_hsts_only_behind_tls(client: FlaskClient) -> None:
    secure = client.get("/page", base_url="https://localhost")
    assert secure.headers["Strict-Transport-Security"] == "max-age=31536000"
    forged = client.get("/page", headers={"X-Forwarded-Proto": "https"})
    assert "Strict-Transport-Security" not in forged.headers
    behind = an_app(TRUSTED_PROXIES=1).test_client()
    trusted = behind.get("/page", headers={"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"})
    assert "Strict-Transport-Security" in trusted.headers


def test_a_page_and_its_fragment_are_kept_apart(client: FlaskClient) -> None:
    headers = client.get("/page", headers={"Accept-Encoding": "br"}).headers
    assert {"Cookie", "HX-Request", "Accept-Encoding"} <= {part.strip() for part in headers["Vary"].split(",")}
    assert headers["Cache-Control"] == "private, no-cache"


def test_a_configured_origin_may_read(client: FlaskClient) -> None:
    response = client.get("/api/rows", headers={"Origin": "https://app.example"})
    assert response.headers["Access-Control-Allow-Origin"] == "https://app.example"
    assert response.headers["Access-Control-Expose-Headers"].split(", ") == EXPOSED
    assert sorted(EXPOSED) == EXPOSED
    assert "Access-Control-Allow-Credentials" not in response.headers
    assert response.headers.getlist("Vary") == ["Authorization, Accept-Encoding, Origin"]


def test_an_error_can_be_read_too(client: FlaskClient) -> None:
    response = client.get("/api/none", headers={"Origin": "https://two.example"})
    problem(response, 404)
    assert response.headers["Access-Control-Allow-Origin"] == "https://two.example"
    assert "Origin" in response.headers["Vary"]


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "https://app.example.evil.example", "https://xapp.example", "http://app.example", "null"]
    + ["https://appxexample", "https://app.example:444", "https://app.example/"],
)
def test_other_origins_may_not(client: FlaskClient, origin: str) -> None:
    for response in (
        client.get("/api/rows", headers={"Origin": origin}),
        client.options("/api/rows", headers={"Origin": origin, "Access-Control-Request-Method": "PUT"}),
    ):
        assert "Access-Control-Allow-Origin" not in response.headers


def test_a_preflight_is_answered_without_a_token(client: FlaskClient) -> None:
    asked = {
        "Origin": "https://app.example",
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "authorization, if-match, idempotency-key, x-evil",
    }
    response = client.options("/api/rows", headers=asked)
    assert response.status_code == 200
    assert "PUT" in response.headers["Access-Control-Allow-Methods"]
    assert response.headers["Access-Control-Allow-Headers"] == "authorization, idempotency-key, if-match"
    assert response.headers["Access-Control-Max-Age"] == "600"


def test_only_the_api_speaks_to_other_origins(client: FlaskClient) -> None:
    assert "Access-Control-Allow-Origin" not in client.get("/page", headers={"Origin": "https://app.example"}).headers


def test_without_configured_origins_nobody_may() -> None:
    client = an_app(CORS_ORIGINS=[]).test_client()
    headers = client.get("/api/rows", headers={"Origin": "https://app.example"}).headers
    assert "Access-Control-Allow-Origin" not in headers


UNPACK = {
    "zstd": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
    "br": brotli.decompress,
    "gzip": gzip.decompress,
}


@pytest.mark.parametrize(
    ("accept", "coding"),
    [
        ("gzip", "gzip"),
        ("br", "br"),
        ("zstd", "zstd"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, deflate, br", "br"),
        ("gzip;q=1.0, br;q=0.5", "gzip"),
        ("gzip; q=0.3 , br; q=0.2", "gzip"),
        ("gzip;q=0, br", "br"),
        ("*", "zstd"),
        ("zstd;q=0, *;q=0.5", "br"),
        ("gzip;q=0", None),
        ("gzip;q=0.0, identity", None),
        ("identity", None),
        ("deflate", None),
        ("", None),
        ("gzip;q=x", None),
        ("gzip;q=nan", None),
        (";;;q=,", None),
    ],
)
def test_the_body_is_packed_as_the_caller_reads_it(client: FlaskClient, accept: str, coding: str | None) -> None:
    response = client.get("/api/rows", headers={"Accept-Encoding": accept})
    assert response.headers.get("Content-Encoding") == coding
    data = UNPACK[coding](response.data) if coding else response.data
    assert json.loads(data) == ROWS
    assert response.headers["Content-Length"] == str(len(response.data))


def test_small_bodies_and_events_are_not_packed(client: FlaskClient) -> None:
    accept = {"Accept-Encoding": "zstd, br, gzip"}
    assert "Content-Encoding" not in client.get("/api/tiny", headers=accept).headers
    events = client.get("/api/stream", headers=accept)
    assert "Content-Encoding" not in events.headers
    assert events.data.startswith(b"data: xxx")


def test_a_long_export_is_packed_as_it_streams(client: FlaskClient) -> None:
    response = client.get("/api/lines", headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(response.data) == b"a,b\n" * 500


def test_head_tells_the_packed_length(client: FlaskClient) -> None:
    accept = {"Accept-Encoding": "br"}
    get, head = client.get("/api/rows", headers=accept), client.head("/api/rows", headers=accept)
    assert head.data == b""
    assert head.headers["Content-Length"] == get.headers["Content-Length"]
    assert head.headers["ETag"] == get.headers["ETag"]
