"""How many statements a request costs does not grow with the rows, and stays within a budget (performance.md: 6)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from aiguro_web import pipelines
from tests import databases
from tests.doors import BYTES, STREAMS, Way, address, insider, knock, ways
from tests.people import OTHER

from .conftest import House, close_house, open_house

BUDGET = 6
# An open chat is the dialog, its messages and their attachments, after the session's person and wall; a whole screen is
# a list and its counts besides, a table's also its filters, views and acts. Measured; an entry may only become smaller.
MORE = {
    "GET /dashboard/clients (whole)": 7,
    "GET /dashboard/clients/<id:client_id> (whole)": 7,
    "GET /dashboard/deals/table": 8,
    "GET /dashboard/deals/table (whole)": 9,
    "GET /dashboard/deals/table/rows": 8,
    "GET /dashboard/deals/table/rows (whole)": 8,
    "GET /dashboard/overview (whole)": 7,  # three reports, and the settings that they are planned with
    "GET /dashboard/messengers?queue=open&uuid= (whole)": 10,
}
FEW, MANY = 10, 45

GROW = (
    """INSERT INTO funnel (org_id, name, display_name) SELECT :org, 'воронка ' || n, 'воронка ' || n
       FROM generate_series(CAST(:first AS int), :last) n""",
    """INSERT INTO messenger_connection (org_id, funnel_id, messenger_type, account_id, name, secret_encrypted, key,
                                         status)
       SELECT :org, :funnel, 'telegram', 'bot' || n, 'бот ' || n, ''::bytea, 'key' || n, 'ok'
       FROM generate_series(CAST(:first AS int), :last) n""",
    """INSERT INTO client (org_id, name, manager_id) SELECT :org, 'клиент ' || n, :user
       FROM generate_series(CAST(:first AS int), :last) n""",
    """INSERT INTO dialog (org_id, funnel_id, stage_id, client_id, connection_id, channel, thread_id, ai, last_message,
                           last_role, manager_id, unanswered_since)
       SELECT :org, :funnel, :stage, c.id, :connection, 'telegram', 'thread' || c.id, false, 'слова', 'user', :user,
              now()
       FROM client c WHERE c.org_id = :org AND c.name LIKE 'клиент %'
         AND NOT EXISTS (SELECT FROM dialog d WHERE d.org_id = :org AND d.client_id = c.id)""",
    """INSERT INTO message (org_id, dialog_id, role, text, author_name, position, media)
       SELECT :org, :dialog, CASE WHEN n % 2 = 0 THEN 'user' ELSE 'manager' END, 'слова ' || n, 'Анна', n, 'photo'
       FROM generate_series(CAST(:first AS int), :last) n""",
    """INSERT INTO attachment (org_id, message_id, name, content_type, size, storage_key)
       SELECT :org, m.id, 'фото', 'image/png', 1, 'key' || m.id
       FROM message m WHERE m.org_id = :org AND m.media = 'photo'
         AND NOT EXISTS (SELECT FROM attachment a WHERE a.org_id = :org AND a.message_id = m.id)""",
    """INSERT INTO ticket (org_id, subject, department, author_id)
       SELECT :org, 'обращение ' || n, 'general', :user FROM generate_series(CAST(:first AS int), :last) n""",
    """INSERT INTO ticket_message (org_id, ticket_id, role, text, author_name)
       SELECT :org, :ticket, 'user', 'слова ' || n, 'Анна' FROM generate_series(CAST(:first AS int), :last) n""",
    """INSERT INTO ticket_file (org_id, message_id, name, content_type, size, storage_key)
       SELECT :org, m.id, 'снимок', 'image/png', 1, 'ticket' || m.id FROM ticket_message m
       WHERE m.org_id = :org AND m.author_name = 'Анна'
         AND NOT EXISTS (SELECT FROM ticket_file f WHERE f.org_id = :org AND f.message_id = m.id)""",
    """INSERT INTO file (org_id, original_name, storage_key, content_type, size, category)
       SELECT :org, 'файл ' || n, 'file' || n, 'image/png', 1, 'client_work'
       FROM generate_series(CAST(:first AS int), :last) n""",
    """INSERT INTO funnel_file (org_id, funnel_id, file_id) SELECT :org, :funnel, f.id FROM file f
       WHERE f.org_id = :org AND f.storage_key LIKE 'file%' ON CONFLICT DO NOTHING""",
)  # fmt: skip


def grow(house: House, first: int, last: int) -> None:
    """Rows number `first` to `last` of everything that a list shows."""
    own = house.rows[OTHER]
    values = {
        "org": OTHER, "funnel": own["funnel"]["id"], "stage": own["stage"]["id"], "dialog": own["dialog"]["id"], "ticket": own["ticket"]["id"],
        "connection": own["messenger_connection"]["id"], "user": own["app_user"]["id"], "first": first, "last": last,
    }  # fmt: skip
    with house.admin.begin() as connection:
        for statement in GROW:
            connection.execute(text(statement), values)


class Counter:
    """Every statement that reaches the driver, also those that go around SQLAlchemy."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.statements: list[str] = []
        execute = psycopg.Cursor.execute

        def counted(cursor: Any, query: Any, *arguments: Any, **options: Any) -> Any:
            self.statements.append(str(query))
            return execute(cursor, query, *arguments, **options)

        monkeypatch.setattr(psycopg.Cursor, "execute", counted)
        send = pipelines._send

        def noted(libpq: Any, known: Any, statement: str, given: Any) -> list[str]:
            self.statements.append(statement)
            return send(libpq, known, statement, given)

        monkeypatch.setattr(pipelines, "_send", noted)

    def of(self, house: House, way: Way, path: str, htmx: bool) -> int:
        """How many statements this request costs, once everything is warm."""
        for _ in range(2):
            self.statements.clear()
            answer = knock(house.app, way, path, insider(house.people, way), htmx=htmx)
            assert answer.status_code < 400, (path, answer.status_code)
        return len(self.statements)


