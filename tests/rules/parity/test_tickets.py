"""Opening, answering and changing a ticket through both doors, by a company and at support's desk."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import text
from werkzeug.test import TestResponse

from aiguro_web.extensions import db, enter_organization
from aiguro_web.models.message import TEXT_MAX
from aiguro_web.models.ticket import SUBJECT_MAX, Department, TicketStatus
from aiguro_web.models.ticket_message import FILES_MAX
from aiguro_web.services import tickets
from tests.doors import sign_in
from tests.people import HOME, Person

from ..conftest import House
from . import MEANING

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"
WISH = {"subject": "Не работает", "description": "Совсем", "department": "technical", "priority": "high"}
Files = tuple[tuple[str, bytes], ...]


def opened(house: House, status: TicketStatus = TicketStatus.open) -> int:
    """A new ticket of the manager's."""
    with house.app.app_context():
        enter_organization(HOME)
        who = house.people.manager.actor
        id = tickets.open_ticket(who, subject="Тема", description="Описание", department=Department.general)
        db.session.flush()
        db.session.execute(text("UPDATE ticket SET status = :status WHERE id = :id"), {"status": status, "id": id})
        db.session.commit()
    return id


def newest(house: House) -> int:
    with house.admin.connect() as connection:
        found: int = connection.execute(text("SELECT max(id) FROM ticket")).scalar_one()
    return found


def stored(house: House, id: int) -> list[Any]:
    """What a write left behind, without ids and times."""
    queries = (
        "SELECT subject, department, status, priority, funnel_id, author_id, messages_count FROM ticket WHERE id = :id",
        """SELECT role, text, author_id, author_name FROM ticket_message WHERE ticket_id = :id ORDER BY id""",
        """SELECT f.name, f.content_type, f.size FROM ticket_file f
           JOIN ticket_message m ON m.org_id = f.org_id AND m.id = f.message_id WHERE m.ticket_id = :id ORDER BY f.id""",
        "SELECT act, actor_id, data FROM journal_entry WHERE subject = 'ticket' AND subject_id = :id ORDER BY id",
        "SELECT kind, user_id, data FROM notification WHERE subject = 'ticket' AND subject_id = :id ORDER BY id",
    )
    with house.admin.connect() as connection:
        return [[tuple(row) for row in connection.execute(text(query), {"id": id})] for query in queries]


def form(fields: dict[str, str], name: str, files: Files) -> dict[str, Any]:
    return {**fields, name: [(BytesIO(content), file) for file, content in files]}


def post_json(house: House, person: Person, path: str, fields: dict[str, str], name: str, files: Files) -> TestResponse:
    """Through the door for programs: a form when files come along, else JSON."""
    client, path = house.app.test_client(), f"/api/support/tickets{path}"
    if files:
        body = form(fields, name, files)
        return client.post(path, data=body, content_type="multipart/form-data", headers=person.headers)
    return client.post(path, json=fields, headers=person.headers)


def post_page(house: House, person: Person, path: str, fields: dict[str, str], name: str, files: Files) -> TestResponse:
    base = "/dashboard/desk" if person.actor.staff else "/dashboard/support"
    headers, body = {"HX-Request": "true"}, form(fields, name, files)
    return sign_in(house.app, person).post(base + path, data=body, content_type="multipart/form-data", headers=headers)


CASES: dict[str, tuple[dict[str, str], Files]] = {
    "plain": ({}, ()),
    "two files": ({}, (("экран.png", PNG), ("журнал.txt", "слова".encode()))),
    "a file of a kind that is not taken": ({}, (("вирус.exe", b"MZ\x90\x00" * 99),)),
    "an empty file": ({}, (("пусто.txt", b""),)),
    "too many files": ({}, (("слова.txt", b"words"),) * (FILES_MAX + 1)),
    "as many files as may be": ({}, (("слова.txt", b"words"),) * FILES_MAX),
    "edges": ({"subject": "  Тема \u202e обращения ", "description": " \n первая\r\nвторая \n"}, ()),
    "longest": ({"subject": "ё" * SUBJECT_MAX, "description": "x" * TEXT_MAX}, ()),
    "too long a subject": ({"subject": "ё" * (SUBJECT_MAX + 1)}, ()),
    "too long a description": ({"description": "x" * (TEXT_MAX + 1)}, ()),
    "no subject": ({"subject": " \t"}, ()),
    "no description": ({"description": "\n"}, ()),
    "nothing to see": ({"description": "\u200b\u2800"}, ()),
    "NUL": ({"description": "до\x00после"}, ()),
    "an unknown department": ({"department": "kitchen"}, ()),
    "an unknown priority": ({"priority": "whatever"}, ()),
    "a funnel that is not here": ({"funnelId": "8000002"}, ()),
}


