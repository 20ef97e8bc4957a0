"""What people type into one line is one; what they say shows something; numbers are written as numbers."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from aiguro_web.extensions import db, enter_organization
from aiguro_web.models import Message
from aiguro_web.models.text import one_line
from aiguro_web.services import dialogs, funnels, trials
from tests.people import HOME, People

ROOT = f"/api/organization/{HOME}"
BAD, GOOD = "\u202ezl\u200boy\u0007\n x", "zloy x"


@pytest.fixture
def at(app: Flask, who: People) -> str:
    """The address of the first funnel."""
    enter_organization(HOME)
    return f"{ROOT}/funnel/{funnels.list_funnels(who.admin.actor)[0]['id']}"


@pytest.fixture
def talk(at: str, who: People) -> str:
    dialog = dialogs.create(who.manager.actor, int(at.rpartition("/")[2]), name="Ольга")
    db.session.commit()
    return f"{at}/dialog/{dialog.uuid}"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (BAD, GOOD), ("👩‍👩‍👧 Семья", "👩‍👩‍👧 Семья"), ("👨🏽‍💻 🏳️‍🌈 ❤️‍🔥", "👨🏽‍💻 🏳️‍🌈 ❤️‍🔥"), ("a\u200db", "ab"),
        ("e\u0301", "é"), ("a\u2028b\x00c\ue000d\ud800", "a b cd"), ("\u200b\u3164", ""), (" a \t b ", "a b"),
        ("\u0301\u0323" * 100_000, ""), ("x" * 9000, "x" * 4096),
    ],
)  # fmt: skip
def test_one_line(given: str, kept: str) -> None:
    assert one_line(given) == kept
    assert one_line(kept) == kept


def test_names_are_one_line(client: FlaskClient, who: People, at: str, talk: str) -> None:
    def said(way: str, path: str, body: dict[str, Any]) -> Any:
        answer = client.open(path, method=way, json=body, headers=who.admin.headers)
        assert answer.status_code in (200, 201), answer.json
        return answer.json

    assert said("POST", f"{at}/dialog", {"name": BAD})["name"] == GOOD
    changed = said("PATCH", talk, {"tags": [BAD], "manager": BAD})
    assert (changed["tags"], changed["manager"]) == ([GOOD], GOOD)
    closed = said("PATCH", talk, {"status": "closed", "outcome": "lost", "lost_reason": BAD})
    assert closed["lost_reason"] == GOOD
    assert said("POST", f"{ROOT}/client", {"name": BAD})["name"] == GOOD
    funnel = said("POST", f"{ROOT}/funnel", {"display_name": BAD, "stages": [{"name": BAD}]})
    assert (funnel["display_name"], funnel["stages"][0]["name"]) == (GOOD, GOOD)
    named = {"code_name": "other", "text": "Привет", "name": BAD}
    assert said("POST", f"{at}/assistant", named)["name"] == GOOD
    chat = said("POST", f"{ROOT}/messenger_connection", {"messenger_type": "webchat", "name": BAD})
    assert chat["name"] == GOOD
    ticket = {"subject": BAD, "description": "Да", "department": "general"}
    assert said("POST", f"/api/support/tickets?orgId={HOME}", ticket)["subject"] == GOOD


@pytest.mark.parametrize("nothing", ["\u200b", "\u202e\u2066", "\u3164 \u200d", "\u0301"])
def test_a_text_in_which_nothing_is_seen_is_refused(
    client: FlaskClient, who: People, at: str, talk: str, nothing: str
) -> None:
    trial = trials.begin(who.manager.actor, int(at.rpartition("/")[2])).uuid
    db.session.commit()
    ticket = {"subject": "Тема", "description": nothing, "department": "general"}
    calls: list[tuple[str, dict[str, Any]]] = [
        (f"{talk}/message", {"text": nothing}), (f"{at}/dialog/test/{trial}/message", {"text": nothing}),
        (f"{at}/dialog/test-stage", {"stage_number": 1, "initial_message": nothing}),
        (f"{at}/dialog/{trial}/message", {"text": nothing, "role": "user"}),
        (f"/api/support/tickets?orgId={HOME}", ticket), (f"{ROOT}/funnel", {"display_name": nothing}),
    ]  # fmt: skip
    for path, body in calls:
        answer = client.post(path, json=body, headers=who.admin.headers)
        assert answer.status_code == 400, (path, answer.json)
    enter_organization(HOME)
    assert db.session.scalars(select(Message.id).where(Message.role != "system")).all() == []


@pytest.mark.parametrize("wish", [
    {"price": "1_0"}, {"price": "١٢"}, {"price": "+5"}, {"price": " 5"}, {"price": "1e3"}, {"price": "5."},
    {"price": "1.005"}, {"close_ratio": "1_0"}, {"close_ratio": "١٢"}, {"close_ratio": "10"}, {"close_ratio": True},
])  # fmt: skip
def test_a_number_is_written_as_one(client: FlaskClient, who: People, talk: str, wish: dict[str, Any]) -> None:
    answer = client.patch(talk, json=wish, headers=who.manager.headers)
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (400, f"/{next(iter(wish))}")


@pytest.mark.parametrize("number", ["1_0", "1", "١", True, 1.5])
def test_so_is_the_number_of_a_stage(client: FlaskClient, who: People, at: str, number: Any) -> None:
    answer = client.post(f"{at}/dialog/test-stage", json={"stage_number": number}, headers=who.manager.headers)
    assert answer.status_code == 400
