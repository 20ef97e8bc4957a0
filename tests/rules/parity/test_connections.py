"""Connecting and disconnecting messengers through both doors."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text
from werkzeug.test import TestResponse

from aiguro_web.models.messenger_connection import CONNECTION_NAME_MAX, TOKEN_MAX
from aiguro_web.services import connections
from tests.doors import sign_in
from tests.fakes.telegram import FakeTelegram
from tests.people import HOME, Person

from ..conftest import House
from . import MEANING, numbers


def token_of(telegram: FakeTelegram, kind: str) -> str:
    """A token of a bot of its own, each called the same."""
    number = next(numbers) + 1_000_000
    token = f"{number}:AA{number:033}"
    if kind != "unknown":
        telegram.add_bot(token, "parity_bot")
    return f"  {token}\n" if kind == "edges" else token


def connect_json(house: House, person: Person, wish: dict[str, str]) -> TestResponse:
    path = f"/api/organization/{HOME}/funnel/{house.rows[HOME]['funnel']['id']}/messenger_connection"
    return house.app.test_client().post(path, json=wish, headers=person.headers)


def connect_page(house: House, person: Person, wish: dict[str, str]) -> TestResponse:
    path = f"/dashboard/integrations/connect/{wish['messenger_type']}"
    form = {**wish, "funnel": str(house.rows[HOME]["funnel"]["id"])}
    return sign_in(house.app, person).post(path, data=form, headers={"HX-Request": "true"})


def newest_connection(house: House) -> dict[str, Any]:
    """What was kept of the last connection, and its journal entry and job."""
    query = """
        SELECT c.*, j.act, j.actor_id, j.data,
               (SELECT task_name FROM procrastinate_jobs ORDER BY id DESC LIMIT 1) AS job
        FROM messenger_connection c LEFT JOIN journal_entry j ON j.subject = 'connection' AND j.subject_id = c.id
        ORDER BY c.id DESC LIMIT 1
    """
    unlike = {"id", "account_id", "key", "created_at", "updated_at", "token_hint"}
    with house.admin.connect() as connection:
        row = dict(connection.execute(text(query)).mappings().one())
    token = connections.open_secrets(row.pop("secret_encrypted"))["token"]
    row["hint"] = row["token_hint"] == (f"…{token[-4:]}" if token else "")
    row["stripped"] = token == token.strip()
    return {name: value for name, value in row.items() if name not in unlike}


WISHES = {
    "a bot": ("telegram", "good", ""),
    "a named bot": ("telegram", "good", "Наш бот"),
    "edges": ("telegram", "edges", "  Наш бот \n"),
    "white space for a name": ("telegram", "good", "   "),
    "longest name": ("telegram", "good", "ё" * CONNECTION_NAME_MAX),
    "longest name with edges": ("telegram", "good", " " + "ё" * CONNECTION_NAME_MAX + " "),
    "too long a name": ("telegram", "good", "ё" * (CONNECTION_NAME_MAX + 1)),
    "a token nobody knows": ("telegram", "unknown", ""),
    "no token": ("telegram", "", ""),
    "white space for a token": ("telegram", "   ", ""),
    "too long a token": ("telegram", "x" * (TOKEN_MAX + 1), ""),
    "a chat": ("webchat", "", "Чат"),
    "a chat with edges": ("webchat", "", " Чат "),
    "a chat without a name": ("webchat", "", ""),
}


@pytest.mark.parametrize(("kind", "token", "name"), WISHES.values(), ids=WISHES)
def test_a_connection_is_the_same_through_both_doors(
    house: House, telegram: FakeTelegram, kind: str, token: str, name: str
) -> None:
    said, kept = [], []
    for connect in (connect_json, connect_page):
        given = token_of(telegram, token) if token in ("good", "edges", "unknown") else token
        wish = {"messenger_type": kind, "token": given, "name": name}
        said.append(MEANING[connect(house, house.people.admin, wish).status_code])
        kept.append(newest_connection(house))
    assert said[0] == said[1]
    assert kept[0] == kept[1]


def test_the_same_account_twice_is_a_conflict_at_both_doors(house: House, telegram: FakeTelegram) -> None:
    wish = {"messenger_type": "telegram", "token": token_of(telegram, "good"), "name": ""}
    assert connect_json(house, house.people.admin, wish).status_code == 201
    assert [connect(house, house.people.admin, wish).status_code for connect in (connect_json, connect_page)] == [
        409,
        409,
    ]


@pytest.mark.parametrize("who", ["manager", "viewer"])
def test_the_same_people_may_connect_through_both_doors(house: House, telegram: FakeTelegram, who: str) -> None:
    before = newest_connection(house)
    for connect in (connect_json, connect_page):
        wish = {"messenger_type": "webchat", "token": "", "name": "Чат"}
        assert connect(house, getattr(house.people, who), wish).status_code == 403
    assert newest_connection(house) == before


def disconnect_json(house: House, person: Person, id: int) -> TestResponse:
    return house.app.test_client().delete(f"/api/organization/{HOME}/messenger_connection/{id}", headers=person.headers)


def disconnect_page(house: House, person: Person, id: int) -> TestResponse:
    path = f"/dashboard/integrations/{id}/remove"
    return sign_in(house.app, person).post(path, headers={"HX-Request": "true"})


@pytest.mark.parametrize(("who", "meaning"), [("admin", "done"), ("manager", "forbidden"), ("viewer", "forbidden")])
def test_disconnecting_is_the_same_through_both_doors(
    house: House, telegram: FakeTelegram, who: str, meaning: str
) -> None:
    kept = []
    for disconnect in (disconnect_json, disconnect_page):
        wish = {"messenger_type": "telegram", "token": token_of(telegram, "good"), "name": "Бот"}
        id = connect_json(house, house.people.admin, wish).json["id"]
        said = [MEANING[disconnect(house, getattr(house.people, who), id).status_code] for _ in range(2)]
        assert said == [meaning, "absent" if meaning == "done" else meaning]
        with house.admin.connect() as connection:
            query = """
                SELECT c.removed_at IS NULL, c.is_active, array_agg(j.act ORDER BY j.id),
                       (SELECT array_agg(task_name ORDER BY id) FROM procrastinate_jobs
                        WHERE args->>'connection_id' = :id)
                FROM messenger_connection c JOIN journal_entry j ON j.subject_id = c.id AND j.subject = 'connection'
                WHERE c.id = CAST(:id AS bigint) GROUP BY c.org_id, c.id
            """
            kept.append(tuple(connection.execute(text(query), {"id": id}).one()))
    assert kept[0] == kept[1]