@pytest.mark.parametrize(("more", "files"), CASES.values(), ids=CASES)
def test_a_ticket_is_the_same_through_both_doors(house: House, more: dict[str, str], files: Files) -> None:
    left, said = [], []
    for post in (post_json, post_page):
        before = newest(house)
        said.append(post(house, house.people.manager, "", {**WISH, **more}, "files", files))
        left.append(stored(house, newest(house)) if newest(house) != before else None)
    meanings = [MEANING[answer.status_code] for answer in said]
    assert meanings[0] == meanings[1]
    assert left[0] == left[1]
    assert (left[0] is not None) == (meanings[0] == "done")


TEXTS: dict[str, tuple[str, Files]] = {
    "plain": ("Здравствуйте, <b>Анна</b>", ()),
    "a file": ("Вот", (("экран.png", PNG),)),
    "edges": (" \n\t с краями \r\n ", ()),
    "nothing": ("", ()),
    "nothing but a file": ("", (("экран.png", PNG),)),
    "longest": ("👍" * TEXT_MAX, ()),
    "too long": ("x" * (TEXT_MAX + 1), ()),
    "NUL": ("до\x00после", ()),
}


@pytest.mark.parametrize("person", ["manager", "staff"])
@pytest.mark.parametrize(("words", "files"), TEXTS.values(), ids=TEXTS)
def test_an_answer_is_the_same_through_both_doors(house: House, person: str, words: str, files: Files) -> None:
    one, other, who = opened(house), opened(house), getattr(house.people, person)
    said = [
        post_json(house, who, f"/{one}/messages", {"text": words}, "attachments", files),
        post_page(house, who, f"/{other}/messages", {"text": words}, "attachments", files),
    ]
    assert MEANING[said[0].status_code] == MEANING[said[1].status_code]
    assert stored(house, one) == stored(house, other)


@pytest.mark.parametrize(("person", "meaning"), [
    ("admin", "done"), ("manager", "done"), ("viewer", "forbidden"), ("staff", "done"), ("stranger", "absent"),
])  # fmt: skip
@pytest.mark.parametrize("status", list(TicketStatus))
def test_the_same_people_answer_and_change_through_both_doors(
    house: House, person: str, meaning: str, status: TicketStatus
) -> None:
    one, other, who = opened(house, status), opened(house, status), getattr(house.people, person)
    said = [
        post_json(house, who, f"/{one}/messages", {"text": "слова"}, "attachments", ()),
        post_page(house, who, f"/{other}/messages", {"text": "слова"}, "attachments", ()),
    ]
    assert [MEANING[answer.status_code] for answer in said] == [meaning, meaning]
    assert stored(house, one) == stored(house, other)


WISHES = ({"status": "closed"}, {"status": "in_progress"}, {"priority": "urgent"}, {"department": "billing"}, {},
          {"status": "lost"})  # fmt: skip


@pytest.mark.parametrize("person", ["manager", "viewer", "staff", "stranger"])
@pytest.mark.parametrize("wish", WISHES, ids=str)
def test_a_change_is_the_same_through_both_doors(house: House, person: str, wish: dict[str, str]) -> None:
    one, other, who = opened(house), opened(house), getattr(house.people, person)
    base = "/dashboard/desk" if who.actor.staff else "/dashboard/support"
    said = [
        house.app.test_client().patch(f"/api/support/tickets/{one}", json=wish, headers=who.headers),
        sign_in(house.app, who).post(f"{base}/{other}/change", data=wish, headers={"HX-Request": "true"}),
    ]
    assert MEANING[said[0].status_code] == MEANING[said[1].status_code]
    assert stored(house, one) == stored(house, other)


def test_a_difference_between_the_doors_is_found(house: House) -> None:
    one, other = opened(house), opened(house)
    post_json(house, house.people.manager, f"/{one}/messages", {"text": "слова"}, "attachments", ())
    post_page(house, house.people.manager, f"/{other}/messages", {"text": "слова."}, "attachments", ())
    assert stored(house, one) != stored(house, other)
