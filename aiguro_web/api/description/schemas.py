"""The shapes of bodies and answers as JSON Schema 2020-12, and an example of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from ...web.wording import is_russian

Schema = dict[str, Any]
Mode = Literal["validation", "serialization"]

REF = "#/components/schemas/"
_NAMED = ("properties", "patternProperties", "$defs")
_VALUES = ("examples", "default", "const", "enum")
# What an example says where its model says nothing.
_FORMATS = {
    "date-time": "2026-11-23T10:15:00Z",
    "date": "2026-11-23",
    "uuid": "0b8f6a1e-6f0c-4d0e-9a55-3f5f0f2b7c11",
    "email": "anna@example.com",
    "uri": "https://example.com/",
}
_HINTS = {
    "name": "Анна Смирнова",
    "phone": "+79161234567",
    "email": "anna@example.com",
    "manager": "Михаил Петров",
    "text": "Здравствуйте! Когда вам удобно созвониться?",
    "error": "",
    "code": "not_found",
}


@dataclass(frozen=True)
class Shapes:
    """`components` by name; `found` knows what stands for a type in a mode."""

    components: dict[str, Schema]
    found: dict[tuple[str, Mode], Schema]

    def schema(self, kind: Any, mode: Mode) -> Schema:
        return self.found[repr(kind), mode]

    def resolved(self, schema: Schema) -> Schema:
        """The schema itself, with what stands beside its reference."""
        while "$ref" in schema:
            beside = {key: value for key, value in schema.items() if key != "$ref"}
            schema = {**self.components[schema["$ref"].removeprefix(REF)], **beside}
        return schema

    def example(self, schema: Schema, name: str = "", depth: int = 0) -> Any:
        """An example of it: the model's own where there is one, else one put together from its fields."""
        schema = self.resolved(schema)
        if schema.get("examples"):
            return schema["examples"][0]
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return schema["enum"][0]
        for word in ("anyOf", "oneOf", "allOf"):
            if word in schema:
                return self.example(_telling(schema[word]), name, depth)
        return self._made_up(schema, name, depth)

    def _made_up(self, schema: Schema, name: str, depth: int) -> Any:
        kind = schema.get("type")
        if kind == "object":
            fields: Iterable[tuple[str, Schema]] = schema.get("properties", {}).items() if depth < 8 else ()
            return {field: self.example(shape, field, depth + 1) for field, shape in fields}
        if kind == "array":
            return [self.example(schema["items"], name, depth + 1)] if "items" in schema and depth < 8 else []
        if kind in ("integer", "number"):
            return schema.get("default") or max(schema.get("minimum", 1), schema.get("exclusiveMinimum", 0) + 1)
        if kind == "boolean":
            return bool(schema.get("default", True))
        return _text(schema, name) if kind == "string" else None


class _InOrder(GenerateJsonSchema):
    """Pydantic would sort the keys, also those of the examples."""

    def sort(self, value: JsonSchemaValue, parent_key: str | None = None) -> JsonSchemaValue:
        return value


def collect(taken: Iterable[Any], given: Iterable[Any]) -> Shapes:
    """The shapes of everything that is taken (as it is validated) and given (as it is serialized)."""
    wanted: dict[tuple[str, Mode], Any] = {(repr(kind), "validation"): kind for kind in taken}
    wanted |= {(repr(kind), "serialization"): kind for kind in given}
    inputs = [(name, mode, TypeAdapter(kind)) for (name, mode), kind in wanted.items()]
    found, shared = TypeAdapter.json_schemas(inputs, ref_template=f"{REF}{{model}}", schema_generator=_InOrder)
    components = {name: _clean(shape) for name, shape in shared.get("$defs", {}).items()}
    return Shapes(components, {(name, mode): _clean(shape) for (name, mode), shape in found.items()})


def _clean(node: Any) -> Any:
    """Without titles (they repeat the names) and without docstrings, which speak English to programmers."""
    if isinstance(node, list):
        return [_clean(one) for one in node]
    if not isinstance(node, dict):
        return node
    kept: dict[str, Any] = {}
    for key, value in node.items():
        if key in _NAMED:
            kept[key] = {name: _clean(shape) for name, shape in value.items()}
        elif key in _VALUES:
            kept[key] = value
        elif key != "title" and not (key == "description" and not is_russian(value)):
            kept[key] = _clean(value)
    return kept


def _telling(branches: list[Schema]) -> Schema:
    return next((one for one in branches if one.get("type") != "null"), branches[0])


def _text(schema: Schema, name: str) -> str:
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    if "pattern" in schema:
        return "7"
    text = str(schema.get("default") or _HINTS.get(name, "текст"))
    return text[: schema.get("maxLength", len(text))]
