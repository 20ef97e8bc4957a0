"""A messenger connection in the seed's words (§5.4, 5.5)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from ..models.messenger_connection import CONNECTION_NAME_MAX, TOKEN_MAX
from .base import AnyId, Flag, In, LineOrNone, Out, TextId, Trimmed, Utc

EXAMPLE: JsonDict = {
    "id": "7", "name": "Бот магазина", "connection_name": "Бот магазина", "messenger_type": "telegram",
    "is_active": True, "status": "ok", "funnel_id": "3", "last_activity": "2026-11-23T10:15:00.000000Z",
    "connection_data": {"username": "shop_bot", "account": "Магазин", "token_hint": "…Xy3k"},
}  # fmt: skip


class ConnectionDataOut(Out):
    """Never a secret: `token_hint` is the token's last four signs."""

    username: str = Field(description="Имя в мессенджере без @; пусто у чата на сайте")
    account: str = Field(description="Как аккаунт назван в мессенджере")
    token_hint: str = Field(description="Последние четыре знака токена; сам он никогда не возвращается")


class ConnectionOut(Out):
    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    id: TextId
    name: str | None
    connection_name: str | None = Field(description="То же, что name")
    messenger_type: str = Field(description="telegram, whatsapp, webchat или max")
    is_active: bool = Field(description="Выключенное ничего не принимает и не отправляет")
    status: str = Field(
        description="connecting: ещё подключается; ok; broken: мессенджер отказывает, нужно подключить заново"
    )
    funnel_id: TextId | None = Field(description="Воронка, в которую приходят новые клиенты; null: первая активная")
    last_activity: Utc = Field(description="Последнее входящее, а до него время подключения")
    connection_data: ConnectionDataOut


class ConnectionIn(In):
    """A web chat needs no token."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"messenger_type": "telegram", "token": "123456789:AAExampleToken", "name": "Бот магазина"}]
        }
    )

    messenger_type: Literal["telegram", "webchat"] = Field(description="Что можно подключить сейчас")
    token: Trimmed = Field(default="", max_length=TOKEN_MAX, description="Токен бота; чату на сайте не нужен")
    name: LineOrNone = Field(default=None, max_length=CONNECTION_NAME_MAX, description="Название для своих")
    is_active: Flag = Field(default=True, description="false: подключить, но пока не принимать и не отправлять")


class OwnConnectionIn(ConnectionIn):
    """Of the organisation, with or without a funnel."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"messenger_type": "telegram", "token": "123456789:AAExampleToken", "funnel_id": "3"}]
        }
    )

    funnel_id: AnyId | None = Field(default=None, description="Воронка, к которой прикрепить сразу")


class WhichConnection(BaseModel):
    """The connection as the front-end names it, in the address."""

    messenger_connection_id: AnyId | None = Field(default=None, description="Номер подключения")


class WhichConnectionIn(In):
    """The same in the body, where the address has none."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"messenger_connection_id": "7"}]})

    messenger_connection_id: AnyId | None = Field(default=None, description="Номер подключения, если его нет в адресе")


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
