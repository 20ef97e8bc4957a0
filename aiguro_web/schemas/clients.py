"""A client in the seed's words (§2.1, 9.1, 9.3: one resource, the union of their fields)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ..models.client import CLIENT_NAME_MAX, MANAGER_TEXT_MAX, PHONE_TYPED_MAX, ClientStatus
from ..models.user import EMAIL_MAX
from .base import In, LineOrNone, Out, PersonText, Utc

Kind = Literal["новый", "постоянный", "неактивный"]
EXAMPLE: dict[str, Any] = {
    "id": 42, "name": "Ольга Смирнова", "email": "olga@example.com", "phone": "+79001234567",
    "manager": "Анна Иванова", "status": "active", "assignedTo": "Анна Иванова", "type": "новый",
    "created": "2026-11-20T09:00:00.000000Z", "lastActivity": "2026-11-23T10:15:00.000000Z",
    "created_at": "2026-11-20T09:00:00.000000Z", "last_activity": "2026-11-23T10:15:00.000000Z",
    "updated_at": "2026-11-22T12:30:00.000000Z", "messages_count": 17, "close_ratio": 60,
}  # fmt: skip
CLEARING = "Пустая строка, «Не указано» и «Не назначено» очищают поле"


class ClientOut(Out):
    """`assignedTo`, `created` and `lastActivity` are the seed's other names of `manager`, `created_at` and
    `last_activity`."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    id: int
    name: str = Field(description="Может быть пустым: мессенджер не всегда знает имя")
    email: str
    phone: str = Field(description="В виде E.164 (`+79001234567`); пусто, если неизвестен")
    manager: str | None = Field(description="Имя ответственного участника, иначе записанный текст")
    status: Literal["active", "inactive"] = Field(description="Ставят люди: active или inactive")
    assigned_to: str = Field(alias="assignedTo", description="То же, что manager; пусто, если никого нет")
    type: Kind = Field(
        description="Вычисляется при чтении, первое подходящее: «неактивный» — последнее сообщение больше 90 дней "
        "назад, «постоянный» — есть выигранная сделка, «новый» — ни одной выигранной, как бы давно клиент ни появился"
    )
    created: Utc = Field(description="То же, что created_at")
    last_activity_: Utc = Field(alias="lastActivity", description="То же, что last_activity")
    created_at: Utc
    last_activity: Utc = Field(description="Последнее сообщение в любую сторону, а до него создание")
    updated_at: Utc
    messages_count: int = Field(description="Сообщений во всех диалогах клиента")
    close_ratio: int = Field(ge=0, le=100, description="Процент: наибольший из активных диалогов")


def client_out(row: Mapping[str, Any]) -> ClientOut:
    """From a row of services/client_lists.py."""
    return ClientOut.model_construct(
        **row,
        assigned_to=row["manager"] or "",
        created=row["created_at"],
        last_activity_=row["last_activity"],
    )


class ClientIn(In):
    """The front-end sends four strings, whatever is known; an absent field stays as it is."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"name": "Ольга Смирнова", "phone": "8 900 123-45-67", "email": "olga@example.com",
                 "manager": "Не назначено"},
                {"status": "inactive"},
            ]
        }
    )  # fmt: skip

    name: LineOrNone = Field(
        default=None, max_length=CLIENT_NAME_MAX, description="Пустое имя и «Не указано» оставляют прежнее"
    )
    phone: str | None = Field(
        default=None,
        max_length=PHONE_TYPED_MAX,
        description=f"Российский или с кодом страны; хранится как E.164. {CLEARING}",
    )
    email: str | None = Field(default=None, max_length=EMAIL_MAX, description=CLEARING)
    manager: PersonText = Field(
        default=None,
        max_length=MANAGER_TEXT_MAX,
        description=f"Id, почта или имя участника (если оно одно), иначе хранится как текст. {CLEARING}",
    )
    status: ClientStatus | None = Field(default=None, description="active или inactive")

    @property
    def wish(self) -> dict[str, str]:
        """The texts that were sent; null is an empty one."""
        names = ("name", "phone", "email", "manager")
        return {name: getattr(self, name) or "" for name in names if name in self.model_fields_set}


class ClientFilterIn(BaseModel):
    """The filters of the list of clients, all optional."""

    q: str | None = Field(
        default=None,
        max_length=EMAIL_MAX,
        description="Часть имени, почты или телефона; ищется среди 100 000 клиентов с самой новой активностью",
    )
    status: ClientStatus | None = Field(default=None, description="Только active или только inactive")
    type: Kind | None = Field(default=None, description="Только такие, как сказано в поле type клиента")
    manager: str | None = Field(
        default=None,
        max_length=MANAGER_TEXT_MAX,
        description="Id, почта или имя участника либо записанный текст; пусто или «Не назначено»: без ответственного",
    )
    sort: Literal["-id", "id", "-last_activity", "last_activity", "-created_at", "created_at"] = Field(
        default="-id", description="С минусом: сначала новые"
    )
