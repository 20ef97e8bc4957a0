"""Request ids, the access log, metrics, health, crash reports."""

from __future__ import annotations

import json
import logging
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest
import sentry_sdk
import structlog
from flask import Flask, Response, g

from aiguro_web.errors import Conflict
from aiguro_web.web import health, logs, metrics, telemetry
from aiguro_web.web.body import respond

from .apps import lines, problem, small_app


@pytest.fixture
def app() -> Flask:
    app = small_app()

    def dialog(org: int, uuid: str) -> Any:
        g.who = SimpleNamespace(org=org, user_id=17, name="Анна Тайная", email="ann@example.com")
        return respond({"id": telemetry.request_id()})

    def conflict() -> str:
        raise Conflict("Сделка Ивана закрыта")

    app.add_url_rule("/api/organization/<int:org>/dialog/<uuid>", "dialog", dialog)
    app.add_url_rule("/api/conflict", "conflict", conflict)
    app.add_url_rule("/api/stream", "stream", lambda: Response(iter([b"1", b"2"]), mimetype="text/plain"))
    return app


def test_a_request_is_one_line_without_people(app: Flask, capfd: pytest.CaptureFixture[str]) -> None:
    app.test_client().get(
        "/api/organization/5/dialog/0c9d?q=%D0%98%D0%B2%D0%B0%D0%BD&token=abc",
        headers={"Authorization": "Bearer eyJsecret", "X-Request-Id": "front-1.a_b"},
    )
    log = capfd.readouterr().err
    (line,) = lines(log, "request")
    assert line == {
        "ts": line["ts"],
        "level": "info",
        "event": "request",
        "request_id": "front-1.a_b",
        "method": "GET",
        "route": "/api/organization/<int:org>/dialog/<uuid>",
        "status": 200,
        "ms": line["ms"],
        "org": 5,
        "user": 17,
        "bytes": len('{"id":"front-1.a_b"}'),
    }
    assert isinstance(line["ms"], float)
    assert line["ts"].endswith("+00:00")
    for private in ("Тайная", "ann@", "eyJ", "0c9d", "abc", "q="):
        assert private not in log


def test_a_refusal_names_its_code_but_not_its_words(app: Flask, capfd: pytest.CaptureFixture[str]) -> None:
    app.test_client().get("/api/conflict")
    log = capfd.readouterr().err
    (line,) = lines(log, "request")
    assert (line["status"], line["code"]) == (409, "conflict")
    assert "Ивана" not in log


@pytest.mark.parametrize("given", ["", "a b", "a" * 65, "id\u00e9", "<x>", '"', "a/b", "../x"])
def test_a_strange_request_id_is_replaced(app: Flask, given: str) -> None:
    response = app.test_client().get("/api/conflict", environ_overrides={"HTTP_X_REQUEST_ID": given})
    made = response.headers["X-Request-Id"]
    assert made != given
    assert len(made) == 16
    assert problem(response, 409)["request_id"] == made


def test_each_request_has_its_own_id(app: Flask) -> None:
    client = app.test_client()
    assert len({client.get("/api/conflict").headers["X-Request-Id"] for _ in range(50)}) == 50


def test_secrets_and_people_are_scrubbed_from_every_event(capfd: pytest.CaptureFixture[str]) -> None:
    logs.set_up()
    secret = "7712345678:AAHk3jd8fKJD93kdkfjKDJF83kdjfkDJF83"
    jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
    log = structlog.get_logger("x")
    log.info("sent", url=f"https://api.telegram.org/bot{secret}/sendMessage", bot_token=secret, note=f"Bearer {jwt}")
    log.info("sent", headers={"Authorization": jwt, "Cookie": "session=abc"}, texts=[jwt, "ann@example.com"])
    log.info("sent", db="postgresql://app:hunter2@db/x", link="/f?sig=hunter3&x=1", phone="звонил +7 912 345-67-89")
    logging.getLogger("library").warning("POST https://x/bot%s/getMe for %s", secret, "ann@example.com")
    try:
        raise ValueError(f"{secret} ann@example.com")
    except ValueError:
        logging.getLogger("library").exception("failed")
    text = capfd.readouterr().err
    for private in (secret, jwt, "ann@example.com", "hunter2", "hunter3", "345-67-89", "session=abc"):
        assert private not in text
    assert len([json.loads(line) for line in text.splitlines()]) == 5
    assert "ValueError" in text
    assert "test_secrets_and_people" in text
    assert "x=1" in text


def test_libraries_are_heard_only_when_something_is_wrong(capfd: pytest.CaptureFixture[str]) -> None:
    logs.set_up()
    logging.getLogger("httpx2").info("HTTP Request: GET https://example.com")
    logging.getLogger("aiguro_web.tasks").info("swept")
    logging.getLogger("httpx2").warning("pool is full")
    events = [json.loads(line)["event"] for line in capfd.readouterr().err.splitlines()]
    assert events == ["swept", "pool is full"]


