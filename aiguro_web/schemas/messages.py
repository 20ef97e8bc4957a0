"""A message in the seed's words (§8.2, 8.3)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, PlainSerializer

from ..models.message import TEXT_MAX
from .base import In, Out, TextId, Utc

Zoned = Annotated[datetime, PlainSerializer(lambda moment: moment.isoformat(timespec="seconds"), return_type=str)]


class AttachmentOut(Out):
    id: TextId
    name: str
    content_type: str
    size: int


class MessageOut(Out):
    """`timestamp` is in UTC, `time` the same instant in the organisation's time zone."""

    id: TextId
    text: str
    role: Literal["user", "assistant", "manager", "system"]
    timestamp: Utc
    time: Zoned
    status: str | None
    error: str | None
    author: str
    stage_number: int
    edited: bool
    attachments: list[AttachmentOut]


class MessageIn(In):
    """`time` and other extras that the front-end sends are ignored."""

    text: str = Field(min_length=1, max_length=TEXT_MAX)
    role: Literal["manager", "assistant"] = "manager"


def message_out(row: dict[str, object] | object, zone: ZoneInfo) -> MessageOut:
    """A service's MessageRow in the organisation's time zone."""
    found: dict[str, object] = dict(row)  # type: ignore[call-overload]
    created = found["created_at"]
    assert isinstance(created, datetime)
    return MessageOut.model_construct(
        id=found["id"],
        text=found["text"],
        role=found["role"],
        timestamp=created,
        time=created.astimezone(zone),
        status=found["status"],
        error=found["error"],
        author=found["author_name"],
        stage_number=found["stage_number"],
        edited=found["edited_at"] is not None,
        attachments=[AttachmentOut.model_validate(item) for item in found.get("attachments", [])],  # type: ignore[attr-defined]
    )
