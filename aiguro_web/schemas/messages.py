"""A message in the seed's words (§8.2, 8.3)."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from ..models.message import TEXT_MAX
from .base import In, Out, TextId, Utc, Words, Zoned

ATTACHMENT: dict[str, Any] = {"id": "3", "name": "чек.pdf", "content_type": "application/pdf", "size": 48213}
MESSAGE: dict[str, Any] = {
    "id": "9001", "text": "Здравствуйте! Чем могу помочь?", "role": "manager",
    "timestamp": "2026-11-23T10:15:00.000000Z", "time": "2026-11-23T13:15:00+03:00", "status": "queued",
    "error": None, "author": "Анна", "stage_number": 1, "edited": False, "attachments": [],
}  # fmt: skip


class AttachmentOut(Out):
    """What came with a message."""

    model_config = ConfigDict(json_schema_extra={"examples": [ATTACHMENT]})

    id: TextId
    name: str
    content_type: str
    size: int = Field(description="Байт")


class MessageOut(Out):
    """`timestamp` is in UTC, `time` the same instant in the organisation's time zone.

    PostgreSQL builds this shape (services/message_lists.py); a test holds the two equal.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [MESSAGE]})

    id: TextId = Field(description="Постоянный, единственный")
    text: str
    role: Literal["user", "assistant", "manager", "system"] = Field(
        description="user — клиент; system — запись для сотрудников (этап, передача), клиенту не уходит"
    )
    timestamp: Utc = Field(description="Время по UTC")
    time: Zoned = Field(description="Тот же миг в часовом поясе организации, со смещением")
    status: Literal["queued", "sending", "sent", "delivered", "read", "failed", "uncertain"] | None = Field(
        description="Ход доставки нашего сообщения; null у того, что не доставляется. uncertain — неизвестно, дошло ли"
    )
    error: str | None = Field(description="Почему не доставлено, по-русски")
    author: str = Field(description="Имя автора; '' если неизвестно")
    stage_number: int = Field(description="Номер этапа в воронке, с 1")
    edited: bool = Field(description="Клиент изменил сообщение")
    attachments: list[AttachmentOut]


class MessageIn(In):
    """`time` and other extras that the front-end sends are ignored."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"text": "Здравствуйте! Чем могу помочь?", "role": "manager"}]}
    )

    text: Words = Field(min_length=1, max_length=TEXT_MAX, description="Пробелы по краям не считаются")
    role: Literal["manager", "assistant", "user"] = Field(
        default="manager", description="От чьего лица. user — только в тестовом диалоге. Отправитель — владелец токена"
    )