@pytest.fixture(scope="module")
def crowded(worker_id: str) -> Iterator[House]:
    with databases.clone(f"counts_{worker_id}_{os.getpid()}") as urls:
        house = open_house(urls)
        yield house
        close_house(house)


def reads(house: House) -> list[tuple[Way, str, bool]]:
    """Every list, page and fragment, as people ask for them."""
    found = []
    for way in ways(house.app):
        if (
            way.method == "GET"
            and way.guard in ("bearer", "page", "connection")
            and way.endpoint not in STREAMS | BYTES
        ):
            path = address(house.app, way, house.values(OTHER, way.endpoint))
            path += f"?before={house.rows[OTHER]['message']['id']}" if way.endpoint == "messengers.older" else ""
            found += [(way, path, htmx) for htmx in ((True, False) if way.guard == "page" else (True,))]
    page = next(way for way in ways(house.app) if way.endpoint == "messengers.index")
    asked = f"?queue=open&uuid={house.rows[OTHER]['dialog']['uuid']}"
    found += [
        (page, f"/dashboard/messengers{asked}", False),
        (page, "/dashboard/messengers?queue=open&search=слова", True),
    ]
    dialogs = next(way for way in ways(house.app) if way.endpoint == "api_dialogs.index")
    base = address(house.app, dialogs, house.values(OTHER, "api_dialogs"))
    found += [
        (dialogs, base + query, True)
        for query in ("?limit=5&page=2", "?cursor=&limit=5", "?ai=false", "?status=active")
    ]
    return found


def test_statements_do_not_grow_with_the_rows(crowded: House, monkeypatch: pytest.MonkeyPatch) -> None:
    grow(crowded, 1, FEW)
    counter = Counter(monkeypatch)
    asked = reads(crowded)
    few = {_name(item): counter.of(crowded, *item) for item in asked}
    grow(crowded, FEW + 1, MANY)
    crowded.rest()
    many = {_name(item): counter.of(crowded, *item) for item in asked}
    for name, statements in many.items():
        print(f"{statements:3} {name}")
    assert many == few
    over = {name: number for name, number in many.items() if number > MORE.get(name, BUDGET)}
    assert over == {}
    assert len(many) > 20
    assert [name for name in MORE if many[name] <= BUDGET] == [], "no longer needed"


def _name(item: tuple[Way, str, bool]) -> str:
    way, path, htmx = item
    query = re.sub(r"(uuid|before)=[\w-]+", r"\1=", path.partition("?")[2])
    return f"{way}{'?' + query if query else ''}{'' if htmx or way.guard != 'page' else ' (whole)'}"


def test_a_query_per_row_is_found(crowded: House, monkeypatch: pytest.MonkeyPatch) -> None:
    counter = Counter(monkeypatch)
    with psycopg.connect(databases.plain(crowded.urls.admin)) as connection:
        for _ in connection.execute("SELECT generate_series(1, 7)").fetchall():
            connection.execute("SELECT 1")
    assert len(counter.statements) == 8
