"""Every way in stands behind a guard; who is let in by nobody in particular is written here."""

from __future__ import annotations

import pytest
from flask import Flask

from aiguro_web.web.door import Door
from tests.doors import Way, address, knock, sign_in, ways
from tests.people import OTHER

from .conftest import House

UNGUARDED = {"static"}  # Flask's own: built files
PUBLIC = {
    "GET /.well-known/jwks.json",
    "GET /api/download/<token>",
    "GET /api/docs",
    "GET /api/openapi.json",
    "POST /api/token",
    "GET /healthz",
    "GET /login",
    "POST /login",
    "GET /login/clerk",
    "GET /login/clerk/callback",
    "POST /logout",
    "GET /metrics",
    "GET /readyz",
    "GET /widget.js",
}


def without_guard(app: Flask) -> list[str]:
    return [str(way) for way in ways(app) if way.guard is None and way.endpoint not in UNGUARDED]


def behind(house: House, kind: str) -> list[tuple[Way, str]]:
    """The ways behind a guard, with an address each."""
    found = [way for way in ways(house.app) if way.guard == kind]
    assert found, kind
    return [(way, address(house.app, way, house.values(OTHER, way.endpoint))) for way in found]


def test_every_way_has_a_guard(house: House) -> None:
    assert without_guard(house.app) == []


def test_a_way_without_a_guard_is_found() -> None:
    app = Flask("made up")
    app.add_url_rule("/open", "open", lambda: "hello")
    assert without_guard(app) == ["GET /open"]


def test_a_door_cannot_be_made_without_a_guard() -> None:
    with pytest.raises(TypeError):
        Door("open", __name__)  # type: ignore[call-arg]


def test_the_public_ways_are_these(house: House) -> None:
    assert {str(way) for way in ways(house.app) if way.guard == "public"} == PUBLIC


def test_a_way_of_an_organisation_is_never_public(house: House) -> None:
    assert [str(way) for way in ways(house.app) if "org" in way.arguments and way.guard != "bearer"] == []
    assert [str(way) for way in ways(house.app) if way.rule.startswith("/dashboard") and way.guard != "page"] == []


def test_no_token_is_401_with_one_body_whatever_is_asked(house: House) -> None:
    said = set()
    for way, path in behind(house, "bearer"):
        house.rest()  # there are more ways than an address has calls
        answer = knock(house.app, way, path, None)
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer"), str(way)
        said.add((answer.json["title"], answer.json["error"], answer.json["code"]))
    assert len(said) == 1


def test_a_session_opens_nothing_behind_a_token(house: House) -> None:
    browser = sign_in(house.app, house.people.stranger)
    for way, path in behind(house, "bearer"):
        house.rest()
        assert browser.open(path, method=way.method).status_code == 401, str(way)


def test_no_session_leads_to_the_sign_in(house: House) -> None:
    for way, path in behind(house, "page"):
        for htmx, status, header in ((True, 401, "HX-Redirect"), (False, 303, "Location")):
            answer = knock(house.app, way, path, None, htmx=htmx)
            assert answer.status_code == status, str(way)
            assert answer.headers[header].startswith("/login"), str(way)


def test_a_token_opens_no_page(house: House) -> None:
    for way, path in behind(house, "page"):
        answer = house.app.test_client().open(path, method=way.method, headers=house.people.stranger.headers)
        assert answer.status_code == 303, str(way)


def test_a_write_of_a_page_needs_the_csrf_token(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(house.app.config, "WTF_CSRF_ENABLED", True)
    before = house.fingerprint(OTHER)
    posts = [(way, path) for way, path in behind(house, "page") if way.method != "GET"]
    for way, path in posts:
        assert knock(house.app, way, path, house.people.stranger).status_code == 400, str(way)
    assert house.fingerprint(OTHER) == before


def test_a_write_from_another_site_is_refused(house: House) -> None:
    before = house.fingerprint(OTHER)
    for way, path in behind(house, "page"):
        if way.method != "GET":
            browser = sign_in(house.app, house.people.stranger)
            answer = browser.open(path, method=way.method, headers={"Sec-Fetch-Site": "cross-site"})
            assert answer.status_code == 403, str(way)
    assert house.fingerprint(OTHER) == before


def test_an_unknown_key_is_404(house: House) -> None:
    for way, _ in behind(house, "connection"):
        path = address(house.app, way, {**house.values(OTHER, way.endpoint), "key": "no-such-key"})
        assert knock(house.app, way, path, None).status_code == 404, str(way)
