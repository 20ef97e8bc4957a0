"""CORS for `/api`, compression, trusted proxies; the security headers themselves are written by the envelope."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from flask import Flask, Response, current_app
from flask_compress import Compress
from flask_cors import CORS
from werkzeug.middleware.proxy_fix import ProxyFix

from .envelope import Envelope

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

EXPOSED = ["ETag", "Link", "Location", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-Id", "X-Total-Count"]
ALLOWED = ["Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "X-Request-Id"]
PACKED = (
    "application/json",
    "application/problem+json",
    "text/html",
    "text/css",
    "text/csv",
    "text/plain",
    "text/javascript",
    "application/javascript",
    "image/svg+xml",
)
SETTINGS = {
    "COMPRESS_ALGORITHM": ["zstd", "br", "gzip"],
    "COMPRESS_ALGORITHM_STREAMING": ["zstd", "br", "gzip"],
    "COMPRESS_MIMETYPES": list(PACKED),  # never text/event-stream: a packer would hold events back
    "COMPRESS_MIN_SIZE": 501,
    "COMPRESS_ZSTD_LEVEL": 1,
    "COMPRESS_BR_LEVEL": 4,
    "COMPRESS_LEVEL": 5,
    "COMPRESS_EVALUATE_CONDITIONAL_REQUEST": False,  # `conditional` has done it, before packing
    "COMPRESS_REGISTER": False,
}
TINY = 501  # bytes


def init_app(app: Flask) -> None:
    """Wrap the application in its envelope, trust as many proxies as configured, set up compression and CORS."""
    app.wsgi_app = Envelope(app.wsgi_app)  # type: ignore[method-assign]
    proxies = int(app.config.get("TRUSTED_PROXIES") or 0)
    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies)  # type: ignore[method-assign]
    app.config.update(SETTINGS)
    app.extensions["compress"] = compress = Compress()
    compress.init_app(app)
    _allow_origins(app)


def pack(response: Response, environ: WSGIEnvironment) -> Response:
    """Compress the answer, if it is worth it and the caller can read it; say what it varies by."""
    headers = response.headers
    kind = headers.get("Content-Type", "").partition(";")[0]
    if kind == "text/html":  # pages differ by cookie, and by HX-Request: bare or whole
        response.vary.update(("Cookie", "HX-Request"))
        headers.setdefault("Cache-Control", "private, no-cache")
    elif "Vary" not in headers and environ["PATH_INFO"].startswith("/api"):
        headers.add("Vary", "Origin")
    if kind not in PACKED or not 200 <= response.status_code < 300:
        return response
    if not response.is_streamed and len(response.get_data()) < TINY:
        return response
    compress: Compress = current_app.extensions["compress"]
    return compress.after_request(response)


def _allow_origins(app: Flask) -> None:
    origins = list(app.config.get("CORS_ORIGINS") or ())
    if not origins:
        return
    CORS(
        app,
        resources={
            r"^/api(/.*)?$": {
                "origins": origins,
                "expose_headers": EXPOSED,
                "allow_headers": ALLOWED,
                "methods": ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
                "max_age": 600,
                "always_send": False,
                "vary_header": False,  # it would add a second Vary; `pack` names Origin
                "supports_credentials": False,
            }
        },
        intercept_exceptions=False,  # our handlers answer every exception, and answers pass the hook anyway
    )


def understand_coding(environ: WSGIEnvironment) -> None:
    """Flask-Compress 1.25 takes `gzip;q=0` for a wish and overlooks `gzip; q=1`: give it the list as it reads it."""
    given = environ.get("HTTP_ACCEPT_ENCODING")
    if given and ";" in given:
        environ["HTTP_ACCEPT_ENCODING"] = _plain_codings(given[:500])


@lru_cache(maxsize=256)
def _plain_codings(given: str) -> str:
    """RFC 9110 §12.5.3 in the order of preference, without qualities and without what is refused."""
    wishes: list[tuple[float, str]] = []
    refused = set()
    for part in given.lower().split(","):
        name, _, parameter = part.partition(";")
        quality = _quality(parameter.strip())
        if quality > 0:
            wishes.append((quality, name.strip()))
        else:
            refused.add(name.strip())
    best = max((quality for quality, name in wishes if name != "*"), default=0.0)
    names = [name for quality, name in wishes if name != "*" and quality == best]
    if not names and any(name == "*" for _, name in wishes):
        names = [name for name in ("zstd", "br", "gzip") if name not in refused][:1]
    return ", ".join(names)


def _quality(parameter: str) -> float:
    if not parameter.startswith("q="):
        return 1.0
    try:
        quality = float(parameter[2:])
    except ValueError:
        return 0.0
    return quality if 0 <= quality <= 1 else 0.0
