"""Bytes of files: on the local disk or in S3 (FILES_URL), under random keys; what they are is a row's business."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

import obstore
from flask import Flask
from obstore.exceptions import BaseError
from obstore.store import LocalStore, from_url

from ..config import BadConfig
from ..errors import NotFound, TooLarge, Unavailable
from .kinds import ALLOWED, INLINE, Sniffer
from .tables import TableSniffer

MIB = 1024 * 1024
LIMIT = 50 * MIB  # bytes of a file (contract.md §4)
PIECE = 64 * 1024  # bytes read at once
KEY_BYTES = 20  # 160 bits: nobody guesses a key
SCHEMES = ("", "file", "s3")
_PATIENCE: dict[str, Any] = {
    "client_options": {"connect_timeout": "3s", "timeout": "30s"},
    "retry_config": {"max_retries": 3, "retry_timeout": timedelta(seconds=15)},
}

__all__ = [
    "ALLOWED", "INLINE", "LIMIT", "Incoming", "Stored", "TableSniffer", "delete", "init_app", "list_older", "open",
    "receive", "receiving",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stored:
    """Bytes that are kept. `name` ends as files of `content_type` do; `size` is in bytes."""

    key: str
    name: str
    size: int
    content_type: str


class Incoming(Protocol):
    """A file on its way in: multipart.Part."""

    @property
    def filename(self) -> str: ...

    @property
    def content(self) -> Iterator[bytes]: ...


_url, _instance = "", Path("instance")
_store: Any = None
_process = 0


def init_app(app: Flask) -> None:
    """Read FILES_URL: empty (`files/` of the instance), `file:///a/directory` or `s3://bucket/prefix`, the latter with
    the AWS_… variables of the environment. Raises BadConfig."""
    global _url, _instance, _store
    _url, _instance, _store = str(app.config["FILES_URL"]), Path(app.config["AIGURO_INSTANCE"]), None
    parts = urlsplit(_url)
    if parts.scheme not in SCHEMES or (parts.scheme == "s3" and not parts.netloc) or (_url and not parts.scheme):
        raise BadConfig(f"FILES_URL must be empty, file:///directory or s3://bucket/prefix, not {_url!r}")


def receive(
    name: str, content: Iterator[bytes], limit: int = LIMIT, sniffer: Callable[[], Sniffer] = Sniffer
) -> Stored:
    """Keep `content` under a new key, piece by piece; `sniffer` says what it is.

    Raises Invalid for a type that is not allowed and for an empty file, TooLarge, Unavailable; no bytes are left then.
    """
    drawn = secrets.token_hex(KEY_BYTES)
    key, seen = f"{drawn[:2]}/{drawn}", sniffer()
    store = _opened()
    # S3 takes no parts below 5 MiB; the memory for them is this process's.
    size = 256 * 1024 if isinstance(store, LocalStore) else 5 * MIB
    with _told():
        writer = obstore.open_writer(store, key, buffer_size=size, max_concurrency=2)
    try:
        for piece in content:
            seen.see(piece)
            if seen.size > limit:
                raise TooLarge(f"Файл больше {limit // MIB} МиБ")
            with _told():
                writer.write(piece)
        kind, name = seen.verdict(name or "file")
        with _told():
            writer.close()
            _sync(store, key)
    except BaseException:
        del writer  # never closed, it takes along what it wrote
        raise
    return Stored(key, name, seen.size, kind)


def _sync(store: Any, key: str) -> None:
    """What was acknowledged outlives a power cut; S3 sees to that itself."""
    if not isinstance(store, LocalStore):
        return
    path = _directory() / key
    try:
        for place in (path, path.parent):
            descriptor = os.open(place, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
    except OSError:
        path.unlink(missing_ok=True)
        raise


@contextmanager
def receiving(sniffer: Callable[[], Sniffer] = Sniffer) -> Iterator[Callable[[Incoming], Stored]]:
    """Within: what keeps one file after another; all of them are deleted again when something fails before the end."""
    kept: list[str] = []

    def take(part: Incoming) -> Stored:
        stored = receive(part.filename, part.content, sniffer=sniffer)
        kept.append(stored.key)
        return stored

    try:
        yield take
    except BaseException:
        for key in kept:
            with suppress(Exception):  # the daily sweep finds it
                delete(key)
        raise


def open(key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
    """The bytes of a key from `start` up to `end` (not with it), in pieces. Raises NotFound and Unavailable at once."""
    options: Any = {"range": (start, end)} if end is not None else {"range": {"offset": start}} if start else None
    with _told():
        found = obstore.get(_opened(), key, options=options)
    return iter(found.stream(min_chunk_size=PIECE))


def delete(key: str) -> None:
    """Once or twice, it is gone. Raises Unavailable."""
    with suppress(NotFound), _told():
        obstore.delete(_opened(), key)


def list_older(hours: float) -> Iterator[list[str]]:
    """Keys that were written more than `hours` ago, some hundreds at a time. What a killed process left half-written is
    deleted on the way."""
    store = _opened()
    if isinstance(store, LocalStore):
        _delete_drafts(_directory(), time.time() - hours * 3600)
    before = datetime.now(UTC) - timedelta(hours=hours)
    with _told():
        for found in obstore.list(store, chunk_size=500):
            old = [item["path"] for item in found if item["last_modified"] < before]
            if old:
                yield old


def _delete_drafts(directory: Path, before: float) -> None:
    """obstore writes `key#1` until a file is whole, and then renames it."""
    for draft in directory.glob("??/*#*"):
        with suppress(OSError):
            if draft.stat().st_mtime < before:
                draft.unlink()


def _opened() -> Any:
    """The store, opened by the process that uses it: its threads do not outlive a fork."""
    global _store, _process
    if _store is None or _process != os.getpid():
        if urlsplit(_url).scheme == "s3":
            # Plain HTTP only where the administrator wrote it: a store of one's own beside the application.
            plain = os.environ.get("AWS_ENDPOINT_URL", "").startswith("http://")
            options: Any = {**_PATIENCE["client_options"], "allow_http": plain}
            _store = from_url(_url, client_options=options, retry_config=_PATIENCE["retry_config"])
        else:
            with _told():
                _directory().mkdir(parents=True, exist_ok=True, mode=0o700)
                _store = LocalStore(_directory().resolve())
        _process = os.getpid()
    return _store


def _directory() -> Path:
    parts = urlsplit(_url)
    return Path(unquote(parts.path)) if parts.scheme == "file" else _instance / "files"


@contextmanager
def _told() -> Iterator[None]:
    """The store's own exceptions in our words."""
    try:
        yield
    except FileNotFoundError:
        raise NotFound("Файл не найден") from None
    except ValueError as error:  # no key of ours looks like it
        raise NotFound("Файл не найден") from error
    except (BaseError, OSError) as error:  # a writer raises OSError for whatever the store said
        full = "os error 28" in str(error) or "os error 122" in str(error)  # ENOSPC, EDQUOT
        words = "На сервере кончилось место" if full else "Хранилище файлов сейчас недоступно"
        raise Unavailable(words, headers={"Retry-After": "5"}) from error
