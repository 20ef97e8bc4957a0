"""Support over JSON: whose organisation a call means, and the seed's §4.1 to 4.5 for companies and AIGURO's staff."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import TypeAdapter
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from aiguro_web import storage
from aiguro_web.extensions import db, enter_organization
from aiguro_web.models import Role, Ticket, TicketFile, TicketMessage
from aiguro_web.models.ticket import Department
from aiguro_web.schemas.tickets import TicketFullOut, TicketMessageOut, TicketOut
from aiguro_web.services import funnels, organizations, tickets
from aiguro_web.web import auth
from tests.people import HOME, OTHER, People, Person

ROOT = "/api/support/tickets"
WISH = {"subject": "Не работает", "description": "Совсем", "department": "technical"}
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
    b"\x00\x00\x00\nIDATx\x9cc\x00\x01\x00\x00\x05\x00\x01\r\n-\xb4\x00\x00\x00\x00IEND\xaeB`\x82"
)


def make(who: Person, **more: Any) -> int:
    org = who.actor.home
    enter_organization(org)
    id = tickets.open_ticket(
        who.actor, subject="Тема", description="Описание", department=more.pop("department", Department.general), **more
    )
    db.session.commit()
    enter_organization(None)
    return id


def seen(answer: TestResponse) -> list[str]:
    assert answer.status_code == 200, answer.json
    return [row["id"] for row in answer.json]


def orgs(answer: TestResponse) -> set[int]:
    assert answer.status_code == 200, answer.json
    return {row["organization"]["id"] for row in answer.json}


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


# Whose organisation.


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


# A company.


def test_tickets_come_newest_first_in_the_declared_shape(client: FlaskClient, who: People) -> None:
    ids = [str(make(who.manager)) for _ in range(3)]
    answer = client.get(ROOT, headers=who.viewer.headers)
    assert seen(answer) == ids[::-1]
    assert answer.headers["X-Total-Count"] == "3"
    assert set(answer.json[0]) == set(TicketOut.model_fields)
    shape = TypeAdapter(list[TicketOut])
    assert shape.dump_python(shape.validate_json(answer.data), mode="json") == answer.json
    again = client.get(ROOT, headers={**who.viewer.headers, "If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("staff", [False, True])
def test_tickets_come_in_pages(client: FlaskClient, who: People, staff: bool) -> None:
    ids = [str(make(who.manager)) for _ in range(3)][::-1]
    headers = (who.staff if staff else who.viewer).headers
    assert [seen(client.get(f"{ROOT}?limit=1&page={n}", headers=headers)) for n in (1, 2, 3, 4)] == [
        [ids[0]], [ids[1]], [ids[2]], [],
    ]  # fmt: skip
    walked, address = [], f"{ROOT}?limit=2&cursor="
    while address:
        answer = client.get(address, headers=headers)
        walked.append(seen(answer))
        links = answer.headers.get("Link", "")
        address = links.split(">")[0][1:] if 'rel="next"' in links else ""
        make(who.manager)  # what comes meanwhile changes nothing behind
    assert walked == [ids[:2], ids[2:]]


def test_a_cursor_of_a_company_does_not_fit_the_desk(client: FlaskClient, who: People) -> None:
    for _ in range(2):
        make(who.manager)
    address = client.get(f"{ROOT}?limit=1&cursor=", headers=who.viewer.headers).headers["Link"].split(">")[0][1:]
    assert client.get(address, headers=who.staff.headers).status_code == 400


def test_tickets_are_filtered(client: FlaskClient, who: People) -> None:
    enter_organization(HOME)
    funnel = funnels.list_funnels(who.admin.actor)[0]["id"]
    make(who.manager)
    id = str(make(who.manager, funnel_id=funnel, department=Department.billing))
    client.patch(f"{ROOT}/{id}", json={"status": "in_progress", "priority": "urgent"}, headers=who.staff.headers)
    for query in (f"funnelId={funnel}", "status=in_progress", "department=billing", "priority=urgent"):
        for person in (who.viewer, who.staff):
            answer = client.get(f"{ROOT}?{query}", headers=person.headers)
            assert (seen(answer), answer.headers["X-Total-Count"]) == ([id], "1"), query
    assert answer.json[0]["funnel_name"] == "Продажи"
    assert len(seen(client.get(f"{ROOT}?funnelId=&status=&department=", headers=who.viewer.headers))) == 2
    for query in ("status=done", "department=x", "priority=1", "limit=0", "page=0", "funnelId=x"):
        assert client.get(f"{ROOT}?{query}", headers=who.viewer.headers).status_code == 400, query


def test_a_foreign_funnel_is_answered_as_an_absent_one(client: FlaskClient, who: People) -> None:
    enter_organization(OTHER)
    foreign = funnels.list_funnels(who.stranger.actor)[0]["id"]
    for send in (
        lambda id: client.get(f"{ROOT}?funnelId={id}", headers=who.manager.headers),
        lambda id: client.post(ROOT, json={**WISH, "funnel_id": id}, headers=who.manager.headers),
    ):
        said = [send(id) for id in (foreign, 8_000_002)]
        assert [answer.status_code for answer in said] == [404, 404]
        assert said[0].json["error"] == said[1].json["error"]


def test_a_ticket_is_opened_read_and_answered(client: FlaskClient, who: People) -> None:
    enter_organization(HOME)
    funnel = funnels.list_funnels(who.admin.actor)[0]["id"]
    wish = {**WISH, "funnel_id": str(funnel), "id": "9", "messages_count": 99, "status": "closed", "org_id": OTHER}
    answer = client.post(ROOT, json=wish, headers=who.manager.headers)
    assert answer.status_code == 201, answer.json
    ticket = answer.json
    assert (ticket["subject"], ticket["description"], ticket["status"], ticket["priority"], ticket["messages_count"]) == (
        "Не работает", "Совсем", "open", "medium", 1,
    )  # fmt: skip
    assert (ticket["funnel_id"], ticket["funnel_name"], ticket["attachments"]) == (str(funnel), "Продажи", [])
    assert ticket["organization"] == {"id": HOME, "display_name": "Ромашка"}
    assert set(ticket) == set(TicketFullOut.model_fields)
    place = answer.headers["Location"]
    assert place.endswith(f"{ROOT}/{ticket['id']}")
    answer = client.get(place, headers=who.viewer.headers)
    assert answer.json == ticket
    assert answer.headers["Cache-Control"] == "no-store"
    assert "ETag" not in answer.headers
    said = client.post(f"{place}/messages", json={"text": "Ау?"}, headers=who.manager.headers)
    assert (said.status_code, said.json["role"], said.json["text"]) == (201, "user", "Ау?")
    assert client.get(said.headers["Location"], headers=who.viewer.headers).json == said.json
    assert set(said.json) == set(TicketMessageOut.model_fields)
    heard = client.get(f"{place}/messages", headers=who.viewer.headers)
    assert [row["text"] for row in heard.json] == ["Совсем", "Ау?"]
    assert heard.headers["X-Total-Count"] == "2"
    assert heard.headers["Cache-Control"] == "no-store"
    assert client.get(place, headers=who.viewer.headers).json["messages_count"] == 2


@pytest.mark.parametrize(("wrong", "field"), [
    ({"subject": ""}, "/subject"), ({"subject": "  "}, "/subject"), ({"subject": "x" * 201}, "/subject"),
    ({"subject": None}, "/subject"), ({"description": ""}, "/description"), ({"department": "x"}, "/department"),
    ({"department": None}, "/department"), ({"priority": "x"}, "/priority"), ({"funnel_id": "x"}, "/funnel_id"),
    ({"funnel_id": 0}, "/funnel_id"),
])  # fmt: skip
def test_a_wrong_ticket_is_refused_by_name(client: FlaskClient, who: People, wrong: dict, field: str) -> None:
    answer = client.post(ROOT, json={**WISH, **wrong}, headers=who.manager.headers)
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (400, field)


def test_messages_come_in_pages_oldest_first(client: FlaskClient, who: People) -> None:
    path = f"{ROOT}/{make(who.manager)}/messages"
    ids = [client.get(path, headers=who.viewer.headers).json[0]["id"]]
    ids += [client.post(path, json={"text": str(n)}, headers=who.manager.headers).json["id"] for n in range(3)]
    assert seen(client.get(f"{path}?limit=2&page=2", headers=who.viewer.headers)) == ids[2:]
    answer = client.get(f"{path}?limit=3&cursor=", headers=who.viewer.headers)
    client.post(path, json={"text": "ещё"}, headers=who.manager.headers)
    following = client.get(answer.headers["Link"].split(">")[0][1:], headers=who.viewer.headers)
    assert (seen(answer), seen(following)[0], len(following.json)) == (ids[:3], ids[3], 2)
    for text in ("", "   ", None, "x" * 20_001):
        assert client.post(path, json={"text": text}, headers=who.manager.headers).status_code == 400


def test_a_foreign_ticket_is_answered_as_an_absent_one(client: FlaskClient, who: People) -> None:
    foreign = make(who.manager)
    for send in (
        lambda id: client.get(f"{ROOT}/{id}", headers=who.stranger.headers),
        lambda id: client.get(f"{ROOT}/{id}/messages", headers=who.stranger.headers),
        lambda id: client.get(f"{ROOT}/{id}/messages/1", headers=who.stranger.headers),
        lambda id: client.post(f"{ROOT}/{id}/messages", json={"text": "x"}, headers=who.stranger.headers),
        lambda id: client.patch(f"{ROOT}/{id}", json={"status": "closed"}, headers=who.stranger.headers),
    ):
        said = [send(id) for id in (foreign, 8_000_004, "abc")]
        assert [answer.status_code for answer in said] == [404] * 3
        assert said[0].json["error"] == said[1].json["error"]
    other = make(who.admin)
    mine = client.get(f"{ROOT}/{foreign}/messages", headers=who.viewer.headers).json[0]["id"]
    assert client.get(f"{ROOT}/{other}/messages/{mine}", headers=who.viewer.headers).status_code == 404


def test_no_file_of_someone_who_only_reads_is_taken(
    client: FlaskClient, who: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    def receive(*_: Any) -> None:
        raise AssertionError("its bytes were taken")

    id = make(who.manager)
    monkeypatch.setattr(storage, "receive", receive)
    for path, fields, field in ((ROOT, WISH, "files"), (f"{ROOT}/{id}/messages", {"text": "Да"}, "attachments")):
        form = {**fields, field: (BytesIO(PNG), "x.png")}
        answer = client.post(path, data=form, content_type="multipart/form-data", headers=who.viewer.headers)
        assert answer.status_code == 403


def test_a_viewer_reads_and_writes_nothing(client: FlaskClient, who: People) -> None:
    id = make(who.manager)
    form = {"data": {**WISH, "files": (BytesIO(PNG), "x.png")}, "content_type": "multipart/form-data"}
    for answer in (
        client.post(ROOT, json=WISH, headers=who.viewer.headers),
        client.post(ROOT, headers=who.viewer.headers, **form),
        client.post(f"{ROOT}/{id}/messages", json={"text": "x"}, headers=who.viewer.headers),
        client.post(f"{ROOT}/8000004/messages", json={"text": "x"}, headers=who.viewer.headers),
        client.patch(f"{ROOT}/{id}", json={"status": "closed"}, headers=who.viewer.headers),
    ):
        assert answer.status_code == 403
    enter_organization(HOME)
    assert db.session.scalar(select(func.count()).select_from(TicketFile)) == 0


def test_a_company_closes_and_opens_its_ticket(client: FlaskClient, who: People) -> None:
    path = f"{ROOT}/{make(who.manager)}"
    for status in ("closed", "closed", "open"):
        answer = client.patch(path, json={"status": status}, headers=who.manager.headers)
        assert (answer.status_code, answer.json["status"]) == (200, status)
    for wish in ({"status": "waiting"}, {"priority": "urgent"}, {"department": "billing"}):
        assert client.patch(path, json=wish, headers=who.admin.headers).status_code == 403
    assert client.patch(path, json={"status": "done"}, headers=who.admin.headers).status_code == 400


# AIGURO's staff.


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


def send(client: FlaskClient, who: Person, path: str, form: dict[str, Any], **headers: str) -> TestResponse:
    return client.post(path, data=form, content_type="multipart/form-data", headers={**who.headers, **headers})


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("staff", [True, False])
def test_files_come_along_and_are_downloaded(client: FlaskClient, who: People, named: bool, staff: bool) -> None:
    query = f"?orgId={HOME}" if named else ""
    files = [(BytesIO(PNG), "экран.png"), (BytesIO(b"plain words\n"), "журнал.txt")]
    answer = send(client, who.manager, ROOT + query, {**WISH, "files": files, "funnel_id": "", "priority": "high"})
    assert answer.status_code == 201, answer.json
    assert [(file["name"], file["size"]) for file in answer.json["attachments"]] == [
        ("экран.png", len(PNG)), ("журнал.txt", 12),
    ]  # fmt: skip
    assert answer.json["priority"] == "high"
    path = f"{ROOT}/{answer.json['id']}/messages"
    sender = who.staff if staff else who.manager
    said = send(client, sender, path + query, {"text": "Вот", "attachments": [(BytesIO(PNG), "ответ.png")]})
    assert said.status_code == 201, said.json
    for person in (who.viewer, who.staff):
        rows = client.get(path + query, headers=person.headers).json
        assert [[file["name"] for file in row["attachments"]] for row in rows] == [
            ["экран.png", "журнал.txt"], ["ответ.png"],
        ]  # fmt: skip
        for row, content in ((rows[0], PNG), (rows[1], PNG)):
            got = client.get(row["attachments"][0]["url"])
            assert (got.status_code, got.get_data()) == (200, content)
    bad = rows[0]["attachments"][0]["url"]
    assert client.get(bad[:-3] + ("aaa" if not bad.endswith("aaa") else "bbb")).status_code == 404


def test_files_of_a_refused_message_are_not_kept(client: FlaskClient, who: People) -> None:
    id = make(who.manager)
    for path, form in (
        (f"{ROOT}/8000004/messages", {"text": "x", "attachments": (BytesIO(PNG), "a.png")}),
        (f"{ROOT}/{id}/messages", {"text": "", "attachments": (BytesIO(PNG), "a.png")}),
        (f"{ROOT}/{id}/messages", {"text": "x", "attachments": [(BytesIO(PNG), "a.png")] * 11}),
        (f"{ROOT}/{id}/messages", {"text": "x", "attachments": [(BytesIO(PNG), "a.png"), (BytesIO(b""), "b.png")]}),
        (f"{ROOT}/{id}/messages", {"text": "x", "files": (BytesIO(PNG), "a.png")}),
    ):
        from aiguro_web import storage

        left: list[str] = []
        with pytest.MonkeyPatch.context() as patch:
            receive, delete = storage.receive, storage.delete

            def note(*given: Any, receive: Any = receive, **more: Any) -> Any:
                stored = receive(*given, **more)
                left.append(stored.key)  # noqa: B023
                return stored

            def gone(key: str, delete: Any = delete) -> None:
                left.remove(key)  # noqa: B023
                delete(key)

            patch.setattr(storage, "receive", note)
            patch.setattr(storage, "delete", gone)
            answer = send(client, who.manager, path, form)
        assert answer.status_code in (400, 404), form
        assert left == []
    enter_organization(HOME)
    assert db.session.scalar(select(func.count()).select_from(TicketFile)) == 0


@pytest.mark.parametrize("person", ["manager", "staff"])
@pytest.mark.parametrize("form", [False, True])
def test_a_repeat_with_the_same_key_is_answered_once(client: FlaskClient, who: People, person: str, form: bool) -> None:
    id = make(who.manager)
    sender: Person = getattr(who, person)

    def say(text: str) -> TestResponse:
        headers = {**sender.headers, "Idempotency-Key": "a key"}
        if not form:
            return client.post(f"{ROOT}/{id}/messages", json={"text": text}, headers=headers)
        return send(client, sender, f"{ROOT}/{id}/messages",
                    {"text": text, "attachments": (BytesIO(PNG), "a.png")}, **{"Idempotency-Key": "a key"})  # fmt: skip

    first, again, another = say("раз"), say("раз"), say("два")
    assert (first.status_code, again.status_code, another.status_code) == (201, 201, 422)
    assert again.get_data() == first.get_data()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]
    enter_organization(HOME)
    assert db.session.get_one(Ticket, (HOME, id)).messages_count == 2


def test_a_repeated_form_that_names_its_organisation_makes_one_ticket(client, both: People, monkeypatch) -> None:
    active(monkeypatch, f"org_{OTHER}")
    form = {**WISH, "orgId": str(HOME)}
    said = [send(client, both.manager, ROOT, dict(form), **{"Idempotency-Key": "a key"}) for _ in range(2)]
    assert [answer.status_code for answer in said] == [201, 201]
    assert said[0].json["id"] == said[1].json["id"]
