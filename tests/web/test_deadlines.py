"""A request ends in its time: 504, the statement cancelled, the connection back in its pool."""

from __future__ import annotations

import socket
import threading
import time

import psycopg
import pytest
from flask import Flask, Response
from sqlalchemy import text

from aiguro_web import deadlines
from aiguro_web.errors import Timeout
from aiguro_web.extensions import db
from aiguro_web.web import auth, operation
from aiguro_web.web.body import respond
from aiguro_web.web.csrf import csrf
from aiguro_web.web.operation import Api
from tests import databases, people


@pytest.fixture
def hurried(committed_app: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """Requests may take half a second."""
    monkeypatch.setattr(operation, "REQUEST", 0.5)
    door = Api("slow", __name__, tag="Проба", guard=auth.public)

    def sleep(times: str) -> Response:
        for _ in range(int(times)):
            db.session.execute(text("SELECT pg_sleep(0.4)"))
        return respond({"slept": times})

    door.get("/slow/<times>", summary="Проба", needs="")(sleep)
    committed_app.register_blueprint(door)
    return committed_app


def running(app: Flask) -> int:
    query = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND state = 'active' AND pid <> pg_backend_pid()"
    with psycopg.connect(databases.plain(app.config["DATABASE_OWNER_URL"])) as owner:
        row = owner.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def test_what_fits_is_answered(hurried: Flask) -> None:
    assert hurried.test_client().get("/api/slow/1").status_code == 200


def test_what_does_not_fit_is_504_and_its_statement_is_cancelled(hurried: Flask) -> None:
    began = time.monotonic()
    answer = hurried.test_client().get("/api/slow/5")
    assert (answer.status_code, answer.json["code"]) == (504, "timeout")
    assert time.monotonic() - began < 1.2, "each statement fits: it is the request that does not"
    assert running(hurried) == 0
    assert db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]


def test_the_connection_serves_the_next_request(hurried: Flask) -> None:
    client = hurried.test_client()
    for _ in range(3):
        assert client.get("/api/slow/5").status_code == 504
        assert client.get("/api/slow/1").status_code == 200


def test_others_are_not_cut_off(hurried: Flask) -> None:
    statuses: list[int] = []

    def ask(times: int) -> None:
        statuses.append(hurried.test_client().get(f"/api/slow/{times}").status_code)

    threads = [threading.Thread(target=ask, args=(times,)) for times in (1, 5, 1, 5, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(statuses) == [200, 200, 200, 504, 504]


def test_a_key_is_let_go_when_the_time_is_over(hurried: Flask) -> None:
    who = people.load().admin
    door = Api("late", __name__, tag="Проба", guard=auth.bearer)

    def create(org: str) -> Response:
        db.session.execute(text("SELECT pg_sleep(5)"))
        return respond({})

    door.post("/organization/<org>/late", summary="Проба")(create)
    csrf.exempt(door)
    hurried.register_blueprint(door)
    headers = who.headers | {"Idempotency-Key": "k"}
    answers = [hurried.test_client().post("/api/organization/1/late", json={}, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [504, 504]


def test_within_less_time_the_less_counts() -> None:
    with deadlines.within(0.0):
        with deadlines.within(60):
            assert deadlines.left() == 0
            with pytest.raises(Timeout):
                deadlines.check()
    assert deadlines.left() is None
    deadlines.check()


def test_who_waits_for_bytes_is_woken() -> None:
    ours, theirs = socket.socketpair()
    with theirs, ours, deadlines.within(0.2), pytest.raises(Timeout):
        with deadlines.reading(lambda: ours.shutdown(socket.SHUT_RD)):
            assert ours.recv(1) == b""


def test_people_do_not_notice(hurried: Flask) -> None:
    with hurried.app_context():
        assert people.load().admin.actor.org == people.HOME
