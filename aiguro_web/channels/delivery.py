"""One delivery of a messenger as plain data: what it tells, or why it can't be read."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from .base import Channel, Incoming, Unreadable
from .reading import storable


@dataclass(frozen=True, slots=True)
class Delivery:
    """`payload` is the body as it came, for a person to look at; `error` is set when it can't be read."""

    payload: Any
    updates: list[Incoming] = field(default_factory=list)
    update_id: str = ""
    error: str = ""


def read(adapter: Channel, body: bytes) -> Delivery:
    """Parse a body; one that can't be read gets an id by its content, so that its repeats are known too."""
    try:
        return Delivery(storable(body), adapter.parse(body))
    except Unreadable as unreadable:
        update_id = unreadable.update_id or f"sha256:{hashlib.sha256(body).hexdigest()[:32]}"
        return Delivery(storable(body), [], update_id, unreadable.reason)
