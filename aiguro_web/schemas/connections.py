"""A messenger connection in the seed's words (§5.4, 5.5)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from ..models.messenger_connection import CONNECTION_NAME_MAX, TOKEN_MAX
from .base import In, Out, TextId, Trimmed, TrimmedOrNone, Utc


class ConnectionDataOut(Out):
    """Never a secret: `token_hint` is the token's last four signs."""

    username: str
    account: str
    token_hint: str


class ConnectionOut(Out):
    id: TextId
    name: str | None
    connection_name: str | None
    messenger_type: str
    is_active: bool
    status: str
    funnel_id: TextId | None
    last_activity: Utc
    connection_data: ConnectionDataOut


class ConnectionIn(In):
    """A web chat needs no token."""

    messenger_type: Literal["telegram", "webchat"]
    token: Trimmed = Field(default="", max_length=TOKEN_MAX)
    name: TrimmedOrNone = Field(default=None, max_length=CONNECTION_NAME_MAX)


def connection_out(row: dict[str, Any] | Any) -> ConnectionOut:
    """A service's ConnectionRow."""
    active: datetime = row["last_inbound_at"] or row["created_at"]
    name = row["name"] or None
    data = ConnectionDataOut(username=row["username"], account=row["account"], token_hint=row["token_hint"])
    return ConnectionOut.model_construct(
        id=row["id"],
        name=name,
        connection_name=name,
        messenger_type=row["messenger_type"],
        is_active=row["is_active"],
        status=row["status"],
        funnel_id=row["funnel_id"],
        last_activity=active,
        connection_data=data,
    )
