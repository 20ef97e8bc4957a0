"""Every operation × every id that it is given × (foreign, absent, put away) × (admin, manager, viewer, nobody).

What is foreign is answered as what is absent, and nothing of the other organisation changes; what is put away is not
there; a role gets through exactly where its rights say so. tests/rules/test_strangers.py walks all doors with one role.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from aiguro_web.models import Role
from aiguro_web.services.access import RIGHTS
from aiguro_web.web.operation import Operation, operations
from tests import given
from tests.doors import WORDS
from tests.given import Call
from tests.people import HOME, OTHER, Person
from tests.rules.conftest import House
from tests.rules.test_strangers import ABSENT, answer
from tests.undone import undone

from .conftest import AWAY, put_away, rows, rows_for

# What two good answers differ by: ids and times of what they made.
NEWS = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)|\b5\d{6}\b|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ROLES = {"admin": Role.admin, "manager": Role.manager, "viewer": Role.viewer}
# Endpoints for which a row that is put away is what they are about.
OPEN_WHAT_IS_AWAY = {
    ("dialog", "api_dialogs.restore"),
    ("client", "api_clients.restore"),
    # A deleted funnel's dialogs have gone to another one; should one be left, it keeps its address.
    *(("funnel", name) for name in (
        "api_dialogs.show", "api_dialogs.change", "api_dialogs.delete", "api_dialogs.restore", "api_messages.index",
        "api_messages.show", "api_messages.create", "api_trials.write",
    )),
}  # fmt: skip
# Endpoints whose right is not one of RIGHTS alone: who gets through, by role.
OTHERWISE: dict[str, set[str]] = {}
# What a valid call answers here where that is not the declared status, and why.
ANSWERS: dict[str, set[int]] = {
    "api_organizations.create": {403},  # a token of our own proves no organisation of Clerk's
}


def knock(app: Flask, call: Call, person: Person | None) -> TestResponse:
    headers = person.headers if person is not None else {}
    return app.test_client().open(**call.arguments(), headers=headers)


def strangers(app: Flask, house: House, operation: Operation) -> Iterator[tuple[str, Call, Call]]:
    """For each id that a call carries: where it stands, the call with the other's id, and with nobody's."""
    own, other = rows_for(house, operation.endpoint), house.rows[OTHER]
    for endpoint in given.spelled(operation):
        good = given.call(app, operation, own, HOME, endpoint)
        mine, theirs = given.values(own, HOME, operation.endpoint), given.values(other, OTHER, operation.endpoint)
        for name in sorted(given.arguments_of(app, endpoint) - set(WORDS)):
            foreign = theirs if name == "org" else {**mine, name: theirs[name]}
            paths = [
                given.address(app, endpoint, operation.method, wrong)
                for wrong in (foreign, {**foreign, name: ABSENT[name]})
            ]
            yield f"path {name}", replace(good, path=paths[0]), replace(good, path=paths[1])
        yield from _in_query(good, operation, other)
        yield from _in_body(good, operation, other)
        if operation.form is not None:
            yield from _in_form(given.call(app, operation, own, HOME, endpoint, as_form=True), operation, other)


def _in_query(good: Call, operation: Operation, other: rows.Rows) -> Iterator[tuple[str, Call, Call]]:
    for name in given.references(operation.query):
        wrong = [{**good.query, name: value} for value in (given.named(other, name), given.absent(name))]
        yield f"query {name}", replace(good, query=wrong[0]), replace(good, query=wrong[1])


def _in_body(good: Call, operation: Operation, other: rows.Rows) -> Iterator[tuple[str, Call, Call]]:
    for name in given.references(operation.takes):
        wrong = [{**good.json, name: value} for value in (given.named(other, name), given.absent(name))]
        yield f"body {name}", replace(good, json=wrong[0]), replace(good, json=wrong[1])


def _in_form(good: Call, operation: Operation, other: rows.Rows) -> Iterator[tuple[str, Call, Call]]:
    for name in given.references(operation.form):
        texts = [{**(good.form or {}), name: str(value)} for value in (given.named(other, name), given.absent(name))]
        yield f"form {name}", replace(good, form=texts[0]), replace(good, form=texts[1])


def said(app: Flask, house: House, call: Call, person: Person | None, *words: Any) -> tuple[Any, ...]:
    with undone(app):
        status, headers, body = answer(knock(app, call, person), *words)
    return status, [NEWS.sub("…", header or "") for header in headers], NEWS.sub("…", body)


def differences(app: Flask, house: House, operation: Operation, person: Person | None) -> list[str]:
    """Where this person is told a foreign id from an absent one, or is let through with either."""
    found = []
    for place, foreign, absent in strangers(app, house, operation):
        words = [str(word) for org in (HOME, OTHER) for word in _words(house.rows[org])]
        words += [str(word) for word in (*ABSENT.values(), *given.ABSENT.values())]
        words += [quote(word, safe="") for word in words]
        replies = [said(app, house, call, person, *words, call.path) for call in (foreign, absent)]
        if replies[0] != replies[1]:
            found.append(f"{operation.method} {foreign.path} {place}: {replies[0]} but absent {replies[1]}")
        if place.startswith("path") and replies[0][0] not in _refusals(place, person, operation):
            found.append(f"{operation.method} {foreign.path} {place}: {replies[0][0]}")
    return found


def _words(own: rows.Rows) -> Iterator[Any]:
    for row in own.values():
        for name, value in row.items():
            if name in ("id", "uuid", "code", "email", "gid"):
                yield value


def _refusals(place: str, person: Person | None, operation: Operation) -> set[int]:
    if person is None:
        return {401}
    if place == "path org":
        return {403}
    role = person.actor.role
    return {404} if role and _may(operation, role) else {403, 404}


def _may(operation: Operation, role: Role) -> bool:
    if operation.endpoint in OTHERWISE:
        return role.value in OTHERWISE[operation.endpoint]
    return not operation.needs or operation.needs in RIGHTS[role]


def people_of(house: House) -> dict[str, Person | None]:
    return {"nobody": None, **{role: getattr(house.people, role) for role in ROLES}}


def guarded(app: Flask) -> list[Operation]:
    return [one for one in operations(app) if one.guard != "public"]


@pytest.mark.parametrize("role", ["admin", "manager", "viewer", "nobody"])
def test_a_foreign_id_anywhere_is_answered_as_an_absent_one(app: Flask, house: House, role: str) -> None:
    before = house.fingerprint(OTHER), house.fingerprint(HOME)
    walked, found = 0, []
    for operation in guarded(app):
        house.rest()
        found += differences(app, house, operation, people_of(house)[role])
        walked += 1
    assert not found, "\n".join(found)
    assert (house.fingerprint(OTHER), house.fingerprint(HOME)) == before
    assert walked >= 8


def test_a_foreign_cursor_is_answered_as_a_made_up_one(app: Flask, house: House) -> None:
    for operation in guarded(app):
        if not operation.listed:
            continue
        mine, theirs = (given.call(app, operation, house.rows[org], org) for org in (HOME, OTHER))
        house.rest()
        link = knock(app, replace(theirs, query={"cursor": "", "limit": 1}), house.people.stranger).headers.get("Link")
        if link is None:
            continue  # one row: its walk has no second page
        foreign = link.partition("cursor=")[2].partition(">")[0]
        replies = [
            answer(knock(app, replace(mine, query={"cursor": cursor}), house.people.admin))
            for cursor in (foreign, "A" * len(foreign))
        ]
        assert replies[0] == replies[1], operation.rule
        assert replies[0][0] == 400


def test_what_is_put_away_is_not_there(app: Flask, house: House) -> None:
    away = {table.name for table in rows.tenant_tables() if any(name in table.c for name in AWAY)} - {"organization"}
    tables = {"f": "funnel", "uuid": "dialog", "stage": "stage"}
    found, walked = [], 0
    for number, table in enumerate(sorted(away), 50):
        own = put_away(house, table, number)
        for operation in guarded(app):
            house.rest()
            names = given.arguments_of(app, operation.endpoint)
            known = {**tables, "id": given_table(operation)}
            if (table, operation.endpoint) in OPEN_WHAT_IS_AWAY or table not in {known.get(name) for name in names}:
                continue
            walked += 1
            with undone(app):
                status = knock(app, given.call(app, operation, own, HOME), house.people.admin).status_code
            if status != 404:
                found.append(f"{operation.method} {operation.rule} with a {table} put away: {status}")
    assert not found, "\n".join(found)
    assert walked >= 5


def given_table(operation: Operation) -> str:
    from tests.rules import ids

    return ids.TABLES.get(operation.endpoint.partition(".")[0], "messenger_connection")


def test_each_role_gets_through_exactly_where_its_rights_say(app: Flask, house: House) -> None:
    found = []
    before = house.fingerprint(HOME)
    for operation in guarded(app):
        house.rest()
        for name, person in people_of(house).items():
            for endpoint in given.spelled(operation):
                with undone(app):
                    reply = knock(
                        app, given.call(app, operation, rows_for(house, operation.endpoint), HOME, endpoint), person
                    )
                wanted = _expected(operation, name)
                if reply.status_code not in wanted:
                    text = reply.get_data(as_text=True)[:200]
                    found.append(f"{operation.method} {endpoint} by {name}: {reply.status_code}, not {wanted}: {text}")
    assert not found, "\n".join(found)
    assert house.fingerprint(HOME) == before


def _expected(operation: Operation, name: str) -> set[int]:
    if name == "nobody":
        return {401}
    if not _may(operation, ROLES[name]):
        return {403}
    return ANSWERS.get(operation.endpoint, {operation.status})


def test_every_id_of_an_operation_is_in_the_tables(app: Flask) -> None:
    """A field that looks like an id and is in neither table of tests/given.py would go unwalked."""
    unknown = [
        f"{operation.endpoint}: {name}"
        for operation in operations(app)
        for model in (operation.query, operation.takes, operation.form)
        for name in given.fields(model)
        if given.LOOKS_LIKE_AN_ID.search(name) and name not in given.REFERENCES and name not in given.FREE
    ]
    assert unknown == []


def test_every_operation_that_takes_a_body_has_one_to_be_given(app: Flask, house: House) -> None:
    bare = []
    for operation in operations(app):
        model = operation.takes or operation.form
        required = [name for name, field in model.model_fields.items() if field.is_required()] if model else []
        body = given.body_of(operation, model, house.rows[HOME])
        if required and not set(required) <= {*body, *(operation.files or ())}:
            bare.append(operation.endpoint)
    assert bare == [], "give the model an example, or an entry in tests/given.py BODIES"


def test_every_argument_of_an_address_has_an_absent_value(app: Flask) -> None:
    names = {name for operation in guarded(app) for name in given.arguments_of(app, operation.endpoint)}
    assert names - set(ABSENT) - set(WORDS) == set()


def test_a_leak_and_a_missing_right_would_be_found(app: Flask, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The walks above are worth something: without the table of rights, and with a lookup that forgets the wall."""
    from aiguro_web.services.access import Actor

    operation = next(one for one in guarded(app) if one.endpoint == "api_messages.create")
    monkeypatch.setattr(Actor, "must", lambda self, act: None)
    with undone(app):
        reply = knock(app, given.call(app, operation, house.rows[HOME], HOME), house.people.viewer)
    assert reply.status_code not in _expected(operation, "viewer")
