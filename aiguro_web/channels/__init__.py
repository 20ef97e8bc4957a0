"""Messengers: `channel(kind, app.config)` gives the adapter of one. A new one is a file here and a line below."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .base import (
    Account,
    BadToken,
    Channel,
    ChannelError,
    Credentials,
    Incoming,
    Later,
    Person,
    PollConflict,
    Refused,
    Sent,
    Unknown,
    Unreadable,
    Webhook,
)
from .reading import storable
from .telegram import TelegramChannel
from .webchat import WebChat

CHANNELS: dict[str, Callable[[Mapping[str, Any]], Channel]] = {
    "telegram": lambda base_urls: TelegramChannel(base_urls["TELEGRAM_API_URL"]),
    "webchat": lambda base_urls: WebChat(),
}


def channel(kind: str, base_urls: Mapping[str, Any]) -> Channel:
    """The adapter of a messenger, talking to the configured base URL. Raises LookupError for an unknown kind."""
    if kind not in CHANNELS:
        raise LookupError(f"no messenger {kind!r}")
    return CHANNELS[kind](base_urls)


__all__ = [
    "CHANNELS",
    "Account",
    "BadToken",
    "Channel",
    "ChannelError",
    "Credentials",
    "Incoming",
    "Later",
    "Person",
    "PollConflict",
    "Refused",
    "Sent",
    "Unknown",
    "Unreadable",
    "Webhook",
    "channel",
    "storable",
]
