"""A JSON schema as rows that a person reads: name, type, rules, meaning."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ...schemas.base import ID_PATTERN
from .schemas import REF, Schema, Shapes

DEPTH = 3  # of objects in objects that are told in one table
_TYPES = {
    "string": "строка", "integer": "целое", "number": "число", "boolean": "true или false", "object": "объект",
    "array": "массив", "null": "null",
}  # fmt: skip
_FORMATS = {"date-time": "дата и время", "date": "дата", "uuid": "UUID", "binary": "файл", "email": "почта"}


@dataclass(frozen=True)
class Field:
    """`name` is a path (`stages[].name`); `link` names the object that it holds."""

    name: str
    kind: str
    required: bool
    words: str
    values: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    link: str = ""
    place: str = ""


def of_object(schema: Schema, shapes: Shapes, *, inside: bool) -> list[Field]:
    """The fields of an object; with `inside` those of the objects in it too, else these are linked."""
    found = _fields(shapes.resolved(schema), shapes, "", DEPTH if inside else 0)
    return [replace(field, link="") for field in found] if inside else list(found)


def of_parameter(parameter: Schema, shapes: Shapes) -> Field:
    """A parameter of a path, a query, a header."""
    schema = parameter["schema"]
    words = parameter.get("description", "")
    found = _field(parameter["name"], schema, parameter["required"], shapes, words=words, place=parameter["in"])
    return replace(found, kind="номер") if schema.get("pattern") == ID_PATTERN else found  # an address is text anyway


def target(schema: Schema) -> tuple[str, bool]:
    """The name of the object that an answer holds ('' for none), and whether it is a list of them."""
    if schema.get("type") == "array":
        return target(schema.get("items", {}))[0], True
    return schema.get("$ref", "").removeprefix(REF), False


def _fields(shape: Schema, shapes: Shapes, before: str, depth: int) -> Iterator[Field]:
    needed = shape.get("required", [])
    for name, schema in shape.get("properties", {}).items():
        field = _field(before + name, schema, name in needed, shapes)
        yield field
        if depth > 0:
            inner, many = _inner(schema, shapes)
            yield from _fields(inner, shapes, f"{before}{name}{'[]' if many else ''}.", depth - 1)


def _inner(schema: Schema, shapes: Shapes) -> tuple[Schema, bool]:
    schema = shapes.resolved(_main(schema))
    if schema.get("type") == "array":
        return shapes.resolved(_main(schema.get("items", {}))), True
    return schema, False


def _field(name: str, schema: Schema, required: bool, shapes: Shapes, *, words: str = "", place: str = "") -> Field:
    main = _main(schema)
    full = shapes.resolved(main)
    item = shapes.resolved(_main(full["items"])) if full.get("type") == "array" and "items" in full else full
    values = item.get("enum") or ([item["const"]] if "const" in item else [])
    words = words or schema.get("description") or main.get("description") or ""
    return Field(
        name, _kind(schema, shapes), required, words, tuple(map(_written, values)),
        tuple(_rules(full, schema)), _link(main, shapes), place,
    )  # fmt: skip


def _main(schema: Schema) -> Schema:
    """Without the null beside it; an id that may come in either form is one thing."""
    branches = [one for one in schema.get("anyOf", []) if one.get("type") != "null"]
    return branches[0] if branches else schema


def _link(schema: Schema, shapes: Shapes) -> str:
    name = target(schema)[0]
    return name if name and "properties" in shapes.components[name] else ""


def _kind(schema: Schema, shapes: Shapes) -> str:
    if "anyOf" in schema:
        if any(one.get("pattern") == ID_PATTERN for one in schema["anyOf"]):
            kinds = ["номер"] + ["null"] * ({"type": "null"} in schema["anyOf"])
        else:
            kinds = [_kind(one, shapes) for one in schema["anyOf"]]
        return " или ".join(dict.fromkeys(kinds))
    full = shapes.resolved(schema)
    kind = full.get("type")
    if kind == "array" and "items" in full:
        return f"массив: {_kind(full['items'], shapes)}"
    if full.get("pattern") == ID_PATTERN:
        return "номер, строкой"
    if "const" in full and kind is None:
        return "значение"
    return _FORMATS.get(full.get("format", ""), _TYPES.get(str(kind), "любое значение"))


def _rules(full: Schema, schema: Schema) -> Iterator[str]:
    low, high = full.get("minimum"), full.get("maximum")
    if low is not None and high is not None and high < 2**31:
        yield f"от {low:g} до {high:g}"
    elif low is not None:
        yield f"от {low:g}"
    elif high is not None:
        yield f"до {high:g}"
    if full.get("maxLength"):
        yield f"до {full['maxLength']} знаков"
    if full.get("maxItems"):
        yield f"до {full['maxItems']} штук"
    default = schema.get("default")
    if default not in (None, "", [], {}):
        yield f"по умолчанию {_written(default)}"


def _written(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return f"{value:g}" if isinstance(value, float) else str(value)
