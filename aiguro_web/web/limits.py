"""Rate limits: 1000 calls a minute per token, 100 per address without one; named limits for other doors.

Exact over all processes with Redis (RATELIMIT_STORAGE_URI); in memory for one process, and while Redis is away.
"""

from __future__ import annotations

import ipaddress
import math
import threading
import time
from functools import lru_cache
from typing import Any

import structlog
from flask import Flask, current_app, g, request
from flask_limiter import Limiter
from limits import RateLimitItem, RateLimitItemPerSecond
from limits.strategies import MovingWindowRateLimiter, RateLimiter
from redis.backoff import NoBackoff
from redis.retry import Retry

from ..errors import TooMany
from .envelope import EXTRA
from .windows import Windows

log = structlog.get_logger("aiguro")

USER, ADDRESS = "user", "address"
SPENT = "aiguro.spent"
BUDGETS = {USER: (1000, 60), ADDRESS: (100, 60)}  # calls, seconds
RETRY_REDIS = 3.0  # seconds the memory stands in before Redis is asked again
REDIS_WAIT = 0.25  # seconds


class Limits:
    """One application's budgets."""

    def __init__(self, app: Flask) -> None:
        uri = str(app.config.get("RATELIMIT_STORAGE_URI") or "memory://")
        if uri.startswith("memory://"):
            uri = "windows://"
        options: Any = {}
        if uri.startswith(("redis://", "rediss://")):
            options = {
                "socket_timeout": REDIS_WAIT,
                "socket_connect_timeout": REDIS_WAIT,
                "retry": Retry(NoBackoff(), 1),  # redis-py's own policy waits for seconds
            }
        limiter = Limiter(address, strategy="moving-window", storage_uri=uri, storage_options=options)
        app.extensions.setdefault("limiter", set()).add(limiter)  # known already: it adds no hooks of its own
        limiter.init_app(app)
        self.limiter = limiter
        self._memory = MovingWindowRateLimiter(Windows())
        self._remote = not isinstance(limiter.storage, Windows)
        self._away_until = 0.0
        self._lock = threading.Lock()

    def spend(self, budget: RateLimitItem, *key: str) -> tuple[bool, int, int]:
        """Take one call: was there one, how many are left, seconds until the next is free."""
        if self._remote and time.monotonic() >= self._away_until:
            try:
                return self._spend(self.limiter.limiter, budget, key)
            except Exception as error:
                self._note_absence(error)
        return self._spend(self._memory if self._remote else self.limiter.limiter, budget, key)

    def forgive(self, budget: RateLimitItem, *key: str) -> None:
        """Forget every call taken under this key."""
        self._memory.clear(budget, *key)
        if not self._remote or time.monotonic() >= self._away_until:
            try:
                self.limiter.limiter.clear(budget, *key)
            except Exception as error:
                self._note_absence(error)

    @staticmethod
    def _spend(strategy: RateLimiter, budget: RateLimitItem, key: tuple[str, ...]) -> tuple[bool, int, int]:
        free = strategy.hit(budget, *key)
        reset, left = strategy.get_window_stats(budget, *key)
        return free, max(0, left) if free else 0, max(1, math.ceil(reset - time.time()))

    def _note_absence(self, error: Exception) -> None:
        with self._lock:
            known = time.monotonic() < self._away_until
            self._away_until = time.monotonic() + RETRY_REDIS
        if not known:
            log.warning("rate limits: storage away, counting in memory", error=type(error).__name__)


def init_app(app: Flask) -> None:
    """Bind the storage of RATELIMIT_STORAGE_URI."""
    app.extensions["limits"] = Limits(app)


def spend() -> None:
    """Take one call of the caller's budget: of `g.rate_key`, a pair ("user", sub), else of their address. The door
    calls it once, right after authentication, whether that succeeded or not. The answer tells what is left
    (draft-ietf-httpapi-ratelimit-headers-10). Raises TooMany."""
    environ = request.environ
    if SPENT in environ:
        return
    name, who = g.get("rate_key") or (ADDRESS, address())
    amount, seconds = BUDGETS[name]
    free, left, wait = _limits().spend(_budget(amount, seconds, name), _part(who))
    environ[SPENT] = left
    environ.setdefault(EXTRA, []).extend(
        (
            ("RateLimit-Policy", f'"{name}";q={amount};w={seconds}'),
            ("RateLimit", f'"{name}";r={left};t={wait}'),
        )
    )
    if not free:
        raise _too_many(wait)


def allow(name: str, amount: int, seconds: int, *key: str | int) -> None:
    """Take one of `amount` per `seconds` for `key` under the limit `name` (`allow("login", 5, 300, email, address())`).
    Raises TooMany."""
    free, _, wait = _limits().spend(_budget(amount, seconds, name), *map(_part, key))
    if not free:
        raise _too_many(wait)


def forgive(name: str, amount: int, seconds: int, *key: str | int) -> None:
    """Forget what `allow` counted for `key`."""
    _limits().forgive(_budget(amount, seconds, name), *map(_part, key))


def address() -> str:
    """Who calls without a token: the address, of IPv6 the network of one customer (/64)."""
    return _network(request.remote_addr or "-")


@lru_cache(maxsize=4096)
def _network(text: str) -> str:
    try:
        known = ipaddress.ip_address(text)
    except ValueError:
        return text[:64]
    if known.version == 4:
        return text
    mapped = known.ipv4_mapped
    return str(mapped) if mapped else str(ipaddress.ip_network((known, 64), strict=False))


@lru_cache(maxsize=256)
def _budget(amount: int, seconds: int, name: str) -> RateLimitItem:
    return RateLimitItemPerSecond(amount, seconds, namespace=name)


def _part(value: object) -> str:
    return str(value).replace("%", "%25").replace("/", "%2F")  # the storage joins the parts by slashes


def _limits() -> Limits:
    found: Limits = current_app.extensions["limits"]
    return found


def _too_many(wait: int) -> TooMany:
    return TooMany(f"Слишком много запросов. Повторите через {wait} с", headers={"Retry-After": str(wait)})
