"""A dialog in the seed's words (§1.1, 3.1, 8.1: one resource, the union of their fields)."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from ..models.dialog import DialogStatus
from ..models.stage import CODE_MAX
from ..models.user import EMAIL_MAX
from .base import Money, Out, TextId, Utc


class ClientOfDialogOut(Out):
    """`close_ratio` is the highest of the client's active dialogs, `messages_count` of all of them."""

    id: int
    name: str
    phone: str
    email: str
    manager: str | None
    status: str
    close_ratio: int
    messages_count: int


class DialogOut(Out):
    """PostgreSQL builds this shape in lists (services/dialog_lists.py); a test holds the two equal."""

    id: TextId
    uuid: UUID
    thread_id: str
    client_id: int
    funnel_id: TextId
    created_at: Utc
    updated_at: Utc
    created: Utc
    last_activity_: Utc = Field(alias="lastActivity")
    last_activity: Utc
    status: str
    outcome: Literal["won", "lost"] | None
    lost_reason: str
    messages_count: int
    last_message: str
    close_ratio: int
    manager: str | None
    ai: bool
    unsubscribed: bool
    stage: str
    stage_name: str
    description: str
    tags: list[str]
    price: Money
    channel: str
    name: str
    phone: str
    email: str
    client: ClientOfDialogOut


class DialogFilterIn(BaseModel):
    """The filters of a list of dialogs, all optional. `manager` is a member's id or e-mail; `q` looks into the client's
    name, phone and e-mail; `sort` begins with a minus where the newest come first."""

    stage: str | None = Field(default=None, min_length=1, max_length=CODE_MAX)
    status: DialogStatus | None = None
    ai: bool | None = None
    manager: str | None = Field(default=None, min_length=1, max_length=EMAIL_MAX)
    updated_since: datetime | None = None
    q: str | None = Field(default=None, max_length=EMAIL_MAX)
    sort: Literal["-id", "id", "-last_activity", "last_activity", "-created_at", "created_at"] = "-id"
