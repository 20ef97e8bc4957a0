"""Trial dialogs in the front-end's words (contract.md §4)."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from ..models.message import TEXT_MAX
from .base import In, Out, TextId, Utc, Whole, Words, WordsOrNone

STAGES_MAX = 1000


class TrialOut(Out):
    """A trial dialog in a list; the whole of it is where every dialog is."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"uuid": "0f8fad5b-d9cb-469f-a165-70867728950e", "id": "43", "stage": "qualification",
                 "stage_name": "Квалификация", "messages_count": 2, "last_message": "Сколько стоит?",
                 "created_at": "2026-11-23T10:15:00.000000Z", "last_activity": "2026-11-23T10:16:00.000000Z"}
            ]
        }
    )  # fmt: skip

    uuid: UUID = Field(description="Имя диалога в адресах: …/dialog/{uuid}/messages")
    id: TextId
    stage: str = Field(description="Код этапа")
    stage_name: str
    messages_count: int
    last_message: str
    created_at: Utc
    last_activity: Utc


class TrialIn(In):
    """Nothing is needed."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


class StageTrialIn(In):
    """A trial of one stage."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"stage_number": 2, "initial_message": "Сколько стоит?"}]}
    )

    stage_number: Whole = Field(ge=1, le=STAGES_MAX, description="Номер этапа в воронке, с 1")
    initial_message: WordsOrNone = Field(
        default=None, max_length=TEXT_MAX, description="Первое сообщение клиента; без него ассистент ждёт"
    )


class TrialMessageIn(In):
    """`time` and other extras that the front-end sends are ignored."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "Сколько стоит?", "role": "user"}]})

    text: Words = Field(min_length=1, max_length=TEXT_MAX, description="Пробелы по краям не считаются")
    role: Literal["user", "assistant", "manager"] = Field(
        default="user", description="user — за клиента: ассистент ответит; остальные — реплики для обстановки"
    )
