"""The guard of addresses that name a connection by its random key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import g

from ..errors import NotFound
from ..extensions import db
from ..services import access, connections
from ..web import limits
from ..web.auth import Guard


BURST = 20_000  # calls in ten seconds: ten times what the busiest bot gets


def connection_of(messenger_type: str | None = None) -> Guard:
    """Finds the connection behind `<key>`: sets `g.connection` and `g.who`. NotFound for an unknown key.

    Calls are limited per connection, so that one flooded bot takes nothing from the others.
    """

    def run(view_args: dict[str, Any]) -> None:
        g.rate_key = None
        key = str(view_args["key"])
        row = connections.find_by_key(key) if len(key) <= 64 else None
        db.session.commit()
        if row is None or (messenger_type is not None and row.messenger_type != messenger_type):
            raise NotFound("Подключение не найдено")
        limits.allow("connection", BURST, 10, str(row.id))
        g.connection = row
        g.who = access.client(row.org_id)

    check: Callable[[dict[str, Any]], None] = run
    return Guard("connection", check)