def test_ordinary_words_are_left_alone() -> None:
    for text in ("dialog 12345 moved", "2026-11-23T13:15:00+03:00", "1 234 567", "GET /api/x 200", "a.b.c"):
        assert logs.scrub(text) == text


def scrape(app: Flask) -> str:
    response = app.test_client().get("/metrics")
    assert response.content_type.startswith("text/plain")
    return response.get_data(as_text=True)


def test_metrics_count_by_route_method_and_status(app: Flask) -> None:
    client = app.test_client()
    for number in range(3):
        client.get(f"/api/organization/{number}/dialog/x{number}")
    client.get("/api/conflict")
    client.get("/api/none-1")
    client.get("/api/none-2")
    client.open("/api/none-3", method="HACK")
    text = scrape(app)
    route = 'route="/api/organization/<int:org>/dialog/<uuid>"'
    assert f'http_requests_total{{method="GET",{route},status="200"}} 3.0' in text
    assert 'http_requests_total{method="GET",route="/api/conflict",status="409"} 1.0' in text
    assert 'http_requests_total{method="GET",route="-",status="404"} 2.0' in text
    assert 'http_requests_total{method="OTHER",route="-",status="404"} 1.0' in text
    assert f'http_request_seconds_count{{method="GET",{route}}} 3.0' in text
    assert "none-1" not in text


def test_other_rooms_register_gauges(app: Flask) -> None:
    streams = [3]
    metrics.gauge(app, "live_streams", "Open streams", lambda: streams[0])
    metrics.gauge(app, "broken", "Raises", lambda: 1 / 0)
    assert "live_streams 3.0" in scrape(app)
    streams[0] = 4
    assert "live_streams 4.0" in scrape(app)


def test_the_pool_of_the_database_is_a_gauge(app: Flask) -> None:
    pool = SimpleNamespace(checkedout=lambda: 7)
    app.extensions["sqlalchemy"] = SimpleNamespace(engine=SimpleNamespace(pool=pool))
    assert "db_pool_in_use 7.0" in scrape(app)


def test_public_views_say_so(app: Flask) -> None:
    for endpoint in ("metrics", "healthz", "readyz"):
        assert app.view_functions[endpoint].guard == "public"  # type: ignore[attr-defined]


def test_a_living_process_is_healthy(app: Flask) -> None:
    health.check(app, "broken", lambda: False)
    response = app.test_client().get("/healthz")
    assert (response.status_code, response.json) == (200, {"status": "ok"})


def test_readiness_follows_its_checks(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "KEPT", 0.0)
    state = {"queue": True, "files": True}

    def files() -> None:
        if not state["files"]:
            raise OSError("/secret/path ann@example.com")

    health.check(app, "queue", lambda: state["queue"])
    health.check(app, "files", files)
    client = app.test_client()
    assert client.get("/readyz").status_code == 200
    state.update(queue=False, files=False)
    response = client.get("/readyz")
    assert (response.status_code, response.json) == (503, {"status": "unavailable", "failing": ["files", "queue"]})
    assert response.headers["Retry-After"] == "1"
    state.update(queue=True, files=True)
    assert client.get("/readyz").status_code == 200


def test_a_check_that_hangs_is_failing_and_is_not_piled_up(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "KEPT", 0.0)
    monkeypatch.setattr(health, "LIMIT", 0.1)
    free, calls = threading.Event(), []

    def hang() -> None:
        calls.append(1)
        free.wait(20)

    health.check(app, "database", hang)
    client = app.test_client()
    started = time.monotonic()
    for _ in range(3):
        assert client.get("/readyz").json["failing"] == ["database"]
    assert time.monotonic() - started < 2
    assert len(calls) == 1
    free.set()
    deadline = time.monotonic() + 5
    while client.get("/readyz").status_code != 200:
        assert time.monotonic() < deadline
        free.wait(0.01)


def test_a_flood_of_questions_asks_once_a_second(app: Flask) -> None:
    calls: list[int] = []
    health.check(app, "queue", lambda: calls.append(1))
    client = app.test_client()
    for _ in range(30):
        client.get("/readyz")
    assert 1 <= len(calls) <= 3


def test_crash_reports_carry_no_people(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []
    app = small_app(SENTRY_DSN="http://key@127.0.0.1:9/1")
    try:
        monkeypatch.setattr(sentry_sdk.get_client().transport, "capture_envelope", sent.append)

        def boom() -> str:
            secret_phone = "79123456789"
            raise ValueError(f"Иван {secret_phone}")

        app.add_url_rule("/api/boom", "boom", boom)
        problem(app.test_client().get("/api/boom?q=Иван", headers={"Authorization": "Bearer abc"}), 500)
        (envelope,) = sent
        text = json.dumps(envelope.get_event(), ensure_ascii=False, default=str)
        assert "ValueError" in text
        assert "boom" in text
        for private in ("79123456789", "Иван", "Bearer"):
            assert private not in text
    finally:
        sentry_sdk.init()


def test_without_a_dsn_nothing_is_reported(app: Flask) -> None:
    assert not sentry_sdk.get_client().options.get("dsn")
