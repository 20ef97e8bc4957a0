"""Idempotency-Key on real commits: one work, one answer, whatever is repeated, at once or after a death."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from flask import Flask, Response, g
from pydantic import BaseModel
from sqlalchemy import text
from werkzeug.test import TestResponse

from aiguro_web.errors import Conflict
from aiguro_web.extensions import db
from aiguro_web.web import auth
from aiguro_web.web.body import read_json, respond
from aiguro_web.web.csrf import csrf
from aiguro_web.web.operation import Api
from tests import people
from tests.people import HOME, OTHER, People


class Wish(BaseModel):
    text: str = ""


class Works:
    """A view that writes a row, and waits or refuses when it is told to."""

    def __init__(self) -> None:
        self.done = 0
        self.go = threading.Event()
        self.began = threading.Event()
        self.go.set()
        self.refuse = False

    def view(self, org: str, id: str) -> Response:
        wish = read_json(Wish)
        self.began.set()
        self.go.wait(10)
        db.session.execute(
            text("INSERT INTO client (org_id, name) VALUES (:org, :name)"), {"org": g.who.org, "name": wish.text}
        )
        self.done += 1
        if self.refuse:
            raise Conflict("Сейчас нельзя")
        return respond({"number": self.done, "text": wish.text}, status=201, headers={"Location": f"/x/{self.done}"})


@pytest.fixture
def works(committed_app: Flask) -> Works:
    made = Works()
    door = Api("works", __name__, tag="Проба", guard=auth.bearer)

    def create(org: str, id: str) -> Response:
        return made.view(org, id)

    door.post("/organization/<org>/works/<id>", "/organization/<org>/labours/<id>", summary="Проба", status=201)(create)
    csrf.exempt(door)
    committed_app.register_blueprint(door)
    return made


@pytest.fixture
def who(committed_app: Flask) -> People:
    return people.load()


def call(
    app: Flask, who: people.Person, key: str | None = "k", words: str = "раз", *, path: str = "works/1", org: int = HOME,
    query: str = "",
) -> TestResponse:  # fmt: skip
    headers = who.headers | ({"Idempotency-Key": key} if key is not None else {})
    return app.test_client().post(f"/api/organization/{org}/{path}{query}", json={"text": words}, headers=headers)


def clients(org: int = HOME) -> Any:
    db.session.remove()
    with db.session.begin():
        db.session.execute(text("SELECT set_config('app.org_id', :org, true)"), {"org": str(org)})
        return db.session.scalar(text("SELECT count(*) FROM client"))


def test_a_repeat_gets_the_first_answer_byte_for_byte(committed_app: Flask, works: Works, who: People) -> None:
    first = call(committed_app, who.manager)
    again = call(committed_app, who.manager, path="labours/1")  # an alias is the same operation
    assert (first.status_code, again.status_code, works.done, clients()) == (201, 201, 1, 1)
    assert first.data == again.data
    assert [first.headers[name] for name in ("Location", "Content-Type")] == [
        again.headers[name] for name in ("Location", "Content-Type")
    ]
    assert ("Idempotent-Replayed" in first.headers, again.headers["Idempotent-Replayed"]) == (False, "true")


def test_without_a_key_every_call_works(committed_app: Flask, works: Works, who: People) -> None:
    assert [call(committed_app, who.manager, None).status_code for _ in range(2)] == [201, 201]
    assert works.done == 2


@pytest.mark.parametrize(
    "other", [{"words": "два"}, {"path": "works/2"}, {"query": "?a=1"}], ids=["body", "place", "query"]
)
def test_the_same_key_for_another_request_is_422(
    committed_app: Flask, works: Works, who: People, other: dict[str, str]
) -> None:
    call(committed_app, who.manager)
    refused = call(committed_app, who.manager, **other)
    assert (refused.status_code, refused.json["code"], works.done) == (422, "idempotency_mismatch", 1)


def test_keys_of_others_are_other_keys(committed_app: Flask, works: Works, who: People) -> None:
    call(committed_app, who.manager)
    assert call(committed_app, who.admin, words="два").status_code == 201
    assert call(committed_app, who.stranger, words="три", org=OTHER).status_code == 201
    assert "Idempotent-Replayed" not in call(committed_app, who.stranger, "k2", org=OTHER).headers
    assert works.done == 4


@pytest.mark.parametrize("key", ["", "k" * 256, "a\tb"])
def test_a_key_that_is_none_is_400(committed_app: Flask, works: Works, who: People, key: str) -> None:
    refused = call(committed_app, who.manager, key)
    assert (refused.status_code, refused.json["errors"][0]["pointer"], works.done) == (400, "/Idempotency-Key", 0)


def test_a_running_call_makes_its_repeat_a_409(committed_app: Flask, works: Works, who: People) -> None:
    works.go.clear()
    answers: list[TestResponse] = []
    thread = threading.Thread(target=lambda: answers.append(call(committed_app, who.manager)))
    thread.start()
    assert works.began.wait(10)
    refused = call(committed_app, who.manager)
    works.go.set()
    thread.join(10)
    assert (refused.status_code, refused.json["code"], refused.headers["Retry-After"]) == (
        409, "idempotency_running", "1",
    )  # fmt: skip
    assert (answers[0].status_code, works.done) == (201, 1)
    assert call(committed_app, who.manager).data == answers[0].data


def test_many_at_once_do_the_work_once(committed_app: Flask, works: Works, who: People) -> None:
    answers: list[TestResponse] = []
    threads = [threading.Thread(target=lambda: answers.append(call(committed_app, who.manager))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert (works.done, clients()) == (1, 1)
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.data for answer in answers if answer.status_code == 201}) == 1


def test_a_refusal_lets_the_key_go(committed_app: Flask, works: Works, who: People) -> None:
    works.refuse = True
    assert call(committed_app, who.manager).status_code == 409
    works.refuse = False
    assert call(committed_app, who.manager, words="другие слова").status_code == 201
    assert clients() == 1


@pytest.fixture
def killed(committed_app: Flask, works: Works, who: People) -> None:
    """A call whose process died before its commit: the reservation alone is left."""
    call(committed_app, who.manager)
    with db.session.begin():
        db.session.execute(text("SELECT set_config('app.org_id', :org, true)"), {"org": str(HOME)})
        db.session.execute(text("UPDATE idempotency_key SET status = NULL, body = NULL, headers = NULL"))
    db.session.remove()


def test_a_call_whose_key_was_taken_over_commits_nothing(committed_app: Flask, works: Works, who: People) -> None:
    works.go.clear()
    answers: list[TestResponse] = []
    thread = threading.Thread(target=lambda: answers.append(call(committed_app, who.manager)))
    thread.start()
    assert works.began.wait(10)
    age(91)
    works.go.set()
    second = call(committed_app, who.manager)
    thread.join(10)
    statuses = sorted([second.status_code, answers[0].status_code])
    assert (statuses, clients()) == ([201, 409], 1)


def age(seconds: int) -> None:
    with db.session.begin():
        db.session.execute(text("SELECT set_config('app.org_id', :org, true)"), {"org": str(HOME)})
        db.session.execute(
            text("UPDATE idempotency_key SET created_at = now() - make_interval(secs => :s)"), {"s": seconds}
        )
    db.session.remove()


@pytest.mark.usefixtures("killed")
def test_a_call_that_was_killed_may_be_repeated_once_it_cannot_live(
    committed_app: Flask, works: Works, who: People
) -> None:
    assert call(committed_app, who.manager).status_code == 409
    age(91)
    assert call(committed_app, who.manager).status_code == 201
    assert works.done == 2


def test_an_answer_is_kept_for_a_day(committed_app: Flask, works: Works, who: People) -> None:
    call(committed_app, who.manager)
    age(24 * 3600 - 60)
    assert call(committed_app, who.manager).headers["Idempotent-Replayed"] == "true"
    age(24 * 3600 + 60)
    assert call(committed_app, who.manager, words="новые слова").status_code == 201
    assert works.done == 2
