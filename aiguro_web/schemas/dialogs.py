"""A dialog in the seed's words (§1.1, 3.1, 8.1: one resource, the union of their fields)."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StringConstraints

from ..models.client import CLIENT_NAME_MAX, MANAGER_TEXT_MAX
from ..models.dialog import (
    CLOSE_RATIO_MAX,
    DESCRIPTION_MAX,
    LOST_REASON_MAX,
    PRICE_MAX,
    TAG_MAX,
    TAGS_MAX,
    DialogStatus,
    Outcome,
)
from ..models.stage import CODE_MAX
from ..models.user import EMAIL_MAX
from .base import AnyId, In, Line, LineOrNone, Money, Out, PersonText, TextId, TrimmedOrNone, Utc, WholeOrNone

CLIENT: dict[str, Any] = {
    "id": 17, "name": "Ольга Смирнова", "phone": "+79001234567", "email": "olga@client.example", "manager": "Анна",
    "status": "active", "close_ratio": 60, "messages_count": 12,
}  # fmt: skip
_PRICE = r"[0-9]{1,12}(\.[0-9]{1,2})?"
_MOMENT = "2026-11-23T10:15:00.000000Z"
DIALOG: dict[str, Any] = {
    "id": "42", "uuid": "0f8fad5b-d9cb-469f-a165-70867728950e", "thread_id": "500123", "client_id": 17,
    "funnel_id": "3", "created_at": _MOMENT, "updated_at": _MOMENT, "created": _MOMENT, "lastActivity": _MOMENT,
    "last_activity": _MOMENT, "status": "active", "outcome": None, "lost_reason": "", "messages_count": 12,
    "last_message": "Сколько стоит доставка?", "close_ratio": 60, "manager": "Анна", "ai": False,
    "unsubscribed": False, "stage": "presentation", "stage_name": "Презентация", "description": "Хочет скидку",
    "tags": ["опт"], "price": 12500.5, "channel": "telegram", "name": "Ольга Смирнова", "phone": "+79001234567",
    "email": "olga@client.example", "client": CLIENT,
}  # fmt: skip


class ClientOfDialogOut(Out):
    """`close_ratio` is the highest of the client's active dialogs, `messages_count` of all of them."""

    model_config = ConfigDict(json_schema_extra={"examples": [CLIENT]})

    id: int
    name: str
    phone: str
    email: str
    manager: str | None
    status: str = Field(description="active или inactive")
    close_ratio: int = Field(description="Наибольшая вероятность среди открытых диалогов клиента, %")
    messages_count: int = Field(description="Сообщений во всех диалогах клиента")


class DialogOut(Out):
    """PostgreSQL builds this shape in lists (services/dialog_lists.py); a test holds the two equal."""

    model_config = ConfigDict(json_schema_extra={"examples": [DIALOG]})

    id: TextId
    uuid: UUID = Field(description="Имя диалога в адресах")
    thread_id: str = Field(description="Чат в мессенджере")
    client_id: int
    funnel_id: TextId
    created_at: Utc
    updated_at: Utc
    created: Utc = Field(description="То же, что created_at")
    last_activity_: Utc = Field(alias="lastActivity", description="То же, что last_activity")
    last_activity: Utc = Field(description="Последнее сообщение; без сообщений — created_at")
    status: str = Field(description="active или closed")
    outcome: Literal["won", "lost"] | None = Field(description="Чем кончилась сделка закрытого диалога")
    lost_reason: str = Field(description="Причина отказа; '' если не указана")
    messages_count: int
    last_message: str = Field(description="Начало последнего сообщения одной строкой")
    close_ratio: int = Field(description="Вероятность сделки, %: 0…100")
    manager: str | None = Field(description="Имя ответственного")
    ai: bool = Field(description="Отвечает ли ассистент")
    unsubscribed: bool = Field(description="Клиент отписался: писать ему нельзя")
    stage: str = Field(description="Код этапа (assistant_code_name)")
    stage_name: str = Field(description="Название этапа для людей")
    description: str
    tags: list[str]
    price: Money = Field(description="Рубли, две цифры после запятой; 0 если не указана")
    channel: str = Field(description="telegram, whatsapp, webchat, max; '' без мессенджера")
    name: str = Field(description="Имя клиента")
    phone: str = Field(description="Телефон клиента")
    email: str = Field(description="Почта клиента")
    client: ClientOfDialogOut


