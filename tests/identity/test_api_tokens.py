"""The life of our own tokens: issued, listed, used, revoked; the keys that sign them; POST /api/token."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from joserfc.jwk import OKPKey
from sqlalchemy import select

from aiguro_web.errors import Forbidden, NotFound, Unauthorized
from aiguro_web.extensions import db
from aiguro_web.models import ApiToken, SigningKey
from aiguro_web.services import access, api_tokens, signing
from aiguro_web.services.access import Actor
from aiguro_web.web.tokens import read_header, signed_claims

from .conftest import PASSWORD, Browser

Make = Callable[..., Any]


def person(user_id: int) -> Actor:
    return Actor("person", None, user_id)


def post_token(browser: Browser, data: Any, **options: Any) -> Any:
    return browser.open("/api/token", "POST", data=data, **options)


def form(email: str, password: str = PASSWORD, **more: str) -> dict[str, str]:
    return {"grant_type": "password", "username": email, "password": password, **more}


def test_a_token_is_ours_by_issuer_algorithm_and_claims(app: Flask, clean: None, make_user: Make) -> None:
    user_id = make_user()
    issued = api_tokens.issue(user_id, life=timedelta(hours=1), org_id=5)
    head = read_header(issued.token)
    claims = signed_claims(issued.token, signing.public_key(head["kid"]), "Ed25519")
    assert head["alg"] == "Ed25519"
    assert (claims["iss"], claims["sub"], claims["org"]) == ("aiguro", str(user_id), 5)
    assert claims["exp"] - claims["iat"] == issued.expires_in == 3600
    row = db.session.get_one(ApiToken, issued.id)
    assert row.jti == claims["jti"]
    assert issued.token not in repr(row.__dict__)


def test_the_list_shows_living_tokens_of_oneself_newest_first(app: Flask, make_user: Make) -> None:
    mine, other = make_user(), make_user()
    first, second = api_tokens.issue(mine, name="скрипт"), api_tokens.issue(mine)
    gone, over = api_tokens.issue(mine), api_tokens.issue(mine)
    api_tokens.issue(other)
    api_tokens.revoke(person(mine), gone.id)
    db.session.get_one(ApiToken, over.id).expires_at = datetime.now(UTC) - timedelta(seconds=1)
    db.session.flush()
    rows = api_tokens.list_tokens(person(mine))
    assert [row["id"] for row in rows] == [second.id, first.id]
    assert not any(first.token in str(value) for row in rows for value in row.values())


def test_somebody_elses_token_cannot_be_revoked_and_ones_own_only_once(app: Flask, make_user: Make) -> None:
    mine, other = make_user(), make_user()
    issued = api_tokens.issue(mine)
    with pytest.raises(NotFound):
        api_tokens.revoke(person(other), issued.id)
    api_tokens.revoke(person(mine), issued.id)
    with pytest.raises(NotFound):
        api_tokens.revoke(person(mine), issued.id)
    with pytest.raises(Forbidden):
        api_tokens.list_tokens(access.system(1))


def test_a_use_is_noted_to_the_minute(app: Flask, clean: None, ask: Make, make_user: Make) -> None:
    issued = api_tokens.issue(make_user())
    db.session.commit()
    ask(issued.token)
    row = db.session.get_one(ApiToken, issued.id, populate_existing=True)
    used = row.last_used_at
    assert used is not None
    assert abs((datetime.now(UTC) - used).total_seconds()) < 60


def test_rows_of_tokens_that_are_over_are_removed(app: Flask, make_user: Make) -> None:
    user_id = make_user()
    kept, over = api_tokens.issue(user_id), api_tokens.issue(user_id)
    db.session.get_one(ApiToken, over.id).expires_at = datetime.now(UTC) - timedelta(days=2)
    db.session.flush()
    assert api_tokens.delete_expired() >= 1
    ids = set(db.session.scalars(select(ApiToken.id).where(ApiToken.user_id == user_id)))
    assert ids == {kept.id}


def test_a_new_key_signs_and_the_old_one_verifies_until_it_is_retired(
    app: Flask, clean: None, ask: Make, make_user: Make
) -> None:
    user_id = make_user()
    old = api_tokens.issue(user_id)
    kid = signing.add_key()
    new = api_tokens.issue(user_id)
    db.session.commit()
    assert read_header(new.token)["kid"] == kid != read_header(old.token)["kid"]
    assert ask(old.token).user_id == ask(new.token).user_id == user_id
    signing.retire_key(read_header(old.token)["kid"])
    db.session.commit()
    app.extensions["aiguro_auth"].verifier.remembered.forget()
    with pytest.raises(Unauthorized):
        ask(old.token)
    assert ask(new.token).user_id == user_id


def test_the_private_key_is_neither_readable_at_rest_nor_published(
    app: Flask, browser: Browser, make_user: Make
) -> None:
    api_tokens.issue(make_user())
    db.session.commit()
    row = db.session.scalars(select(SigningKey).order_by(SigningKey.id.desc())).first()
    assert row is not None
    assert b'"d"' not in row.private_encrypted
    assert "d" not in row.public_jwk
    answer = browser.open("/.well-known/jwks.json")
    keys = json.loads(answer.get_data())["keys"]
    assert answer.status_code == 200
    assert keys
    for key in keys:
        assert set(key) == {"kty", "crv", "x", "kid", "use", "alg"}
        assert key["alg"] == "Ed25519"
        assert not OKPKey.import_key(key).is_private


def test_a_password_gives_a_token_that_works(browser: Browser, ask: Make, make_user: Make) -> None:
    user_id = make_user("grant@identity.example")
    answer = post_token(browser, form("grant@identity.example"), headers={"Idempotency-Key": "x"})
    body = answer.get_json()
    assert answer.status_code == 200
    assert set(body) == {"access_token", "token_type", "expires_in"}
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 12 * 3600)
    assert answer.headers["Cache-Control"] == "no-store"
    assert ask(body["access_token"]).user_id == user_id
    again = post_token(browser, form("grant@identity.example"), headers={"Idempotency-Key": "x"}).get_json()
    assert again["access_token"] != body["access_token"]


@pytest.mark.parametrize(("change", "word"), [
    ({"password": "не тот"}, "invalid_grant"), ({"username": "nobody@identity.example"}, "invalid_grant"),
    ({"username": "a\x00b"}, "invalid_request"), ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
    ({"grant_type": None}, "invalid_request"), ({"username": None}, "invalid_request"),
    ({"password": ["a", "b"]}, "invalid_request"),
])  # fmt: skip
def test_a_refusal_carries_the_word_of_oauth_and_a_russian_sentence(
    change: dict[str, Any], word: str, browser: Browser, make_user: Make
) -> None:
    make_user("grant@identity.example")
    data = {name: value for name, value in {**form("grant@identity.example"), **change}.items() if value is not None}
    answer = post_token(browser, data)
    body = answer.get_json()
    assert (answer.status_code, answer.mimetype, body["error"]) == (400, "application/problem+json", word)
    assert body["status"] == 400
    assert any("а" <= letter <= "я" for letter in body["detail"])


def test_unknown_and_wrong_read_the_same(browser: Browser, make_user: Make) -> None:
    make_user("grant@identity.example")
    bodies = [
        post_token(browser, form(name, "не тот")).get_json() for name in ("grant@identity.example", "no@x.example")
    ]
    for body in bodies:
        body.pop("request_id")
    assert bodies[0] == bodies[1]


def test_json_instead_of_a_form_is_415(browser: Browser) -> None:
    answer = browser.open("/api/token", "POST", json=form("a@x.example"))
    assert (answer.status_code, answer.get_json()["error"] != "") == (415, True)


def test_the_sixth_wrong_password_in_5_minutes_waits_even_if_it_is_right(browser: Browser, make_user: Make) -> None:
    make_user("tries@identity.example")
    for _ in range(5):
        assert post_token(browser, form("tries@identity.example", "не тот")).status_code == 400
    answer = post_token(browser, form("Tries@identity.example"))
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) in range(250, 301)
    elsewhere = post_token(browser, form("tries@identity.example"), environ_base={"REMOTE_ADDR": "10.0.0.9"})
    assert elsewhere.status_code == 200
