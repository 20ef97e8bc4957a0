"""Addresses that nobody should be able to break."""

from __future__ import annotations

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .apps import problem, small_app


@pytest.fixture(scope="module")
def app() -> Flask:
    app = small_app(ACCESS_LOG=False)
    app.add_url_rule("/api/organization/<int:org>", "org", lambda org: {"id": org})
    app.add_url_rule("/api/assistant/<code>", "code", lambda code: {"code": code})
    app.add_url_rule("/api/dialog/<uuid:uuid>", "dialog", lambda uuid: {"uuid": str(uuid)})
    return app


def test_ids_are_ascii_digits(app: Flask) -> None:
    client = app.test_client()
    assert client.get("/api/organization/0").json == {"id": 0}
    assert client.get(f"/api/organization/{2**63 - 1}").json == {"id": 2**63 - 1}
    for wrong in ("٣", "²", "01", "-1", "+1", "1_0", "1.0", " 1", "1e3", "0x1", str(2**63), "9" * 5000, "１"):
        problem(client.get(f"/api/organization/{wrong}"), 404)


def test_nul_and_broken_utf8_are_refused(app: Flask) -> None:
    client = app.test_client()
    problem(client.get("/api/assistant/a%00b"), 404)
    problem(client.get("/api/assistant/a%FFb"), 404)
    problem(client.get("/api/assistant/a?q=%00"), 400)
    assert client.get("/api/assistant/%D0%BF").json == {"code": "п"}


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(path=st.binary(max_size=40), query=st.binary(max_size=40))
def test_no_address_breaks_the_server(app: Flask, path: bytes, query: bytes) -> None:
    environ = {"PATH_INFO": "/api/assistant/" + path.decode("latin-1"), "QUERY_STRING": query.decode("latin-1")}
    response = app.test_client().get("/", environ_overrides=environ)
    assert response.status_code in (200, 400, 404)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    name=st.sampled_from(
        ["Accept", "Accept-Encoding", "If-None-Match", "If-Match", "Content-Type", "Content-Length", "X-Request-Id"]
        + ["Host", "Origin", "HX-Request", "Range", "Cookie", "Authorization", "X-Forwarded-For"]
    ),
    value=st.binary(max_size=40).filter(lambda raw: not set(raw) & {10, 13}),
)
def test_no_header_breaks_the_server(app: Flask, name: str, value: bytes) -> None:
    key = name.upper().replace("-", "_")
    key = key if key.startswith("CONTENT") else f"HTTP_{key}"
    response = app.test_client().get("/api/organization/1", environ_overrides={key: value.decode("latin-1")})
    assert response.status_code < 500
