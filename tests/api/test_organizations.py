"""Organisations over JSON (contract.md §1 and §4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from aiguro_web.extensions import db, enter_organization
from aiguro_web.models.organization import GID_MAX, NAME_MAX
from aiguro_web.services import connections, organizations
from aiguro_web.web.tokens import ClerkRules, Verifier
from tests.identity.issuing import ISSUER, KID, PARTY, claims_v1, claims_v2, rsa_key, sign
from tests.people import HOME, OTHER, People

GID = "org_brand_new"
WISH = {"gid": GID, "display_name": "Новая", "is_active": True}


@pytest.fixture(autouse=True)
def clerk(app: Flask) -> Iterator[None]:
    """The application trusts the tests' Clerk."""
    state = app.extensions["aiguro_auth"]
    before = state.verifier
    state.verifier = Verifier(ClerkRules(ISSUER, frozenset({PARTY})), {KID: rsa_key()}.get, before._own_key)
    yield
    state.verifier = before


def v2(gid: str | None = GID, role: str = "admin", sub: str = "user_1") -> dict[str, str]:
    claims = claims_v2(sub=sub, o={"id": gid, "rol": role, "slg": "x"} if gid else None)
    return {"Authorization": f"Bearer {sign(claims)}"}


def v1(gid: str = GID, role: str = "org:admin", sub: str = "user_1") -> dict[str, str]:
    return {"Authorization": f"Bearer {sign(claims_v1(sub=sub, org_id=gid, org_role=role))}"}


def post(client: FlaskClient, headers: dict[str, str], path: str = "/api/organization", **more: Any) -> TestResponse:
    return client.post(path, json={**WISH, **more}, headers=headers)


