"""`/healthz` (the process lives) and `/readyz` (it can serve): the checks that others register, each within 2 s."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for

from flask import Flask, Response
from sqlalchemy import text

from . import telemetry

LIMIT = 2.0  # seconds for all checks together
KEPT = 1.0  # seconds a verdict is given again: a flood of questions asks the database once a second

Check = Callable[[], object]


class Readiness:
    """Named checks. A check fails by raising, by answering False, or by not answering in time."""

    def __init__(self) -> None:
        self.checks: dict[str, Check] = {}
        self._running: dict[str, Future[object]] = {}
        self._pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="readyz")
        self._lock = threading.Lock()
        self._verdict: tuple[float, list[str]] = (float("-inf"), [])

    def failing(self) -> list[str]:
        """Names of the checks that fail now, sorted; the answer may be a second old."""
        with self._lock:
            moment, names = self._verdict
            if time.monotonic() - moment > KEPT:
                names = self._ask()
                self._verdict = (time.monotonic(), names)
            return names

    def _ask(self) -> list[str]:
        for name, check in self.checks.items():
            if name not in self._running:  # one that still hangs is not asked twice
                self._running[name] = self._pool.submit(check)
        wait_for(self._running.values(), timeout=LIMIT)
        failing = []
        for name, future in list(self._running.items()):
            if not future.done():
                failing.append(name)
                continue
            del self._running[name]
            error = future.exception()
            if error is not None:
                telemetry.trouble(error, 503)
            if error is not None or future.result() is False:
                failing.append(name)
        return sorted(failing)


def init_app(app: Flask) -> None:
    """Serve both addresses; the database is checked wherever there is one."""
    readiness = Readiness()
    app.extensions["readiness"] = readiness

    def healthz() -> Response:
        return _answer(200, {"status": "ok"})

    def readyz() -> Response:
        if "sqlalchemy" in app.extensions and "database" not in readiness.checks:
            readiness.checks["database"] = lambda: _ask_database(app)
        failing = readiness.failing()
        if failing:
            return _answer(503, {"status": "unavailable", "failing": failing})
        return _answer(200, {"status": "ok"})

    for view in (healthz, readyz):
        view.guard = "public"  # type: ignore[attr-defined]
        app.add_url_rule(f"/{view.__name__}", view.__name__, view, methods=["GET"])


def check(app: Flask, name: str, ask: Check) -> None:
    """Register a check of readiness; it runs in a thread without a request."""
    readiness: Readiness = app.extensions["readiness"]
    readiness.checks[name] = ask


def _ask_database(app: Flask) -> None:
    with app.app_context(), app.extensions["sqlalchemy"].engine.connect() as connection:
        connection.execute(text("select 1"))


def _answer(status: int, body: dict[str, object]) -> Response:
    response = Response(json.dumps(body), status, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    if status == 503:
        response.headers["Retry-After"] = "1"
    return response
