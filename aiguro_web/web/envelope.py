"""Around the whole application, as WSGI: the request's id and the headers that every answer carries, even one that
Flask could not make. Here, because a header costs 4 µs in a response object and nothing in WSGI's list."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from flask import g, has_request_context

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

REQUEST_ID, BEGAN, EXTRA = "aiguro.request_id", "aiguro.began", "aiguro.headers"
PAGE_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors "
)
DATA_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors "
NOBODY = "'none'"
ALWAYS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()"),
)
PATIENCE = 30  # seconds until a caller takes the next piece of an answer, or sends the next of a body
HSTS = ("Strict-Transport-Security", "max-age=31536000")

_LOWER = tuple((name.lower(), (name, value)) for name, value in ALWAYS)
_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Envelope:
    """WSGI middleware: notes the time and the id, and completes the headers of the answer."""

    def __init__(self, app: WSGIApplication) -> None:
        self.app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ[BEGAN] = time.perf_counter()
        given = environ.get("HTTP_X_REQUEST_ID")
        known = given is not None and _GIVEN_ID.fullmatch(given)
        environ[REQUEST_ID] = given if known else secrets.token_hex(8)
        environ[EXTRA] = []
        caller = environ.get("gunicorn.socket")
        if caller is not None:
            caller.settimeout(PATIENCE)

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
            complete(headers, environ)
            return start_response(status, headers, exc_info)

        return self.app(environ, start)


def complete(headers: list[tuple[str, str]], environ: WSGIEnvironment) -> None:
    """Add what is missing; what a view has set itself stays."""
    seen = {name.lower(): value for name, value in headers}
    headers.append(("X-Request-Id", environ[REQUEST_ID]))
    headers.extend(environ[EXTRA])
    html = seen.get("content-type", "").startswith("text/html")
    framed_by = NOBODY
    if html and has_request_context():
        framed_by = g.get("frame_ancestors") or NOBODY
    if "content-security-policy" not in seen:
        headers.append(("Content-Security-Policy", (PAGE_POLICY if html else DATA_POLICY) + framed_by))
    if framed_by == NOBODY and "x-frame-options" not in seen:
        headers.append(("X-Frame-Options", "DENY"))
    for name, pair in _LOWER:
        if name not in seen:
            headers.append(pair)
    if environ.get("wsgi.url_scheme") == "https":
        headers.append(HSTS)
