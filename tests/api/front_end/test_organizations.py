"""Organisations and the token for a password (contract.md §4)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from aiguro_web.web.tokens import ClerkRules, Verifier
from tests.identity.issuing import ISSUER, KID, PARTY, claims_v1, claims_v2, rsa_key, sign
from tests.people import HOME, PASSWORD

from .site import Call, Site, check

GID = "org_of_the_front_end"
NEW = {"display_name": "Новая компания", "gid": GID, "is_active": True}
SEED: list[Call] = []
# Two more are below, since they go another way: the token's form, and founding, which needs Clerk's token.
FRONT_END = [
    Call("GET", "/api/organizations", array=True),
    Call("GET", "/api/organization/{org}"),
    Call("DELETE", "/api/organization/{org}"),
]
APART = ["POST /api/token", "POST /api/organization"]


@pytest.fixture
def clerk(app: Flask) -> Iterator[None]:
    state = app.extensions["aiguro_auth"]
    before = state.verifier
    state.verifier = Verifier(ClerkRules(ISSUER, frozenset({PARTY})), {KID: rsa_key()}.get, before._own_key)
    yield
    state.verifier = before


@pytest.mark.parametrize("version", [1, 2])
def test_an_organisation_is_posted_twice_in_practice(site: Site, clerk: None, version: int) -> None:
    claims = claims_v1(org_id=GID) if version == 1 else claims_v2(o={"id": GID, "rol": "member", "slg": "x"})
    headers = {"Authorization": f"Bearer {sign(claims)}", "accept": "application/json"}
    answers = [site.client.post("/api/organization?organization_id=1", json=NEW, headers=headers) for _ in range(2)]
    for answer in answers:
        check(answer)
    assert [answer.status_code for answer in answers] == [201, 200]
    assert answers[0].json == answers[1].json
    assert answers[0].json == {"id": answers[0].json["id"], **NEW}
    mine = site.client.get("/api/organizations", headers=headers)
    assert mine.json == [answers[0].json]


def test_a_made_up_gid_has_a_sentence_to_show(site: Site) -> None:
    answer = site.call("POST /api/organization?organization_id=1", {**NEW, "gid": "org_1764021600000"})
    assert answer.status_code == 403


def test_a_password_is_a_token(site: Site) -> None:
    form = {"grant_type": "password", "username": site.who.admin.email, "password": PASSWORD, "scope": "",
            "client_id": "", "client_secret": ""}  # fmt: skip
    answer = site.client.post("/api/token", data=form)
    check(answer)
    assert set(answer.json) >= {"access_token", "token_type", "expires_in"}
    headers = {"Authorization": f"{answer.json['token_type']} {answer.json['access_token']}"}
    assert [row["id"] for row in site.client.get("/api/organizations", headers=headers).json] == [HOME]
    wrong = site.client.post("/api/token", data={**form, "password": "не тот"})
    assert (wrong.status_code, wrong.json["error"]) == (400, "invalid_grant")
    assert wrong.json["detail"]


def test_a_deleted_organisation_is_closed(site: Site) -> None:
    assert site.call("DELETE /api/organization/{org}").json == {"id": HOME, "deleted": True}
    for call in ("GET /api/organization/{org}", "GET /api/organization/{org}/funnels"):
        assert site.call(call).status_code == 403