@pytest.mark.parametrize("path", ["/api/organization?organization_id=1", "/api/organization", "/api/organizations"])
@pytest.mark.parametrize("token", [v1, v2])
def test_posted_twice_it_is_one_organisation(client: FlaskClient, path: str, token: Any) -> None:
    first, second = (post(client, token(), path) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json == second.json
    assert first.json == {"id": first.json["id"], "gid": GID, "display_name": "Новая", "is_active": True}
    assert isinstance(first.json["id"], int)
    assert "Location" not in second.headers
    shown = client.get(first.headers["Location"], headers=token())
    assert (shown.status_code, shown.json) == (200, first.json)


def test_the_founder_may_do_everything_there_at_once(client: FlaskClient) -> None:
    org = post(client, v2(role="member")).json["id"]
    wish = {"messenger_type": "webchat"}
    made = client.post(f"/api/organization/{org}/messenger_connection", json=wish, headers=v2(role="member"))
    assert made.status_code == 201
    assert [row["id"] for row in client.get("/api/organizations", headers=v2()).json] == [org]


@pytest.mark.parametrize(("role", "status"), [("admin", 201), ("member", 403)])
def test_who_comes_later_is_what_the_token_says(client: FlaskClient, role: str, status: int) -> None:
    org = post(client, v2()).json["id"]
    later = v2(role=role, sub="user_2")
    assert post(client, later).status_code == 200
    wish = {"messenger_type": "webchat"}
    assert client.post(f"/api/organization/{org}/messenger_connection", json=wish, headers=later).status_code == status


def test_a_gid_that_the_token_does_not_prove_is_403_with_one_body(client: FlaskClient, who: People) -> None:
    said = set()
    for headers in (v2("org_else"), v1("org_else"), v2(None), who.admin.headers):
        for gid in (GID, f"org_{HOME}", f"org_{OTHER}"):
            answer = post(client, headers, gid=gid)
            said.add((answer.status_code, answer.json["error"], answer.json["code"]))
    assert len(said) == 1
    assert said.pop()[0] == 403
    enter_organization(None)
    assert organizations.find_by_gid(GID) is None


def test_a_removed_member_is_403(client: FlaskClient) -> None:
    org = post(client, v2()).json["id"]
    assert post(client, v2(sub="user_2")).status_code == 200
    enter_organization(org)
    person = client.application.extensions["aiguro_auth"].recognize(
        ISSUER, "user_2", user_id=None, jti=None, org_gid=None, org_role=None
    )
    organizations.remove_member(org, person.user_id)
    db.session.commit()
    assert post(client, v2(sub="user_2")).status_code == 403


@pytest.mark.parametrize(
    "wrong",
    [{"gid": ""}, {"gid": None}, {"gid": 5}, {"gid": "x" * (GID_MAX + 1)}, {"display_name": "  "},
     {"display_name": "x" * (NAME_MAX + 1)}, {"display_name": None}, {"is_active": "maybe"}, {"gid": "a\x00b"}],
)  # fmt: skip
def test_what_cannot_be_is_400(client: FlaskClient, wrong: dict[str, Any]) -> None:
    answer = post(client, v2(), **wrong)
    assert (answer.status_code, bool(answer.json["error"])) == (400, True)


def test_extras_and_protected_fields_change_nothing(client: FlaskClient) -> None:
    made = post(client, v2(), id=HOME, archived_at="2020-01-01T00:00:00Z", is_active=False, timezone="x", role="viewer")
    assert made.status_code == 201
    assert made.json["id"] not in (HOME, OTHER)
    assert made.json["is_active"] is True
    assert client.get(f"/api/organization/{made.json['id']}", headers=v2()).status_code == 200


def test_an_idempotency_key_replays_the_founding(client: FlaskClient) -> None:
    headers = {**v2(), "Idempotency-Key": "once"}
    first, second = post(client, headers), post(client, headers)
    assert (first.status_code, second.status_code, second.data) == (201, 201, first.data)
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.headers["Location"] == first.headers["Location"]


def test_ones_own_organisations_are_a_bare_array(client: FlaskClient, who: People) -> None:
    answer = client.get("/api/organizations", headers=who.viewer.headers)
    assert answer.json == [{"id": HOME, "gid": f"org_{HOME}", "display_name": "Ромашка", "is_active": True}]
    assert (answer.headers["X-Total-Count"], bool(answer.headers["ETag"])) == ("1", True)
    assert client.get("/api/organizations", headers=who.staff.headers).json == []
    assert client.get("/api/organizations?page=2&limit=1", headers=who.viewer.headers).json == []
    enter_organization(OTHER)
    organizations.invite(OTHER, who.viewer.actor.user_id or 0, who.manager.actor.role)  # type: ignore[arg-type]
    db.session.commit()
    client.application.extensions["aiguro_auth"].actors.forget()
    walk = client.get("/api/organizations?limit=1&cursor=", headers=who.viewer.headers)
    assert [row["id"] for row in walk.json] == [HOME]
    following = client.get(walk.headers["Link"].split(">")[0][1:], headers=who.viewer.headers)
    assert [row["id"] for row in following.json] == [OTHER]


@pytest.mark.parametrize("noun", ["organization", "organizations"])
def test_one_organisation_is_for_its_members_alone(client: FlaskClient, who: People, noun: str) -> None:
    shown = client.get(f"/api/{noun}/{HOME}", headers=who.viewer.headers)
    assert (shown.status_code, shown.json["id"]) == (200, HOME)
    refusals = [client.get(f"/api/{noun}/{org}", headers=who.stranger.headers) for org in (HOME, 999_999, 0, "x")]
    bodies = [{k: v for k, v in r.json.items() if k not in ("instance", "request_id")} for r in refusals]
    assert [r.status_code for r in refusals] == [403] * 4
    assert all(body == bodies[0] for body in bodies)


@pytest.mark.parametrize("role", ["manager", "viewer", "stranger", "staff"])
def test_only_an_admin_deletes(client: FlaskClient, who: People, role: str) -> None:
    assert client.delete(f"/api/organization/{HOME}", headers=getattr(who, role).headers).status_code == 403
    assert client.get(f"/api/organization/{HOME}", headers=who.admin.headers).status_code == 200


def test_a_deleted_organisation_is_closed_at_once_for_everybody(client: FlaskClient, who: People) -> None:
    enter_organization(HOME)
    site = connections.create(who.admin.actor, funnel_id=None, messenger_type="webchat")
    db.session.commit()
    inside = (f"/api/organization/{HOME}/funnels", f"/api/organization/{HOME}")
    for person in (who.admin, who.manager, who.viewer):  # all of them are remembered now
        assert [client.get(path, headers=person.headers).status_code for path in inside] == [200, 200]
    gone = client.delete(f"/api/organization/{HOME}", headers=who.admin.headers, content_type="application/json")
    assert (gone.status_code, gone.json) == (200, {"id": HOME, "deleted": True})
    for person in (who.admin, who.manager, who.viewer):
        assert [client.get(path, headers=person.headers).status_code for path in inside] == [403, 403]
        assert client.get("/api/organizations", headers=person.headers).json == []
    assert client.delete(f"/api/organization/{HOME}", headers=who.admin.headers).status_code == 403
    assert client.get(f"/api/organization/{OTHER}", headers=who.stranger.headers).status_code == 200
    enter_organization(None)
    assert connections.find_by_key(site["key"]) is None


def test_a_deleted_organisation_is_not_founded_again_by_its_gid(client: FlaskClient) -> None:
    org = post(client, v2()).json["id"]
    assert client.delete(f"/api/organization/{org}", headers=v2()).status_code == 200
    answer = post(client, v2())
    assert (answer.status_code, answer.json["code"]) == (409, "organization_archived")
