"""AIGURO's staff over JSON: the tickets of all companies, and nothing else of theirs."""

from __future__ import annotations

from flask.testing import FlaskClient
from sqlalchemy import select

from aiguro_web.extensions import db, enter_organization
from aiguro_web.models import TicketMessage
from aiguro_web.schemas.tickets import TicketOut
from tests.people import HOME, OTHER, People

from .ticket_calls import ROOT, WISH, make, seen


def test_staff_see_all_organisations_or_the_named_one(client: FlaskClient, who: People) -> None:
    mine, theirs = make(who.manager), make(who.stranger)
    answer = client.get(ROOT, headers=who.staff.headers)
    assert (seen(answer), answer.headers["X-Total-Count"]) == ([str(theirs), str(mine)], "2")
    assert set(answer.json[0]) == set(TicketOut.model_fields)
    assert seen(client.get(f"{ROOT}?orgId={HOME}", headers=who.staff.headers)) == [str(mine)]
    assert client.get(f"{ROOT}/{mine}", headers=who.staff.headers).json["organization"]["id"] == HOME
    assert client.get(f"{ROOT}/{mine}?orgId={HOME}", headers=who.staff.headers).status_code == 200
    assert client.get(f"{ROOT}/{mine}?orgId={OTHER}", headers=who.staff.headers).status_code == 404
    assert client.get(f"{ROOT}/8000004", headers=who.staff.headers).status_code == 404


def test_staff_answer_as_support_inside_the_tickets_organisation(client: FlaskClient, who: People) -> None:
    id = make(who.stranger)
    path = f"{ROOT}/{id}/messages"
    answer = client.post(path, json={"text": "Смотрим"}, headers=who.staff.headers)
    assert (answer.status_code, answer.json["role"], answer.json["author"]) == (201, "support", who.staff.actor.name)
    assert client.get(f"{ROOT}/{id}", headers=who.stranger.headers).json["status"] == "waiting"
    assert client.post(path, json={"text": "Ждём"}, headers=who.stranger.headers).json["role"] == "user"
    ticket = client.get(f"{ROOT}/{id}", headers=who.staff.headers).json
    assert (ticket["status"], ticket["messages_count"]) == ("open", 3)
    wish = {"status": "in_progress", "priority": "urgent", "department": "billing"}
    changed = client.patch(f"{ROOT}/{id}", json=wish, headers=who.staff.headers)
    assert {name: changed.json[name] for name in wish} == wish
    enter_organization(OTHER)
    kept = db.session.scalars(select(TicketMessage.org_id).where(TicketMessage.ticket_id == id)).all()
    assert kept == [OTHER] * 3


def test_staff_open_a_ticket_for_a_named_organisation(client: FlaskClient, who: People) -> None:
    assert client.post(ROOT, json=WISH, headers=who.staff.headers).status_code == 400
    answer = client.post(ROOT, json={**WISH, "orgId": OTHER}, headers=who.staff.headers)
    assert (answer.status_code, answer.json["organization"]["id"]) == (201, OTHER)
    assert seen(client.get(ROOT, headers=who.stranger.headers)) == [answer.json["id"]]


def test_staff_are_nobody_in_a_companys_other_rooms(client: FlaskClient, who: People) -> None:
    assert client.get(f"/api/organization/{HOME}/funnels", headers=who.staff.headers).status_code == 403


# Files, repeats.
