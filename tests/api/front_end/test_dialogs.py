"""Dialogs and messages: seed §1.1, 3.1, 8.1–8.3, 9.2, and the front-end's own."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from .site import FUNNEL, Call, Site, looks

NUMBER = (int, float)
SEED = [
    Call("GET", "/api/organization/{org}/funnel/{f}/dialogs", array=True),
    Call("GET", "/api/organization/{org}/client/{clientId}/dialogs", array=True),
    Call("GET", "/api/organization/{org}/funnel/{f}/dialog/{uuid}/messages", array=True),
    Call("POST", "/api/organization/{org}/funnel/{f}/dialog/{uuid}/message",
         {"text": "Здравствуйте!", "role": "manager", "time": "2026-11-23T10:15:00.000Z"}, status=201),
]  # fmt: skip
FRONT_END = [
    Call("POST", "/api/organization/{org}/funnel/{f}/dialog", {}, status=201),
    Call("GET", "/api/organization/{org}/funnel/{f}/dialog/{uuid}"),
    Call("DELETE", "/api/organization/{org}/funnel/{f}/dialog/{uuid}"),
]

CLIENT = {"id": int, "name": str, "phone": str, "email": str, "manager": (str, type(None)), "status": str,
          "close_ratio": NUMBER, "messages_count": int}  # fmt: skip
DIALOG = {
    "id": str, "uuid": str, "thread_id": str, "client_id": int, "funnel_id": str, "created_at": str, "updated_at": str,
    "status": str, "messages_count": int, "last_message": str, "close_ratio": NUMBER, "manager": (str, type(None)),
    "ai": bool, "unsubscribed": bool, "stage": str, "stage_name": str, "lastActivity": str, "description": str,
    "tags": list, "price": NUMBER, "channel": str, "client": dict, "name": str, "phone": str, "email": str,
    "created": str,
}  # fmt: skip
MESSAGE = {"id": str, "text": str, "role": str, "timestamp": str, "time": str, "attachments": list,
           "stage_number": (int, type(None)), "status": (str, type(None))}  # fmt: skip


@pytest.mark.parametrize("path", ["/funnel/{f}/dialogs", "/funnel/0/dialogs", "/client/{clientId}/dialogs"])
def test_one_object_serves_three_screens(site: Site, path: str) -> None:
    assert site["uuid"]
    rows = site.get("/api/organization/{org}" + path)
    assert [row["uuid"] for row in rows] == [site["uuid"]]
    assert looks(rows[0], DIALOG) == []
    assert looks(rows[0]["client"], CLIENT) == []
    assert (rows[0]["stage"], rows[0]["name"]) == ("qualification", "Ольга Котова")
    assert rows[0]["funnel_id"] == str(site["f"])
    assert rows[0]["created"] == rows[0]["created_at"]
    assert rows[0]["created_at"].endswith("Z")


def test_funnel_0_is_for_the_list_alone(site: Site) -> None:
    path = f"/api/organization/{site['org']}/funnel/0"
    for rest in ("", f"/dialog/{site['uuid']}", f"/dialog/{site['uuid']}/messages", "/messenger_connections"):
        assert site.call(f"GET {path}{rest}").status_code == 404, rest


def test_one_dialog_is_the_lists_object(site: Site) -> None:
    (row,) = site.get(f"{FUNNEL}/dialogs")
    assert site.get(f"{FUNNEL}/dialog/{{uuid}}") == row


def test_messages_come_newest_first(site: Site) -> None:
    for text in ("Первое", "Второе"):
        said = {"text": text, "role": "manager"}
        assert site.call(f"POST {FUNNEL}/dialog/{{uuid}}/message", said).status_code == 201
    rows = site.get(f"{FUNNEL}/dialog/{{uuid}}/messages")
    said = [row["text"] for row in rows if row["role"] == "manager"]
    assert said == ["Второе", "Первое"]
    assert [looks(row, MESSAGE) for row in rows] == [[]] * len(rows)
    assert len({row["id"] for row in rows}) == len(rows)
    for row in rows:  # the same instant, for people of Moscow
        shown = datetime.fromisoformat(row["time"])
        assert shown.utcoffset() == timedelta(hours=3)
        assert shown == datetime.fromisoformat(row["timestamp"]).replace(microsecond=0)


@pytest.mark.parametrize(
    ("more", "role"),
    [({}, "manager"), ({"role": "manager"}, "manager"), ({"role": "assistant"}, "assistant"),
     ({"time": "2020-01-01T00:00:00Z"}, "manager"), ({"time": 5}, "manager"), ({"time": None}, "manager"),
     ({"id": "7", "uuid": "x", "timestamp": "2020-01-01", "author": "Чужой", "status": "read"}, "manager")],
)  # fmt: skip
def test_a_message_is_written_whatever_else_is_sent(site: Site, more: dict[str, Any], role: str) -> None:
    answer = site.call(f"POST {FUNNEL}/dialog/{{uuid}}/message", {"text": "Слова", **more})
    assert (answer.status_code, answer.json["role"], answer.json["text"]) == (201, role, "Слова")
    assert answer.json["timestamp"] > "2026"
    assert answer.headers["Location"].endswith(answer.json["id"])


@pytest.mark.parametrize("role", ["user", "system", "admin", "", 5])
def test_no_other_role_is_written(site: Site, role: Any) -> None:
    assert site.call(f"POST {FUNNEL}/dialog/{{uuid}}/message", {"text": "x", "role": role}).status_code == 400


def test_a_new_dialog_from_an_empty_object_or_nothing(site: Site) -> None:
    for body in ({}, None):
        answer = site.call(f"POST {FUNNEL}/dialog", body)
        assert answer.status_code == 201
        assert looks(answer.json, DIALOG) == []
        shown = site.client.get(answer.headers["Location"], headers=site.who.admin.headers)
        assert shown.json["uuid"] == answer.json["uuid"]


def test_a_deleted_dialog_is_gone_everywhere(site: Site) -> None:
    gone = site.call(f"DELETE {FUNNEL}/dialog/{{uuid}}")
    assert gone.json["deleted"] is True
    assert site.get(f"{FUNNEL}/dialogs") == []
    assert site.call(f"GET {FUNNEL}/dialog/{{uuid}}/messages").status_code == 404


def test_through_another_funnel_it_is_404(site: Site) -> None:
    path = f"/api/organization/{{org}}/funnel/{site['f2']}/dialog/{site['uuid']}"
    for call in (f"GET {path}", f"GET {path}/messages", f"DELETE {path}"):
        assert site.call(call).status_code == 404
    assert site.call(f"POST {path}/message", {"text": "x"}).status_code == 404
