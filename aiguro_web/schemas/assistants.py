"""An assistant: the seed's names (§5.2, 5.3) and the front-end's, side by side (contract.md §2)."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field, model_validator

from ..models.assistant import ASSISTANT_DESCRIPTION_MAX, ASSISTANT_NAME_MAX, PROMPT_MAX
from ..models.stage import CODE_MAX
from .base import In, LineOrNone, Out
from .funnels import Code, CodeOrNone, ParametersIn, ParametersOut, decimal

PROMPT = f"До {PROMPT_MAX} символов, хранится до буквы. Обязателен (или text)"
TEXT = "То же, что prompt. Если присланы оба, действует тот, который отличается от нынешнего промпта"
PARAMETERS = "null у параметра — как у воронки; то, что не прислано, остаётся"


class _Wish(In):
    prompt: str | None = Field(default=None, max_length=PROMPT_MAX, description=PROMPT)
    text: str | None = Field(default=None, max_length=PROMPT_MAX, description=TEXT)
    name: LineOrNone = Field(default=None, max_length=ASSISTANT_NAME_MAX)
    description: str | None = Field(default=None, max_length=ASSISTANT_DESCRIPTION_MAX)
    parameters: ParametersIn | None = Field(default=None, description=PARAMETERS)

    def wish(self) -> dict[str, Any]:
        """As services/assistants.py takes it: without what stays."""
        given = {"prompt": self.prompt, "text": self.text, "name": self.name or None, "description": self.description}
        found: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        if self.parameters is not None:
            for name in self.parameters.model_fields_set:
                found[name] = decimal(getattr(self.parameters, name))
        return found


class _Prompted(_Wish):
    @model_validator(mode="after")
    def _has_a_prompt(self) -> Any:
        if self.prompt is None and self.text is None:
            raise ValueError("нужен prompt (или text)")
        return self


class AssistantChangeIn(_Prompted):
    """A change of the assistant that the address names."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"prompt": "Узнай, что нужно клиенту"},
                {"prompt": "Узнай задачу", "name": "Квалификация", "code_name": "qualification", "description": "",
                 "parameters": {"temperature": 0.3, "top_p": 0.9}},
            ]
        }
    )  # fmt: skip

    code_name: CodeOrNone = Field(default=None, description="Новый код: у ассистента этапа меняется и код этапа")

    def wish(self) -> dict[str, Any]:
        return super().wish() | ({"code": self.code_name} if self.code_name else {})


class AssistantTextIn(_Prompted):
    """A change of the assistant that the body names."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"code_name": "qualification", "text": "Узнай, что нужно клиенту"}]}
    )

    code_name: Annotated[str, Field(min_length=1, max_length=CODE_MAX, description="Код или id ассистента")]


class AssistantIn(_Wish):
    """A new assistant, without a stage."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"code_name": "reminder", "text": "Вежливо напомни о заказе"}]}
    )

    code_name: Code = Field(description="Единственный в воронке: буквы, цифры, «_», «-», «.», не одни цифры")


class AssistantOut(Out):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"id": 21, "assistant_code_name": "qualification", "code_name": "qualification",
                 "name": "Квалификация", "description": "", "prompt": "Узнай задачу", "text": "Узнай задачу",
                 "followups_count": 2, "stage_number": 1, "parameters": {"temperature": 0.7, "top_p": 1.0}}
            ]
        }
    )  # fmt: skip

    id: int
    assistant_code_name: str = Field(validation_alias="code")
    code_name: str = Field(validation_alias="code", description="То же, что assistant_code_name")
    name: str
    description: str
    prompt: str
    text: str = Field(validation_alias="prompt", description="То же, что prompt")
    followups_count: int = Field(description="Сколько напоминаний у его этапа")
    stage_number: int | None = Field(description="Номер его этапа, с 1; null — ассистент без этапа")
    parameters: ParametersOut = Field(description="Свои или, если их нет, воронки")
