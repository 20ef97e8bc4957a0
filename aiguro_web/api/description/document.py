"""The OpenAPI 3.1 document of an application, from the operations that its doors declare."""

from __future__ import annotations

from typing import Any

from flask import Flask

from ...web.body import FORM
from ...web.operation import Operation, operations
from . import answers, parameters, texts
from .schemas import Schema, Shapes, collect

MULTIPART = "multipart/form-data"
BEARER = "bearer"


def build(app: Flask) -> dict[str, Any]:
    """The whole document. The same for everybody: it tells nothing of any organisation."""
    declared = operations(app)
    shapes = collect(
        [kind for one in declared for kind in (one.query, one.takes, one.form) if kind is not None],
        [one.gives for one in declared if one.gives is not None],
    )
    paths: dict[str, Any] = {}
    for one in declared:
        paths.setdefault(parameters.path_of(one.rule), {})[one.method.lower()] = _operation(one, shapes)
    used = {one.tag for one in declared}
    tags = [tag for tag in texts.TAGS if tag in used] + sorted(used - set(texts.TAGS))
    return {
        "openapi": "3.1.1",
        "info": {
            "title": texts.TITLE,
            "version": texts.VERSION,
            "summary": texts.SUMMARY,
            "description": _introduction(),
        },
        "servers": [{"url": str(app.config["PUBLIC_URL"] or "/")}],
        "security": [{BEARER: []}],
        "tags": [{"name": tag, "description": texts.TAGS.get(tag, tag)} for tag in tags],
        "paths": paths,
        "components": {
            "securitySchemes": {
                BEARER: {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "Сессионный токен Clerk или токен этого сервера (`POST /api/token`).",
                }
            },
            "parameters": parameters.COMPONENTS,
            "headers": answers.header_components(),
            "responses": answers.response_components(),
            "schemas": {"Problem": answers.PROBLEM_SCHEMA, **dict(sorted(shapes.components.items()))},
        },
    }


def operation_id(operation: Operation) -> str:
    """Stable, for generated clients: `api_dialogs.index` is `dialogsIndex`."""
    first, *others = operation.endpoint.removeprefix("api_").replace(".", "_").split("_")
    return first + "".join(word.capitalize() for word in others)


def facts(operation: Operation) -> list[str]:
    """What its declaration says of who may call it and how, a sentence each."""
    found = []
    role = texts.right(operation.needs) if operation.guard != "public" else ""
    if operation.guard == "public":
        found.append("Токен не нужен")
    elif role:
        found.append(f"Кто может: {role}")
    if operation.aliases:
        found.append(f"Тот же адрес: {', '.join(f'`{parameters.path_of(alias)}`' for alias in operation.aliases)}")
    if operation.files:
        found.append(f"Время на загрузку — {operation.seconds} секунд")
    if operation.seed:
        word = "Разделы" if "," in operation.seed else "Раздел"
        found.append(f"{word} задания: {operation.seed}")
    return found


def _operation(one: Operation, shapes: Shapes) -> Schema:
    found: Schema = {
        "operationId": operation_id(one),
        "tags": [one.tag],
        "summary": one.summary,
        "description": "\n\n".join(text for text in (one.about, "\n".join(f"- {fact}" for fact in facts(one))) if text),
        "parameters": parameters.of_operation(one, shapes),
    }
    body = _body(one, shapes)
    if body is not None:
        found["requestBody"] = body
    found["responses"] = answers.of_operation(one, shapes)
    if one.guard == "public":
        found["security"] = []
    return found


def _body(one: Operation, shapes: Shapes) -> Schema | None:
    """JSON, a form, a form with files, or JSON and such a form. Not required where an empty body will do."""
    content: dict[str, Schema] = {}
    required = False
    for kind, model in ((answers.JSON, one.takes), (MULTIPART if one.files else FORM, one.form)):
        if model is not None:
            schema = shapes.schema(model, "validation")
            example = shapes.example(schema)
            required = required or bool(shapes.resolved(schema).get("required"))
            if kind == MULTIPART:
                schema, example = _with_files(one, shapes.resolved(schema), example)
                required = required or one.takes is None
            content[kind] = {"schema": schema, "example": example}
    return {"required": required, "content": content} if content else None


def _with_files(one: Operation, shape: Schema, example: dict[str, Any]) -> tuple[Schema, dict[str, Any]]:
    """The form's fields and its files; a name in the plural takes several of them, and may be left out."""
    fields, needed = dict(shape.get("properties", {})), list(shape.get("required", []))
    file: Schema = {"type": "string", "format": "binary"}
    for name in one.files:
        if name.endswith("s"):
            fields[name] = {"type": "array", "items": file, "description": "Файлы, до 50 МиБ каждый"}
            example = {**example, name: ["(содержимое файла)"]}
        else:
            fields[name] = {**file, "description": "Файл, до 50 МиБ"}
            example = {**example, name: "(содержимое файла)"}
            needed.append(name)
    schema: Schema = {"type": "object", "properties": fields}
    return (schema | {"required": needed} if needed else schema), example


def _introduction() -> str:
    return "\n\n".join(f"## {part.title}\n\n" + "\n\n".join(part.paragraphs) for part in texts.sections())
