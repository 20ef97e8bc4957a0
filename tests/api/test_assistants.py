"""Assistants over JSON: the seed's §5.2, 5.3 and the front-end's older spelling (contract.md §4)."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from aiguro_web.extensions import db, enter_organization
from aiguro_web.models import PromptVersion
from aiguro_web.schemas.assistants import AssistantOut
from aiguro_web.services import funnels
from tests.people import HOME, People
from tests.services.test_assistants import ODD

ROOT = f"/api/organization/{HOME}"


@pytest.fixture
def sales(client: FlaskClient, who: People) -> str:
    """The address of the organisation's first funnel."""
    enter_organization(HOME)
    found = funnels.list_funnels(who.admin.actor)[0]["id"]
    db.session.commit()
    return f"{ROOT}/funnel/{found}"


def plural(path: str) -> str:
    return path.replace("/funnel/", "/funnels/").replace("/assistant/", "/assistants/")


def prompts() -> list[str]:
    enter_organization(HOME)
    found = list(db.session.scalars(select(PromptVersion.prompt).order_by(PromptVersion.id)))
    db.session.commit()
    return found


def test_the_list_has_both_spellings_in_the_order_of_stages(client: FlaskClient, who: People, sales: str) -> None:
    rows = client.get(f"{sales}/assistants", headers=who.viewer.headers).json
    assert [row["assistant_code_name"] for row in rows] == ["qualification", "presentation", "closing"]
    assert [row["stage_number"] for row in rows] == [1, 2, 3]
    for row in rows:
        assert set(row) == set(AssistantOut.model_fields)
        assert (row["code_name"], row["text"], row["followups_count"]) == (row["assistant_code_name"], row["prompt"], 0)
        assert row["parameters"] == {"temperature": 0.7, "top_p": 1.0}
        assert isinstance(row["id"], int)
        for name in (row["code_name"], row["id"]):
            path = f"{sales}/assistant/{name}"
            assert client.get(path, headers=who.viewer.headers).json == row
            assert client.get(plural(path), headers=who.viewer.headers).json == row


@pytest.mark.parametrize("limit", [1, 2, 3, 1000])
def test_a_walk_by_cursor_reaches_the_end(client: FlaskClient, who: People, sales: str, limit: int) -> None:
    address, seen = f"{sales}/assistants?limit={limit}&cursor=", []
    while address:
        answer = client.get(address, headers=who.viewer.headers)
        seen += [row["id"] for row in answer.json]
        links = answer.headers.get("Link", "")
        address = links.split(">")[0][1:] if 'rel="next"' in links else ""
    assert seen == sorted(row["id"] for row in client.get(f"{sales}/assistants", headers=who.viewer.headers).json)


def test_a_prompt_is_kept_byte_for_byte(client: FlaskClient, who: People, sales: str) -> None:
    before = len(prompts())
    path = f"{sales}/assistant/qualification"
    for target, body in ((path, {"prompt": ODD}), (plural(path), {"text": ODD}), (path, {"prompt": ODD, "text": "x"})):
        answer = client.put(target, json=body, headers=who.admin.headers)
        assert answer.status_code == 200
    assert (answer.json["prompt"], answer.json["text"]) == ("x", "x")
    assert prompts()[before:] == [ODD, "x"]
    assert client.get(sales, headers=who.viewer.headers).json["stages"][0]["prompt"] == "x"


def test_the_body_may_name_the_assistant(client: FlaskClient, who: People, sales: str) -> None:
    for path in (f"{sales}/assistant", plural(sales) + "/assistants"):
        answer = client.put(path, json={"code_name": "closing", "text": f"Закрой {path}"}, headers=who.admin.headers)
        assert (answer.status_code, answer.json["code_name"], answer.json["text"]) == (200, "closing", f"Закрой {path}")
    for wrong, status in (
        ({"text": "x"}, 400),
        ({"code_name": "closing"}, 400),
        ({"code_name": "zz", "text": "x"}, 404),
    ):
        assert client.put(f"{sales}/assistant", json=wrong, headers=who.admin.headers).status_code == status


