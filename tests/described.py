"""Answers compared with what the OpenAPI document says of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from jsonschema import Draft202012Validator, FormatChecker
from werkzeug.test import TestResponse

from aiguro_web.api.description.parameters import path_of
from aiguro_web.api.openapi import described
from aiguro_web.web.operation import operations

# What a caller acts on; the rest (Date, Vary, security) is HTTP's own.
TELLING = {
    "ETag", "Link", "X-Total-Count", "Location", "RateLimit", "RateLimit-Policy", "X-Request-Id", "Idempotent-Replayed",
    "WWW-Authenticate", "Retry-After", "Allow", "Content-Disposition",
}  # fmt: skip
ALWAYS = {"X-Request-Id"}  # on every answer


@dataclass
class Described:
    """A document with its references followed."""

    document: Mapping[str, Any]
    operations: dict[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)
    """By method and rule as Flask writes it, aliases too."""

    @classmethod
    def of(cls, app: Flask) -> Described:
        document = described(app)
        found = {
            (one.method, rule): document["paths"][path_of(one.rule)][one.method.lower()]
            for one in operations(app)
            for rule in (one.rule, *one.aliases)
        }
        return cls(document, found)

    def follow(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in node:
            found: Any = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            node = found
        return node

    def faults(self, schema: Mapping[str, Any], value: Any) -> list[str]:
        """What is wrong with a value, formats too."""
        whole = {**schema, "components": self.document["components"]}
        checker = Draft202012Validator(whole, format_checker=FormatChecker())
        return [f"{'/'.join(map(str, one.absolute_path))}: {one.message}" for one in checker.iter_errors(value)]

    def differences(self, method: str, rule: str, answer: TestResponse) -> list[str]:
        """Where an answer is not as described."""
        name = f"{method} {rule} {answer.status_code}"
        responses = self.operations[method, rule]["responses"]
        if str(answer.status_code) not in responses:
            return [f"{name}: the status is not described: {answer.get_data(as_text=True)[:300]}"]
        response = self.follow(responses[str(answer.status_code)])
        unsaid = (TELLING & set(answer.headers.keys())) - set(response.get("headers", {}))
        found = [f"{name}: header {header} is not described" for header in sorted(unsaid)]
        found += [f"{name}: no {header}" for header in ALWAYS - set(answer.headers.keys())]
        for header, said in response.get("headers", {}).items():
            if header in answer.headers:
                schema = self.follow(said)["schema"]
                value: Any = answer.headers[header]
                value = int(value) if schema["type"] == "integer" and value.isdigit() else value
                found += [f"{name} {header}: {fault}" for fault in self.faults(schema, value)]
        return found + [f"{name} {fault}" for fault in self._body(response, answer)]

    def _body(self, response: Mapping[str, Any], answer: TestResponse) -> list[str]:
        content = response.get("content")
        if content is None:
            return [] if not answer.get_data() else ["a body is not described"]
        if answer.mimetype in content and answer.is_json:
            return self.faults(content[answer.mimetype]["schema"], answer.get_json())
        if "application/octet-stream" in content or answer.mimetype in content:
            return []
        return [f"{answer.mimetype} is not described"]

    def media(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Every body that is taken or given, with a name for messages."""
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                name = f"{method.upper()} {path}"
                for kind, media in operation.get("requestBody", {}).get("content", {}).items():
                    yield f"{name} {kind}", media
                for status, response in operation["responses"].items():
                    for kind, media in self.follow(response).get("content", {}).items():
                        yield f"{name} {status} {kind}", media
