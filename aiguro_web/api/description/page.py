"""The document as the page shows it: what a template needs of an operation, in the order in which people read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from ...web.failures import PROBLEM
from . import fields, texts
from .answers import JSON
from .fields import Field
from .schemas import Schema, Shapes

COMMON = (401, 403, 405, 413, 415, 429, 500, 503, 504)  # told once, in the guide
PLACES = {"path": "в пути", "query": "в запросе", "header": "заголовок"}
_TOKENS = re.compile(r'(?P<key>"(?:[^"\\]|\\.)*"(?=:))|(?P<text>"(?:[^"\\]|\\.)*")|(?P<rest>[^"]+)')


@dataclass(frozen=True)
class Body:
    kind: str
    fields: list[Field]


@dataclass(frozen=True)
class Entry:
    """An operation."""

    id: str
    method: str
    path: str
    summary: str
    paragraphs: list[str]
    parameters: list[Field]
    bodies: list[Body]
    body_required: bool
    curl: str
    status: str
    answer: list[tuple[str, str]]
    """Its example in pieces of (kind, text)."""
    answer_object: str
    answer_many: bool
    answer_kind: str
    statuses: list[tuple[str, str]]
    common: list[str]


@dataclass(frozen=True)
class Group:
    """The operations of a noun."""

    anchor: str
    name: str
    words: str
    entries: list[Entry]


@dataclass(frozen=True)
class Thing:
    """An object that answers hold."""

    name: str
    fields: list[Field]


@dataclass(frozen=True)
class Page:
    title: str
    version: str
    summary: str
    server: str
    sections: list[texts.Section]
    groups: list[Group]
    things: list[Thing]
    problem: list[tuple[str, str]]
    """An error, in pieces as an answer's example."""


def build(document: dict[str, Any]) -> Page:
    """The page of a document."""
    shapes = Shapes(document["components"]["schemas"], {})
    entries: dict[str, list[Entry]] = {tag["name"]: [] for tag in document["tags"]}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            entries[operation["tags"][0]].append(_entry(document, shapes, path, method.upper(), operation))
    groups = [
        Group(f"tag-{number}", tag["name"], tag["description"], entries[tag["name"]])
        for number, tag in enumerate(document["tags"], 1)
    ]
    return Page(
        document["info"]["title"],
        document["info"]["version"],
        document["info"]["summary"],
        document["servers"][0]["url"].removesuffix("/"),
        texts.sections(),
        groups,
        _things(groups, shapes),
        list(_pieces(_problem(document))),
    )


def _problem(document: dict[str, Any]) -> Any:
    """The example that tells most: fields that are not accepted."""
    refusals = (
        one["responses"]["400"]["content"][PROBLEM]["example"]
        for methods in document["paths"].values() for one in methods.values()
    )  # fmt: skip
    telling = (one for one in refusals if "errors" in one and one["instance"].startswith("/api/organization/"))
    return next(telling, None)


def _things(groups: list[Group], shapes: Shapes) -> list[Thing]:
    """The objects of all answers, and of what these hold."""
    waiting = [entry.answer_object for group in groups for entry in group.entries if entry.answer_object]
    found: dict[str, Thing] = {}
    while waiting:
        name = waiting.pop()
        if name not in found and "properties" in shapes.components[name]:
            told = fields.of_object(shapes.components[name], shapes, inside=False)
            found[name] = Thing(name, told)
            waiting += [field.link for field in told if field.link]
    found["Problem"] = Thing("Problem", fields.of_object(shapes.components["Problem"], shapes, inside=True))
    return [found[name] for name in sorted(found)]


def _entry(document: dict[str, Any], shapes: Shapes, path: str, method: str, operation: Schema) -> Entry:
    parameters = [_referred(document, one) for one in operation["parameters"]]
    status, answer = next((code, one) for code, one in operation["responses"].items() if code < "300")
    kind, media = next(iter(answer["content"].items()))
    name, many = fields.target(media["schema"]) if kind == JSON else ("", False)
    codes = {code: _referred(document, one)["description"] for code, one in operation["responses"].items()}
    body = operation.get("requestBody", {})
    sends = bool(body) or any(one["in"] == "query" for one in parameters)
    common = COMMON if sends else (400, *COMMON)
    return Entry(
        id=operation["operationId"],
        method=method,
        path=path,
        summary=operation["summary"],
        paragraphs=[text for text in operation["description"].split("\n\n") if text],
        parameters=[fields.of_parameter(one, shapes) for one in parameters],
        bodies=[
            Body(kind, fields.of_object(one["schema"], shapes, inside=True))
            for kind, one in body.get("content", {}).items()
        ],
        body_required=body.get("required", False),
        curl=_curl(path, method, operation, parameters),
        status=status,
        answer=list(_pieces(media["example"])) if "example" in media else [],
        answer_object=name,
        answer_many=many,
        answer_kind=kind,
        statuses=[(code, words) for code, words in codes.items() if int(code) not in common],
        common=[code for code in codes if int(code) in common],
    )


def _referred(document: dict[str, Any], node: Schema) -> Schema:
    if "$ref" not in node:
        return node
    found: Any = document
    for part in node["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return dict(found)


def _curl(path: str, method: str, operation: Schema, parameters: list[Schema]) -> str:
    """A call that a shell can make, after `export AIGURO=… TOKEN=…`."""
    for one in parameters:
        if one["in"] == "path":
            path = path.replace(f"{{{one['name']}}}", quote(str(one["example"]), safe=""))
    lines = [f'curl{"" if method == "GET" else f" -X {method}"} "$AIGURO{path}"']
    if operation.get("security") != []:
        lines.append('-H "Authorization: Bearer $TOKEN"')
    content: dict[str, Schema] = operation.get("requestBody", {}).get("content", {})
    kind, media = next(reversed(content.items()), ("", {}))
    if kind == JSON:
        lines.append(f'-H "Content-Type: {JSON}"')
        lines.append(f"-d {_quoted(_json(media['example']))}")
    elif kind:
        flag = "-F" if "multipart" in kind else "--data-urlencode"
        lines += [f"{flag} {_quoted(part)}" for part in _parts(media)]
    if "example" not in next(iter(_success(operation)["content"].values())):
        lines.append("-OJ")
    return " \\\n  ".join(lines)


def _success(operation: Schema) -> Schema:
    return next(one for code, one in operation["responses"].items() if code < "300")


def _parts(media: Schema) -> Iterator[str]:
    """Fields of a form, as curl takes them."""
    for name, value in media["example"].items():
        shape = media["schema"].get("properties", {}).get(name, {})
        is_file = "binary" in (shape.get("format"), shape.get("items", {}).get("format"))
        if is_file:
            yield f"{name}=@price.pdf"
        elif value is not None:
            yield f"{name}={value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _json(value: Any) -> str:
    short = json.dumps(value, ensure_ascii=False)
    return short if len(short) < 60 else json.dumps(value, ensure_ascii=False, indent=2)


def _pieces(value: Any) -> Iterator[tuple[str, str]]:
    """JSON in pieces, so that the page can tell names from texts without a script."""
    for piece in _TOKENS.finditer(json.dumps(value, ensure_ascii=False, indent=2)):
        yield str(piece.lastgroup), piece[0]
