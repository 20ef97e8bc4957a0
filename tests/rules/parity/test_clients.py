"""What is written of a client through both doors, JSON and page: edits, deletion, restoring."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text
from werkzeug.test import TestResponse

from aiguro_web.extensions import db, enter_organization
from aiguro_web.models.client import CLIENT_NAME_MAX, MANAGER_TEXT_MAX
from aiguro_web.services import clients
from tests.doors import sign_in
from tests.people import HOME, Person

from ..conftest import House
from . import MEANING

EDITS: list[dict[str, str]] = [
    {"name": "  Ольга\u200b  Петровна "},
    {"name": ""},
    {"name": "Не указано"},
    {"name": "а" * CLIENT_NAME_MAX},
    {"name": "а" * (CLIENT_NAME_MAX + 1)},
    {"phone": "8 (900) 123-45-67"},
    {"phone": "«Не указано»"},
    {"phone": "12"},
    {"phone": "9" * 65},
    {"email": "OLGA@Example.com"},
    {"email": ""},
    {"email": "не почта"},
    {"email": "a" * 250 + "@example.com"},
    {"manager": "manager@test.example"},
    {"manager": "Человек со стороны"},
    {"manager": "Не назначено"},
    {"manager": "м" * MANAGER_TEXT_MAX},
    {"manager": "м" * (MANAGER_TEXT_MAX + 1)},
    {"status": "inactive"},
    {"status": "active"},
    {"status": "gone"},
]


def somebody(house: House) -> int:
    """A new client, the same for both doors."""
    with house.app.app_context():
        enter_organization(HOME)
        number = clients.create(house.people.admin.actor, {"name": "Клиент", "phone": "+79005554433"})
        db.session.commit()
    return number


def by_json(house: House, person: Person, method: str, rest: str, body: Any = None) -> TestResponse:
    path = f"/api/organization/{HOME}/client/{rest}"
    return house.app.test_client().open(path, method=method, json=body, headers=person.headers)


def by_page(house: House, person: Person, rest: str, form: dict[str, str] | None = None) -> TestResponse:
    return sign_in(house.app, person).post(
        f"/dashboard/clients/{rest}", data=form or {}, headers={"HX-Request": "true"}
    )


def meaning(answer: TestResponse) -> str:
    return "done" if answer.status_code == 204 else MEANING[answer.status_code]


def kept(house: House, client_id: int) -> list[Any]:
    """The row and its journal, without ids and times."""
    queries = (
        """SELECT name, phone, email, manager_id, manager_text, status, deleted_at IS NULL, updated_at > created_at
           FROM client WHERE id = :id""",
        "SELECT act, actor_id, data FROM journal_entry WHERE subject = 'client' AND subject_id = :id ORDER BY id",
    )
    with house.admin.connect() as connection:
        return [[tuple(row) for row in connection.execute(text(query), {"id": client_id})] for query in queries]


@pytest.mark.parametrize("wish", EDITS, ids=lambda wish: str(wish)[:40])
def test_an_edit_is_the_same_write(house: House, wish: dict[str, str]) -> None:
    found = []
    for door in ("json", "page"):
        one = somebody(house)
        person = house.people.manager
        answer = (
            by_json(house, person, "PUT", str(one), wish)
            if door == "json"
            else by_page(house, person, f"{one}/fields", wish)
        )
        found.append((meaning(answer), kept(house, one)))
    assert found[0] == found[1]


@pytest.mark.parametrize("who", ["admin", "manager", "viewer", "stranger"])
def test_the_same_people_may_edit(house: House, who: str) -> None:
    person = getattr(house.people, who)
    found = []
    for door in ("json", "page"):
        one = somebody(house)
        wish = {"name": "Новое имя"}
        answer = (
            by_json(house, person, "PUT", str(one), wish)
            if door == "json"
            else by_page(house, person, f"{one}/fields", wish)
        )
        found.append((answer.status_code in (200, 204), kept(house, one)))
    assert found[0] == found[1]


@pytest.mark.parametrize("who", ["admin", "manager", "viewer", "stranger"])
def test_deleting_and_restoring_are_the_same_writes(house: House, who: str) -> None:
    person = getattr(house.people, who)
    found: list[list[Any]] = []
    for door in ("json", "page"):
        one = somebody(house)
        steps: list[Any] = []
        for act in ("delete", "delete", "restore", "restore"):
            if door == "page":
                answer = by_page(house, person, f"{one}/{act}")
            elif act == "delete":
                answer = by_json(house, person, "DELETE", str(one))
            else:
                answer = by_json(house, person, "POST", f"{one}/restore")
            steps.append((answer.status_code in (200, 204), kept(house, one)))
        found.append(steps)
    assert found[0] == found[1]
