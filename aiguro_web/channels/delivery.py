"""One delivery of a messenger as plain data: what it tells, or why it can't be read."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field

from .base import Channel, Incoming, Unreadable
from .reading import escapes_harm, storable


@dataclass(frozen=True, slots=True)
class Delivery:
    """`payload` is the body as JSON text, for a person to look at; `error` is set when it can't be read."""

    payload: str
    updates: list[Incoming] = field(default_factory=list)
    update_id: str = ""
    error: str = ""


def read(adapter: Channel, body: bytes) -> Delivery:
    """Parse a body; one that can't be read gets an id by its content, so that its repeats are known too."""
    try:
        updates = adapter.parse(body)
        return Delivery(_text(body), updates)
    except Unreadable as unreadable:
        update_id = unreadable.update_id or f"sha256:{hashlib.sha256(body).hexdigest()[:32]}"
        return Delivery(json.dumps(storable(body), ensure_ascii=False), [], update_id, unreadable.reason)


def _text(body: bytes) -> str:
    """A body that was read is JSON already; only what a jsonb column does not take makes it be written anew."""
    if escapes_harm(body):
        return json.dumps(storable(body), ensure_ascii=False)
    return body.decode()
