"""What is known of a request afterwards: its id, one line in the log, its place in the metrics, the crash report."""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sentry_sdk
import structlog
from flask import Flask, Response, current_app, g, has_app_context, has_request_context, request

from . import health, logs, metrics
from .envelope import BEGAN, REQUEST_ID

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

CODE = "aiguro.error_code"
log = structlog.get_logger("aiguro")


def init_app(app: Flask) -> None:
    """Set up the log, the metrics, the health addresses and the crash reports. ACCESS_LOG=False silences the lines."""
    app.config.setdefault("ACCESS_LOG", True)
    logs.set_up()
    metrics.init_app(app)
    health.init_app(app)
    _start_sentry(app)


def end(response: Response, environ: WSGIEnvironment) -> Response:
    """Count the finished answer and write its line. Runs last."""
    now = time.perf_counter()
    seconds = now - environ.get(BEGAN, now)
    rule = request.url_rule
    route = rule.rule if rule is not None else "-"
    counted: metrics.Metrics = current_app.extensions["metrics"]
    counted.count(route, environ["REQUEST_METHOD"], response.status_code, seconds)
    if current_app.config["ACCESS_LOG"]:
        _write_line(route, response, environ, seconds)
    return response


def request_id() -> str:
    """The id of the running request; the empty text outside of one."""
    found: str = request.environ.get(REQUEST_ID, "") if has_request_context() else ""
    return found


def _write_line(route: str, response: Response, environ: WSGIEnvironment, seconds: float) -> None:
    """The access log. Every field is ours (route template, numbers), so the line needs no scrubbing."""
    who, method = g.get("who"), environ["REQUEST_METHOD"]
    line: dict[str, Any] = {
        "ts": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "level": "info",
        "event": "request",
        "request_id": environ.get(REQUEST_ID, ""),
        "method": method if method in metrics.METHODS else "OTHER",
        "route": route,
        "status": response.status_code,
        "ms": round(seconds * 1000, 2),
        "org": getattr(who, "org", None),
        "user": getattr(who, "user_id", None),
        "bytes": None if response.is_streamed else response.content_length,
    }
    code = environ.get(CODE)
    if code:
        line["code"] = code
    sys.stderr.write(json.dumps(line) + "\n")
    sys.stderr.flush()


def unexpected(error: BaseException) -> None:
    """Log an error of ours with its traceback, and report it where a DSN is configured."""
    words = has_app_context() and current_app.config.get("AIGURO_ENV") == "development"
    log.error("unexpected", error=logs.kind_of(error), trace=logs.frames(error, words=words), **_place())
    if sentry_sdk.is_initialized():
        sentry_sdk.capture_exception(error)


def trouble(error: BaseException, status: int) -> None:
    """Log an error that has an answer (`status`), but that somebody should look at."""
    log.warning("trouble", error=logs.kind_of(error), trace=logs.frames(error), status=status, **_place())


def _place() -> dict[str, Any]:
    if not has_request_context():
        return {}
    who = g.get("who")
    return {
        "request_id": request_id(),
        "route": str(request.url_rule) if request.url_rule else "-",
        "org": getattr(who, "org", None),
        "user": getattr(who, "user_id", None),
    }


def _start_sentry(app: Flask) -> None:
    dsn = app.config.get("SENTRY_DSN")
    if not dsn:
        return
    sentry_sdk.init(
        dsn=dsn,
        environment=app.config.get("AIGURO_ENV"),
        send_default_pii=False,
        include_local_variables=False,
        include_source_context=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        default_integrations=False,
        auto_enabling_integrations=False,
        before_send=_without_people,
    )


def _without_people(event: Any, hint: dict[str, Any]) -> Any:
    """What leaves for Sentry: classes and frames; no messages, no request, no user."""
    for value in event.get("exception", {}).get("values", []):
        value["value"] = ""
    for key in ("request", "user", "breadcrumbs", "extra", "server_name"):
        event.pop(key, None)
    event["tags"] = {"request_id": request_id()}
    return event
