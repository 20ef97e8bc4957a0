"""Every way into the application, read from its map of addresses: for tests that walk through all doors."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.people import People, Person

STREAMS = frozenset({"live.stream", "webchat.live"})  # they never end: a walk does not read them
BYTES = frozenset({"attachments.show", "webchat.file"})  # their bytes lie in no storage of a walk: tests/pages
# Arguments of addresses that name no row.
WORDS = {
    "n": "1",
    "kind": "webchat",
    "switch": "off",
    "messenger": "telegram",
    "filename": "src/app.js",
    "token": "a" * 66,
    "screen": "deals",
}
JSON_BODIES: dict[str, dict[str, Any]] = {
    "api_clients": {"name": "Клиент обхода"},
    "api_dialogs": {"name": "клиент обхода"},
    "api_trials": {"text": "слова обхода", "stage_number": 1},
    "api_messages": {"text": "слова обхода"},
    "api_connections": {"messenger_type": "webchat", "name": "чат обхода"},
    "api_funnels": {"display_name": "воронка обхода"},
    "api_assistants": {"code_name": "assistant-of-the-walk", "text": "слова обхода"},
    "api_assistants.change": {"prompt": "слова обхода"},
    "api_assistants.change_plural": {"prompt": "слова обхода"},
    "api_tickets.create": {"subject": "обход", "description": "слова обхода", "department": "general"},
    "api_tickets.answer": {"text": "слова обхода"},
    "api_tickets.change": {"status": "closed"},
    "webchat.say": {"visitor": "a" * 32, "key": "key-of-the-walk", "text": "слова обхода"},
    "webchat.seen": {"visitor": "a" * 32, "id": 1},
    "webhooks": {"update_id": 1},
}
# The query of ways that name a row there; its arguments are those of an address.
QUERIES = {
    "attach_messenger_connection": "messenger_connection_id={connection_id}",
    "detach_messenger_connection": "messenger_connection_id={connection_id}",
}
UPLOADS = ("api_files.create", "client_imports.upload")  # ways that take a form with a file
ATTACHING = ("support.answer", "staff_desk.answer", "support.create")  # ways that take words and files
FORM = {
    "column": "name",
    "rule": "skip",
    "text": "слова обхода",
    "language": "ru",
    "org_id": "1",
    "name": "чат обхода",
    "stage": "org2-stage-code",
    "outcome": "closed",
}


@dataclass(frozen=True)
class Way:
    """One method of one address; `guard` is the guard's kind, None for a view without any."""

    method: str
    rule: str
    endpoint: str
    arguments: frozenset[str]
    guard: str | None

    def __str__(self) -> str:
        return f"{self.method} {self.rule}"

    @property
    def ids(self) -> list[str]:
        """The arguments that name a row."""
        return sorted(self.arguments - set(WORDS))


def ways(app: Flask) -> list[Way]:
    """All of them, without the automatic HEAD and OPTIONS."""
    found = [
        Way(method, rule.rule, rule.endpoint, frozenset(rule.arguments), guard_of(app, rule.endpoint))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    ]
    return sorted(found, key=lambda way: (way.rule, way.method))


def guard_of(app: Flask, endpoint: str) -> str | None:
    """The kind of the guard before a view; a view of the toolkit says only the word `public`."""
    guard = getattr(app.view_functions[endpoint], "guard", None)
    return guard if isinstance(guard, str) else getattr(guard, "kind", None)


def address(app: Flask, way: Way, values: Mapping[str, Any]) -> str:
    """The path of this way with these arguments."""
    given = {name: {**WORDS, **values}[name] for name in way.arguments}
    path = app.url_map.bind("localhost").build(way.endpoint, given, method=way.method)
    query = QUERIES.get(way.rule.rpartition("/")[2])
    return f"{path}?{query.format_map(values)}" if query else path


def sign_in(app: Flask, person: Person, org: int | None = None) -> FlaskClient:
    """A browser in which this person is signed in."""
    client = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"], session["_fresh"] = str(person.actor.user_id), True
        session["org_id"] = org or person.actor.org
    return client


def insider(people: People, way: Way) -> Person:
    """For whom this way is there: of the other organisation, or AIGURO's staff at their desk."""
    return people.staff if way.endpoint.startswith("staff_desk.") else people.stranger


def knock(
    app: Flask, way: Way, path: str, person: Person | None, *, htmx: bool = True, form: Mapping[str, Any] | None = None
) -> TestResponse:
    """Go this way as this person (None: as nobody), with a body that the view could take."""
    headers = dict(person.headers) if person is not None and way.guard == "bearer" else {}
    headers |= {"HX-Request": "true"} if htmx and way.guard == "page" else {}
    headers |= {"X-Visitor": "a" * 32} if way.guard == "connection" else {}
    client = sign_in(app, person) if person is not None and way.guard == "page" else app.test_client()
    body: dict[str, Any] = {}
    if way.method not in ("GET", "HEAD"):
        json = JSON_BODIES.get(way.endpoint) or JSON_BODIES.get(way.endpoint.partition(".")[0])
        body = {"json": json} if json is not None else {"data": {**FORM, **(form or {})}}
        if way.endpoint.startswith(UPLOADS):
            body = {"data": {"file": (io.BytesIO("слова обхода".encode()), "обход.txt")}}
        if way.endpoint in ATTACHING:
            body = {"data": {**body["data"], "attachments": (io.BytesIO("слова обхода".encode()), "обход.txt")}}
    return client.open(path, method=way.method, headers=headers, **body)
