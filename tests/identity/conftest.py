"""A stranger's browser, Clerk without its network, and people made for one test."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from flask import Flask, g, session
from pytest_httpserver import HTTPServer
from werkzeug.test import TestResponse

from aiguro_web.extensions import db
from aiguro_web.models import Role, User
from aiguro_web.services import organizations, signing, users
from aiguro_web.services.access import Actor
from aiguro_web.web import auth
from aiguro_web.web.envelope import EXTRA
from aiguro_web.web.tokens import ClerkRules, Verifier

from .issuing import ISSUER, KID, PARTY, rsa_key

PASSWORD = "верный пароль 1"
_numbers = count(1)


class Browser:
    """Keeps cookies like a browser; every request has a context of its own, like on a server."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.client = app.test_client()

    def open(self, path: str, method: str = "GET", **options: Any) -> TestResponse:
        with self.app.app_context():
            return self.client.open(path, method=method, **options)

    def csrf(self, path: str = "/login") -> str:
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.open(path).get_data(as_text=True))
        assert found, "the page has no CSRF token"
        return found[1]

    def login(self, email: str, password: str = PASSWORD, **more: Any) -> TestResponse:
        options = {name: more.pop(name) for name in ("headers", "environ_base") if name in more}
        form = {"csrf_token": self.csrf(), "email": email, "password": password, **more}
        return self.open("/login", "POST", data=form, **options)

    def session(self) -> dict[str, Any]:
        with self.app.app_context(), self.client.session_transaction() as stored:
            return dict(stored)


@pytest.fixture(scope="module")
def _server() -> Iterator[HTTPServer]:
    with HTTPServer(host="127.0.0.1", port=0, threaded=True) as running:
        yield running


@pytest.fixture
def server(_server: HTTPServer) -> HTTPServer:
    """A server of the outside world that answers what the test says."""
    _server.clear()
    return _server


@pytest.fixture
def browser(app: Flask, clean: None) -> Browser:
    return Browser(app)


@pytest.fixture
def clean(app: Flask) -> Iterator[None]:
    """Nothing remembered from other tests: no identities, keys or spent budgets."""

    def forget() -> None:
        with app.app_context():
            auth.forget()
            signing.forget()
            app.extensions["limits"].limiter.reset()

    forget()
    yield
    forget()


@pytest.fixture
def clerk(app: Flask, clean: None) -> Iterator[None]:
    """The application trusts `issuing.ISSUER` and its one key."""
    state = app.extensions["aiguro_auth"]
    before = state.verifier
    state.verifier = Verifier(ClerkRules(ISSUER, frozenset({PARTY})), {KID: rsa_key()}.get, before._own_key)
    yield
    state.verifier = before


@pytest.fixture
def make_user(app: Flask) -> Callable[..., int]:
    """Makes a local user `email` with PASSWORD, gives the id; columns of User as keywords."""

    def make(email: str = "", **columns: Any) -> int:
        with app.app_context():
            user = users.add_local(email or f"person{next(_numbers)}@identity.example", "Пётр", PASSWORD)
            for name, value in columns.items():
                setattr(user, name, value)
            db.session.commit()
            return user.id

    return make


@pytest.fixture
def make_org(app: Flask) -> Callable[..., int]:
    """Makes an organisation, gives the id; `members` maps user ids to roles."""

    def make(gid: str | None = None, members: dict[int, Role] | None = None) -> int:
        with app.app_context():
            org = organizations.create("Ромашка", gid)
            org_id = org.id
            for user_id, role in (members or {}).items():
                organizations.join(org_id, user_id, role)
            db.session.commit()
            return org_id

    return make


@pytest.fixture
def remove(app: Flask) -> Callable[[int, int], None]:
    """Removes a member from an organisation."""

    def run(org_id: int, user_id: int) -> None:
        with app.app_context():
            organizations.remove_member(org_id, user_id)
            db.session.commit()

    return run


@pytest.fixture
def ask(app: Flask, clean: None) -> Callable[..., Actor]:
    """Whom the bearer guard lets in with a token, for a route with these arguments."""

    def run(token: str | None, headers: dict[str, str] | None = None, **view_args: Any) -> Actor:
        given = {"Authorization": f"Bearer {token}"} if token is not None else {}
        with (
            app.app_context(),
            app.test_request_context("/api/x", headers={**given, **(headers or {})}, environ_overrides={EXTRA: []}),
        ):
            assert auth.bearer(view_args) is None
            who: Actor = g.who
            return who

    return run


@pytest.fixture
def pass_time(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Lets seconds pass for what the guard remembers of people."""

    def run(seconds: float) -> None:
        monkeypatch.setattr(app.extensions["aiguro_auth"].actors, "_clock", lambda: time.time() + seconds)

    return run


@pytest.fixture
def visit(app: Flask, clean: None) -> Callable[..., Any]:
    """What the page guard says to a session: (its answer, g.who)."""

    def run(stored: dict[str, Any] | None = None, path: str = "/dashboard/messengers", **request: Any) -> Any:
        with app.app_context(), app.test_request_context(path, **request):
            session.update(stored or {})
            answer = auth.page({})
            return answer, g.get("who")

    return run


@pytest.fixture
def find_user(app: Flask) -> Callable[[str, str], User | None]:
    def run(issuer: str, subject: str) -> User | None:
        with app.app_context():
            user = users.find_by_subject(issuer, subject)
            if user is not None:
                db.session.expunge(user)
            return user

    return run
