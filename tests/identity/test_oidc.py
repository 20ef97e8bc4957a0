"""Signing in at Clerk, against a provider over a socket: authorize, callback, token, userinfo; and one that lies."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from joserfc.jwk import OctKey, RSAKey
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from aiguro_web.extensions import db
from aiguro_web.models import Role
from aiguro_web.services import users
from aiguro_web.web import oidc, sessions

from .conftest import Browser
from .issuing import header, jwk_set, rsa_key, sign

Make = Callable[..., Any]
CLIENT, SECRET = "client_1", "client secret"


class Provider:
    """Clerk's OpenID endpoints. `claims` and `facts` change what it says, `key` what it signs with."""

    def __init__(self, server: HTTPServer) -> None:
        self.issuer = server.url_for("").rstrip("/")
        self.claims: dict[str, Any] = {}
        self.facts: dict[str, Any] = {
            "sub": "user_oidc",
            "name": "Анна",
            "email": "a@x.example",
            "email_verified": True,
        }
        self.metadata: dict[str, Any] = {}
        self.head = header(cat=None)
        self.key: RSAKey | OctKey = rsa_key()
        self.status = 200
        self.leave_out = False
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[str] = []
        for path, handler in (
            ("/.well-known/openid-configuration", self.describe),
            ("/jwks", self.keys),
            ("/token", self.token),
            ("/userinfo", self.userinfo),
        ):
            server.expect_request(path).respond_with_handler(handler)

    def describe(self, request: Request) -> Response:
        base = {
            "issuer": self.issuer,
            "authorization_endpoint": self.issuer + "/authorize",
            "token_endpoint": self.issuer + "/token",
            "userinfo_endpoint": self.issuer + "/userinfo",
            "jwks_uri": self.issuer + "/jwks",
            "id_token_signing_alg_values_supported": ["RS256", "RS512", "HS256", "none"],
        }
        return self.say(base | self.metadata)

    def keys(self, request: Request) -> Response:
        return self.say({"keys": [{name: row[name] for name in row if name != "alg"} for row in jwk_set()["keys"]]})

    def authorize(self, location: str) -> tuple[str, str]:
        """What the person's browser does there; gives the code and the state that come back."""
        url = urlsplit(location)
        assert f"{url.scheme}://{url.netloc}{url.path}" == self.issuer + "/authorize"
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        assert (query["client_id"], query["response_type"]) == (CLIENT, "code")
        assert query["code_challenge_method"] == "S256"
        assert "openid" in query["scope"]
        code = f"code_{len(self.codes)}"
        self.codes[code] = query
        return code, query["state"]

    def token(self, request: Request) -> Response:
        self.asked.append("token")
        query = self.codes.pop(request.form["code"])
        challenge = base64.urlsafe_b64encode(hashlib.sha256(request.form["code_verifier"].encode()).digest())
        assert challenge.rstrip(b"=").decode() == query["code_challenge"]
        assert request.form["redirect_uri"] == query["redirect_uri"]
        assert request.authorization is not None
        assert request.authorization.password == SECRET
        now = int(time.time())
        base = {"iss": self.issuer, "sub": "user_oidc", "aud": CLIENT, "iat": now, "exp": now + 60}
        claims = {**base, "nonce": query["nonce"], **self.claims}
        answer = {"access_token": "access", "token_type": "Bearer"}
        if not self.leave_out:
            kept = {name: value for name, value in claims.items() if value is not None}
            answer["id_token"] = sign(kept, self.head, self.key)  # type: ignore[arg-type]
        return self.say(answer)

    def userinfo(self, request: Request) -> Response:
        self.asked.append("userinfo")
        assert request.headers["Authorization"] == "Bearer access"
        return self.say(self.facts)

    def say(self, body: dict[str, Any]) -> Response:
        return Response(json.dumps(body), self.status, content_type="application/json")


