"""A ticket in the seed's words (§4.1 to 4.5)."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from ..models.message import TEXT_MAX
from ..models.ticket import SUBJECT_MAX, Department, Priority, TicketStatus
from ..models.ticket_message import TicketRole
from .base import In, Line, Out, TextId, Utc, Words

ORGANIZATION = (
    "Организация, в которой состоит владелец токена. Без неё: активная организация токена, иначе единственная его "
    "организация, иначе 400. Для поддержки AIGURO: любая организация, без неё все."
)


def _id_or_none(value: int | str | None) -> int | None:
    """A form has no null: an empty text stands for it."""
    if value is None or value == "":
        return None
    number = int(value) if isinstance(value, int) or (value.isascii() and value.isdigit() and len(value) < 20) else 0
    if not 0 < number < 2**63:
        raise ValueError("должно быть числом больше 0")
    return number


def _none_if_empty(value: Any) -> Any:
    return None if value == "" else value


FormId = Annotated[
    int | str | None,
    AfterValidator(_id_or_none),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": 2**63 - 1},
                {"type": "string", "pattern": "^([1-9][0-9]{0,17})?$"},
                {"type": "null"},
            ]
        },
        mode="validation",
    ),
]


class OrganizationQuery(BaseModel):
    """`orgId`, which every call of support may bring. The guard reads it (web/active_org.py)."""

    org_id: FormId = Field(default=None, validation_alias="orgId", description=ORGANIZATION, examples=[1])


class TicketFilterIn(OrganizationQuery):
    funnel_id: FormId = Field(default=None, validation_alias="funnelId", description="Обращения об этой воронке")
    status: Annotated[TicketStatus | None, BeforeValidator(_none_if_empty)] = Field(
        default=None, description="Состояние"
    )
    department: Annotated[Department | None, BeforeValidator(_none_if_empty)] = Field(
        default=None, description="Отдел поддержки"
    )
    priority: Annotated[Priority | None, BeforeValidator(_none_if_empty)] = Field(default=None, description="Важность")


class OrganizationOfTicketOut(Out):
    id: int
    display_name: str


TICKET: dict[str, Any] = {
    "id": "31", "subject": "Сообщение клиенту не дошло", "department": "technical", "status": "open",
    "priority": "high", "created_at": "2026-11-23T10:15:00.000000Z", "updated_at": "2026-11-23T10:21:00.000000Z",
    "messages_count": 2, "funnel_id": "5", "funnel_name": "Продажи", "author": "Илья Менеджер",
    "organization": {"id": 1, "display_name": "Ромашка"},
}  # fmt: skip
ATTACHMENT: dict[str, Any] = {
    "id": "12",
    "name": "экран.png",
    "url": "https://aiguro.example/api/download/eyJ…",
    "size": 48213,
}


class TicketOut(Out):
    model_config = ConfigDict(json_schema_extra={"examples": [TICKET]})

    id: TextId
    subject: str
    department: Department
    status: TicketStatus
    priority: Priority
    created_at: Utc
    updated_at: Utc = Field(description="Когда написали или изменили обращение в последний раз")
    messages_count: int = Field(description="Вместе с описанием: оно первое сообщение")
    funnel_id: TextId | None
    funnel_name: str | None
    author: str = Field(description="Кто открыл; пусто, если имя неизвестно")
    organization: OrganizationOfTicketOut = Field(description="Чьё это обращение")


class AttachmentOut(Out):
    model_config = ConfigDict(json_schema_extra={"examples": [ATTACHMENT]})

    id: TextId
    name: str
    url: str = Field(description="Адрес для скачивания без токена; действует не больше 10 минут")
    size: int = Field(description="Байт")


class TicketFullOut(TicketOut):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{**TICKET, "description": "У сообщения красный значок.", "attachments": [ATTACHMENT]}]
        }
    )

    description: str = Field(description="Текст первого сообщения")
    attachments: list[AttachmentOut] = Field(description="Файлы первого сообщения")


class TicketMessageOut(Out):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"id": "77", "text": "Подключите бота заново.", "role": "support", "author": "Света Поддержка",
                 "timestamp": "2026-11-23T10:21:00.000000Z", "attachments": [ATTACHMENT]}
            ]
        }
    )  # fmt: skip

    id: TextId
    text: str
    role: TicketRole = Field(description="support — ровно тогда, когда пишет сотрудник AIGURO")
    author: str
    timestamp: Utc
    attachments: list[AttachmentOut]


class TicketIn(In):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"subject": "Сообщение клиенту не дошло", "description": "У сообщения красный значок.",
                 "department": "technical", "priority": "high", "funnel_id": "5"}
            ]
        }
    )  # fmt: skip

    org_id: FormId = Field(default=None, validation_alias="orgId", description=ORGANIZATION)
    subject: Line = Field(min_length=1, max_length=SUBJECT_MAX, description="Тема")
    description: Words = Field(min_length=1, max_length=TEXT_MAX, description="Становится первым сообщением")
    department: Department = Field(description="Отдел поддержки")
    priority: Annotated[Priority | None, BeforeValidator(_none_if_empty)] = Field(
        default=None, description="Важность; без неё medium"
    )
    funnel_id: FormId = Field(default=None, description="Воронка, о которой речь")


class TicketMessageIn(In):
    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "Подключили заново, спасибо!"}]})

    org_id: FormId = Field(default=None, validation_alias="orgId", description=ORGANIZATION)
    text: Words = Field(min_length=1, max_length=TEXT_MAX)


class TicketChangeIn(In):
    """What is left out, or null, stays as it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "closed"}]})

    org_id: FormId = Field(default=None, validation_alias="orgId", description=ORGANIZATION)
    status: TicketStatus | None = None
    department: Department | None = None
    priority: Priority | None = None
