"""A message in the seed's words (§8.2, 8.3)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..models.message import TEXT_MAX
from .base import In, Out, TextId, Trimmed, Utc, Zoned


class AttachmentOut(Out):
    id: TextId
    name: str
    content_type: str
    size: int


class MessageOut(Out):
    """`timestamp` is in UTC, `time` the same instant in the organisation's time zone.

    PostgreSQL builds this shape (services/message_lists.py); a test holds the two equal.
    """

    id: TextId
    text: str
    role: Literal["user", "assistant", "manager", "system"]
    timestamp: Utc
    time: Zoned
    status: Literal["queued", "sending", "sent", "delivered", "read", "failed", "uncertain"] | None
    error: str | None
    author: str
    stage_number: int
    edited: bool
    attachments: list[AttachmentOut]


class MessageIn(In):
    """`time` and other extras that the front-end sends are ignored."""

    text: Trimmed = Field(min_length=1, max_length=TEXT_MAX)
    role: Literal["manager", "assistant"] = "manager"
