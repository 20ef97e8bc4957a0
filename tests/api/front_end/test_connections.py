"""Messenger connections: seed §5.4–5.6, 6.2–6.4, and those of the organisation."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.fakes.telegram import TOKEN, FakeTelegram

from .site import FUNNEL, Call, Site, looks

CHAT = {"messenger_type": "webchat"}
OWN = "/api/organization/{org}"
SEED = [
    Call("GET", "/api/organization/{org}/funnel/{f}/messenger_connections", array=True),
    Call("POST", "/api/organization/{org}/funnel/{f}/messenger_connection", CHAT, status=201),
    Call("DELETE", "/api/organization/{org}/funnel/{f}/messenger_connection/{connectionId}"),
]
FRONT_END = [
    Call("GET", "/api/organization/{org}/messenger_connections", array=True),
    Call("POST", "/api/organization/{org}/messenger_connection", CHAT, status=201),
    Call("POST", "/api/organization/{org}/funnel/{f}/attach_messenger_connection?messenger_connection_id={free}"),
    Call(
        "DELETE",
        "/api/organization/{org}/funnel/{f}/detach_messenger_connection?messenger_connection_id={connectionId}",
    ),
]
CONNECTION = {
    "id": str, "name": (str, type(None)), "connection_name": (str, type(None)), "messenger_type": str,
    "is_active": bool, "funnel_id": (str, type(None)), "connection_data": dict, "last_activity": str, "status": str,
}  # fmt: skip


@pytest.fixture
def telegram(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTelegram]:
    with FakeTelegram() as fake:
        monkeypatch.setitem(app.config, "TELEGRAM_API_URL", fake.url)
        yield fake


def test_both_lists_hold_the_same_object(site: Site) -> None:
    (row,) = site.get(f"{FUNNEL}/messenger_connections")
    assert looks(row, CONNECTION) == []
    assert row["funnel_id"] == str(site["f"])
    assert site.get(f"{OWN}/messenger_connections") == [row]
    assert set(row["connection_data"]) == {"username", "account", "token_hint"}


def test_the_form_of_the_integrations_screen(site: Site, telegram: FakeTelegram) -> None:
    answer = site.call(f"POST {FUNNEL}/messenger_connection", {"messenger_type": "telegram", "token": TOKEN})
    assert answer.status_code == 201
    assert TOKEN not in answer.text
    assert looks(answer.json, CONNECTION) == []
    bad = site.call(f"POST {FUNNEL}/messenger_connection", {"messenger_type": "telegram", "token": "1:wrong"})
    assert bad.status_code == 400
    again = site.call(f"POST {FUNNEL}/messenger_connection", {"messenger_type": "telegram", "token": TOKEN})
    assert again.status_code == 409


def test_the_form_of_the_organisations_connections(site: Site, telegram: FakeTelegram) -> None:
    wish = {"organization_id": site["org"], "messenger_type": "telegram", "token": TOKEN, "is_active": True,
            "created_at": "2026-11-23T10:15:00.000Z", "last_update": "2026-11-23T10:15:00.000Z"}  # fmt: skip
    made = site.call(f"POST {OWN}/messenger_connection", wish)
    assert (made.status_code, made.json["funnel_id"]) == (201, None)
    path = f"{FUNNEL}/{{}}_messenger_connection?messenger_connection_id={made.json['id']}"
    attached = site.call("POST " + path.replace("{}", "attach"))
    assert (attached.status_code, attached.json["funnel_id"]) == (200, str(site["f"]))
    assert site.call("DELETE " + path.replace("{}", "detach")).json == {"id": made.json["id"], "deleted": True}


def test_a_wrong_kind_has_a_sentence_to_show(site: Site) -> None:
    answer = site.call(f"POST {FUNNEL}/messenger_connection", {"messenger_type": "whatsapp", "token": "x"})
    assert answer.status_code == 400
