"""Clients: seed §2.1, 9.1, 9.3, 9.4, and creating one."""

from __future__ import annotations

from typing import Any

import pytest

from .site import Call, Site, looks

ONE = "/api/organization/{org}/client/{clientId}"
FOUR = {"name": "Ольга К.", "phone": "+7 900 123-45-67", "email": "olga@client.example", "manager": ""}
SEED = [
    Call("GET", "/api/organization/{org}/clients", array=True),
    Call("GET", "/api/organization/{org}/client/{clientId}"),
    Call("PUT", "/api/organization/{org}/client/{clientId}", FOUR),
    Call("DELETE", "/api/organization/{org}/client/{clientId}"),
]
NEW = {**FOUR, "manager": "Иван", "status": "active"}
FRONT_END = [Call("POST", "/api/organization/{org}/client", NEW, status=201)]

CLIENT = {
    "id": int, "name": str, "email": str, "phone": str, "manager": (str, type(None)), "status": str, "assignedTo": str,
    "type": str, "created": str, "lastActivity": str, "created_at": str, "last_activity": str, "messages_count": int,
    "close_ratio": (int, float),
}  # fmt: skip


def test_the_list_and_one_client_are_the_same_object(site: Site) -> None:
    one = site.get(ONE)
    assert looks(one, CLIENT) == []
    assert site.get("/api/organization/{org}/clients") == [one]
    assert (one["created"], one["lastActivity"]) == (one["created_at"], one["last_activity"])
    assert (one["type"], one["status"], one["assignedTo"]) == ("новый", "active", "")


@pytest.mark.parametrize("empty", ["", "Не указано", "«Не указано»", "Не назначено", "«Не назначено»"])
def test_four_strings_with_placeholders_clear_but_the_name(site: Site, empty: str) -> None:
    assert site.call(f"PUT {ONE}", {**FOUR, "manager": "Иван"}).status_code == 200
    answer = site.call(f"PUT {ONE}", dict.fromkeys(FOUR, empty))
    assert answer.status_code == 200
    shown = site.get(ONE)
    assert (shown["name"], shown["phone"], shown["email"], shown["assignedTo"]) == ("Ольга К.", "", "", "")


def test_fields_left_out_stay(site: Site) -> None:
    site.call(f"PUT {ONE}", FOUR)
    assert site.call(f"PUT {ONE}", {"status": "inactive"}).status_code == 200
    shown = site.get(ONE)
    assert (shown["email"], shown["status"]) == (FOUR["email"], "inactive")


def test_a_manager_is_a_member_by_id_mail_or_name_or_just_words(site: Site) -> None:
    member = site.who.manager.actor
    for manager in (str(member.user_id), member.email, member.name):
        assert site.call(f"PUT {ONE}", {**FOUR, "manager": manager}).json["assignedTo"] == member.name
    assert site.call(f"PUT {ONE}", {**FOUR, "manager": "Некто"}).json["assignedTo"] == "Некто"


@pytest.mark.parametrize("wrong", [{"email": "не почта"}, {"phone": "abc"}, {"email": 5}, {"status": "gone"}])
def test_what_cannot_be_is_400(site: Site, wrong: dict[str, Any]) -> None:
    assert site.call(f"PUT {ONE}", {**FOUR, **wrong}).status_code == 400


def test_extras_and_protected_fields_change_nothing(site: Site) -> None:
    before = site.get(ONE)
    extras = {"id": 1, "org_id": 2, "created_at": "2020-01-01", "messages_count": 99, "type": "постоянный", "x": {}}
    assert site.call(f"PUT {ONE}", {**FOUR, **extras}).status_code == 200
    after = site.get(ONE)
    assert [after[name] for name in ("id", "created_at", "messages_count", "type")] == [
        before[name] for name in ("id", "created_at", "messages_count", "type")
    ]


def test_a_new_client_is_shown_where_its_location_says(site: Site) -> None:
    answer = site.call("POST /api/organization/{org}/client", NEW)
    assert looks(answer.json, CLIENT) == []
    shown = site.client.get(answer.headers["Location"], headers=site.who.admin.headers)
    assert shown.json["id"] == answer.json["id"]
    assert shown.json["assignedTo"] == "Иван"


def test_a_deleted_client_is_gone_everywhere_and_can_come_back(site: Site) -> None:
    uuid = site["uuid"]
    assert site.call(f"DELETE {ONE}").json == {"id": site["clientId"], "deleted": True}
    assert site.get("/api/organization/{org}/clients") == []
    assert site.get("/api/organization/{org}/funnel/0/dialogs") == []
    assert site.call(f"GET {ONE}").status_code == 404
    assert site.call(f"POST {ONE}/restore").status_code == 200
    assert [row["uuid"] for row in site.get("/api/organization/{org}/funnel/0/dialogs")] == [uuid]
