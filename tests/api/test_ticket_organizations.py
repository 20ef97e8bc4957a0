"""Whose organisation a call of support means."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from aiguro_web.extensions import db
from aiguro_web.models import Role
from aiguro_web.services import organizations
from aiguro_web.web import auth
from tests.people import HOME, OTHER, People, Person

from .ticket_calls import ROOT, WISH, make, orgs, seen, send


@pytest.fixture
def both(app: Flask, who: People) -> People:
    """The manager belongs to both organisations, in the other one as a viewer; each has a ticket."""
    organizations.invite(OTHER, who.manager.actor.user_id or 0, Role.viewer)
    db.session.commit()
    make(who.admin)
    make(who.stranger)
    return who


@pytest.fixture
def nobody(app: Flask, who: People) -> Person:
    """Someone who was taken out of the only organisation."""
    organizations.remove_member(HOME, who.manager.actor.user_id or 0)
    db.session.commit()
    return who.manager


def active(monkeypatch: pytest.MonkeyPatch, gid: str | None) -> None:
    """From now on every token says that its organisation is `gid`, as Clerk's do."""
    verified = auth._verified
    monkeypatch.setattr(auth, "_verified", lambda *given: replace(verified(*given), org_gid=gid))


def test_the_only_membership_is_meant_without_a_word(client: FlaskClient, who: People) -> None:
    id = make(who.admin)
    make(who.stranger)
    assert seen(client.get(ROOT, headers=who.viewer.headers)) == [str(id)]


@pytest.mark.parametrize("given", ["", "?orgId="])
def test_two_memberships_and_no_word_are_400(client: FlaskClient, both: People, given: str) -> None:
    for answer in (client.get(ROOT + given, headers=both.manager.headers),
                   client.post(ROOT + given, json=WISH, headers=both.manager.headers),
                   client.post(ROOT + given, data=WISH, headers=both.manager.headers,
                               content_type="multipart/form-data")):  # fmt: skip
        assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (400, "/orgId")


def test_no_membership_is_400(client: FlaskClient, nobody: Person) -> None:
    assert client.get(ROOT, headers=nobody.headers).status_code == 400


def test_the_query_names_the_organisation(client: FlaskClient, both: People, monkeypatch) -> None:
    for org in (HOME, OTHER):
        assert orgs(client.get(f"{ROOT}?orgId={org}", headers=both.manager.headers)) == {org}
    active(monkeypatch, f"org_{OTHER}")
    assert orgs(client.get(f"{ROOT}?orgId={HOME}", headers=both.manager.headers)) == {HOME}


def test_the_token_names_the_organisation(client: FlaskClient, both: People, monkeypatch) -> None:
    active(monkeypatch, f"org_{OTHER}")
    assert orgs(client.get(ROOT, headers=both.manager.headers)) == {OTHER}
    active(monkeypatch, "org_nobody_knows")
    assert client.get(ROOT, headers=both.manager.headers).status_code == 400
    assert orgs(client.get(ROOT, headers=both.admin.headers)) == {HOME}


def test_the_body_names_the_organisation(client: FlaskClient, both: People, monkeypatch) -> None:
    active(monkeypatch, f"org_{OTHER}")
    for org in (HOME, str(HOME)):
        answer = client.post(ROOT, json={**WISH, "orgId": org}, headers=both.manager.headers)
        assert (answer.status_code, answer.json["organization"]["id"]) == (201, HOME)
        form = {**WISH, "orgId": str(org)}
        answer = client.post(ROOT, data=form, content_type="multipart/form-data", headers=both.manager.headers)
        assert (answer.status_code, answer.json["organization"]["id"]) == (201, HOME)
    assert client.post(ROOT, json=WISH, headers=both.manager.headers).status_code == 403  # there they are a viewer
    form = {**WISH, "orgId": str(HOME)}
    answer = client.post(f"{ROOT}?orgId={OTHER}", data=form, content_type="multipart/form-data",
                         headers=both.manager.headers)  # fmt: skip
    assert answer.status_code == 403  # the query comes first


def test_a_foreign_organisation_is_403_as_an_absent_and_an_impossible_one(client: FlaskClient, who: People) -> None:
    said = set()
    path = "/api/organization/{}/funnels"
    for org in (OTHER, 8_000_001, "abc", "0", "-1", "1 ", 2**63 - 1):
        headers = who.manager.headers
        answers = [
            client.get(ROOT, query_string={"orgId": org}, headers=headers),
            client.post(ROOT, query_string={"orgId": org}, json=WISH, headers=headers),
            client.post(ROOT, json={**WISH, "orgId": org}, headers=headers),
            client.patch(f"{ROOT}/1", json={"status": "closed", "orgId": org}, headers=headers),
            client.get(path.format(OTHER), headers=headers),
        ]
        if org in (OTHER, 8_000_001):
            answers.append(client.post(ROOT, data={**WISH, "orgId": str(org)}, content_type="multipart/form-data",
                                       headers=headers))  # fmt: skip
        assert [answer.status_code for answer in answers] == [403] * len(answers), org
        said |= {(answer.json["error"], answer.json["code"], answer.json["title"]) for answer in answers}
    assert len(said) == 1
    answer = client.get(ROOT, query_string={"orgId": 8_000_001}, headers=who.staff.headers)
    assert (answer.status_code, answer.json["error"]) == (403, next(iter(said))[0])


def test_an_organisation_named_twice_is_400(client: FlaskClient, who: People) -> None:
    assert client.get(f"{ROOT}?orgId=1&orgId=2", headers=who.admin.headers).status_code == 400


def test_a_bad_body_is_400_before_anything(client: FlaskClient, who: People) -> None:
    for body in ("{", "[]", '"x"', '{"orgId": {"a": 1}}'):
        answer = client.post(ROOT, data=body, content_type="application/json", headers=who.admin.headers)
        assert answer.status_code in (400, 403), body
    assert client.post(ROOT, data="x", content_type="text/plain", headers=who.admin.headers).status_code == 415
    assert client.get(ROOT, content_type="multipart/form-data", headers=who.admin.headers).status_code == 200


def test_a_repeated_form_that_names_its_organisation_makes_one_ticket(client, both: People, monkeypatch) -> None:
    active(monkeypatch, f"org_{OTHER}")
    form = {**WISH, "orgId": str(HOME)}
    said = [send(client, both.manager, ROOT, dict(form), **{"Idempotency-Key": "a key"}) for _ in range(2)]
    assert [answer.status_code for answer in said] == [201, 201]
    assert said[0].json["id"] == said[1].json["id"]
