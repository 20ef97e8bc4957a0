"""Connections over JSON: of a funnel (seed §5.4–5.6, 6.2–6.4) and of the organisation (contract.md §4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from aiguro_web.extensions import db, enter_organization
from aiguro_web.models import JournalEntry
from aiguro_web.services import access, connections, funnels, inbound
from tests.fakes.telegram import TOKEN, FakeTelegram
from tests.people import HOME, OTHER, People, Person
from tests.services.test_inbound import Face, News

ROOT = f"/api/organization/{HOME}"
ABSENT = 8_000_004


@pytest.fixture
def telegram(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTelegram]:
    with FakeTelegram() as fake:
        monkeypatch.setitem(app.config, "TELEGRAM_API_URL", fake.url)
        yield fake


@pytest.fixture
def two(who: People) -> tuple[int, int]:
    """Two funnels of the organisation."""
    enter_organization(HOME)
    first = funnels.list_funnels(who.admin.actor)[0]["id"]
    second = funnels.create(who.admin.actor, "Опт").id
    db.session.commit()
    return first, second


def made(person: Person, funnel_id: int | None = None, account: str = "site") -> int:
    """A web chat of that person's organisation."""
    enter_organization(person.actor.org)
    row = connections.create(person.actor, funnel_id=funnel_id, messenger_type="webchat", account_id=account)
    db.session.commit()
    return row["id"]


def ids(client: FlaskClient, who: People, path: str) -> list[str]:
    answer = client.get(f"{ROOT}{path}", headers=who.viewer.headers)
    assert answer.status_code == 200
    assert (answer.headers["Cache-Control"], answer.headers.get("ETag")) == ("no-store", None)
    assert answer.headers["X-Total-Count"] == str(len(answer.json))
    return [row["id"] for row in answer.json]


def acts() -> list[tuple[str, int | None]]:
    enter_organization(HOME)
    query = select(JournalEntry.act, JournalEntry.actor_id).where(JournalEntry.subject == "connection")
    return [tuple(row) for row in db.session.execute(query.order_by(JournalEntry.id))]  # type: ignore[misc]


def test_the_organisations_list_holds_all_and_a_funnels_only_its_own(client, who: People, two) -> None:
    first, second = two
    of = [made(who.admin, funnel, f"s{number}") for number, funnel in enumerate((first, second, None))]
    made(who.stranger, None, "foreign")
    assert ids(client, who, "/messenger_connections") == [str(id) for id in of]
    assert ids(client, who, f"/funnel/{first}/messenger_connections") == [str(of[0])]
    assert ids(client, who, f"/funnels/{second}/messenger_connections") == [str(of[1])]
    page = client.get(f"{ROOT}/messenger_connections?limit=1&page=3", headers=who.viewer.headers)
    assert ([row["id"] for row in page.json], page.headers["X-Total-Count"]) == ([str(of[2])], "3")


def test_a_bot_of_the_organisation_is_checked_and_shown_without_its_secret(client, who, telegram, two) -> None:
    # exactly what the front-end's form sends
    wish = {"organization_id": HOME, "messenger_type": "telegram", "token": TOKEN, "is_active": True,
            "created_at": "2026-11-23T10:00:00.000Z", "last_update": "2026-11-23T10:00:00.000Z"}  # fmt: skip
    answer = client.post(f"{ROOT}/messenger_connection", json=wish, headers=who.admin.headers)
    assert answer.status_code == 201
    assert (answer.json["funnel_id"], answer.json["is_active"]) == (None, True)
    assert set(answer.json["connection_data"]) == {"username", "account", "token_hint"}
    assert TOKEN not in answer.text
    shown = client.get(answer.headers["Location"], headers=who.viewer.headers)
    assert (shown.status_code, shown.json) == (200, answer.json)
    plural = client.get(f"{ROOT}/messenger_connections/{answer.json['id']}", headers=who.viewer.headers)
    assert plural.json == answer.json
    again = client.post(f"{ROOT}/messenger_connections", json=wish, headers=who.admin.headers)
    assert again.status_code == 409
    assert len(telegram.calls("getMe")) == 2


def test_it_may_be_connected_switched_off_and_straight_to_a_funnel(client, who, telegram, two) -> None:
    wish = {"messenger_type": "telegram", "token": TOKEN, "is_active": False, "funnel_id": str(two[1])}
    answer = client.post(f"{ROOT}/messenger_connections", json=wish, headers=who.admin.headers)
    assert (answer.status_code, answer.json["is_active"]) == (201, False)
    assert answer.json["funnel_id"] == str(two[1])
    wish = {"messenger_type": "webchat", "funnel_id": ABSENT}
    assert client.post(f"{ROOT}/messenger_connection", json=wish, headers=who.admin.headers).status_code == 404