@pytest.fixture
def provider(app: Flask, server: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    made = Provider(server)
    before = app.extensions["aiguro_oidc"]
    for name, value in (
        ("CLERK_ISSUER", made.issuer), ("CLERK_CLIENT_ID", CLIENT), ("CLERK_CLIENT_SECRET", SECRET),
    ):  # fmt: skip
        monkeypatch.setitem(app.config, name, value)
    oidc.init_app(app)
    yield made
    app.extensions["aiguro_oidc"] = before
    server.check()


def come_back(browser: Browser, provider: Provider, next_path: str = "", **change: str) -> Any:
    """Off to the provider and back, with `change` in what comes back."""
    location = browser.open("/login/clerk", query_string={"next": next_path}).location
    code, state = provider.authorize(location)
    return browser.open("/login/clerk/callback", query_string={"code": code, "state": state, **change})


def test_somebody_of_clerk_comes_in_and_back_to_the_page_they_wanted(
    browser: Browser, provider: Provider, make_org: Make, find_user: Make
) -> None:
    answer = come_back(browser, provider, "/dashboard/clients")
    assert (answer.status_code, answer.location) == (303, "/dashboard/clients")
    user = find_user(provider.issuer, "user_oidc")
    assert (user.name, user.email, user.password_hash) == ("Анна", "a@x.example", None)
    assert browser.session()["_user_id"] == str(user.id)
    assert provider.asked == ["token", "userinfo"]


def test_userinfo_is_not_asked_when_the_id_token_says_it_all(browser: Browser, provider: Provider) -> None:
    provider.claims = {"name": "Олег", "email": "o@x.example", "email_verified": True}
    assert come_back(browser, provider).status_code == 303
    assert provider.asked == ["token"]


def test_userinfo_of_somebody_else_is_not_used(browser: Browser, provider: Provider, find_user: Make) -> None:
    provider.facts = {"sub": "user_other", "name": "Чужой", "email": "boss@x.example", "email_verified": True}
    assert come_back(browser, provider).status_code == 303
    user = find_user(provider.issuer, "user_oidc")
    assert (user.name, user.email) == ("", "")


def test_an_unverified_e_mail_is_not_kept(browser: Browser, provider: Provider, find_user: Make) -> None:
    provider.facts["email_verified"] = False
    come_back(browser, provider)
    assert find_user(provider.issuer, "user_oidc").email == ""


def test_a_local_user_with_the_same_e_mail_is_somebody_else(
    app: Flask, browser: Browser, provider: Provider, make_user: Make
) -> None:
    local = make_user("a@x.example", is_staff=True)
    come_back(browser, provider)
    assert browser.session()["_user_id"] != str(local)


def test_the_person_of_the_page_is_the_person_of_the_token(
    app: Flask, browser: Browser, provider: Provider, make_org: Make
) -> None:
    with app.app_context():
        known = users.first_sight(provider.issuer, "user_oidc").id
        db.session.commit()
    make_org(None, {known: Role.admin})
    come_back(browser, provider)
    assert browser.session()["_user_id"] == str(known)


def test_nothing_of_the_session_before_survives(browser: Browser, provider: Provider) -> None:
    with browser.app.app_context(), browser.client.session_transaction() as planted:
        planted["planted"] = "by an attacker"
    come_back(browser, provider)
    assert set(browser.session()) <= {"_user_id", "_fresh", "_id", "_permanent", "csrf_token", "version"}


@pytest.mark.parametrize("target", ["//evil.test", "https://evil.test", "/\\evil.test"])
def test_clerk_never_leads_elsewhere(target: str, browser: Browser, provider: Provider) -> None:
    assert come_back(browser, provider, target).location == sessions.HOME


def test_the_callback_is_at_the_public_address_whatever_the_host_header_says(
    app: Flask, browser: Browser, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "PUBLIC_URL", "https://app.test")
    location = browser.open("/login/clerk", headers={"Host": "evil.test"}, base_url="https://app.test").location
    assert parse_qs(urlsplit(location).query)["redirect_uri"] == ["https://app.test/login/clerk/callback"]


def refused(answer: Any, browser: Browser) -> bool:
    text = answer.get_data(as_text=True)
    return answer.status_code == 400 and "Не удалось войти" in text and "_user_id" not in browser.session()


LIES: dict[str, dict[str, Any]] = {
    "another issuer": {"claims": {"iss": "https://evil.test"}},
    "another audience": {"claims": {"aud": "client_2"}},
    "another audience, for us as its party": {"claims": {"aud": "client_2", "azp": CLIENT}},
    "no audience": {"claims": {"aud": None}},
    "another party": {"claims": {"aud": [CLIENT, "client_2"], "azp": "client_2"}},
    "a nonce of another login": {"claims": {"nonce": "other"}},
    "no nonce": {"claims": {"nonce": None}},
    "expired": {"claims": {"iat": 1, "exp": 2}},
    "no subject": {"claims": {"sub": None}},
    "a subject with a NUL": {"claims": {"sub": "user\x00"}},
    "a foreign key": {"key": RSAKey.generate_key(2048)},
    "an unknown key id": {"head": {"alg": "RS256", "kid": "ins_9"}},
    "HS256 that its metadata allows": {
        "head": {"alg": "HS256", "kid": "ins_1"}, "key": OctKey.import_key("a shared secret of 32 characters!"),
    },
    "RS512 that its metadata allows": {"head": {"alg": "RS512", "kid": "ins_1"}},
    "no id token": {"leave_out": True},
    "metadata of another issuer": {"metadata": {"issuer": "https://evil.test"}},
}  # fmt: skip


@pytest.mark.parametrize("lie", list(LIES.values()), ids=list(LIES))
def test_a_lying_provider_lets_nobody_in(lie: dict[str, Any], browser: Browser, provider: Provider) -> None:
    for name, value in lie.items():
        setattr(provider, name, value)
    answer = browser.open("/login/clerk") if "metadata" in lie else come_back(browser, provider)
    assert refused(answer, browser)


@pytest.mark.parametrize("change", [{"state": "other"}, {"state": ""}, {"error": "access_denied"}])
def test_a_callback_that_nobody_began_lets_nobody_in(
    change: dict[str, str], browser: Browser, provider: Provider
) -> None:
    assert refused(come_back(browser, provider, **change), browser)


def test_a_code_of_somebody_elses_browser_is_of_no_use(app: Flask, browser: Browser, provider: Provider) -> None:
    attacker = Browser(app)
    code, state = provider.authorize(attacker.open("/login/clerk").location)
    assert refused(browser.open("/login/clerk/callback", query_string={"code": code, "state": state}), browser)


def test_a_callback_works_once(browser: Browser, provider: Provider) -> None:
    code, state = provider.authorize(browser.open("/login/clerk").location)
    query = {"code": code, "state": state}
    assert browser.open("/login/clerk/callback", query_string=query).status_code == 303
    again = browser.open("/login/clerk/callback", query_string=query)
    assert again.status_code == 400


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_provider_that_is_down_is_said_plainly(when: str, browser: Browser, provider: Provider) -> None:
    if when == "before":
        provider.status = 503
        assert refused(browser.open("/login/clerk"), browser)
        return
    code, state = provider.authorize(browser.open("/login/clerk").location)
    provider.status = 503
    assert refused(browser.open("/login/clerk/callback", query_string={"code": code, "state": state}), browser)


def test_a_switched_off_user_of_clerk_stays_out(app: Flask, browser: Browser, provider: Provider) -> None:
    with app.app_context():
        users.first_sight(provider.issuer, "user_oidc").is_active = False
        db.session.commit()
    answer = come_back(browser, provider)
    assert answer.status_code == 403
    assert "отключён" in answer.get_data(as_text=True)
    assert "_user_id" not in browser.session()


def test_without_clerk_there_is_no_button_and_no_way(browser: Browser) -> None:
    assert "/login/clerk" not in browser.open("/login").get_data(as_text=True)
    assert refused(browser.open("/login/clerk"), browser)


def test_with_clerk_there_is_a_button_that_keeps_the_way_back(browser: Browser, provider: Provider) -> None:
    page = browser.open("/login?next=/dashboard/clients").get_data(as_text=True)
    assert "/login/clerk?next=/dashboard/clients" in page.replace("%2F", "/")


def test_the_network_is_spoken_to_while_no_transaction_is_open(
    browser: Browser, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []
    for name in ("send_away", "take_back"):
        real = getattr(oidc, name)

        def watch(*given: Any, real: Any = real) -> Any:
            seen.append(db.session().in_transaction())
            return real(*given)

        monkeypatch.setattr(oidc, name, watch)
    assert come_back(browser, provider).status_code == 303
    assert seen == [False, False]
