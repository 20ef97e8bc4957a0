"""The guards as callers meet them: over HTTP, on real routes, with keys fetched from the configured issuer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from pytest_httpserver import HTTPServer

from aiguro_web.web.tokens import Refused
from tests import databases, people

from .conftest import Browser
from .issuing import PARTY, claims_v2, header, jwk_set, rsa_key, sign

Make = Callable[..., Any]
ROUTE = "/api/organization/{}/funnels"


def body_of(answer: Any) -> dict[str, Any]:
    body: dict[str, Any] = answer.get_json()
    return {name: value for name, value in body.items() if name not in ("request_id", "instance")}


def test_every_reason_for_a_401_has_one_body(clerk: None, browser: Browser) -> None:
    tokens = [
        None, "abc", "a.b.c", sign(claims_v2(exp=1, iat=0, nbf=0)), sign(claims_v2(azp="https://evil.test")),
        sign(claims_v2(), header(kid="ins_9"), rsa_key("ins_9")), sign(claims_v2(), header(alg="RS512")),
        "x" * 9000, sign(claims_v2(), header(kid="aiguro-unknown")),
    ]  # fmt: skip
    seen = []
    for token in tokens:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = browser.open(ROUTE.format(people.HOME), headers=headers)
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
        seen.append(body_of(answer))
    assert all(body == seen[0] for body in seen)


def test_a_member_is_let_in_and_whoever_is_not_reads_the_same_403(browser: Browser, who: people.People) -> None:
    assert browser.open(ROUTE.format(people.HOME), headers=who.viewer.headers).status_code == 200
    seen = []
    for org in (people.OTHER, 999_999, 0, "abc", "01", "9" * 30):
        answer = browser.open(ROUTE.format(org), headers=who.admin.headers)
        assert answer.status_code == 403
        seen.append(body_of(answer))
    assert all(body == seen[0] for body in seen)


def test_the_session_of_a_page_opens_nothing_in_the_api(browser: Browser, who: people.People) -> None:
    assert browser.login(who.admin.email, people.PASSWORD).status_code == 303
    assert browser.open(ROUTE.format(people.HOME)).status_code == 401


def test_a_pending_session_is_403(clerk: None, browser: Browser) -> None:
    headers = {"Authorization": f"Bearer {sign(claims_v2(sts='pending'))}"}
    assert browser.open(ROUTE.format(people.HOME), headers=headers).status_code == 403


@pytest.mark.parametrize("path", ["/.well-known/jwks.json", "/elsewhere/keys"])
def test_keys_come_from_the_configured_address(path: str, urls: Any, app: Flask, server: HTTPServer) -> None:
    server.expect_request(path).respond_with_json(jwk_set())
    issuer = server.url_for("").rstrip("/")
    more = {"CLERK_JWKS_URL": issuer + path} if path.startswith("/elsewhere") else {}
    made = databases.make_app(
        urls, CLERK_ISSUER=issuer, CLERK_AUTHORIZED_PARTIES=f"https://other.test, {PARTY}", **more
    )
    verifier = made.extensions["aiguro_auth"].verifier
    assert verifier.verify(sign(claims_v2(iss=issuer))).subject == "user_1"
    with pytest.raises(Refused):
        verifier.verify(sign(claims_v2(iss=issuer, azp="https://app.test.evil")))


def test_the_first_request_of_all_creates_one_key_and_its_token_works(app: Flask, browser: Browser, who: Any) -> None:
    keys = browser.open("/.well-known/jwks.json").get_json()["keys"]
    assert len({key["kid"] for key in keys}) == len(keys) >= 1
    assert browser.open(ROUTE.format(people.HOME), headers=who.manager.headers).status_code == 200
