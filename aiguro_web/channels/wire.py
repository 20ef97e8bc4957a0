"""The way out: one pooled HTTP client per base URL and process, bounded answers, failures without secrets in them.

Telegram puts the token into the URL, and httpx2 writes the URL into its log and its exceptions. So the exceptions
raised here are our own, are raised outside the `except` that saw the original, and carry only its class name; and the
log lines of httpx2 pass a filter. Proxies of the environment (HTTPS_PROXY) apply.
"""

from __future__ import annotations

import functools
import json
import logging
import os
import re
import ssl
import threading
import time
from dataclasses import dataclass
from typing import Any

import httpx2

ANSWER_LIMIT = 16 << 20  # bytes; a hundred updates are well under 2 MB
WRITE_TIMEOUT = 10.0
POOL_TIMEOUT = 5.0

_NOT_SENT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
    httpx2.InvalidURL,
)

_TOKEN_IN_URL = re.compile(r"/bot[^/\s\"']+")


class NotSent(Exception):
    """The request never reached the messenger: no connection could be made."""


class Lost(Exception):
    """The request left, its answer did not come whole."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is the JSON value, None when the answer was not JSON."""

    status: int
    body: Any
    retry_after: str = ""


def post(url: str, payload: dict[str, Any], *, connect: float, read: float) -> Answer:
    """POST JSON, get the answer whatever its status. Raises NotSent, Lost. `read` also bounds the whole body."""
    request = json.dumps(payload, ensure_ascii=True, allow_nan=False).encode()
    try:
        return _exchange(
            url, request, httpx2.Timeout(connect=connect, read=read, write=WRITE_TIMEOUT, pool=POOL_TIMEOUT)
        )
    except _NOT_SENT as error:
        failure: Exception = NotSent(type(error).__name__)
    except (httpx2.HTTPError, httpx2.StreamError) as error:
        failure = Lost(type(error).__name__)
    except Lost as error:
        failure = error
    raise failure


def _exchange(url: str, request: bytes, timeout: httpx2.Timeout) -> Answer:
    headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
    content = bytearray()
    with _client(url).stream("POST", url, content=request, headers=headers, timeout=timeout) as response:
        deadline = time.monotonic() + (timeout.read or 0)
        for chunk in response.iter_raw():
            content += chunk
            if len(content) > ANSWER_LIMIT or time.monotonic() > deadline:
                raise Lost("too long an answer")
    return Answer(response.status_code, _json(bytes(content)), response.headers.get("Retry-After", ""))


def _json(content: bytes) -> Any:
    try:
        return json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError):
        return None


_lock = threading.Lock()
_clients: dict[tuple[int, str], httpx2.Client] = {}


def _client(url: str) -> httpx2.Client:
    """The client of this process for the host of this URL. A forked child makes its own: sockets cannot be shared."""
    parsed = httpx2.URL(url)
    key = (os.getpid(), f"{parsed.scheme}://{parsed.netloc.decode('ascii')}")
    client = _clients.get(key)
    if client is None:
        with _lock:
            client = _clients.get(key) or _clients.setdefault(key, _new_client())
    return client


def _new_client() -> httpx2.Client:
    # No cap on connections: a long poll holds one for its whole life and must not starve deliveries. The number of our
    # own threads bounds them.
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=20, keepalive_expiry=5.0)
    return httpx2.Client(limits=limits, follow_redirects=False, verify=_trusted())


@functools.cache
def _trusted() -> ssl.SSLContext:
    """The certificates we trust, read once: it takes longer than a call."""
    return httpx2.create_ssl_context()


def _after_fork() -> None:
    global _lock
    _lock = threading.Lock()  # another thread of the parent may have held the old one


os.register_at_fork(after_in_child=_after_fork)


def scrub(text: str) -> str:
    """The text without the token of a Telegram URL."""
    return _TOKEN_IN_URL.sub("/bot***", text)


def _scrub_record(record: logging.LogRecord) -> bool:
    record.msg, record.args = scrub(record.getMessage()), ()
    return True


logging.getLogger("httpx2").addFilter(_scrub_record)
