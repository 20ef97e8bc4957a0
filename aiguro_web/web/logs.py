"""One JSON line per event on stderr (stdout is for what commands answer), secrets and personal data kept out."""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor

SECRET_KEYS = re.compile(
    r"token|secret|passw|authorization|cookie|api[_-]?key|private|credential|dsn|\bjwt\b|session", re.IGNORECASE
)
_SECRETS = re.compile(
    r"bot\d+:[\w-]{20,}"  # a Telegram address
    r"|\b\d{6,}:[\w-]{30,}"  # a Telegram token
    r"|\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?"  # a JWT
    r"|(?i:\b(?:bearer|basic)\s+[\w.~+/=-]+)"
    r"|(?i:(?<=://)[^\s/@]+(?=@))"  # user:password@host
    r"|(?i:(?<=[?&])(?:[\w-]*(?:token|secret|key|signature|sig|code|password))=[^&\s\"']+)"
)
_PEOPLE = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|\+\d[\d ()-]{8,}\d")  # e-mail addresses, phone numbers
HIDDEN = "***"
QUIET = frozenset(
    (
        "werkzeug",
        "procrastinate",
        "httpx2",
        "httpcore2",
        "httpx",
        "httpcore",
        "urllib3",
        "openai",
        "flask-limiter",
        "flask_cors",
    )
)


def scrub(text: str) -> str:
    """The text without tokens, passwords, e-mail addresses and phone numbers."""
    return _PEOPLE.sub(HIDDEN, _SECRETS.sub(HIDDEN, text))


def redact(logger: object, method: str, event: EventDict) -> EventDict:
    """Processor: values under a secret's name go, other texts are scrubbed."""
    return {key: _clean(key, value) for key, value in event.items()}


def _clean(key: str, value: Any) -> Any:
    if isinstance(key, str) and SECRET_KEYS.search(key):
        return HIDDEN
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, Mapping):
        return {name: _clean(str(name), item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(key, item) for item in value]
    if isinstance(value, bytes):
        return HIDDEN
    return value


def frames(error: BaseException, *, words: bool = False) -> list[str]:
    """The traceback as lines `file:line function`, causes first. Messages hold people's data (a failed INSERT quotes
    its values), so they are added only with `words`, for development."""
    lines: list[str] = []
    seen: set[int] = set()
    chain: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        chain.append(current)
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    for link in reversed(chain):
        for frame in traceback.extract_tb(link.__traceback__)[-25:]:
            lines.append(f"{_short(frame.filename)}:{frame.lineno} {frame.name}")
        lines.append(f"{kind_of(link)}: {scrub(str(link))[:500]}" if words else kind_of(link))
    return lines


def kind_of(error: BaseException) -> str:
    """The error's class, with SQLSTATE and constraint where a database raised it."""
    name = type(error).__qualname__
    origin = getattr(error, "orig", None) or error
    state = getattr(origin, "sqlstate", None)
    constraint = getattr(getattr(origin, "diag", None), "constraint_name", None)
    return " ".join(part for part in (name, state, constraint) if part)


def _short(path: str) -> str:
    for mark in ("/site-packages/", "/aiguro_web/"):
        if mark in path:
            return path.rsplit(mark, 1)[1] if mark == "/site-packages/" else "aiguro_web/" + path.rsplit(mark, 1)[1]
    return path.rsplit("/", 1)[-1]


def _dumps(event: Any, **_: Any) -> str:
    return json.dumps(event, ensure_ascii=False, default=str, separators=(",", ":"))


_COMMON: list[Processor] = [
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
]


class _Stderr:
    """Whatever stands for stderr now (a test may replace it after the set-up)."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def set_up(stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Configure structlog and the standard library's logging for this process; the last call holds."""
    target: Any = stream or _Stderr()
    structlog.configure(
        processors=[*_COMMON, redact, structlog.processors.JSONRenderer(serializer=_dumps)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(target),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*_COMMON, structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _exception_as_frames,
                redact,
                structlog.processors.JSONRenderer(serializer=_dumps),
            ],
        )
    )
    handler.addFilter(_is_news)
    root = logging.getLogger()
    for old in [kept for kept in root.handlers if getattr(kept, "of_aiguro", False)]:
        root.removeHandler(old)
    handler.of_aiguro = True  # type: ignore[attr-defined]
    root.addHandler(handler)
    root.setLevel(level)


def _is_news(record: logging.LogRecord) -> bool:
    """Libraries that tell of every call are heard when something is wrong. (Their loggers stay as they are.)"""
    return record.levelno >= logging.WARNING or record.name.split(".")[0] not in QUIET


def _exception_as_frames(logger: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    error = info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event["trace"] = frames(error)
    return event
