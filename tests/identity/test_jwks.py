"""Clerk's keys over a real socket: kept, rotated, down, slow, garbage."""

from __future__ import annotations

import json
import socket
import threading
import time
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from aiguro_web.web import jwks
from aiguro_web.web.jwks import JwksCache, JwksDown, usable_keys

from .issuing import jwk_set, rsa_key

PATH = "/.well-known/jwks.json"


class Issuer:
    """The fake issuer: what it answers next, and how often it was asked."""

    def __init__(self, server: HTTPServer) -> None:
        self.url = server.url_for(PATH)
        self.answer: Any = jwk_set()
        self.status = 200
        self.delay = 0.0
        self.asked = 0
        server.expect_request(PATH).respond_with_handler(self._handle)

    def _handle(self, request: Request) -> Response:
        self.asked += 1
        time.sleep(self.delay)
        body = self.answer if isinstance(self.answer, bytes | str) else json.dumps(self.answer)
        return Response(body, self.status)


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def issuer(server: HTTPServer) -> Issuer:
    return Issuer(server)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cache(issuer: Issuer, clock: Clock) -> JwksCache:
    return JwksCache(issuer.url, clock=clock)


def same(key: RSAKey | None, other: RSAKey) -> bool:
    return key is not None and key.thumbprint() == other.thumbprint()


def test_keys_are_fetched_once_an_hour(cache: JwksCache, issuer: Issuer, clock: Clock) -> None:
    for _ in range(5):
        assert same(cache.key("ins_1"), rsa_key())
    clock.now += 3599
    cache.key("ins_1")
    assert issuer.asked == 1
    clock.now += 2
    cache.key("ins_1")
    assert issuer.asked == 2


def test_a_rotated_key_is_found_at_its_first_token(cache: JwksCache, issuer: Issuer) -> None:
    cache.key("ins_1")
    issuer.answer = jwk_set(rsa_key("ins_2"))
    assert same(cache.key("ins_2"), rsa_key("ins_2"))
    assert cache.key("ins_1") is None


def test_unknown_ids_cause_at_most_one_fetch_in_5_minutes(cache: JwksCache, issuer: Issuer, clock: Clock) -> None:
    cache.key("ins_1")
    for number in range(50):
        assert cache.key(f"nobody_{number}") is None
    assert issuer.asked == 2
    clock.now += 299
    cache.key("nobody")
    assert issuer.asked == 2
    clock.now += 2
    cache.key("nobody")
    assert issuer.asked == 3


@pytest.mark.parametrize("broken", ["status", "garbage", "empty"])
def test_an_old_set_is_served_for_a_day_while_the_issuer_is_down(
    broken: str, cache: JwksCache, issuer: Issuer, clock: Clock
) -> None:
    cache.key("ins_1")
    if broken == "status":
        issuer.status = 500
    else:
        issuer.answer = "<html>" if broken == "garbage" else {"keys": []}
    clock.now += 3601
    assert same(cache.key("ins_1"), rsa_key())
    clock.now += 86400 - 3602
    assert same(cache.key("ins_1"), rsa_key())
    clock.now += 2
    with pytest.raises(JwksDown):
        cache.key("ins_1")


def test_a_down_issuer_is_asked_again_after_a_pause_and_heals(cache: JwksCache, issuer: Issuer, clock: Clock) -> None:
    issuer.status = 503
    for _ in range(5):
        with pytest.raises(JwksDown):
            cache.key("ins_1")
    assert issuer.asked == 1
    issuer.status = 200
    clock.now += jwks.RETRY_PAUSE + 1
    assert same(cache.key("ins_1"), rsa_key())


def test_an_issuer_that_does_not_listen_is_down(clock: Clock) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with pytest.raises(JwksDown):
            JwksCache(f"http://127.0.0.1:{port}{PATH}", clock=clock).key("ins_1")


def test_a_slow_issuer_is_given_2_seconds(cache: JwksCache, issuer: Issuer) -> None:
    issuer.delay = 3.0
    started = time.monotonic()
    with pytest.raises(JwksDown):
        cache.key("ins_1")
    assert 1.5 < time.monotonic() - started < 2.9


def test_an_issuer_that_drips_is_given_2_seconds(clock: Clock) -> None:
    stop = threading.Event()

    def drip(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            try:
                while not stop.wait(0.1):
                    connection.sendall(b" ")
            except OSError:
                pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener,))
        thread.start()
        started = time.monotonic()
        try:
            with pytest.raises(JwksDown):
                JwksCache(f"http://127.0.0.1:{listener.getsockname()[1]}/", clock=clock).key("ins_1")
            assert time.monotonic() - started < 3.5
        finally:
            stop.set()
            thread.join()


def test_an_endless_answer_is_cut(cache: JwksCache, issuer: Issuer) -> None:
    issuer.answer = b" " * (jwks.BODY_MAX + 1) + json.dumps(jwk_set()).encode()
    with pytest.raises(JwksDown):
        cache.key("ins_1")


def test_a_redirect_is_not_followed(cache: JwksCache, issuer: Issuer) -> None:
    issuer.status = 302
    with pytest.raises(JwksDown):
        cache.key("ins_1")


def test_many_at_once_fetch_once(cache: JwksCache, issuer: Issuer) -> None:
    issuer.delay = 0.3
    found: list[bool] = []
    threads = [threading.Thread(target=lambda: found.append(same(cache.key("ins_1"), rsa_key()))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (found, issuer.asked) == ([True] * 16, 1)


def test_nobody_waits_for_a_slow_refresh_while_an_old_set_is_at_hand(
    cache: JwksCache, issuer: Issuer, clock: Clock
) -> None:
    cache.key("ins_1")
    clock.now += 3601
    issuer.delay = 1.0
    first = threading.Thread(target=cache.key, args=("ins_1",))
    first.start()
    time.sleep(0.2)
    started = time.monotonic()
    assert same(cache.key("ins_1"), rsa_key())
    assert time.monotonic() - started < 0.5
    first.join()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b'{"keys": null}',
        b'{"keys": [1, null, "x"]}',
        b'{"keys": [{"kty": "RSA", "kid": "ins_1"}]}',
        b'{"keys": [{"kty": "RSA", "kid": "ins_1", "n": "AA", "e": "AQAB"}]}',
        b'{"keys": [{"kty": "RSA", "kid": "ins_1", "n": 5, "e": []}]}',
        b'{"keys": [{"kty": "oct", "kid": "ins_1", "k": "AAAA"}]}',
        b'{"keys":' + b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_garbage_is_no_key_set(body: bytes) -> None:
    with pytest.raises(ValueError):
        usable_keys(body)


@pytest.mark.filterwarnings("ignore:Key size")
def test_keys_for_other_uses_are_ignored() -> None:
    good, short = rsa_key(), rsa_key("short", 1024)
    elliptic = ECKey.generate_key("P-256", {"kid": "elliptic"}).as_dict(private=False)
    rows = [
        *jwk_set(good)["keys"],
        *jwk_set(short)["keys"],
        elliptic,
        {**good.as_dict(private=False), "kid": "encrypts", "use": "enc"},
        {**good.as_dict(private=False), "kid": "other", "alg": "RS512"},
    ]
    assert list(usable_keys(json.dumps({"keys": rows}).encode())) == ["ins_1"]


def test_a_private_key_published_by_mistake_is_not_held() -> None:
    body = json.dumps({"keys": [rsa_key().as_dict(private=True)]}).encode()
    assert not usable_keys(body)["ins_1"].is_private
