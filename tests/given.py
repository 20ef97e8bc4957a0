"""What each operation of the JSON API is given: the ids in its address, query and body, and a body that it takes.

Read off the operations themselves, so that a new one joins by being registered: its body is its model's first example,
in which the fields of REFERENCES name rows of the caller. Only what an example cannot say stands in the tables here.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from uuid import UUID

from flask import Flask
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from sqlalchemy import Connection
from urllib3.filepost import encode_multipart_formdata

from aiguro_web import storage
from aiguro_web.services import file_links
from aiguro_web.services.access import Actor
from aiguro_web.web.operation import Operation, operations
from tests import people
from tests.doors import JSON_BODIES, WORDS
from tests.rules import rows
from tests.rules.conftest import House

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001a5f645"
    "400000000049454e44ae426082"
)
# Fields of queries and bodies that name a row: its table and column there.
REFERENCES: dict[str, tuple[str, str]] = {
    "funnel_id": ("funnel", "id"),
    "funnelId": ("funnel", "id"),
    "move_to": ("funnel", "id"),
    "messenger_connection_id": ("messenger_connection", "id"),
    "orgId": ("organization", "id"),
    "org_id": ("organization", "id"),
    "organization_id": ("organization", "id"),
    "client_id": ("client", "id"),
    "dialog_id": ("dialog", "id"),
    "file_id": ("file", "id"),
    "assistant_id": ("assistant", "id"),
    "manager": ("app_user", "email"),
    "assignedTo": ("app_user", "email"),
    "manager_id": ("app_user", "id"),
    "stage": ("stage", "code"),
    "stage_id": ("stage", "id"),
    "gid": ("organization", "gid"),
}
# What has such a name and names no row: a new code, a number within the funnel of the path, a messenger's kind.
FREE = {"cursor", "code_name", "assistant_code_name", "grant_type", "id"}
LOOKS_LIKE_AN_ID = re.compile(r"(^|_)(id|ids|uuid|gid|code|key)$|Id$|_code_name$|^(stage|manager|move_to|assignedTo)$")

# By endpoint: what a valid call carries in place of its model's example; a pair is a table and column of the caller's.
BODIES: dict[str, dict[str, Any]] = {
    "api_connections.create": {"messenger_type": "webchat", "name": "чат обхода"},
    "api_connections.create_own": {"messenger_type": "webchat", "name": "чат обхода", "funnel_id": "1"},
    "api_tickets.change": {"status": "closed"},
    "api_trials.create_in_stage": {"stage_number": 1, "initial_message": "слова обхода"},
    "api_assistants.write": {"code_name": ("assistant", "code"), "text": "слова обхода"},
    "tokens.create": {"grant_type": "password", "username": "admin@test.example", "password": people.PASSWORD},
}
QUERIES: dict[str, dict[str, Any]] = {  # `...`: names the caller's row
    "api_connections.attach": {"messenger_connection_id": ...},
    "api_connections.detach": {"messenger_connection_id": ...},
}
# What must be so before a call can succeed.
PREPARED: dict[str, str] = {
    "api_dialogs.restore": "UPDATE dialog SET deleted_at = now() WHERE id = :dialog",
    "api_clients.restore": "UPDATE client SET deleted_at = now() WHERE id = :client",
    "api_funnels.remove": "UPDATE dialog SET status = 'closed' WHERE funnel_id = :funnel",
    "api_assistants.remove": "WITH rule AS (DELETE FROM followup_rule WHERE stage_id = :stage) "
    "UPDATE assistant SET stage_id = NULL WHERE id = :assistant",
    "api_download.download": "UPDATE membership SET role = 'admin' WHERE user_id = :app_user",
}
FILES: dict[str, str] = {}  # endpoint -> the field of its file, where not the first one declared
ABSENT = {
    "id": 8_000_004,
    "uuid": UUID(int=8_000_003),
    "code": "code-that-nobody-has",
    "gid": "org_nobody",
    "email": "nobody@nowhere.example",
}


@dataclass(frozen=True)
class Call:
    """A call as a client of Flask's takes it."""

    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    json: Any = None
    form: Mapping[str, Any] | None = None
    file: tuple[str, str, bytes] | None = None

    def arguments(self) -> dict[str, Any]:
        """For `client.open`."""
        found: dict[str, Any] = {"path": self.path, "method": self.method, "query_string": dict(self.query)}
        if self.json is not None:
            return found | {"json": self.json}
        if self.file is not None:
            data, kind = self.multipart()
            return found | {"data": data, "content_type": kind}
        return found | ({"data": dict(self.form)} if self.form is not None else {})

    def multipart(self) -> tuple[bytes, str]:
        """The form with its file, and its type. (Boundaries that werkzeug's client makes may be too long.)"""
        assert self.file is not None
        name, filename, content = self.file
        fields: dict[str, Any] = {**(self.form or {}), name: (filename, content, "image/png")}
        return encode_multipart_formdata(fields, boundary="boundary-of-the-tests")


def spelled(operation: Operation) -> list[str]:
    """The endpoints of an operation: the seed's spelling, then its aliases."""
    names = ("", "_plural", "_alias", "_other")
    return [operation.endpoint + names[number] for number in range(1 + len(operation.aliases))]


def arguments_of(app: Flask, endpoint: str) -> set[str]:
    """The names in an endpoint's address."""
    return set(next(app.url_map.iter_rules(endpoint)).arguments)


