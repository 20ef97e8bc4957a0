"""Rate limits in memory, and while Redis is away."""

from __future__ import annotations

import re
import socket
import threading
import time
from typing import Any

import pytest
from flask import Flask, g, request
from flask.testing import FlaskClient
from limits import RateLimitItemPerSecond
from limits.strategies import MovingWindowRateLimiter

from aiguro_web.errors import TooMany, Unauthorized
from aiguro_web.web import limits
from aiguro_web.web.body import respond
from aiguro_web.web.windows import Windows

from .apps import lines, problem, small_app


def limited_app(**config: Any) -> Flask:
    """`/api/x` counts as the door does: a token "good-<sub>" is valid, another is not."""
    app = small_app(ACCESS_LOG=False, **config)

    def view() -> Any:
        token = request.headers.get("Authorization", "")
        g.rate_key = ("user", token.removeprefix("good-")) if token.startswith("good-") else None
        limits.spend()
        if token and g.rate_key is None:
            raise Unauthorized()
        return respond({"ok": True})

    app.add_url_rule("/api/x", "x", view, methods=["GET", "POST"])
    app.add_url_rule("/page", "page", lambda: "<p>страница")
    return app


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    monkeypatch.setattr(limits, "BUDGETS", {"user": (5, 60), "address": (3, 60)})
    return limited_app().test_client()


def get(client: FlaskClient, token: str = "", address: str = "203.0.113.7") -> Any:
    headers = {"Authorization": token} if token else {}
    return client.get("/api/x", headers=headers, environ_overrides={"REMOTE_ADDR": address})


def test_the_budgets_are_those_of_the_contract() -> None:
    assert limits.BUDGETS == {"user": (1000, 60), "address": (100, 60)}


def test_the_headers_say_the_policy_and_what_is_left(client: FlaskClient) -> None:
    response = get(client, "good-ann")
    assert response.headers["RateLimit-Policy"] == '"user";q=5;w=60'
    assert response.headers["RateLimit"] == '"user";r=4;t=60'
    assert "Retry-After" not in response.headers
    assert get(client).headers["RateLimit-Policy"] == '"address";q=3;w=60'


def test_a_spent_token_is_refused_with_a_time_to_come_back(client: FlaskClient) -> None:
    for _ in range(5):
        assert get(client, "good-ann").status_code == 200
    response = get(client, "good-ann")
    body = problem(response, 429)
    assert body["code"] == "too_many_requests"
    assert 1 <= int(response.headers["Retry-After"]) <= 60
    assert re.fullmatch(r'"user";r=0;t=\d+', response.headers["RateLimit"])
    assert get(client, "good-bob").status_code == 200


def test_a_valid_token_never_spends_the_budget_of_its_address(client: FlaskClient) -> None:
    for _ in range(3):
        get(client)
    problem(get(client), 429)
    assert get(client, "good-ann").status_code == 200
    problem(get(client, "forged"), 429)
    assert get(client, address="203.0.113.8").status_code == 200


def test_a_wrong_token_spends_the_budget_of_its_address(client: FlaskClient) -> None:
    for left in (2, 1, 0):
        response = get(client, "forged")
        problem(response, 401)
        assert response.headers["RateLimit"].startswith(f'"address";r={left};')
    problem(get(client, "forged"), 429)


def test_one_customer_of_ipv6_is_one_address(client: FlaskClient) -> None:
    for last in range(3):
        assert get(client, address=f"2001:db8::{last}").status_code == 200
    problem(get(client, address="2001:db8::ffff:1"), 429)
    assert get(client, address="2001:db8:0:1::1").status_code == 200
    for last in range(3):
        assert get(client, address=("::ffff:192.0.2.1", "192.0.2.1")[last % 2]).status_code == 200
    problem(get(client, address="192.0.2.1"), 429)


def test_forwarded_addresses_count_only_behind_configured_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BUDGETS", {"user": (5, 60), "address": (1, 60)})
    for proxies, statuses in ((0, [200, 429, 429]), (1, [200, 200, 429])):
        client = limited_app(TRUSTED_PROXIES=proxies).test_client()
        sent = ["198.51.100.1", "198.51.100.2", "6.6.6.6, 198.51.100.2"]
        got = [client.get("/api/x", headers={"X-Forwarded-For": chain}).status_code for chain in sent]
        assert got == statuses, proxies


def test_pages_are_not_counted(client: FlaskClient) -> None:
    for _ in range(10):
        response = client.get("/page")
        assert response.status_code == 200
        assert "RateLimit" not in response.headers


