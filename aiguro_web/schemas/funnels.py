"""A funnel in the words of the seed (§5.1, 6.1, 7.1) and of the front-end (contract.md §3). The units are ours."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from ..models.assistant import PROMPT_MAX
from ..models.followup import DELAY_MAX, FOLLOWUP_TEXT_MAX, FOLLOWUPS_MAX
from ..models.funnel import (
    ANTI_SPAM_MAX,
    AUTO_ANSWER_MAX,
    AUTO_PAUSE_MAX,
    BREAK_SIZE_MAX,
    BREAK_WAIT_MAX,
    CONTEXT_MEMORY_MAX,
    FUNNEL_DESCRIPTION_MAX,
    FUNNEL_NAME_MAX,
    HAND_OVER_TEXT_MAX,
    INSTRUCTION_MAX,
    MERGE_SECONDS_MAX,
    TEMPERATURE_MAX,
    TOP_P_MAX,
)
from ..models.stage import CODE_MAX, STAGE_NAME_MAX, STAGES_MAX
from .base import AnyId, Flag, In, Line, Money, Out, TextId, Utc

# In: what a form of the front-end sends. Numbers may be texts, and what is empty or null stays as it is.


def _blank(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _whole(value: Any) -> Any:
    value = _blank(value)
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,9}", value.strip(), re.ASCII):
        return int(value)
    if isinstance(value, (str, bool)):
        raise ValueError("нужно целое число")
    return value


def _share(value: Any) -> Any:
    value = _blank(value)
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,9}([.,][0-9]{1,9})?", value.strip(), re.ASCII):
        return float(value.replace(",", "."))
    if isinstance(value, (str, bool)):
        raise ValueError("нужно число")
    return value


def _yes_no(value: Any) -> Any:
    value = _blank(value)
    return value == "true" if value in ("true", "false") else value


def code_name(value: str) -> str:
    """A code stands in addresses, where digits alone are an id."""
    if not re.fullmatch(r"[\w.-]+", value) or value in (".", "..") or value.isdigit():
        raise ValueError("только буквы, цифры, «_», «-» и «.», и не одни цифры")
    return value


Whole = Annotated[int | None, BeforeValidator(_whole)]
Share = Annotated[float | None, BeforeValidator(_share)]
YesNo = Annotated[Flag | None, BeforeValidator(_yes_no)]
Code = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=CODE_MAX), AfterValidator(code_name)
]
# An empty text stands for none.
CodeOrNone = Annotated[
    Code | None,
    BeforeValidator(_blank, json_schema_input_type=Annotated[str, Field(max_length=CODE_MAX)] | None),
]
Name = Annotated[Line, StringConstraints(min_length=1, max_length=FUNNEL_NAME_MAX)]

# The units and rules of each setting: said once, for bodies and answers.
MERGE = f"Секунды: сообщения клиента, пришедшие подряд за это время, ассистент отвечает разом. 0..{MERGE_SECONDS_MAX}"
BREAK_SIZE = f"Символы: ответ длиннее делится на несколько сообщений. 0 — не делить, до {BREAK_SIZE_MAX}"
BREAK_WAIT = f"Секунды между частями разделённого ответа. 0..{BREAK_WAIT_MAX}"
MEMORY = f"Сколько последних сообщений диалога видит модель. 0 — все, до {CONTEXT_MEMORY_MAX}"
COMPANY = "Ассистенты знают файлы организации"
OWN_FILES = "Ассистенты знают файлы этой воронки"
PAUSE = f"Минуты, на которые ассистент замолкает после сообщения менеджера. 0 — пока не включат, до {AUTO_PAUSE_MAX}"
PAUSE_FULL = "Сообщение менеджера выключает ассистента насовсем"
ANSWER = "Текст, который клиент получает вне рабочих часов. Пусто — ничего"
SPAM = f"Сообщений в минуту, после которых клиент не получает ответа. 0 — без ограничения, до {ANTI_SPAM_MAX}"
ACCEPT_FILE = "Принимать файлы клиентов"
ACCEPT_AUDIO = "Принимать голосовые сообщения"
SCHEDULE = "Работать только в рабочие часы"
WORK_START = "Час начала работы, 0..23, в часовом поясе организации"
WORK_END = "Час конца работы, 0..23, в часовом поясе организации"
ROLE = f"Промпт, общий для всех этапов. До {INSTRUCTION_MAX} символов"
HAND_OVER = f"Что клиент получает, когда диалог передан менеджеру. До {HAND_OVER_TEXT_MAX} символов"
TEMPERATURE = f"Насколько вольно пишет модель, 0..{TEMPERATURE_MAX}, до сотых"
TOP_P = f"Доля вероятных слов, из которых выбирает модель, 0..{TOP_P_MAX}, до сотых"


class ParametersIn(In):
    temperature: Share = Field(default=None, ge=0, le=TEMPERATURE_MAX, description=TEMPERATURE)
    top_p: Share = Field(default=None, ge=0, le=TOP_P_MAX, description=TOP_P)


def decimal(value: float | None) -> Decimal | None:
    """As the columns keep it: two places."""
    return None if value is None else Decimal(str(value)).quantize(Decimal("0.01"))


class SettingsIn(In):
    """What is left out, null or (of numbers) empty stays as it is."""

    model_config = ConfigDict(populate_by_name=True)

    description: str | None = Field(default=None, max_length=FUNNEL_DESCRIPTION_MAX)
    is_active: YesNo = Field(default=None, description="Первая воронка организации включена сразу")
    merge_seconds: Whole = Field(default=None, alias="mergeToArray", ge=0, le=MERGE_SECONDS_MAX, description=MERGE)
    break_size: Whole = Field(default=None, alias="breakSize", ge=0, le=BREAK_SIZE_MAX, description=BREAK_SIZE)
    break_wait: Whole = Field(default=None, alias="breakWait", ge=0, le=BREAK_WAIT_MAX, description=BREAK_WAIT)
    context_memory_size: Whole = Field(
        default=None, alias="contextMemorySize", ge=0, le=CONTEXT_MEMORY_MAX, description=MEMORY
    )
    use_company_knowledge_base: YesNo = Field(default=None, alias="useCompanyKnowledgeBase", description=COMPANY)
    use_funnel_knowledge_base: YesNo = Field(default=None, alias="useFunnelKnowledgeBase", description=OWN_FILES)
    auto_pause: Whole = Field(default=None, alias="autoPause", ge=0, le=AUTO_PAUSE_MAX, description=PAUSE)
    auto_pause_full: YesNo = Field(default=None, alias="autoPauseFull", description=PAUSE_FULL)
    auto_answer: str | None = Field(default=None, alias="autoAnswer", max_length=AUTO_ANSWER_MAX, description=ANSWER)
    anti_spam: Whole = Field(default=None, alias="antiSpam", ge=0, le=ANTI_SPAM_MAX, description=SPAM)
    accept_file: YesNo = Field(default=None, alias="acceptFile", description=ACCEPT_FILE)
    accept_audio: YesNo = Field(default=None, alias="acceptAudio", description=ACCEPT_AUDIO)
    work_schedule: YesNo = Field(default=None, alias="workSchedule", description=SCHEDULE)
    work_start: Whole = Field(default=None, alias="workStart", ge=0, le=23, description=WORK_START)
    work_end: Whole = Field(default=None, alias="workEnd", ge=0, le=23, description=WORK_END)
    role_instruction: str | None = Field(default=None, max_length=INSTRUCTION_MAX, description=ROLE)
    hand_over_text: str | None = Field(
        default=None, alias="handOverText", max_length=HAND_OVER_TEXT_MAX, description=HAND_OVER
    )
    parameters: ParametersIn | None = None

    def settings(self) -> dict[str, Any]:
        """By the names of the columns, without what stays."""
        mine = SettingsIn.model_fields.keys() - {"parameters"}
        given = {name: getattr(self, name) for name in mine}
        if self.parameters is not None:
            given["temperature"] = decimal(self.parameters.temperature)
            given["top_p"] = decimal(self.parameters.top_p)
        return {name: value for name, value in given.items() if value is not None}


class FollowupIn(In):
    delay_minutes: Annotated[int, BeforeValidator(_whole)] = Field(
        ge=1, le=DELAY_MAX, description="Минуты молчания клиента после нашего последнего сообщения"
    )
    assistant_code_name: CodeOrNone = Field(
        default=None, description="Чей ассистент пишет: код этапа этой же воронки. Без него — ассистент своего этапа"
    )
    text: str | None = Field(default=None, max_length=FOLLOWUP_TEXT_MAX, description="Отправляется как есть")
    prompt: str | None = Field(default=None, max_length=PROMPT_MAX, description="По нему напоминание пишет модель")


class StageIn(In):
    name: Annotated[Line, StringConstraints(min_length=1, max_length=STAGE_NAME_MAX)]
    assistant_code_name: CodeOrNone = Field(
        default=None,
        description="Код этапа и его ассистента, единственный в воронке: буквы, цифры, «_», «-», «.», не одни цифры. "
        "Без него код составляется из названия латиницей",
    )
    prompt: str | None = Field(default=None, max_length=PROMPT_MAX)
    followups: Annotated[list[FollowupIn], Field(max_length=FOLLOWUPS_MAX)] | None = None

    def stage(self) -> dict[str, Any]:
        """As services/stages.py takes it."""
        followups = [
            {"delay_minutes": rule.delay_minutes, "code": rule.assistant_code_name or "", "text": rule.text or None,
             "prompt": rule.prompt or None}
            for rule in self.followups or []
        ]  # fmt: skip
        code = self.assistant_code_name or ""
        return {"name": self.name, "code": code, "prompt": self.prompt or "", "followups": followups}


class FunnelIn(SettingsIn):
    """A new funnel."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"display_name": "Продажи", "stages": []},
                {"display_name": "Ремонт", "description": "Ремонт мебели", "mergeToArray": 5, "workSchedule": True,
                 "workStart": 9, "workEnd": 18, "parameters": {"temperature": 0.7, "top_p": 1},
                 "stages": [{"name": "Замер", "assistant_code_name": "measure", "prompt": "Договорись о замере",
                             "followups": [{"delay_minutes": 60, "text": "Удобно ли вам завтра?"}]}]},
            ]
        }
    )  # fmt: skip

    display_name: Name
    stages: Annotated[list[StageIn], Field(max_length=STAGES_MAX)] | None = Field(
        default=None, description="Без этапов воронка получает три: Квалификация, Презентация, Закрытие"
    )