def values(own: Mapping[str, Any], org: int, endpoint: str) -> dict[str, Any]:
    """The arguments of an address that name these rows."""
    found = House.values(typing.cast(House, SimpleNamespace(rows={org: own})), org, endpoint)
    found = {**WORDS, **found}
    if endpoint == "api_download.download":
        person = Actor("person", org, own["app_user"]["id"])
        found["token"] = file_links.sign(person, "file", own["file"]["id"]).rpartition("/")[2]
    return found


def address(app: Flask, endpoint: str, method: str, given: Mapping[str, Any]) -> str:
    names = {name: given[name] for name in arguments_of(app, endpoint)}
    return app.url_map.bind("localhost").build(endpoint, names, method=method)


def call(
    app: Flask, operation: Operation, own: Mapping[str, Any], org: int, endpoint: str = "", *, as_form: bool = False
) -> Call:  # fmt: skip
    """A call that should succeed for an admin of `org`, about `own` rows, by one of the operation's spellings. What
    takes JSON and forms is given JSON, or with `as_form` a form."""
    endpoint = endpoint or operation.endpoint
    path = address(app, endpoint, operation.method, values(own, org, operation.endpoint))
    query = dict(QUERIES.get(operation.endpoint, {}))
    fitted = {name: named(own, name) if value is ... else value for name, value in query.items()}
    made = Call(operation.method, path, fitted)
    if operation.files and (operation.takes is None or as_form):
        name = FILES.get(operation.endpoint, operation.files[0])
        form = _flat(body_of(operation, operation.form, own))
        return replace(made, form=form, file=(name, "picture.png", PNG))
    if operation.takes is not None:
        return replace(made, json=body_of(operation, operation.takes, own))
    if operation.form is not None:
        return replace(made, form=_flat(body_of(operation, operation.form, own)))
    return made


def body_of(operation: Operation, model: type[BaseModel] | None, own: Mapping[str, Any]) -> dict[str, Any]:
    """The example of the model, whose references name rows of the caller."""
    noun = operation.endpoint.partition(".")[0]
    named_here = (
        BODIES.get(operation.endpoint),
        example(model),
        JSON_BODIES.get(operation.endpoint),
        JSON_BODIES.get(noun),
    )
    known = next((known for known in named_here if known), {})
    body = dict(known) if model is not None else {}
    body |= {name: own[value[0]][value[1]] for name, value in body.items() if isinstance(value, tuple)}
    for name in references(model):
        if name in body and body[name] not in ("", None, [], "Не указано"):
            body[name] = named(own, name)
    return body


def example(model: type[BaseModel] | None) -> dict[str, Any]:
    extra = model.model_config.get("json_schema_extra") if model is not None else None
    found = extra.get("examples") if isinstance(extra, dict) else None
    return dict(typing.cast(Any, found)[0]) if found else {}


def named(own: Mapping[str, Any], name: str) -> Any:
    """The value by which the field `name` names the caller's row."""
    table, column = REFERENCES[name]
    return own[table][column]


def absent(name: str) -> Any:
    """A value of that field which names nobody's row."""
    return ABSENT[REFERENCES[name][1]]


def fields(model: type[BaseModel] | None) -> Iterator[str]:
    """The names of a model's fields as callers spell them, and of the models within."""
    for name, known in (model.model_fields if model is not None else {}).items():
        yield _spelling(name, known)
        for part in _parts(known.annotation):
            yield from fields(part)


def references(model: type[BaseModel] | None) -> list[str]:
    """The fields of the model's own level that name a row."""
    own = [_spelling(name, known) for name, known in model.model_fields.items()] if model is not None else []
    return [name for name in REFERENCES if name in own]


def _spelling(name: str, known: FieldInfo) -> str:
    return known.validation_alias if isinstance(known.validation_alias, str) else known.alias or name


def _parts(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in typing.get_args(annotation):
        yield from _parts(part)


def _flat(body: Mapping[str, Any]) -> dict[str, str]:
    words = {True: "true", False: "false"}
    return {name: words[value] if isinstance(value, bool) else str(value) for name, value in body.items()}


def fresh(connection: Connection, org: int, number: int) -> rows.Rows:
    """One more row in every table of that organisation, marked `org1n7-`; its user is a member."""
    with patch.object(rows, "mark", lambda org: f"org{org}n{number}-"):
        made = rows.fill(connection, org)
    table = rows.Base.metadata.tables["organization"]
    made["organization"] = dict(connection.execute(table.select().where(table.c.id == org)).mappings().one())
    return made


def prepare(connection: Connection, endpoint: str, own: rows.Rows) -> rows.Rows:
    """Make `own` such that this operation can succeed with it."""
    statement = PREPARED.get(endpoint)
    if statement is not None:
        ids = {name: own[name]["id"] for name in re.findall(r":(\w+)", statement)}
        connection.execute(rows.text(statement), ids)
    if endpoint == "api_download.download":
        stored = storage.receive("picture.png", iter([PNG]))
        values = {"key": stored.key, "size": stored.size, "kind": stored.content_type, "id": own["file"]["id"]}
        change = "UPDATE file SET storage_key = :key, size = :size, content_type = :kind WHERE id = :id"
        connection.execute(rows.text(change), values)
    return own


def by_endpoint(app: Flask) -> dict[str, Operation]:
    """Every spelling of every operation."""
    return {endpoint: operation for operation in operations(app) for endpoint in spelled(operation)}
