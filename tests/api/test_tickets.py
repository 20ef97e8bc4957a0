"""Support over JSON: the seed's §4.1 to 4.5 for a company."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient
from pydantic import TypeAdapter
from sqlalchemy import func, select

from aiguro_web import storage
from aiguro_web.extensions import db, enter_organization
from aiguro_web.models import TicketFile
from aiguro_web.models.ticket import Department
from aiguro_web.schemas.tickets import TicketFullOut, TicketMessageOut, TicketOut
from aiguro_web.services import funnels
from tests.people import HOME, OTHER, People

from .ticket_calls import PNG, ROOT, WISH, make, seen


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
