"""Connecting a bot: its token is checked with Telegram first, one bot has one home, and no secret ever comes back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, g
from flask.testing import FlaskClient
from sqlalchemy import select, text
from werkzeug.test import TestResponse

from aiguro_web.extensions import db, enter_organization
from aiguro_web.models import MessengerConnection
from aiguro_web.services import funnels
from tests.fakes.telegram import TOKEN, FakeTelegram
from tests.people import HOME, OTHER, PASSWORD, People, Person


@pytest.fixture
def telegram(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTelegram]:
    with FakeTelegram() as fake:
        monkeypatch.setitem(app.config, "TELEGRAM_API_URL", fake.url)
        yield fake


def funnel(person: Person) -> int:
    org = person.actor.org
    enter_organization(org)
    found = funnels.list_funnels(person.actor)[0]["id"]
    db.session.commit()
    return found


def connect(client: FlaskClient, person: Person, token: str, org: int = HOME, **more: object) -> TestResponse:
    path = f"/api/organization/{org}/funnel/{funnel(person)}/messenger_connection"
    return client.post(path, json={"messenger_type": "telegram", "token": token, **more}, headers=person.headers)


def test_a_good_token_connects_the_bot_and_is_not_told_again(client, who: People, telegram: FakeTelegram) -> None:
    answer = connect(client, who.admin, TOKEN, name="Магазин")
    assert answer.status_code == 201
    assert answer.json["connection_data"] == {
        "username": "aiguro_test_bot", "account": "Тестовый бот", "token_hint": f"…{TOKEN[-4:]}",
    }  # fmt: skip
    assert (answer.json["name"], answer.json["is_active"], answer.json["status"]) == ("Магазин", True, "connecting")
    assert TOKEN not in answer.get_data(as_text=True)
    shown = client.get(answer.headers["Location"], headers=who.admin.headers)
    assert (shown.status_code, shown.json["id"]) == (200, answer.json["id"])
    assert len(telegram.calls("getMe")) == 1


def test_the_token_is_stored_encrypted_and_the_task_that_subscribes_is_of_the_same_commit(
    client, who, telegram
) -> None:
    connect(client, who.admin, TOKEN)
    enter_organization(HOME)
    stored = db.session.scalars(select(MessengerConnection.secret_encrypted)).one()
    assert TOKEN.encode() not in bytes(stored)
    jobs = db.session.execute(text("SELECT task_name, args::text FROM procrastinate_jobs")).all()
    assert [job.task_name for job in jobs] == ["subscribe"]
    assert TOKEN not in jobs[0].args


def test_a_bad_token_is_refused_in_telegrams_own_words(client, who: People, telegram: FakeTelegram) -> None:
    answer = connect(client, who.admin, "1111111111:AAWrongTokenOfNobody_0123456789")
    assert answer.status_code == 400
    assert "Unauthorized" in answer.get_data(as_text=True)
    assert "AAWrongTokenOfNobody" not in answer.get_data(as_text=True)


@pytest.mark.parametrize("token", ["", "   ", "not a token", "../getMe", "1:a/../b", "x" * 600])
def test_what_is_no_token_at_all_is_refused(client, who: People, telegram: FakeTelegram, token: str) -> None:
    assert connect(client, who.admin, token).status_code == 400
    assert telegram.api.calls == []


def test_a_bot_has_one_home_among_all_organisations(client, who: People, telegram: FakeTelegram) -> None:
    assert connect(client, who.admin, TOKEN).status_code == 201
    assert connect(client, who.admin, TOKEN).status_code == 409
    stolen = connect(client, who.stranger, TOKEN, org=OTHER)
    assert stolen.status_code == 409
    assert "Ромашка" not in stolen.get_data(as_text=True)


def test_a_renewed_token_of_the_same_bot_is_the_same_bot(client, who: People, telegram: FakeTelegram) -> None:
    connect(client, who.admin, TOKEN)
    renewed = f"{TOKEN.split(':')[0]}:AAAnotherTokenOfTheSameBot_0123456"
    telegram.add_bot(renewed, "aiguro_test_bot")
    assert connect(client, who.admin, renewed).status_code == 409


@pytest.mark.parametrize("role", ["manager", "viewer"])
def test_only_an_admin_connects(client, who: People, telegram: FakeTelegram, role: str) -> None:
    assert connect(client, getattr(who, role), TOKEN).status_code == 403
    assert telegram.api.calls == []


@pytest.mark.parametrize("trouble", ["500", "502", "429", "cut_before", "garbage"])
def test_a_messenger_that_does_not_answer_is_a_503_and_nothing_is_kept(client, who, telegram, trouble: str) -> None:
    telegram.fail_next(1, trouble, method="getMe")
    answer = connect(client, who.admin, TOKEN)
    assert answer.status_code == 503
    enter_organization(HOME)
    assert db.session.scalars(select(MessengerConnection)).all() == []
    assert connect(client, who.admin, TOKEN).status_code == 201


# The page's form


@pytest.fixture
def page(client: FlaskClient, who: People) -> FlaskClient:
    """The admin's browser."""
    token = _csrf(ask(client, "GET", "/login").text)
    answer = ask(client, "POST", "/login", data={"email": who.admin.email, "password": PASSWORD, "csrf_token": token})
    assert answer.status_code in (302, 303), answer.text[:300]
    return client


def ask(client: FlaskClient, method: str, path: str, **more: Any) -> TestResponse:
    """A request with a `g` of its own: the test's application context is around all of them."""
    for name in list(g):
        g.pop(name)
    return client.open(path, method=method, **more)


def _csrf(html: str) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"|csrf-token"[^>]*content="([^"]+)"', html)
    assert found, "no CSRF token on the page"
    return found[1] or found[2]


def fill(page: FlaskClient, who: People, token: str) -> TestResponse:
    form = ask(page, "GET", "/dashboard/integrations?connect=telegram")
    assert form.status_code == 200
    values = {"csrf_token": _csrf(form.text), "token": token, "name": "Магазин", "funnel": funnel(who.admin)}
    path = "/dashboard/integrations/connect/telegram"
    return ask(page, "POST", path, data=values, headers={"HX-Request": "true"})


def test_the_pages_form_connects_the_bot(page: FlaskClient, who: People, telegram: FakeTelegram) -> None:
    answer = fill(page, who, f"  {TOKEN}\n")
    assert answer.status_code == 201
    assert "Магазин" in answer.text
    assert TOKEN not in answer.text
    again = fill(page, who, TOKEN)
    assert (again.status_code, "уже подключён" in again.text) == (409, True)


def test_the_pages_form_shows_telegrams_own_words(page: FlaskClient, who: People, telegram: FakeTelegram) -> None:
    answer = fill(page, who, "1111111111:AAWrongTokenOfNobody_0123456789")
    assert answer.status_code == 422
    assert "Unauthorized" in answer.text
    assert "AAWrongTokenOfNobody" not in answer.text
