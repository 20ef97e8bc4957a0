"""Signing in under load and during an outage: what a stranger's address can take, and who pays for our own trouble."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from flask import Flask, g
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import RequestEntityTooLarge

from aiguro_web.errors import Invalid
from aiguro_web.extensions import db
from aiguro_web.models import Role
from aiguro_web.services import passwords, users
from aiguro_web.services.access import Actor
from aiguro_web.web import body, door
from tests import people

from .conftest import PASSWORD, Browser
from .test_pages_guard import csrf_of

Make = Callable[..., Any]
ROUTE = f"/api/organization/{people.HOME}/funnels"
FORM = "application/x-www-form-urlencoded"


def ask_token(browser: Browser, email: str, password: str = PASSWORD, **options: Any) -> Any:
    form = {"grant_type": "password", "username": email, "password": password}
    return browser.open("/api/token", "POST", data=form, **options)


@pytest.mark.parametrize("known", [True, False])
def test_no_connection_is_held_while_a_password_is_hashed(
    committed_app: Flask, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    users.add_local("held@identity.example", "", PASSWORD)
    db.session.commit()
    db.session.remove()
    held: list[int] = []
    real = passwords.matches

    def watch(stored: str | None, password: str) -> bool:
        held.append(db.engine.pool.checkedout())  # type: ignore[attr-defined]
        return real(stored, password)

    monkeypatch.setattr(passwords, "matches", watch)
    browser, email = Browser(committed_app), "held@identity.example" if known else "nobody@identity.example"
    statuses = [ask_token(browser, email).status_code, browser.login(email).status_code]
    assert held == [0, 0]
    assert statuses == ([200, 303] if known else [400, 400])


def test_a_password_changed_while_it_was_checked_does_not_let_in(app: Flask, make_user: Make) -> None:
    user_id = make_user("changed@identity.example")
    account = users.find_account("changed@identity.example")
    renewed = users.verify(account, PASSWORD)
    user = users.find(user_id)
    assert user is not None
    users.set_password(user, "другой пароль 3")
    with pytest.raises(Invalid):
        users.admit(account, renewed)


@pytest.mark.parametrize("way", ["page", "token"])
def test_an_address_has_thirty_tries_in_5_minutes_over_all_accounts(
    way: str, browser: Browser, make_user: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_user("patient@identity.example")
    monkeypatch.setattr(passwords, "matches", lambda stored, password: stored is not None and password == PASSWORD)
    knock = browser.login if way == "page" else lambda *words, **more: ask_token(browser, *words, **more)
    for number in range(30):
        assert knock(f"nobody{number}@identity.example", "не тот").status_code == 400
    answer = knock("patient@identity.example")
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 250
    assert knock("patient@identity.example", environ_base={"REMOTE_ADDR": "10.0.0.8"}).status_code < 400


def away(*_: Any, **__: Any) -> None:
    lost = psycopg.OperationalError("the server closed the connection")
    raise OperationalError("SELECT", {}, lost, connection_invalidated=True)


@pytest.mark.parametrize("asked", ["key", "person"])
def test_an_outage_of_the_database_costs_nobody_their_budget(
    asked: str, app: Flask, browser: Browser, who: people.People, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = app.extensions["aiguro_auth"]
    with monkeypatch.context() as outage:
        if asked == "key":
            outage.setattr(state.verifier, "_own_key", away)
        else:
            outage.setattr(state, "recognize", away)
        for _ in range(101):
            answer = browser.open(ROUTE, headers=who.viewer.headers)
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert browser.open(ROUTE, headers=who.viewer.headers).status_code == 200
    assert browser.open(ROUTE).status_code == 401


@pytest.mark.parametrize(("path", "size"), [("/api/token", body.FORM_LIMIT + 1), ("/login", body.PAGE_LIMIT + 1)])
@pytest.mark.parametrize("kind", [FORM, "multipart/form-data; boundary=x"])
def test_a_form_without_sign_in_is_bounded(path: str, size: int, kind: str, browser: Browser) -> None:
    answer = browser.open(path, "POST", data=b"password=" + b"x" * size, content_type=kind)
    assert answer.status_code == _refusal(path, kind)


def _refusal(path: str, kind: str) -> int:
    """A page's form with files is turned away before it is read, unless its token stands in the header."""
    if kind == FORM:
        return 413
    return 415 if path == "/api/token" else 400


def test_a_pages_form_is_bounded_in_memory(app: Flask) -> None:
    fields = {"text": "x" * (body.PAGE_FORM_LIMIT + 1)}
    with (
        app.test_request_context("/x", method="POST", data=fields, content_type="multipart/form-data") as context,
        pytest.raises(RequestEntityTooLarge),
    ):
        assert context.request.form is None


def test_a_nul_in_the_form_of_signing_in_is_refused_in_russian(browser: Browser) -> None:
    answer = browser.login("a\x00b")
    assert answer.status_code == 400
    assert "недопустимый символ" in answer.get_data(as_text=True)


def test_a_nul_in_a_pages_form_is_refused_before_the_view(
    app: Flask, browser: Browser, make_user: Make, make_org: Make
) -> None:
    make_org(None, {make_user("nul@identity.example"): Role.admin})
    browser.login("nul@identity.example")
    form = {"csrf_token": csrf_of(app, browser), "language": "r\x00u"}
    answer = browser.open("/dashboard/language", "POST", data=form)
    assert answer.status_code == 400
    assert "недопустимый символ (NUL)" in answer.get_data(as_text=True)


def test_after_a_failure_outside_the_view_is_in_its_organisation_again(app: Flask) -> None:
    with app.app_context(), app.test_request_context("/"):
        g.who = Actor("person", people.HOME)
        door._begin()
        with pytest.raises(KeyError), door.outside():
            raise KeyError
        assert db.session().info["org_id"] == people.HOME