class FunnelChangeIn(SettingsIn):
    """Fields that are left out stay as they are."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"display_name": "Продажи", "is_active": True, "breakSize": 400}]}
    )

    display_name: Annotated[Name | None, Field(description="Нет или null — остаётся прежним; пустым быть не может")] = (
        None
    )


class RemoveQuery(BaseModel):
    move_to: AnyId | None = Field(default=None, description="Воронка, на первый этап которой переходят все диалоги")


# Out


class ParametersOut(Out):
    temperature: Money = Field(description=TEMPERATURE)
    top_p: Money = Field(description=TOP_P)


class FollowupOut(Out):
    delay_minutes: int = Field(description="Минуты молчания клиента после нашего последнего сообщения")
    assistant_code_name: str = Field(validation_alias="code", description="Чей ассистент пишет напоминание")
    text: str | None = Field(description="Отправляется как есть; null — пишет модель")
    prompt: str | None = Field(description="По нему напоминание пишет модель; null — ассистент, по своему промпту")


class StageAssistantOut(Out):
    id: int
    code_name: str = Field(validation_alias="code")
    name: str
    prompt: str
    parameters: ParametersOut = Field(description="Свои или, если их нет, воронки")


class StageOut(Out):
    name: str
    assistant_code_name: str = Field(validation_alias="code", description="Код этапа: `stage` диалога")
    prompt: str
    followups: list[FollowupOut]
    deals_count: int = Field(description="Открытых диалогов на этапе")
    deals_amount: Money = Field(description="Сумма их цен, рубли")
    assistant: StageAssistantOut | None


class FunnelOut(Out):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"id": "7", "name": "Продажи", "display_name": "Продажи", "description": "", "is_active": True,
                 "mergeToArray": 5, "breakSize": 0, "breakWait": 2, "contextMemorySize": 50,
                 "useCompanyKnowledgeBase": True, "useFunnelKnowledgeBase": True, "autoPause": 0,
                 "autoPauseFull": False, "autoAnswer": "", "antiSpam": 0, "acceptFile": True, "acceptAudio": True,
                 "workSchedule": False, "workStart": 9, "workEnd": 18, "role_instruction": "", "handOverText": "",
                 "parameters": {"temperature": 0.7, "top_p": 1.0}, "created_at": "2026-11-23T10:15:00.000000Z",
                 "updated_at": "2026-11-23T10:15:00.000000Z", "conversion": 12.5,
                 "stages": [{"name": "Квалификация", "assistant_code_name": "qualification", "prompt": "Узнай задачу",
                             "followups": [{"delay_minutes": 60, "assistant_code_name": "qualification",
                                            "text": "Остались вопросы?", "prompt": None}],
                             "deals_count": 3, "deals_amount": 45000.0,
                             "assistant": {"id": 21, "code_name": "qualification", "name": "Квалификация",
                                           "prompt": "Узнай задачу",
                                           "parameters": {"temperature": 0.7, "top_p": 1.0}}}]},
            ]
        }
    )  # fmt: skip

    id: TextId
    name: str = Field(description="Имя, единственное в организации: display_name, при повторе с номером")
    display_name: str
    description: str
    is_active: bool
    merge_seconds: int = Field(alias="mergeToArray", description=MERGE)
    break_size: int = Field(alias="breakSize", description=BREAK_SIZE)
    break_wait: int = Field(alias="breakWait", description=BREAK_WAIT)
    context_memory_size: int = Field(alias="contextMemorySize", description=MEMORY)
    use_company_knowledge_base: bool = Field(alias="useCompanyKnowledgeBase", description=COMPANY)
    use_funnel_knowledge_base: bool = Field(alias="useFunnelKnowledgeBase", description=OWN_FILES)
    auto_pause: int = Field(alias="autoPause", description=PAUSE)
    auto_pause_full: bool = Field(alias="autoPauseFull", description=PAUSE_FULL)
    auto_answer: str = Field(alias="autoAnswer", description=ANSWER)
    anti_spam: int = Field(alias="antiSpam", description=SPAM)
    accept_file: bool = Field(alias="acceptFile", description=ACCEPT_FILE)
    accept_audio: bool = Field(alias="acceptAudio", description=ACCEPT_AUDIO)
    work_schedule: bool = Field(alias="workSchedule", description=SCHEDULE)
    work_start: int = Field(alias="workStart", description=WORK_START)
    work_end: int = Field(alias="workEnd", description=WORK_END)
    role_instruction: str = Field(description=ROLE)
    hand_over_text: str = Field(alias="handOverText", description=HAND_OVER)
    parameters: ParametersOut
    created_at: Utc
    updated_at: Utc
    conversion: float = Field(
        ge=0, le=100, description="Проценты: доля диалогов, закрытых с успехом, среди всех диалогов воронки, до десятых"
    )
    stages: list[StageOut]
