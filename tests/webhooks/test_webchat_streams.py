"""How many live streams visitors may hold: never so many that the managers' pages are left without."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextvars import Context, copy_context
from typing import Any

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from aiguro_web import live
from aiguro_web.errors import Unavailable
from aiguro_web.extensions import db, enter_organization
from aiguro_web.services import connections
from aiguro_web.webhooks.webchat import STREAMS_OF_ADDRESS, STREAMS_OF_VISITOR
from tests.doors import sign_in
from tests.people import HOME, People, Person


class Browsers:
    """Many browsers, each served in a context of its own, as threads are; a stream is open until it is closed."""

    def __init__(self, app: Flask, key: str) -> None:
        self.app, self.key = app, key
        self.open: list[tuple[Context, TestResponse]] = []

    def listen(self, number: int = 0, address: str = "192.0.2.1", method: str = "GET") -> TestResponse:
        """A visitor's page."""
        return self._ask(
            self.app.test_client(), f"/chat/{self.key}/live", method=method,
            headers={"X-Visitor": f"{number:032x}"}, environ_base={"REMOTE_ADDR": address},
        )  # fmt: skip

    def manage(self, person: Person) -> TestResponse:
        """A manager's page."""
        return self._ask(sign_in(self.app, person), "/dashboard/live")

    def _ask(self, client: FlaskClient, path: str, **options: Any) -> TestResponse:
        context = copy_context()
        answer: TestResponse = context.run(client.open, path, buffered=False, **options)
        self.open.append((context, answer))
        return answer

    def close(self) -> None:
        for context, answer in self.open:
            context.run(answer.close)
        self.open.clear()


@pytest.fixture
def browsers(app: Flask, who: People, monkeypatch: pytest.MonkeyPatch) -> Iterator[Browsers]:
    enter_organization(HOME)
    row = connections.create(who.admin.actor, funnel_id=None, messenger_type="webchat", name="Чат")
    db.session.commit()
    monkeypatch.setattr(live, "seats", live.Seats())
    monkeypatch.setattr("aiguro_web.webhooks.webchat.seats", live.seats)
    found = Browsers(app, row["key"])
    yield found
    found.close()


def test_visitors_leave_a_third_of_the_streams_to_the_managers(
    app: Flask, who: People, browsers: Browsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "STREAMS_MAX", 6)
    answers = [browsers.listen(number, f"192.0.2.{number}") for number in range(5)]
    assert [answer.status_code for answer in answers] == [200] * 4 + [503]
    assert answers[-1].headers["Retry-After"] == "10"
    assert [browsers.manage(who.manager).status_code for _ in range(3)] == [200, 200, 503]


def test_managers_may_use_all_of_them(
    app: Flask, who: People, browsers: Browsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "STREAMS_MAX", 3)
    assert [browsers.manage(who.manager).status_code for _ in range(4)] == [200, 200, 200, 503]
    assert browsers.listen().status_code == 503


def test_one_visitor_holds_few(browsers: Browsers) -> None:
    assert [browsers.listen(1).status_code for _ in range(STREAMS_OF_VISITOR + 1)] == [200] * STREAMS_OF_VISITOR + [503]
    assert browsers.listen(2).status_code == 200


def test_one_address_holds_no_more_than_an_office_needs(browsers: Browsers) -> None:
    statuses = [browsers.listen(number).status_code for number in range(STREAMS_OF_ADDRESS + 1)]
    assert statuses == [200] * STREAMS_OF_ADDRESS + [503]
    assert browsers.listen(99, "192.0.2.9").status_code == 200


def test_a_closed_stream_gives_its_place_back_once(browsers: Browsers) -> None:
    first = [browsers.listen(1) for _ in range(STREAMS_OF_VISITOR)][0]
    for _ in range(2):
        first.close()
    assert live.seats.count(live.ALL) == STREAMS_OF_VISITOR - 1
    assert [browsers.listen(1).status_code for _ in range(2)] == [200, 503]


def test_a_head_request_holds_nothing(browsers: Browsers) -> None:
    for _ in range(STREAMS_OF_VISITOR + 1):
        assert browsers.listen(1, method="HEAD").status_code == 200
        browsers.close()
    assert live.seats.count(live.ALL) == 0


def test_a_stream_that_never_began_gives_its_place_back(app: Flask) -> None:
    seats = live.Seats()
    closed, dropped = Response(iter(["never read"])), Response(iter(["never read"]))
    for response in (closed, dropped):
        seats.take(response, {"all": 2})
    with pytest.raises(Unavailable):
        seats.take(Response(), {"all": 2, "other": 1})
    assert seats.count("other") == 0
    closed.close()
    assert seats.count("all") == 1
    del dropped, response
    gc.collect()
    assert seats.count("all") == 0
