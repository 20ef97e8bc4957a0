"""Every error as an answer: problem+json (RFC 9457) for programs, a page or a toast for people."""

from __future__ import annotations

import json
from typing import Any

from flask import Flask, Response, current_app, render_template, request
from jinja2 import TemplateError
from markupsafe import escape
from werkzeug.exceptions import HTTPException

from ..errors import AppError
from . import faults, sessions, telemetry

PROBLEM = "application/problem+json"
JSON_PREFIXES = ("/api", "/webhooks", "/.well-known", "/healthz", "/readyz", "/metrics")
CALLS_BELOW = ("/chat/",)  # `/chat/<key>` is a page, what stands below it is called by scripts


def init_app(app: Flask) -> None:
    """Answer every exception. `JSON_PREFIXES` in the configuration adds paths whose errors are JSON."""
    app.config.setdefault("JSON_PREFIXES", ())
    app.register_error_handler(Exception, answer)


def answer(error: Exception) -> Response | HTTPException:
    """The answer to an exception; what nobody expected is logged and becomes a silent 500."""
    if isinstance(error, HTTPException) and error.response is not None:
        return error  # abort(response)
    refusal = faults.meaning(error)
    if refusal is None and isinstance(error, HTTPException) and (error.code or 500) < 400:
        return error
    if refusal is None:
        telemetry.unexpected(getattr(error, "original_exception", None) or error)
        refusal = faults.Refused(500)
    elif faults.worth_a_trace(error, refusal):
        telemetry.trouble(error, refusal.status)
    request.environ[telemetry.CODE] = refusal.code
    response = problem(refusal) if wants_json() else _for_people(refusal)
    response.headers.extend(refusal.headers)
    if refusal.status == 503:
        response.headers.setdefault("Retry-After", faults.LATER)
    response.headers["Cache-Control"] = "no-store"
    return response


def wants_json() -> bool:
    """Whether the caller is a program: by its path, else by what it says it accepts."""
    path = request.path
    for prefix in (*JSON_PREFIXES, *current_app.config.get("JSON_PREFIXES", ())):
        if path == prefix or path.startswith(prefix + "/"):
            return True
    if any(path.startswith(prefix) and "/" in path[len(prefix) :] for prefix in CALLS_BELOW):
        return True
    if "HX-Request" in request.headers:
        return False
    accept = request.headers.get("Accept", "")
    return "json" in accept and "text/html" not in accept


def problem(refusal: AppError) -> Response:
    """The refusal in the contract's JSON; `error` is the sentence that the front-end shows."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": refusal.title,
        "status": refusal.status,
        "detail": refusal.message,
        "instance": request.path,
        "error": refusal.message,
        "code": refusal.code,
        "request_id": telemetry.request_id(),
    }
    if refusal.fields:
        body["errors"] = [
            {"pointer": at if at.startswith("/") or not at else "/" + at, "message": message}
            for at, message in refusal.fields.items()
        ]
    text = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
    return Response(text, refusal.status, content_type=PROBLEM)


def _for_people(refusal: AppError) -> Response:
    if request.headers.get("HX-Request") != "true":
        return _rendered("errors/error.html", refusal)
    response = _rendered("errors/_toast.html", refusal)
    response.headers["HX-Reswap"] = "none"
    # Of errors a page's background refreshes tell nothing.
    kind = "warning" if refusal.code == sessions.ANOTHER_ORG else "error"
    response.headers["HX-Trigger"] = json.dumps({"toast": {"message": refusal.message, "kind": kind}})
    return response


def _rendered(template: str, refusal: AppError) -> Response:
    """The template's page; should it fail itself, the plain words."""
    facts = {"status": refusal.status, "title": refusal.title, "detail": refusal.message}
    try:
        text = render_template(template, **facts, request_id=telemetry.request_id(), fields=refusal.fields)
    except (TemplateError, RuntimeError, LookupError, TypeError, ValueError, AttributeError) as trouble:
        telemetry.trouble(trouble, refusal.status)
        text = f"<!doctype html><meta charset=utf-8><title>{escape(refusal.title)}</title><p>{escape(refusal.message)}"
    return Response(text, refusal.status, mimetype="text/html")
