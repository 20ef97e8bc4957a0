"""What the tests of support over JSON share: a ticket, and what an answer shows."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from aiguro_web.extensions import db, enter_organization
from aiguro_web.models.ticket import Department
from aiguro_web.services import tickets
from tests.people import Person

ROOT = "/api/support/tickets"
WISH = {"subject": "Не работает", "description": "Совсем", "department": "technical"}
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
    b"\x00\x00\x00\nIDATx\x9cc\x00\x01\x00\x00\x05\x00\x01\r\n-\xb4\x00\x00\x00\x00IEND\xaeB`\x82"
)


def make(who: Person, **more: Any) -> int:
    org = who.actor.home
    enter_organization(org)
    id = tickets.open_ticket(
        who.actor, subject="Тема", description="Описание", department=more.pop("department", Department.general), **more
    )
    db.session.commit()
    enter_organization(None)
    return id


def seen(answer: TestResponse) -> list[str]:
    assert answer.status_code == 200, answer.json
    return [row["id"] for row in answer.json]


def orgs(answer: TestResponse) -> set[int]:
    assert answer.status_code == 200, answer.json
    return {row["organization"]["id"] for row in answer.json}


def send(client: FlaskClient, who: Person, path: str, form: dict[str, Any], **headers: str) -> TestResponse:
    return client.post(path, data=form, content_type="multipart/form-data", headers={**who.headers, **headers})