class DialogFilterIn(BaseModel):
    """The filters of a list of dialogs, all optional. `manager` is a member's id, e-mail or unique name, or the text
    that was set; `q` looks into the client's
    name, phone and e-mail; `sort` begins with a minus where the newest come first."""

    stage: str | None = Field(default=None, min_length=1, max_length=CODE_MAX, description="Код этапа")
    status: DialogStatus | None = Field(default=None, description="active или closed")
    ai: bool | None = Field(default=None, description="Отвечает ли ассистент")
    manager: str | None = Field(
        default=None,
        min_length=1,
        max_length=MANAGER_TEXT_MAX,
        description="Ответственный: id, почта или единственное в своём роде имя участника, иначе записанный текст; "
        "«Не назначено» — никто",
    )
    updated_since: datetime | None = Field(default=None, description="Изменённые с этого времени (ISO 8601)")
    q: str | None = Field(default=None, max_length=EMAIL_MAX, description="Часть имени, телефона или почты клиента")
    sort: Literal["-id", "id", "-last_activity", "last_activity", "-created_at", "created_at"] = Field(
        default="-id", description="Порядок; с минусом — новые сначала"
    )


def _unique(tags: list[str] | None) -> list[str] | None:
    return list(dict.fromkeys(tags)) if tags is not None else None


def _price(value: Any) -> Any:
    """A number, or a text that is written as one: neither a yes nor `1_0`, which Python takes for ten."""
    if isinstance(value, bool) or (isinstance(value, str) and not re.fullmatch(_PRICE, value)):
        raise ValueError("нужно число")
    return value


Tag = Annotated[Line, StringConstraints(min_length=1, max_length=TAG_MAX)]


PriceInput = (
    Annotated[float, Field(ge=0, le=float(PRICE_MAX))] | Annotated[str, Field(pattern=f"^{_PRICE}$")] | None
)  # for the description of the API


class DialogPatchIn(In):
    """Each field optional; absent or null leaves as it is."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"stage": "closing"},
                {"ai": False, "manager": "anna@company.example", "price": 12500.5, "tags": ["опт"]},
                {"status": "closed", "outcome": "lost", "lost_reason": "дорого"},
            ]
        }
    )

    stage: TrimmedOrNone = Field(default=None, max_length=CODE_MAX, description="Код этапа этой же воронки")
    manager: PersonText = Field(
        default=None, max_length=MANAGER_TEXT_MAX,
        description="Ответственный: id, почта или единственное в своём роде имя участника, иначе просто текст; "
        "'', «Не назначено», «Не указано» — никто",
    )  # fmt: skip
    ai: StrictBool | None = Field(
        default=None, description="true — вернуть ассистенту; false — взять себе, ассистент замолкает сразу"
    )
    status: DialogStatus | None = Field(default=None, description="closed — закрыть, active — открыть снова")
    outcome: Outcome | None = Field(default=None, description="Исход закрытого диалога: won или lost")
    lost_reason: LineOrNone = Field(
        default=None, max_length=LOST_REASON_MAX, description="Причина отказа, только при outcome = lost"
    )
    price: Annotated[Decimal | None, BeforeValidator(_price, json_schema_input_type=PriceInput)] = Field(
        default=None,
        ge=0,
        le=PRICE_MAX,
        decimal_places=2,
        description="Рубли, не больше двух знаков после запятой; число или его десятичная запись в строке",
    )
    close_ratio: WholeOrNone = Field(default=None, ge=0, le=CLOSE_RATIO_MAX, description="Вероятность сделки, %")
    tags: Annotated[list[Tag] | None, AfterValidator(_unique)] = Field(
        default=None, max_length=TAGS_MAX, description="Все метки заново; [] — убрать все, повторы не считаются"
    )
    description: TrimmedOrNone = Field(default=None, max_length=DESCRIPTION_MAX, description="'' — очистить")


class DialogIn(In):
    """An empty body is enough."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}, {"client_id": 17}, {"name": "Ольга Смирнова"}]})

    client_id: AnyId | None = Field(default=None, description="Известный клиент; без него заводится новый")
    name: LineOrNone = Field(default=None, max_length=CLIENT_NAME_MAX, description="Имя нового клиента")