@pytest.mark.parametrize("path", ["/messenger_connection", "/funnel/{f}/messenger_connection"])
@pytest.mark.parametrize("kind", ["whatsapp", "max", "icq", "", None, 5])
def test_what_cannot_be_connected_yet_is_400_and_says_what_can(client, who, two, path: str, kind: Any) -> None:
    wish = {"messenger_type": kind, "token": "x"}
    answer = client.post(ROOT + path.format(f=two[0]), json=wish, headers=who.admin.headers)
    assert answer.status_code == 400
    assert "telegram" in answer.text
    assert "webchat" in answer.text
    assert isinstance(answer.json["error"], str)


def test_a_bad_token_is_400_with_the_messengers_own_words(client, who, telegram) -> None:
    wish = {"messenger_type": "telegram", "token": "1111111111:AAWrongTokenOfNobody_0123456789"}
    answer = client.post(f"{ROOT}/messenger_connection", json=wish, headers=who.admin.headers)
    assert answer.status_code == 400
    assert "Unauthorized" in answer.text
    telegram.fail_next(1, "500", method="getMe")
    wish["token"] = TOKEN
    assert client.post(f"{ROOT}/messenger_connection", json=wish, headers=who.admin.headers).status_code == 503
    assert ids(client, who, "/messenger_connections") == []


# Attaching


def test_attaching_moves_it_from_the_other_funnel_and_a_repeat_changes_nothing(client, who: People, two) -> None:
    first, second = two
    id = made(who.admin, first)
    for _ in range(2):
        path = f"{ROOT}/funnel/{second}/attach_messenger_connection?messenger_connection_id={id}"
        answer = client.post(path, headers=who.admin.headers, content_type="application/json")
        assert (answer.status_code, answer.json["funnel_id"], answer.json["id"]) == (200, str(second), str(id))
    assert ids(client, who, f"/funnel/{first}/messenger_connections") == []
    assert ids(client, who, f"/funnel/{second}/messenger_connections") == [str(id)]
    assert acts() == [("connect", who.admin.actor.user_id), ("attach", who.admin.actor.user_id)]


def test_detaching_leaves_it_to_the_organisation(client, who: People, two) -> None:
    first, second = two
    id = made(who.admin, first)
    path = f"{ROOT}/funnel/{{}}/detach_messenger_connection?messenger_connection_id={id}"
    wrong = client.delete(path.format(second), headers=who.admin.headers)
    assert wrong.status_code == 404
    answer = client.delete(path.format(first), headers=who.admin.headers, content_type="application/json")
    assert (answer.status_code, answer.json) == (200, {"id": str(id), "deleted": True})
    assert client.delete(path.format(first), headers=who.admin.headers).status_code == 404
    assert ids(client, who, "/messenger_connections") == [str(id)]
    assert client.get(f"{ROOT}/messenger_connection/{id}", headers=who.viewer.headers).json["funnel_id"] is None


@pytest.mark.parametrize(("kind", "data"), [("text/plain", "x"), ("application/json", "{broken"), ("", "x")])
def test_what_else_a_detaching_brings_does_not_matter(client, who: People, two, kind: str, data: str) -> None:
    id = made(who.admin, two[0])
    path = f"{ROOT}/funnel/{two[0]}/detach_messenger_connection?messenger_connection_id={id}"
    assert client.delete(path, data=data, content_type=kind, headers=who.admin.headers).status_code == 200


@pytest.mark.parametrize("form", [str, int])
def test_the_id_may_stand_in_the_body(client, who: People, two, form: Any) -> None:
    id = made(who.admin)
    body = {"messenger_connection_id": form(id), "extra": 1}
    path = f"{ROOT}/funnel/{two[0]}/attach_messenger_connection"
    assert client.post(path, json=body, headers=who.admin.headers).json["funnel_id"] == str(two[0])
    path = path.replace("attach", "detach")
    assert client.delete(path, json=body, headers=who.admin.headers).status_code == 200


@pytest.mark.parametrize("query", ["", "?messenger_connection_id=", "?messenger_connection_id=x",
                                   "?messenger_connection_id=0", "?messenger_connection_id=-1",
                                   "?messenger_connection_id=1&messenger_connection_id=2",
                                   "?messenger_connection_id=99999999999999999999"])  # fmt: skip
def test_no_id_or_none_that_can_be_is_400(client, who: People, two, query: str) -> None:
    for method, verb in (("POST", "attach"), ("DELETE", "detach")):
        path = f"{ROOT}/funnel/{two[0]}/{verb}_messenger_connection{query}"
        answer = client.open(path, method=method, headers=who.admin.headers)
        assert (answer.status_code, bool(answer.json["error"])) == (400, True)