def test_everything_of_an_assistant_can_be_changed(client: FlaskClient, who: People, sales: str) -> None:
    body = {"prompt": "Привет", "name": "Первый", "code_name": "Приём-1", "description": "о нём", "id": 1, "stage_number": 9,
            "parameters": {"temperature": "0.31", "top_p": 0.5}}  # fmt: skip
    answer = client.put(f"{sales}/assistant/qualification", json=body, headers=who.admin.headers)
    assert answer.status_code == 200
    row = answer.json
    assert (row["name"], row["code_name"], row["description"], row["stage_number"]) == ("Первый", "Приём-1", "о нём", 1)
    assert row["parameters"] == {"temperature": 0.31, "top_p": 0.5}
    stage = client.get(sales, headers=who.viewer.headers).json["stages"][0]
    assert (stage["assistant_code_name"], stage["name"]) == ("Приём-1", "Квалификация")
    assert client.get(f"{sales}/assistant/qualification", headers=who.viewer.headers).status_code == 404
    taken = client.put(
        f"{sales}/assistant/Приём-1", json={"prompt": "a", "code_name": "closing"}, headers=who.admin.headers
    )
    assert (taken.status_code, taken.json["errors"][0]["pointer"]) == (409, "/code_name")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [({}, ""), ({"name": "x"}, ""), ({"prompt": None}, ""), ({"prompt": 5}, "/prompt"), ({"prompt": ["x"]}, "/prompt"),
     ({"prompt": "я" * 50_001}, "/prompt"), ({"prompt": "a", "name": "я" * 121}, "/name"),
     ({"prompt": "a", "code_name": "a b"}, "/code_name"), ({"prompt": "a", "code_name": "77"}, "/code_name"),
     ({"prompt": "a", "code_name": "x" * 65}, "/code_name"), ({"prompt": "a", "parameters": {"temperature": -1}}, "/parameters/temperature"),
     ({"prompt": "a", "parameters": 5}, "/parameters")],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_name(client, who, sales, body: Any, pointer: str) -> None:
    answer = client.put(f"{sales}/assistant/closing", json=body, headers=who.admin.headers)
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (400, pointer)


def test_a_prompt_is_not_emptied(client: FlaskClient, who: People, sales: str) -> None:
    path = f"{sales}/assistant/closing"
    assert client.put(path, json={"prompt": ""}, headers=who.admin.headers).status_code == 200, "it is empty already"
    assert client.put(path, json={"prompt": "a"}, headers=who.admin.headers).status_code == 200
    answer = client.put(path, json={"prompt": " "}, headers=who.admin.headers)
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (400, "/prompt")


def test_a_stale_version_is_not_overwritten(client: FlaskClient, who: People, sales: str) -> None:
    path = f"{sales}/assistant/closing"
    tag = client.get(path, headers=who.admin.headers).headers["ETag"]
    said = [
        client.put(
            target, json={"prompt": words, "code_name": "closing"}, headers={**who.admin.headers, "If-Match": tag}
        )
        for words, target in (("1", path), ("2", path), ("3", f"{sales}/assistant"))
    ]
    assert [answer.status_code for answer in said] == [200, 412, 412]
    assert client.put(path, json={"prompt": "4"}, headers={**who.viewer.headers, "If-Match": tag}).status_code == 403


def test_an_assistant_without_a_stage_comes_and_goes(client: FlaskClient, who: People, sales: str) -> None:
    body = {"code_name": "reminder", "text": "Напомни"}
    headers = {**who.admin.headers, "Idempotency-Key": "k"}
    made, again = (client.post(f"{sales}/assistant", json=body, headers=headers) for _ in "12")
    assert (made.status_code, again.data, again.headers["Idempotent-Replayed"]) == (201, made.data, "true")
    assert (made.json["stage_number"], made.json["prompt"], made.json["name"]) == (None, "Напомни", "reminder")
    assert client.get(made.headers["Location"], headers=who.viewer.headers).json == made.json
    twin = client.post(plural(sales) + "/assistants", json=body, headers=who.admin.headers)
    assert twin.status_code == 409
    assert client.get(f"{sales}/assistants", headers=who.viewer.headers).json[-1] == made.json
    answer = client.delete(f"{sales}/assistant/reminder", headers=who.admin.headers)
    assert (answer.status_code, answer.json) == (200, {"id": made.json["id"], "deleted": True})
    assert client.delete(f"{sales}/assistant/reminder", headers=who.admin.headers).status_code == 404
    assert client.delete(f"{sales}/assistant/closing", headers=who.admin.headers).status_code == 409


@pytest.mark.parametrize("person", ["viewer", "manager"])
def test_only_admins_write(client: FlaskClient, who: People, sales: str, person: str) -> None:
    headers = getattr(who, person).headers
    for code in ("closing", "nobody"):
        assert client.put(f"{sales}/assistant/{code}", json={"prompt": "a"}, headers=headers).status_code == 403
        assert (
            client.put(f"{sales}/assistant", json={"code_name": code, "text": "a"}, headers=headers).status_code == 403
        )
        assert client.delete(f"{sales}/assistant/{code}", headers=headers).status_code == 403
    assert client.post(f"{sales}/assistant", json={"code_name": "a"}, headers=headers).status_code == 403


def test_an_assistant_of_another_funnel_is_not_here(client: FlaskClient, who: People, sales: str) -> None:
    other = client.post(f"{ROOT}/funnel", json={"display_name": "Опт"}, headers=who.admin.headers).json
    foreign = other["stages"][0]["assistant"]["id"]
    for path in (f"{sales}/assistant/{foreign}", f"{sales}/assistant/0", f"{ROOT}/funnel/999999/assistant/closing"):
        assert client.get(path, headers=who.admin.headers).status_code == 404
        assert client.put(path, json={"prompt": "a"}, headers=who.admin.headers).status_code == 404
        assert client.delete(path, headers=who.admin.headers).status_code == 404
