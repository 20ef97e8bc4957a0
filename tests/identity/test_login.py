"""Signing in and out by password, as a browser does it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from aiguro_web.extensions import db
from aiguro_web.models import Role, User
from aiguro_web.services import passwords, users
from aiguro_web.web import auth, sessions

from .conftest import PASSWORD, Browser
from .test_pages_guard import ATTACKS, csrf_of

Make = Callable[..., Any]
EMAIL = "login@identity.example"


@pytest.fixture(autouse=True)
def member(make_user: Make, make_org: Make) -> int:
    user_id: int = make_user(EMAIL)
    make_org(None, {user_id: Role.manager})
    return user_id


def test_the_right_password_opens_the_pages(browser: Browser, member: int) -> None:
    answer = browser.login(EMAIL)
    assert (answer.status_code, answer.location) == (303, sessions.HOME)
    assert browser.session()["_user_id"] == str(member)


def test_the_cookie_is_not_for_scripts_and_not_for_other_sites(browser: Browser) -> None:
    cookie = browser.login(EMAIL).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie


@pytest.mark.parametrize("how", ["tls", "public address"])
def test_the_cookie_is_secure_behind_tls(
    how: str, app: Flask, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    options: dict[str, Any] = {}
    if how == "tls":
        options["environ_overrides"] = {"wsgi.url_scheme": "https"}
    else:
        monkeypatch.setitem(app.config, "PUBLIC_URL", "https://app.test")
    assert "; Secure" in browser.open("/login", **options).headers["Set-Cookie"]


def test_nothing_of_the_session_before_survives_signing_in(browser: Browser) -> None:
    csrf_before = browser.csrf()
    with browser.app.app_context(), browser.client.session_transaction() as planted:
        planted["planted"], planted["org_id"] = "by an attacker", 2
    browser.login(EMAIL)
    after = browser.session()
    assert "planted" not in after
    assert "org_id" not in after
    answer = browser.open("/dashboard/org", "POST", data={"org_id": "1"}, headers={"X-CSRFToken": csrf_before})
    assert answer.status_code == 400


def test_wrong_password_and_unknown_account_give_the_same_page(browser: Browser) -> None:
    pages = []
    for email in (EMAIL, "nobody@identity.example"):
        answer = browser.login(email, "не тот")
        assert answer.status_code == 400
        text = answer.get_data(as_text=True)
        assert users.WRONG in text
        pages.append(text.replace(email, "").split("csrf_token")[0])
    assert pages[0] == pages[1]
    assert "_user_id" not in browser.session()


def test_known_and_unknown_accounts_cost_the_same_hashing(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    real = passwords.matches

    def watch(stored: str | None, password: str) -> bool:
        asked.append(stored is not None)
        return real(stored, password)

    monkeypatch.setattr(passwords, "matches", watch)
    browser.login(EMAIL, "не тот")
    browser.login("nobody@identity.example", "не тот")
    assert asked == [True, False]


@pytest.mark.parametrize(("email", "password"), [("", "x"), (EMAIL, ""), ("x" * 300, "x"), (EMAIL, "x" * 300)])
def test_an_impossible_form_is_refused_without_spending_a_try(email: str, password: str, browser: Browser) -> None:
    for _ in range(6):
        assert browser.login(email, password).status_code == 400
    assert browser.login(EMAIL).status_code == 303


def test_the_sixth_try_in_5_minutes_waits_even_with_the_right_password(browser: Browser, make_user: Make) -> None:
    make_user("other@identity.example")
    for _ in range(5):
        assert browser.login(EMAIL, "не тот").status_code == 400
    answer = browser.login(EMAIL.upper())
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 250
    assert "Слишком много" in answer.get_data(as_text=True)
    assert browser.login("other@identity.example").status_code == 303


def test_another_address_is_not_locked_out(app: Flask, browser: Browser) -> None:
    for _ in range(6):
        browser.login(EMAIL, "не тот")
    assert Browser(app).login(EMAIL, environ_base={"REMOTE_ADDR": "10.0.0.7"}).status_code == 303


def test_who_knows_the_password_is_not_locked_out_by_signing_in_often(app: Flask, browser: Browser) -> None:
    for _ in range(7):
        assert Browser(app).login(EMAIL).status_code == 303


def test_without_a_csrf_token_nobody_signs_in(browser: Browser) -> None:
    answer = browser.open("/login", "POST", data={"email": EMAIL, "password": PASSWORD})
    assert answer.status_code == 400
    assert "_user_id" not in browser.session()


def test_a_foreign_site_cannot_post_the_form(browser: Browser) -> None:
    assert browser.login(EMAIL, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert "_user_id" not in browser.session()


def test_signing_in_leads_back_to_the_page_that_was_asked_for(browser: Browser) -> None:
    assert browser.login(EMAIL, next="/dashboard/clients/5?tab=files").location == "/dashboard/clients/5?tab=files"
    assert browser.open("/login?next=/dashboard/clients").location == "/dashboard/clients"


@pytest.mark.parametrize("target", [target for target in ATTACKS if target and "\x00" not in target])
def test_signing_in_never_leads_elsewhere(target: str, browser: Browser) -> None:
    assert browser.login(EMAIL, next=target).location == sessions.HOME
    assert browser.open("/login", query_string={"next": target}).location == sessions.HOME


def test_signing_out_ends_the_session(app: Flask, browser: Browser) -> None:
    browser.login(EMAIL)
    token = csrf_of(app, browser)
    assert browser.open("/logout", "POST").status_code == 400
    answer = browser.open("/logout", "POST", data={"csrf_token": token})
    assert (answer.status_code, answer.location) == (303, "/login")
    assert browser.session() == {}


def test_signing_out_ends_a_copied_cookie_and_other_browsers(app: Flask, browser: Browser) -> None:
    browser.login(EMAIL)
    copied, other = Browser(app), Browser(app)
    stolen = browser.client.get_cookie("aiguro_session")
    assert stolen is not None
    copied.client.set_cookie("aiguro_session", stolen.value)
    other.login(EMAIL)
    pages = [one.open(sessions.HOME).status_code for one in (browser, copied, other)]
    assert pages == [200, 200, 200]
    browser.open("/logout", "POST", data={"csrf_token": csrf_of(app, browser)})
    for one in (browser, copied, other):
        assert one.open(sessions.HOME).location.startswith("/login")
    browser.login(EMAIL)
    assert browser.open(sessions.HOME).status_code == 200
    assert copied.open(sessions.HOME).status_code == 303


def test_a_new_password_ends_the_sessions(app: Flask, browser: Browser, member: int) -> None:
    browser.login(EMAIL)
    with app.app_context():
        users.set_password(db.session.get_one(User, member), "другой пароль 2")
        db.session.commit()
    assert browser.open(sessions.HOME).status_code == 303


def test_a_stream_ends_with_its_session(app: Flask, browser: Browser, member: int) -> None:
    browser.login(EMAIL)
    with app.app_context():
        who = users.session_person(member)
        assert who is not None
        assert auth.still(who)
        users.end_sessions(member)
        db.session.commit()
        assert not auth.still(who)


def test_back_after_signing_out_shows_nothing(app: Flask, browser: Browser) -> None:
    browser.login(EMAIL)
    assert browser.open(sessions.HOME).headers["Cache-Control"] == "no-store"
    answer = browser.open("/logout", "POST", data={"csrf_token": csrf_of(app, browser)})
    assert answer.headers["Clear-Site-Data"] == '"cache"'
    assert browser.open(sessions.HOME).headers["Cache-Control"] == "no-store"


def test_signing_out_by_a_link_is_impossible(browser: Browser) -> None:
    browser.login(EMAIL)
    assert browser.open("/logout").status_code == 405
    assert "_user_id" in browser.session()


def test_demo_logins_are_shown_only_where_they_work(
    app: Flask, browser: Browser, make_user: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_user("demo@identity.example", is_demo=True)
    assert "demo@identity.example" in browser.open("/login").get_data(as_text=True)
    monkeypatch.setitem(app.config, "AIGURO_ENV", "production")
    assert "demo@identity.example" not in browser.open("/login").get_data(as_text=True)
    assert browser.login("demo@identity.example").status_code == 400