def test_a_second_spend_of_one_request_takes_nothing() -> None:
    app = small_app()
    with app.test_request_context("/api/x"):
        limits.spend()
        limits.spend()
        left = request.environ["aiguro.headers"]
    assert [value for name, value in left if name == "RateLimit"] == ['"address";r=99;t=60']


def test_a_named_limit_counts_per_key() -> None:
    app = small_app()
    with app.test_request_context("/login"):
        for _ in range(5):
            limits.allow("login", 5, 300, "ann@example.com", "203.0.113.7")
        with pytest.raises(TooMany) as caught:
            limits.allow("login", 5, 300, "ann@example.com", "203.0.113.7")
        assert 1 <= int(caught.value.headers["Retry-After"]) <= 300
        limits.allow("login", 5, 300, "bob@example.com", "203.0.113.7")
        limits.allow("other", 5, 300, "ann@example.com", "203.0.113.7")
        limits.allow("login", 5, 300, "ann@example.com/203.0.113.7")


class Clock:
    """A monotonic clock that a test moves."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("aiguro_web.web.windows.monotonic", clock)
    return clock


def test_what_was_counted_can_be_forgiven() -> None:
    with small_app().test_request_context("/login"):
        for _ in range(5):
            limits.allow("login", 5, 300, "ann@example.com")
        limits.forgive("login", 5, 300, "ann@example.com")
        for _ in range(5):
            limits.allow("login", 5, 300, "ann@example.com")
        with pytest.raises(TooMany):
            limits.allow("login", 5, 300, "ann@example.com")


def test_a_named_limit_and_the_budget_of_an_address_are_one() -> None:
    with small_app().test_request_context(environ_overrides={"REMOTE_ADDR": "2001:db8::1"}):
        limits.allow(limits.ADDRESS, *limits.BUDGETS[limits.ADDRESS], limits.address())
        limits.spend()
        assert '"address";r=98;t=60' in dict(request.environ["aiguro.headers"]).values()


def test_the_window_slides(clock: Clock) -> None:
    item, strategy = RateLimitItemPerSecond(2, 60), MovingWindowRateLimiter(Windows())
    assert strategy.hit(item, "a")
    clock.now += 40
    assert strategy.hit(item, "a")
    assert not strategy.hit(item, "a")
    stats = strategy.get_window_stats(item, "a")
    assert (round(stats.reset_time - time.time()), stats.remaining) == (20, 0)
    clock.now += 21
    assert strategy.hit(item, "a")
    assert not strategy.hit(item, "a")
    assert not strategy.hit(item, "b", cost=3)
    clock.now += 61
    assert strategy.get_window_stats(item, "a").remaining == 2


def test_forgotten_callers_leave_nothing_behind(clock: Clock) -> None:
    windows = Windows()
    for number in range(1000):
        windows.acquire_entry(f"address/{number}", 100, 60)
    clock.now += 100
    windows.acquire_entry("address/new", 100, 60)
    assert windows.reset() == 1


def test_threads_together_get_exactly_the_budget() -> None:
    app = small_app()
    granted: list[bool] = []

    def run() -> None:
        with app.test_request_context():
            for _ in range(50):
                try:
                    limits.allow("burst", 123, 60, "one")
                    granted.append(True)
                except TooMany:
                    granted.append(False)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert granted.count(True) == 123
    assert len(granted) == 400


def test_no_thread_is_left_running_by_the_counting() -> None:
    app = small_app()
    before = threading.active_count()
    with app.test_request_context():
        for number in range(200):
            limits.allow("quiet", 5, 60, number)
    assert threading.active_count() <= before


def test_without_redis_the_memory_counts(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(limits, "BUDGETS", {"user": (3, 60), "address": (3, 60)})
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        uri = f"redis://127.0.0.1:{closed.getsockname()[1]}/0"
        client = limited_app(RATELIMIT_STORAGE_URI=uri).test_client()
        started = time.monotonic()
        statuses = [get(client, "good-ann").status_code for _ in range(5)]
        assert time.monotonic() - started < 3
    assert statuses == [200, 200, 200, 429, 429]
    (line,) = lines(capfd.readouterr().err, "rate limits: storage away, counting in memory")
    assert line["level"] == "warning"


def test_a_redis_that_hangs_costs_one_short_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as hanging:
        hanging.bind(("127.0.0.1", 0))
        hanging.listen(50)
        uri = f"redis://127.0.0.1:{hanging.getsockname()[1]}/0"
        client = limited_app(RATELIMIT_STORAGE_URI=uri).test_client()
        started = time.monotonic()
        assert [get(client, "good-ann").status_code for _ in range(20)] == [200] * 20
        assert time.monotonic() - started < 3
