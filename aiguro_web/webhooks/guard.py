"""The guard of addresses that name a connection by its random key."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import g

from ..errors import NotFound
from ..services import access, connections
from ..services.connections import Secrets
from ..web import limits
from ..web.auth import Guard, own_transaction
from ..web.remembered import Remembered

BURST = 20_000  # calls in ten seconds: ten times what the busiest bot gets
KNOWN_FOR = 3.0  # seconds; whether the connection is still on is asked again when an update is kept


@dataclass(frozen=True, slots=True)
class Known:
    """A connection, with its secrets opened for the adapter alone."""

    org_id: int
    id: int
    messenger_type: str
    is_active: bool
    secrets: Secrets = field(repr=False)


_known: Remembered[str, Known] = Remembered(10_000)


def _find(key: str) -> Known | None:
    known = _known.get(key)
    if known is None:
        with own_transaction():
            row = connections.find_by_key(key)
        if row is None:
            return None
        opened = (
            connections.open_secrets(row.secret_encrypted) if row.secret_encrypted else Secrets(token="", secret="")
        )
        known = Known(row.org_id, row.id, row.messenger_type, row.is_active, opened)
        _known.put(key, known, time.time() + KNOWN_FOR)
    return known


def forget() -> None:
    """Let go of what this process remembers."""
    _known.forget()


def connection_of(messenger_type: str | None = None) -> Guard:
    """Finds the connection behind `<key>`: sets `g.connection` and `g.who`. NotFound for an unknown key.

    Calls are limited per connection, so that one flooded bot takes nothing from the others.
    """

    def run(view_args: dict[str, Any]) -> None:
        g.rate_key = None
        key = str(view_args["key"])
        row = _find(key) if len(key) <= 64 else None
        if row is None or (messenger_type is not None and row.messenger_type != messenger_type):
            raise NotFound("Подключение не найдено")
        limits.allow("connection", BURST, 10, str(row.id))
        g.connection = row
        g.who = access.client(row.org_id)

    check: Callable[[dict[str, Any]], None] = run
    return Guard("connection", check)
