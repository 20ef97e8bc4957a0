"""What stands in an address and in the headers of a call."""

from __future__ import annotations

import re
from typing import Any

from ...schemas.base import ID_PATTERN
from ...web.operation import Operation
from .schemas import Schema, Shapes

UUID = "0b8f6a1e-6f0c-4d0e-9a55-3f5f0f2b7c11"
_ID: Schema = {"type": "string", "pattern": ID_PATTERN}
_ARGUMENT = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")

# Schema, example, meaning of every argument of an address.
ARGUMENTS: dict[str, tuple[Schema, str, str]] = {
    "org": (_ID, "1", "Номер организации"),
    "f": (_ID, "3", "Номер воронки"),
    "id": (_ID, "7", "Номер объекта"),
    "ticket_message_id": (_ID, "5", "Номер сообщения обращения"),
    "uuid": ({"type": "string", "format": "uuid"}, UUID, "UUID диалога"),
    "code": ({"type": "string", "minLength": 1}, "qualification", "Код ассистента (`code_name`) или его номер"),
    "n": ({"type": "string", "pattern": "^[1-9][0-9]{0,8}$"}, "1", "Номер этапа по порядку, с 1"),
    "token": ({"type": "string", "minLength": 1}, "eyJrIjoi…", "Подписанная ссылка, как её выдал `…/url`"),
}
# `<id>` by the part of the address before it.
_OF = {
    "client": "клиента", "file": "файла", "messenger_connection": "подключения", "ticket": "обращения",
    "message": "сообщения", "member": "участника", "assistant": "ассистента", "organization": "организации",
    "connection": "подключения", "funnel": "воронки", "stage": "этапа",
}  # fmt: skip
EVERY_FUNNEL = frozenset({"api_dialogs.index"})  # funnel `0` means all of them

_TAG = '"8a2f0c51d1e94d63b0f4d3d2b9a7c6e5"'


def _named(name: str) -> Schema:
    schema, example, words = ARGUMENTS[name]
    return {"name": name, "in": "path", "required": True, "schema": schema, "example": example, "description": words}


def _header(name: str, schema: Schema, example: str, words: str) -> Schema:
    return {
        "name": name, "in": "header", "required": False, "schema": schema, "example": example, "description": words,
    }  # fmt: skip


COMPONENTS: dict[str, Schema] = {
    **{name: _named(name) for name in ("org", "f", "uuid")},
    "IdempotencyKey": _header(
        "Idempotency-Key", {"type": "string", "pattern": "^[!-~]([ -~]{0,253}[!-~])?$"}, "order-1024-hello",
        "Повтор с тем же ключом сутки отвечает тем же и ничего не делает второй раз",
    ),
    "IfNoneMatch": _header(
        "If-None-Match", {"type": "string"}, _TAG, "`ETag`, который у вас есть: без изменений — 304 без тела"
    ),
    "Range": _header("Range", {"type": "string"}, "bytes=0-1023", "Часть файла; ответ тогда 206"),
    "IfMatch": _header(
        "If-Match", {"type": "string"}, _TAG, "`ETag` прочитанной версии: если данные успели измениться — 412"
    ),
}  # fmt: skip


def path_of(rule: str) -> str:
    """The address as OpenAPI writes it: `/api/organization/{org}`."""
    return _ARGUMENT.sub(r"{\1}", rule)


def arguments(rule: str) -> list[str]:
    """The names of the arguments of an address."""
    return _ARGUMENT.findall(rule)


def example_path(operation: Operation) -> str:
    """The address filled in."""
    return _ARGUMENT.sub(lambda found: _argument(found[1])[1], operation.rule)


def of_operation(operation: Operation, shapes: Shapes) -> list[Schema]:
    """Every parameter of an operation: of its path, its query, its headers."""
    found = [_in_path(operation, name) for name in arguments(operation.rule)]
    if operation.query is not None:
        found += _in_query(shapes.resolved(shapes.schema(operation.query, "validation")), shapes)
    if operation.method == "POST" and operation.once:
        found.append(_shared("IdempotencyKey"))
    if tagged(operation):
        found.append(_shared("IfNoneMatch"))
    if 206 in operation.also:
        found.append(_shared("Range"))
    if operation.match:
        found.append(_shared("IfMatch"))
    return found


def tagged(operation: Operation) -> bool:
    """Whether its answers carry an ETag."""
    return operation.method == "GET" and operation.kept and operation.gives is not None


def _argument(name: str) -> tuple[Schema, str, str]:
    return ARGUMENTS.get(name, ({"type": "string", "minLength": 1}, name, name))


def _in_path(operation: Operation, name: str) -> Schema:
    if name in COMPONENTS and not (name == "f" and operation.endpoint in EVERY_FUNNEL):
        return _shared(name)
    schema, example, words = _argument(name)
    if name == "f":
        schema, words = {"type": "string", "pattern": "^(?:0|[1-9][0-9]{0,18})$"}, "Номер воронки; `0` — все воронки"
    if name == "id":
        before = operation.rule.partition("<id>")[0].rstrip("/").rpartition("/")[2].removesuffix("s")
        words = f"Номер {_OF.get(before, 'объекта')}"
    return {"name": name, "in": "path", "required": True, "schema": schema, "example": example, "description": words}


def _in_query(model: Schema, shapes: Shapes) -> list[Schema]:
    needed = model.get("required", [])
    return [_query(name, shape, name in needed, shapes) for name, shape in model.get("properties", {}).items()]


def _query(name: str, shape: Schema, required: bool, shapes: Shapes) -> Schema:
    schema = _present(shape)
    if schema.get("default", "") is None:
        del schema["default"]
    words = schema.pop("description", "")
    found: dict[str, Any] = {"name": name, "in": "query", "required": required, "schema": schema}
    if words:
        found["description"] = words
    if shapes.resolved(schema).get("type") == "array":
        found |= {"style": "form", "explode": True}
    return found


def _present(shape: Schema) -> Schema:
    """Without the null that stands for `left out`: a query cannot say it."""
    branches = [one for one in shape.get("anyOf", []) if one.get("type") != "null"]
    if len(branches) != 1:
        return dict(shape)
    return {**branches[0], **{key: value for key, value in shape.items() if key != "anyOf"}}


def _shared(name: str) -> Schema:
    return {"$ref": f"#/components/parameters/{name}"}
