"""Files that come with a ticket, and a form that is sent twice."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from aiguro_web import storage
from aiguro_web.extensions import db, enter_organization
from aiguro_web.models import Ticket, TicketFile
from tests.people import HOME, People, Person

from .ticket_calls import PNG, ROOT, WISH, make, send


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("staff", [True, False])
def test_files_come_along_and_are_downloaded(client: FlaskClient, who: People, named: bool, staff: bool) -> None:
    query = f"?orgId={HOME}" if named else ""
    files = [(BytesIO(PNG), "экран.png"), (BytesIO(b"plain words\n"), "журнал.txt")]
    answer = send(client, who.manager, ROOT + query, {**WISH, "files": files, "funnel_id": "", "priority": "high"})
    assert answer.status_code == 201, answer.json
    assert [(file["name"], file["size"]) for file in answer.json["attachments"]] == [
        ("экран.png", len(PNG)), ("журнал.txt", 12),
    ]  # fmt: skip
    assert answer.json["priority"] == "high"
    path = f"{ROOT}/{answer.json['id']}/messages"
    sender = who.staff if staff else who.manager
    said = send(client, sender, path + query, {"text": "Вот", "attachments": [(BytesIO(PNG), "ответ.png")]})
    assert said.status_code == 201, said.json
    for person in (who.viewer, who.staff):
        rows = client.get(path + query, headers=person.headers).json
        assert [[file["name"] for file in row["attachments"]] for row in rows] == [
            ["экран.png", "журнал.txt"], ["ответ.png"],
        ]  # fmt: skip
        for row, content in ((rows[0], PNG), (rows[1], PNG)):
            got = client.get(row["attachments"][0]["url"])
            assert (got.status_code, got.get_data()) == (200, content)
    bad = rows[0]["attachments"][0]["url"]
    assert client.get(bad[:-3] + ("aaa" if not bad.endswith("aaa") else "bbb")).status_code == 404


def test_files_of_a_refused_message_are_not_kept(client: FlaskClient, who: People) -> None:
    id = make(who.manager)
    for path, form in (
        (f"{ROOT}/8000004/messages", {"text": "x", "attachments": (BytesIO(PNG), "a.png")}),
        (f"{ROOT}/{id}/messages", {"text": "", "attachments": (BytesIO(PNG), "a.png")}),
        (f"{ROOT}/{id}/messages", {"text": "x", "attachments": [(BytesIO(PNG), "a.png")] * 11}),
        (f"{ROOT}/{id}/messages", {"text": "x", "attachments": [(BytesIO(PNG), "a.png"), (BytesIO(b""), "b.png")]}),
        (f"{ROOT}/{id}/messages", {"text": "x", "files": (BytesIO(PNG), "a.png")}),
    ):
        left: list[str] = []
        with pytest.MonkeyPatch.context() as patch:
            receive, delete = storage.receive, storage.delete

            def note(*given: Any, receive: Any = receive, **more: Any) -> Any:
                stored = receive(*given, **more)
                left.append(stored.key)  # noqa: B023
                return stored

            def gone(key: str, delete: Any = delete) -> None:
                left.remove(key)  # noqa: B023
                delete(key)

            patch.setattr(storage, "receive", note)
            patch.setattr(storage, "delete", gone)
            answer = send(client, who.manager, path, form)
        assert answer.status_code in (400, 404), form
        assert left == []
    enter_organization(HOME)
    assert db.session.scalar(select(func.count()).select_from(TicketFile)) == 0


@pytest.mark.parametrize("person", ["manager", "staff"])
@pytest.mark.parametrize("form", [False, True])
def test_a_repeat_with_the_same_key_is_answered_once(client: FlaskClient, who: People, person: str, form: bool) -> None:
    id = make(who.manager)
    sender: Person = getattr(who, person)

    def say(text: str) -> TestResponse:
        headers = {**sender.headers, "Idempotency-Key": "a key"}
        if not form:
            return client.post(f"{ROOT}/{id}/messages", json={"text": text}, headers=headers)
        return send(client, sender, f"{ROOT}/{id}/messages",
                    {"text": text, "attachments": (BytesIO(PNG), "a.png")}, **{"Idempotency-Key": "a key"})  # fmt: skip

    first, again, another = say("раз"), say("раз"), say("два")
    assert (first.status_code, again.status_code, another.status_code) == (201, 201, 422)
    assert again.get_data() == first.get_data()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]
    enter_organization(HOME)
    assert db.session.get_one(Ticket, (HOME, id)).messages_count == 2
