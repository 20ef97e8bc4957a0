"""Clients over JSON: the forms of the front-end, roles and tenants, lists and their walks, undo."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text, update

from aiguro_web.extensions import db, enter_organization
from aiguro_web.models import Client, Dialog, JournalEntry
from aiguro_web.services import access, client_lists, clients, connections, inbound
from tests.api.test_lists import walk
from tests.people import HOME, OTHER, People
from tests.services.test_inbound import Face, News

ROOT = f"/api/organization/{HOME}"
FORM = {"name": "Ольга", "phone": "8 900 123-45-67", "email": "Olga@Mail.example", "manager": "Михаил Менеджер"}
FIELDS = {
    "id", "name", "email", "phone", "manager", "status", "assignedTo", "type", "created", "lastActivity", "created_at",
    "last_activity", "updated_at", "messages_count", "close_ratio",
}  # fmt: skip


@pytest.fixture
def one(client: FlaskClient, who: People) -> dict[str, Any]:
    answer = client.post(f"{ROOT}/client", json=FORM, headers=who.manager.headers)
    assert answer.status_code == 201
    found: dict[str, Any] = answer.json
    return found


def put(client: FlaskClient, who: People, one: dict[str, Any], body: Any, **headers: str) -> Any:
    return client.put(f"{ROOT}/client/{one['id']}", json=body, headers={**who.manager.headers, **headers})


def crowd(number: int) -> None:
    """So many clients, the first ones the longest silent."""
    enter_organization(HOME)
    db.session.execute(text(
        "INSERT INTO client (org_id, name, status, last_activity) SELECT 1, 'клиент ' || n, "
        "CASE WHEN n % 3 = 0 THEN 'inactive' ELSE 'active' END, now() - (:n - n / 2) * interval '1 second' "
        "FROM generate_series(1, :n) n"
    ), {"n": number})  # fmt: skip
    db.session.commit()


def test_a_client_is_added(client: FlaskClient, who: People, one: dict[str, Any]) -> None:
    assert set(one) == FIELDS
    assert one | {
        "name": "Ольга", "phone": "+79001234567", "email": "olga@mail.example", "manager": "Михаил Менеджер",
        "assignedTo": "Михаил Менеджер", "status": "active", "type": "новый", "messages_count": 0, "close_ratio": 0,
    } == one  # fmt: skip
    assert (one["created"], one["lastActivity"]) == (one["created_at"], one["last_activity"])
    again = client.post(f"{ROOT}/clients", json={"name": "Пётр", "status": "inactive"}, headers=who.manager.headers)
    assert (again.json["status"], again.json["manager"], again.json["assignedTo"]) == ("inactive", None, "")
    shown = client.get(again.headers["Location"], headers=who.viewer.headers)
    assert shown.json == again.json
    listed = client.get(f"{ROOT}/clients", headers=who.viewer.headers)
    assert listed.json == [again.json, one]
    assert listed.headers["X-Total-Count"] == "2"


@pytest.mark.parametrize("empty", ["", "«Не указано»", "Не указано", "«Не назначено»", "Не назначено"])
def test_the_front_ends_four_strings_clear_fields_but_the_name(client, who, one, empty: str) -> None:
    answer = put(client, who, one, dict.fromkeys(FORM, empty))
    assert answer.status_code == 200
    expected = {"name": "Ольга", "phone": "", "email": "", "manager": None, "assignedTo": "", "status": "active"}
    assert answer.json == {**one, **expected, "updated_at": answer.json["updated_at"]}


def test_what_was_shown_comes_back_unchanged(client: FlaskClient, who: People, one: dict[str, Any]) -> None:
    shown = {name: one[name] for name in FORM}
    assert put(client, who, one, shown).json == one
    assert put(client, who, one, {}).json == one
    assert put(client, who, one, {**one, "id": 5, "messages_count": 9, "created_at": "2001-01-01"}).json == one


def test_fields_left_out_stay(client: FlaskClient, who: People, one: dict[str, Any]) -> None:
    changed = put(client, who, one, {"status": "inactive"}).json
    assert changed == {**one, "status": "inactive", "updated_at": changed["updated_at"]}
    changed = put(client, who, one, {"manager": "Сосед Иван"}).json
    assert (changed["manager"], changed["assignedTo"], changed["name"]) == ("Сосед Иван", "Сосед Иван", "Ольга")
    for named in (who.manager.actor.user_id, str(who.manager.actor.user_id), who.manager.email):
        assert put(client, who, one, {"manager": named}).json["manager"] == "Михаил Менеджер"
    assert put(client, who, one, {"manager": None, "name": None}).json["manager"] is None
    enter_organization(HOME)
    noted = select(JournalEntry.data).where(JournalEntry.act == "change").order_by(JournalEntry.id)
    assert db.session.scalars(noted).first() == {"fields": ["status"]}


@pytest.mark.parametrize(
    ("body", "fields"),
    [({"phone": "12"}, ["/phone"]), ({"email": "ольга"}, ["/email"]), ({"status": "vip"}, ["/status"]),
     ({"phone": "x", "email": "x"}, ["/phone", "/email"]), ({"name": "x" * 201}, ["/name"]), ({"name": 5}, ["/name"])],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_name_and_changes_nothing(client, who, one, body, fields) -> None:
    answer = put(client, who, one, {**FORM, "name": "Другая", **body})
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json["errors"]] == fields
    assert client.get(f"{ROOT}/client/{one['id']}", headers=who.viewer.headers).json == one


def test_a_stale_version_is_not_overwritten(client: FlaskClient, who: People, one: dict[str, Any]) -> None:
    path = f"{ROOT}/client/{one['id']}"
    tag = client.get(path, headers=who.manager.headers).headers["ETag"]
    assert put(client, who, one, {"name": "Первый"}, **{"If-Match": tag}).status_code == 200
    assert put(client, who, one, {"name": "Второй"}, **{"If-Match": tag}).status_code == 412
    assert client.get(path, headers=who.viewer.headers).json["name"] == "Первый"


def test_roles(client: FlaskClient, who: People, one: dict[str, Any]) -> None:
    path = f"{ROOT}/client/{one['id']}"
    for method, address in (("PUT", path), ("DELETE", path), ("POST", f"{path}/restore"), ("POST", f"{ROOT}/client")):
        for id in (address, address.replace(str(one["id"]), "8000001")):
            assert client.open(id, method=method, json=FORM, headers=who.viewer.headers).status_code == 403
    assert client.get(path, headers=who.viewer.headers).status_code == 200
    assert client.get(path, headers=who.stranger.headers).status_code == 403
    foreign = path.replace(ROOT, f"/api/organization/{OTHER}")
    for method in ("GET", "PUT", "DELETE"):
        assert client.open(foreign, method=method, json=FORM, headers=who.stranger.headers).status_code == 404
    assert client.get(f"{foreign}/dialogs", headers=who.stranger.headers).status_code == 404


def test_deleting_and_undoing(client: FlaskClient, who: People, one: dict[str, Any]) -> None:
    path = f"{ROOT}/client/{one['id']}"
    gone = client.delete(path, headers=who.manager.headers)
    assert (gone.status_code, gone.json) == (200, {"id": one["id"], "deleted": True})
    for method, address in (("DELETE", path), ("GET", path), ("PUT", path), ("GET", f"{path}/dialogs")):
        answer = client.open(address, method=method, json=FORM, headers=who.manager.headers)
        assert answer.status_code == 404
    assert client.get(f"{ROOT}/clients", headers=who.viewer.headers).json == []
    back = client.post(f"{path}/restore", headers={**who.manager.headers, "Content-Type": "application/json"})
    assert (back.status_code, back.json) == (200, {**one, "updated_at": back.json["updated_at"]})
    assert client.post(f"{ROOT}/clients/8000001/restore", headers=who.manager.headers).status_code == 404


def test_a_clients_dialogs_are_those_of_every_list(client: FlaskClient, who: People) -> None:
    enter_organization(HOME)
    bot = connections.create(
        who.admin.actor, funnel_id=None, messenger_type="telegram", account_id="9", token="9:x", name="Бот"
    )["id"]
    for number in (1, 2):
        for times in (1, 2):
            news = News(f"{number}{times}", f"{times}", chat_id=str(number), person=Face(str(number), f"К{number}"))
            inbound.receive(access.client(HOME), bot, "telegram", news)
            db.session.execute(update(Dialog).values(status="closed"))
    db.session.commit()
    every = client.get(f"{ROOT}/funnel/0/dialogs", headers=who.viewer.headers).json
    assert len(every) == 4
    for id in {row["client_id"] for row in every}:
        path = f"{ROOT}/client/{id}/dialogs"
        own = client.get(path, headers=who.viewer.headers)
        assert own.json == [row for row in every if row["client_id"] == id]
        assert own.headers["X-Total-Count"] == "2"
        assert [id for page in walk(client, who.viewer.headers, f"{path}?cursor=&limit=1") for id in page] == [
            row["id"] for row in own.json
        ]
        assert client.get(f"{path}?sort=id", headers=who.viewer.headers).json == own.json[::-1]
    assert client.get(f"{path}?sort=id&cursor=", headers=who.viewer.headers).status_code == 400


@pytest.mark.parametrize("sort", ["-id", "id", "-last_activity", "last_activity", "-created_at", "created_at"])
def test_a_walk_is_complete_and_stays_right_under_inserts(client, who, sort: str) -> None:
    crowd(9)
    path = f"{ROOT}/clients?sort={sort}"
    before = [row["id"] for row in client.get(path, headers=who.viewer.headers).json]
    values = [row[sort.strip("-")] for row in client.get(path, headers=who.viewer.headers).json]
    assert values == sorted(values, reverse=sort.startswith("-"))
    for limit in (1, 2, 4, 1000):
        pages = walk(client, who.viewer.headers, f"{path}&limit={limit}&cursor=")
        assert [id for page in pages for id in page] == before
    first = client.get(f"{path}&limit=4&cursor=", headers=who.viewer.headers)
    enter_organization(HOME)
    clients.create(who.manager.actor, {"name": "новый"})
    db.session.commit()
    rest = walk(client, who.viewer.headers, first.headers["Link"].split(">")[0][1:])
    walked = [row["id"] for row in first.json] + [id for page in rest for id in page]
    assert [id for id in walked if id in before] == before
    other = first.headers["Link"].split(">")[0][1:].replace(f"sort={sort}", "sort=id" if sort != "id" else "sort=-id")
    assert client.get(other, headers=who.viewer.headers).status_code == 400


def test_pages_by_number(client: FlaskClient, who: People) -> None:
    crowd(9)
    every = client.get(f"{ROOT}/clients", headers=who.viewer.headers).json
    pages = [client.get(f"{ROOT}/clients?limit=4&page={n}", headers=who.viewer.headers) for n in (1, 2, 3, 4)]
    assert [row for page in pages for row in page.json] == every
    assert [page.headers["X-Total-Count"] for page in pages] == ["9"] * 4
    assert (pages[3].status_code, pages[3].json) == (200, [])


FOUND = [
    ({"q": "ольг"}, {"Ольга 100%"}), ({"q": "100%"}, {"Ольга 100%"}), ({"q": "%"}, {"Ольга 100%"}),
    ({"q": "_"}, {"Пётр_1"}), ({"q": "\\"}, {"Анна \\"}), ({"q": "PETR@"}, {"Пётр_1"}),
    ({"q": "8 (900) 123-45-67"}, {"Пётр_1"}), ({"q": "123-45"}, {"Пётр_1"}), ({"q": "+7900"}, {"Пётр_1"}),
    ({"q": "' OR 1=1 --"}, set()), ({"q": " "}, {"Ольга 100%", "Пётр_1", "Анна \\"}),
    ({"status": "inactive"}, {"Пётр_1"}), ({"status": "active"}, {"Ольга 100%", "Анна \\"}),
    ({"manager": "Михаил Менеджер"}, {"Пётр_1"}), ({"manager": "manager@test.example"}, {"Пётр_1"}),
    ({"manager": "Сосед"}, {"Анна \\"}), ({"manager": ""}, {"Ольга 100%"}), ({"manager": "Никто"}, set()),
    ({"manager": "Не назначено", "q": "о"}, {"Ольга 100%"}), ({"type": "новый", "status": "inactive"}, {"Пётр_1"}),
    ({"type": "постоянный"}, set()), ({"q": "о", "status": "active", "sort": "last_activity"}, {"Ольга 100%"}),
]  # fmt: skip


@pytest.mark.parametrize(("query", "names"), FOUND)
def test_filters(client: FlaskClient, who: People, query: dict[str, str], names: set[str]) -> None:
    enter_organization(HOME)
    of = who.manager.actor
    clients.create(of, {"name": "Ольга 100%"})
    petr = {"name": "Пётр_1", "email": "petr@client.example", "phone": "+79001234567", "manager": who.manager.email}
    clients.create(of, petr, clients.ClientStatus.inactive)
    clients.create(of, {"name": "Анна \\", "manager": "Сосед"})
    db.session.commit()
    answer = client.get(f"{ROOT}/clients", query_string=query, headers=who.viewer.headers)
    assert {row["name"] for row in answer.json} == names
    assert answer.headers["X-Total-Count"] == str(len(names))


@pytest.mark.parametrize(
    ("query", "field"),
    [({"sort": "name"}, "/sort"), ({"status": "vip"}, "/status"), ({"type": "VIP"}, "/type"), ({"limit": 0}, "/limit"),
     ({"q": "x" * 300}, "/q"), ({"page": 1, "cursor": ""}, "/"), ({"limit": 1001}, "/limit")],
)  # fmt: skip
def test_a_filter_that_cannot_be_kept_is_refused_by_name(client, who, query, field) -> None:
    answer = client.get(f"{ROOT}/clients", query_string=query, headers=who.viewer.headers)
    assert answer.status_code == 400
    assert answer.json["errors"][0]["pointer"] in (field, "")


def test_other_filters_are_counted_up_to_ten_thousand(client: FlaskClient, who: People) -> None:
    crowd(10_000)
    path = f"{ROOT}/clients?limit=1"
    for query in ("", "&q=клиент", "&type=новый", "&manager="):
        assert client.get(path + query, headers=who.viewer.headers).headers["X-Total-Count"] == "10000"
    crowd(1)
    for query in ("&q=клиент", "&type=новый", "&manager="):
        answer = client.get(path + query, headers=who.viewer.headers)
        assert "X-Total-Count" not in answer.headers
        assert 'rel="next"' in answer.headers["Link"]
        assert 'rel="last"' not in answer.headers["Link"]
    assert client.get(path, headers=who.viewer.headers).headers["X-Total-Count"] == "10001"
    inactive = client.get(f"{path}&status=inactive", headers=who.viewer.headers).headers["X-Total-Count"]
    assert inactive == str(db.session.scalar(select(func.count()).where(Client.status == "inactive")))


def test_words_are_looked_for_among_the_newest(client: FlaskClient, who: People, monkeypatch) -> None:
    monkeypatch.setattr(client_lists, "SEARCHED_MAX", 5)
    crowd(9)
    assert len(client.get(f"{ROOT}/clients?q=клиент", headers=who.viewer.headers).json) == 5
    assert len(client.get(f"{ROOT}/clients?q=клиент&sort=id", headers=who.viewer.headers).json) == 5


def test_a_repeated_call_adds_one(client: FlaskClient, who: People, app: Flask) -> None:
    headers = {**who.manager.headers, "Idempotency-Key": "k"}
    said = [client.post(f"{ROOT}/client", json=FORM, headers=headers) for _ in range(2)]
    assert said[0].data == said[1].data
    enter_organization(HOME)
    assert db.session.scalar(select(func.count()).select_from(Client)) == 1
