"""Reading what strangers send as JSON: strict, bounded, and clean enough for PostgreSQL."""

from __future__ import annotations

import json
import math
import re
from typing import Any

BODY_LIMIT = 1 << 20  # bytes; a Telegram update with everything in it stays under 300 KB
DEPTH_LIMIT = 64

_SURROGATE = re.compile("[\ud800-\udfff]")
_INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]+")


def clean(text: str) -> str:
    """The text without what UTF-8 and PostgreSQL cannot hold: NUL is dropped, half a surrogate pair becomes U+FFFD."""
    return _SURROGATE.sub("\ufffd", text.replace("\x00", ""))


def clean_name(text: str, limit: int = 200) -> str:
    """A name on one line, without control characters and bidi overrides (they make one name look like another)."""
    return " ".join(_INVISIBLE.sub(" ", clean(text)).split())[:limit].rstrip()


def load(body: bytes) -> Any:
    """The JSON value of a body, its strings cleaned. Raises ValueError for anything that is not plain, bounded JSON."""
    if len(body) > BODY_LIMIT:
        raise ValueError(f"more than {BODY_LIMIT} bytes")
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_no_constant, parse_float=_finite)
    except RecursionError:
        raise ValueError("nested too deep") from None
    if _is_plain(body):
        return value
    return _cleaned(value, DEPTH_LIMIT)


def escapes_harm(body: bytes) -> bool:
    """Whether JSON text may hold an escaped NUL or half a surrogate pair, which PostgreSQL's jsonb refuses."""
    return b"\\u0000" in body or b"\\ud" in body.lower()


def _is_plain(body: bytes) -> bool:
    """Whether the body cannot hold what must be cleaned or refused: harmless escapes, few brackets."""
    return not escapes_harm(body) and body.count(b"{") + body.count(b"[") <= DEPTH_LIMIT


def storable(body: bytes) -> Any:
    """The body as a value that a jsonb column takes, whatever it is: unreadable ones as {"raw": the first 64 KB}."""
    try:
        return load(body)
    except ValueError:
        return {"raw": clean(body[: 1 << 16].decode("utf-8", "replace"))}


def _cleaned(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return clean(value)
    if not isinstance(value, (dict, list)):
        return value
    if depth <= 0:
        raise ValueError("nested too deep")
    if isinstance(value, list):
        return [_cleaned(item, depth - 1) for item in value]
    return {clean(key): _cleaned(item, depth - 1) for key, item in value.items()}


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("number out of range")
    return number