def test_a_foreign_connection_or_funnel_is_as_if_absent(client, who: People, two) -> None:
    own, foreign = made(who.admin, two[0]), made(who.stranger, None, "foreign")
    enter_organization(OTHER)
    theirs = funnels.list_funnels(who.stranger.actor)[0]["id"]
    said = set()
    for method, verb in (("POST", "attach"), ("DELETE", "detach")):
        for funnel, id in ((two[0], foreign), (two[0], ABSENT), (theirs, own), (ABSENT, own)):
            path = f"{ROOT}/funnel/{funnel}/{verb}_messenger_connection?messenger_connection_id={id}"
            answer = client.open(path, method=method, headers=who.admin.headers)
            said.add((answer.status_code, answer.json["code"]))
    assert said == {(404, "not_found")}
    for id in (foreign, ABSENT, "x", 0):
        for path in (f"/messenger_connection/{id}", f"/funnel/{two[0]}/messenger_connection/{id}"):
            assert client.get(ROOT + path, headers=who.admin.headers).status_code == 404
            assert client.delete(ROOT + path, headers=who.admin.headers).status_code == 404
    enter_organization(OTHER)
    assert connections.get_connection(who.stranger.actor, foreign)["is_active"]


def test_new_clients_go_where_it_leads_and_dialogs_stay(client, who: People, two) -> None:
    first, second = two
    id = made(who.admin, first)

    def arrive(person: str) -> None:
        enter_organization(HOME)
        news = News(person, person, chat_id=person, person=Face(person, person))
        inbound.receive(access.client(HOME), id, "webchat", news)
        db.session.commit()

    arrive("a" * 32)
    path = f"{ROOT}/funnel/{second}/attach_messenger_connection?messenger_connection_id={id}"
    assert client.post(path, headers=who.admin.headers).status_code == 200
    arrive("b" * 32)
    arrive("a" * 32)
    of = {f: client.get(f"{ROOT}/funnel/{f}/dialogs", headers=who.viewer.headers).json for f in two}
    assert [len(of[f]) for f in two] == [1, 1]
    assert of[first][0]["messages_count"] >= 2


# Removing


@pytest.mark.parametrize("path", ["/funnel/{f}/messenger_connection/{id}", "/funnels/{f}/messenger_connections/{id}",
                                  "/messenger_connection/{id}", "/messenger_connections/{id}"])  # fmt: skip
def test_removing_also_removes_the_webhook_and_the_second_time_is_404(client, who, telegram, two, path) -> None:
    wish = {"messenger_type": "telegram", "token": TOKEN}
    made = client.post(f"{ROOT}/funnel/{two[0]}/messenger_connection", json=wish, headers=who.admin.headers).json
    enter_organization(HOME)
    db.session.execute(text("DELETE FROM procrastinate_jobs"))
    db.session.commit()
    where = ROOT + path.format(f=two[0], id=made["id"])
    gone = client.delete(where, headers=who.admin.headers, content_type="application/json")
    assert (gone.status_code, gone.json) == (200, {"id": made["id"], "deleted": True})
    assert client.delete(where, headers=who.admin.headers).status_code == 404
    assert client.get(where, headers=who.admin.headers).status_code == 404
    jobs = db.session.execute(text("SELECT task_name, args->>'connection_id' FROM procrastinate_jobs")).all()
    assert [tuple(job) for job in jobs] == [("unsubscribe", made["id"])]
    assert ids(client, who, "/messenger_connections") == []
    again = client.post(f"{ROOT}/messenger_connection", json=wish, headers=who.admin.headers)
    assert again.status_code == 201


def test_through_another_funnel_it_is_404_and_stays(client, who: People, two) -> None:
    id = made(who.admin, two[0])
    path = f"{ROOT}/funnel/{two[1]}/messenger_connection/{id}"
    assert client.get(path, headers=who.admin.headers).status_code == 404
    assert client.delete(path, headers=who.admin.headers).status_code == 404
    assert ids(client, who, "/messenger_connections") == [str(id)]


@pytest.mark.parametrize("role", ["manager", "viewer"])
def test_only_an_admin_changes_anything(client, who: People, two, role: str) -> None:
    id, headers = made(who.admin, two[0]), getattr(who, role).headers
    calls = [
        ("POST", "/messenger_connection", {"messenger_type": "webchat"}),
        ("POST", f"/funnel/{two[0]}/messenger_connection", {"messenger_type": "webchat"}),
        ("POST", f"/funnel/{two[1]}/attach_messenger_connection?messenger_connection_id={id}", None),
        ("POST", f"/funnel/{two[1]}/attach_messenger_connection?messenger_connection_id={ABSENT}", None),
        ("DELETE", f"/funnel/{two[0]}/detach_messenger_connection?messenger_connection_id={id}", None),
        ("DELETE", f"/funnel/{two[0]}/messenger_connection/{id}", None),
        ("DELETE", f"/messenger_connection/{id}", None),
    ]
    for method, path, body in calls:
        assert client.open(ROOT + path, method=method, json=body, headers=headers).status_code == 403, path
    assert ids(client, who, f"/funnel/{two[0]}/messenger_connections") == [str(id)]


@pytest.mark.parametrize("path", ["/messenger_connections", "/messenger_connection/1", "/messenger_connection"])
def test_a_stranger_gets_403_everywhere(client, who: People, path: str) -> None:
    method = "POST" if path == "/messenger_connection" else "GET"
    for org in (HOME, 999_999):
        answer = client.open(f"/api/organization/{org}{path}", method=method, headers=who.stranger.headers)
        assert answer.status_code == 403
