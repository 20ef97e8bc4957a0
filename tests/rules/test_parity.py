"""What can be written through both doors, JSON and page, is the same write: same refusals, same rows, same limits."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from werkzeug.test import TestResponse
from wtforms.validators import Length

from aiguro_web.extensions import db, enter_organization
from aiguro_web.models.message import KEY_MAX, TEXT_MAX
from aiguro_web.models.messenger_connection import CONNECTION_NAME_MAX, TOKEN_MAX
from aiguro_web.pages.forms.integrations import TelegramForm, WebchatForm
from aiguro_web.pages.forms.messengers import MessageForm
from aiguro_web.schemas.connections import ConnectionIn
from aiguro_web.schemas.messages import MessageIn
from aiguro_web.services import access, connections, dialogs, inbound
from tests import databases
from tests.doors import sign_in
from tests.fakes.telegram import FakeTelegram
from tests.people import HOME, Person

from .conftest import House, close_house, open_house
from .rows import News
from .sources import Source, of_rooms

numbers = count(1)
MEANING = {200: "done", 201: "done", 400: "invalid", 422: "invalid", 403: "forbidden", 404: "absent", 409: "conflict"}


@pytest.fixture(scope="module")
def _doors(worker_id: str) -> Iterator[House]:
    with databases.clone(f"parity_{worker_id}_{os.getpid()}") as urls:
        house = open_house(urls)
        yield house
        close_house(house)


@pytest.fixture(scope="module")
def telegram(_doors: House) -> Iterator[FakeTelegram]:
    with FakeTelegram() as fake:
        _doors.app.config["TELEGRAM_API_URL"] = fake.url
        yield fake


@pytest.fixture
def house(_doors: House, telegram: FakeTelegram) -> House:
    _doors.rest()
    return _doors


def talk(house: House) -> UUID:
    """A new dialog with one message of its client."""
    with house.app.app_context():
        enter_organization(HOME)
        who, bot = access.client(HOME), house.rows[HOME]["messenger_connection"]["id"]
        heard = inbound.receive(who, bot, "telegram", News(f"chat{next(numbers)}"))
        uuid: UUID = db.session.execute(
            text("SELECT uuid FROM dialog WHERE org_id = :org AND id = :id"), {"org": HOME, "id": heard.dialog_id}
        ).scalar_one()
        db.session.commit()
    return uuid


def stored(house: House, uuid: UUID) -> list[Any]:
    """What a write left behind, without ids and times."""
    queries = (
        """SELECT m.role, m.text, m.author_id, m.author_name, m.status, m.error, m.stage_number, m.connection_id,
                  m.media
           FROM message m JOIN dialog d USING (org_id)
           WHERE d.id = m.dialog_id AND d.uuid = :uuid ORDER BY m.position, m.id""",
        """SELECT o.text, o.lane, o.part, o.status FROM outbox o JOIN dialog d USING (org_id)
           WHERE d.id = o.dialog_id AND d.uuid = :uuid ORDER BY o.id""",
        """SELECT ai, epoch, manager_id, unread, messages_count, last_message, last_role, unanswered_since IS NULL,
           hand_over_reason, status FROM dialog WHERE uuid = :uuid""",
        """SELECT task_name, lock = 'out:' || d.id FROM procrastinate_jobs j JOIN dialog d ON d.uuid = :uuid
           WHERE j.args->>'dialog_id' = d.id::text ORDER BY j.id""",
    )
    with house.admin.connect() as connection:
        return [[tuple(row) for row in connection.execute(text(query), {"uuid": uuid})] for query in queries]


def write_json(house: House, person: Person, uuid: UUID, words: str, key: str = "") -> TestResponse:
    funnel = house_funnel(house, uuid)
    path = f"/api/organization/{HOME}/funnel/{funnel}/dialog/{uuid}/message"
    headers = person.headers | ({"Idempotency-Key": key} if key else {})
    return house.app.test_client().post(path, json={"text": words}, headers=headers)


def write_page(house: House, person: Person, uuid: UUID, words: str, key: str = "") -> TestResponse:
    path = f"/dashboard/messengers/{uuid}/messages"
    form = {"text": words} | ({"key": key} if key else {})
    return sign_in(house.app, person).post(path, data=form, headers={"HX-Request": "true"})


def house_funnel(house: House, uuid: UUID) -> int:
    with house.admin.connect() as connection:
        found: int = connection.execute(
            text("SELECT funnel_id FROM dialog WHERE uuid = :uuid"), {"uuid": uuid}
        ).scalar_one()
    return found


TEXTS = {
    "plain": "Здравствуйте, <b>Анна</b> & «Ко»",
    "edges": " \n\t с краями \n ",
    "lines": "первая\r\nвторая\nтретья",
    "nothing": "",
    "white space": " \r\n\t ",
    "longest": "ё" * TEXT_MAX,
    "longest in code points": "👍" * TEXT_MAX,
    "longest with edges": " \n" + "x" * TEXT_MAX + "\n ",
    "longest with lines": "x\r\n" * (TEXT_MAX // 2) + "",
    "too long": "x" * (TEXT_MAX + 1),
    "NUL": "до\x00после",
    "direction override": "до\u202eпосле",
    "formula": "=1+1",
}


@pytest.mark.parametrize("words", TEXTS.values(), ids=TEXTS)
def test_a_message_is_the_same_through_both_doors(house: House, words: str) -> None:
    one, other = talk(house), talk(house)
    said = [write_json(house, house.people.manager, one, words), write_page(house, house.people.manager, other, words)]
    assert MEANING[said[0].status_code] == MEANING[said[1].status_code]
    assert stored(house, one) == stored(house, other)
    done = MEANING[said[0].status_code] == "done"
    assert any(row[0] == "manager" for row in stored(house, one)[0]) == done


@pytest.mark.parametrize(("who", "meaning"), [("admin", "done"), ("viewer", "forbidden")])
def test_the_same_people_may_write_through_both_doors(house: House, who: str, meaning: str) -> None:
    one, other, person = talk(house), talk(house), getattr(house.people, who)
    said = [write_json(house, person, one, "слова"), write_page(house, person, other, "слова")]
    assert [MEANING[answer.status_code] for answer in said] == [meaning, meaning]
    assert stored(house, one) == stored(house, other)


@pytest.mark.parametrize("state", ["closed", "unsubscribed", "taken by another"])
def test_a_dialogs_state_says_the_same_at_both_doors(house: House, state: str) -> None:
    one, other = talk(house), talk(house)
    for uuid in (one, other):
        with house.app.app_context():
            enter_organization(HOME)
            if state == "closed":
                dialogs.close(house.people.admin.actor, uuid)
            elif state == "taken by another":
                dialogs.take(house.people.admin.actor, uuid)
            else:
                dialogs.lock_dialog(house.people.admin.actor, uuid).unsubscribed = True
            db.session.commit()
    said = [
        write_json(house, house.people.manager, one, "слова"),
        write_page(house, house.people.manager, other, "слова"),
    ]
    assert MEANING[said[0].status_code] == MEANING[said[1].status_code] == ("done" if "taken" in state else "conflict")
    assert stored(house, one) == stored(house, other)


def test_a_repeated_key_is_one_message_through_both_doors(house: House) -> None:
    one, other = talk(house), talk(house)
    for _ in range(2):
        assert write_json(house, house.people.manager, one, "слова", "key-1").status_code == 201
        assert write_page(house, house.people.manager, other, "слова", "key-1").status_code == 200
    assert stored(house, one) == stored(house, other)
    assert [row[1] for row in stored(house, one)[0]].count("слова") == 1


def press_json(house: House, person: Person, uuid: UUID, act: str) -> TestResponse:
    path = f"/api/organization/{HOME}/funnel/{house_funnel(house, uuid)}/dialog/{uuid}"
    wish = {"status": "closed" if act == "close" else "active"}
    return house.app.test_client().patch(path, json=wish, headers=person.headers)


def press_page(house: House, person: Person, uuid: UUID, act: str) -> TestResponse:
    path = f"/dashboard/messengers/{uuid}/{act}"
    return sign_in(house.app, person).post(path, headers={"HX-Request": "true"})


@pytest.mark.parametrize(("who", "meaning"), [("admin", "done"), ("manager", "done"), ("viewer", "forbidden")])
@pytest.mark.parametrize("acts", [["close"], ["close", "close"], ["close", "reopen"], ["reopen"]])
def test_closing_and_reopening_are_the_same_through_both_doors(
    house: House, who: str, meaning: str, acts: list[str]
) -> None:
    one, other, person = talk(house), talk(house), getattr(house.people, who)
    for act in acts:
        said = [press_json(house, person, one, act), press_page(house, person, other, act)]
        assert [MEANING[answer.status_code] for answer in said] == [meaning, meaning]
    assert stored(house, one) == stored(house, other)
    assert noted(house, one) == noted(house, other)


def noted(house: House, uuid: UUID) -> list[Any]:
    """What the journal says of a dialog."""
    query = """SELECT j.act, j.actor_id, j.data FROM journal_entry j
               JOIN dialog d ON d.org_id = j.org_id AND d.id = j.subject_id
               WHERE j.subject = 'dialog' AND d.uuid = :uuid ORDER BY j.id"""
    with house.admin.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query), {"uuid": uuid})]


def test_a_difference_between_the_doors_is_found(house: House) -> None:
    one, other = talk(house), talk(house)
    write_json(house, house.people.manager, one, "слова")
    write_page(house, house.people.manager, other, "слова.")
    assert stored(house, one) != stored(house, other)


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


def test_both_doors_read_the_same_limits(house: House) -> None:
    schema = {name: _max(field) for name, field in ConnectionIn.model_fields.items()}
    assert (schema["name"], schema["token"]) == (CONNECTION_NAME_MAX, TOKEN_MAX)
    assert _max(MessageIn.model_fields["text"]) == TEXT_MAX
    with house.app.test_request_context("/"):
        assert [_length(form.name) for form in (TelegramForm(), WebchatForm())] == [CONNECTION_NAME_MAX] * 2
        assert _length(TelegramForm().token) == TOKEN_MAX
        assert _length(MessageForm().key) == KEY_MAX


def _max(field: Any) -> int | None:
    return next((found for rule in field.metadata if (found := getattr(rule, "max_length", None)) is not None), None)


def _length(field: Any) -> int | None:
    return next((rule.max for rule in field.validators if isinstance(rule, Length)), None)


def bare_limits(source: Source) -> list[str]:
    """Lengths written as numbers where models should name them."""
    found = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call):
            called = node.func.id if isinstance(node.func, ast.Name) else ""
            for word in node.keywords:
                long = word.arg == "max_length" or (called == "Length" and word.arg == "max")
                if long and isinstance(word.value, ast.Constant):
                    found.append(f"{source.path}:{word.value.lineno} {word.arg}={word.value.value}")
    return found


@pytest.mark.parametrize("source", of_rooms("schemas", "pages", "api"), ids=lambda source: source.path)
def test_limits_are_named_in_the_models(source: Source) -> None:
    assert bare_limits(source) == []


def test_a_limit_written_as_a_number_is_found() -> None:
    assert bare_limits(Source("schemas/x.py", "a = Field(max_length=64)")) != []
    assert bare_limits(Source("pages/forms/x.py", "a = [Length(max=64)]")) != []
    assert bare_limits(Source("pages/forms/x.py", "a = [Length(max=TEXT_MAX)]")) == []
