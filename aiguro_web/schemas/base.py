"""What the shapes share: ids in either form, times with their offset, fields that read rows."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    Strict,
    WithJsonSchema,
)

from ..models.text import is_visible, one_line


class Out(BaseModel):
    """What we answer; built from a service's rows."""

    model_config = ConfigDict(populate_by_name=True, json_schema_serialization_defaults_required=True)


class In(BaseModel):
    """What a caller sends: unknown fields are ignored, protected ones do not exist here."""

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=False)


class DeletedOut(Out):
    """A delete answers with a body: the front-end takes an empty one for an error."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": 7, "deleted": True}]})

    id: int
    deleted: Literal[True] = True


class TextDeletedOut(Out):
    """As DeletedOut, where the id is a decimal text."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": "7", "deleted": True}]})

    id: str
    deleted: Literal[True] = True


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _number(value: Any) -> Any:
    """Ids are accepted as numbers and as decimal strings; nothing else looks like one."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        return int(value)
    return value


def _whole(value: Any) -> Any:
    """A number as JSON writes it: neither a yes nor a text, in which Python takes `1_0` for ten."""
    if isinstance(value, (str, bool)):
        raise ValueError("нужно целое число")
    return value


def _is_id(value: int) -> int:
    if not 0 < value < 2**63:
        raise ValueError("должно быть числом больше 0")
    return value


def _trimmed(value: Any) -> Any:
    """As a page's field: lines end in a single sign, no white space around; lengths are counted after that."""
    return value.replace("\r\n", "\n").strip() if isinstance(value, str) else value


def _line(value: Any) -> Any:
    return one_line(value) if isinstance(value, str) else value


def _seen(value: str | None) -> str | None:
    if value and not is_visible(value):
        raise ValueError("здесь ничего не видно: напишите текст")
    return value


ID_PATTERN = "^[1-9][0-9]{0,18}$"

# What pydantic cannot see for itself, for the description of the API.
_MOMENT = WithJsonSchema({"type": "string", "format": "date-time"}, mode="serialization")
_TEXT_ID = WithJsonSchema({"type": "string", "pattern": ID_PATTERN}, mode="serialization")
_ANY_ID = WithJsonSchema(
    {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 2**63 - 1}, {"type": "string", "pattern": ID_PATTERN}]},
    mode="validation",
)


def _name_of(value: Any) -> Any:
    """A member may be named by the number of their id."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(_is_id(value))
    return _line(value)


Whole = Annotated[int, BeforeValidator(_whole)]
WholeOrNone = Annotated[int | None, BeforeValidator(_whole)]
Flag = Annotated[bool, Strict()]  # `true` or `false`: neither "on" nor 1
# A person's id, e-mail or name.
PersonText = Annotated[
    str | None,
    BeforeValidator(_name_of, json_schema_input_type=Annotated[int, Field(ge=1)] | str | None),
]
Utc = Annotated[datetime, PlainSerializer(_utc, return_type=str), _MOMENT]
Zoned = Annotated[
    datetime, PlainSerializer(lambda moment: moment.isoformat(timespec="seconds"), return_type=str), _MOMENT
]
TextId = Annotated[int, PlainSerializer(str, return_type=str), _TEXT_ID]
Money = Annotated[Decimal, PlainSerializer(float, return_type=float)]
AnyId = Annotated[int, BeforeValidator(_number), AfterValidator(_is_id), _ANY_ID]
Trimmed = Annotated[str, BeforeValidator(_trimmed)]
TrimmedOrNone = Annotated[str | None, BeforeValidator(_trimmed)]
# What people type into one line: see models/text.py; and what they say, which must show something.
Line = Annotated[str, BeforeValidator(_line)]
LineOrNone = Annotated[str | None, BeforeValidator(_line)]
Words = Annotated[str, BeforeValidator(_trimmed), AfterValidator(_seen)]
WordsOrNone = Annotated[str | None, BeforeValidator(_trimmed), AfterValidator(_seen)]
