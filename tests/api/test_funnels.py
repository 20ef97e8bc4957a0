"""Funnels over JSON: the seed's §5.1, 6.1, 7.1, 7.2 and the front-end's calls (contract.md §3, §4)."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from pydantic import TypeAdapter
from sqlalchemy import text
from werkzeug.test import TestResponse

from aiguro_web.extensions import db, enter_organization
from aiguro_web.schemas.funnels import FunnelOut
from aiguro_web.services import funnels
from tests.people import HOME, OTHER, People, Person
from tests.services.test_funnels import fill

ROOT = f"/api/organization/{HOME}"
# As the front-end's store sends a save: everything, with what it does not know of, numbers as texts and nulls.
SAVE = {
    "id": "999", "name": "чужое имя", "created_at": "2020-01-01", "org_id": 2, "conversion": 99, "display_name": "Опт",
    "is_active": True, "description": "Описание", "mergeToArray": "7", "breakSize": 400, "breakWait": "3",
    "contextMemorySize": None, "useCompanyKnowledgeBase": False, "useFunnelKnowledgeBase": "true", "autoPause": "",
    "autoPauseFull": True, "autoAnswer": "Мы спим", "antiSpam": 0, "acceptFile": None, "acceptAudio": False,
    "workSchedule": True, "workStart": "08", "workEnd": 22, "role_instruction": "Ты продавец", "handOverText": "Ждите",
    "parameters": {"temperature": "0,35", "top_p": 0.9}, "extra": {"a": [1]},
    "stages": [{"name": "Не трогать", "assistant_code_name": "x"}],
}  # fmt: skip
SAVED = {
    "display_name": "Опт", "is_active": True, "description": "Описание", "mergeToArray": 7, "breakSize": 400,
    "breakWait": 3, "contextMemorySize": 50, "useCompanyKnowledgeBase": False, "useFunnelKnowledgeBase": True,
    "autoPause": 0, "autoPauseFull": True, "autoAnswer": "Мы спим", "antiSpam": 0, "acceptFile": True,
    "acceptAudio": False, "workSchedule": True, "workStart": 8, "workEnd": 22, "role_instruction": "Ты продавец",
    "handOverText": "Ждите", "parameters": {"temperature": 0.35, "top_p": 0.9},
}  # fmt: skip


def post(client: FlaskClient, person: Person, body: Any, path: str = "/funnel", **headers: str) -> TestResponse:
    return client.post(ROOT + path, json=body, headers={**person.headers, **headers})


@pytest.fixture
def sales(client: FlaskClient, who: People) -> str:
    """The address of the organisation's first funnel."""
    enter_organization(HOME)
    found = funnels.list_funnels(who.admin.actor)[0]["id"]
    db.session.commit()
    return f"{ROOT}/funnel/{found}"


def keys(model: Any) -> set[str]:
    return {field.serialization_alias or name for name, field in model.model_fields.items()}


def test_the_list_holds_full_funnels_in_the_declared_shape(client: FlaskClient, who: People, sales: str) -> None:
    answer = client.get(f"{ROOT}/funnels", headers=who.viewer.headers)
    (row,) = answer.json
    assert set(row) == keys(FunnelOut)
    assert row == client.get(sales, headers=who.viewer.headers).json
    assert row == client.get(sales.replace("/funnel/", "/funnels/"), headers=who.viewer.headers).json
    stage = row["stages"][0]
    assert (stage["name"], stage["assistant_code_name"], stage["deals_count"], stage["deals_amount"]) == (
        "Квалификация", "qualification", 0, 0,
    )  # fmt: skip
    assert stage["assistant"] == {
        "id": stage["assistant"]["id"], "code_name": "qualification", "name": "Квалификация", "prompt": "",
        "parameters": {"temperature": 0.7, "top_p": 1.0},
    }  # fmt: skip
    assert isinstance(row["id"], str)
    assert answer.headers["X-Total-Count"] == "1"
    shape = TypeAdapter(list[FunnelOut])
    assert shape.dump_python(shape.validate_json(answer.data), mode="json", by_alias=True) == answer.json


def test_a_save_of_the_front_end_keeps_what_it_does_not_name(client: FlaskClient, who: People, sales: str) -> None:
    before = client.get(sales, headers=who.admin.headers).json
    answer = client.put(sales, json=SAVE, headers=who.admin.headers)
    assert answer.status_code == 200
    kept = ("id", "created_at", "stages", "conversion")
    for_stages = [
        {**stage, "assistant": {**stage["assistant"], "parameters": SAVED["parameters"]}} for stage in before["stages"]
    ]
    assert answer.json == {
        **{name: before[name] for name in kept}, "name": "Опт", "updated_at": answer.json["updated_at"], **SAVED,
        "stages": for_stages,
    }  # fmt: skip
    again = client.put(sales, json={}, headers=who.admin.headers)
    assert again.json == answer.json
    assert client.put(sales, json=answer.json, headers=who.admin.headers).json == answer.json, "a round trip"


def test_a_new_funnel_is_answered_whole_and_found_at_its_location(client: FlaskClient, who: People, sales: str) -> None:
    answer = post(client, who.admin, {"display_name": "  Опт ", "stages": [], "mergeToArray": 9})
    assert (answer.status_code, answer.json["display_name"], answer.json["mergeToArray"]) == (201, "Опт", 9)
    assert [stage["assistant_code_name"] for stage in answer.json["stages"]] == [
        "qualification", "presentation", "closing",
    ]  # fmt: skip
    assert client.get(answer.headers["Location"], headers=who.viewer.headers).json == answer.json
    twin = post(client, who.admin, {"display_name": "Опт"}, "/funnels")
    assert (twin.status_code, twin.json["name"], twin.json["display_name"]) == (201, "Опт 2", "Опт")


def test_a_new_funnel_with_stages(client: FlaskClient, who: People, sales: str) -> None:
    body = {
        "display_name": "Ремонт",
        "stages": [
            {"name": "Замер", "assistant_code_name": "measure", "prompt": " Замерь\r\n", "followups": None},
            {"name": "Сделка", "assistant_code_name": "", "followups": [
                {"delay_minutes": "60", "assistant_code_name": "measure"},
                {"delay_minutes": 90, "assistant_code_name": None, "text": "Ау"}]},
        ],
    }  # fmt: skip
    answer = post(client, who.admin, body)
    assert answer.status_code == 201
    first, second = answer.json["stages"]
    assert (first["prompt"], first["assistant"]["prompt"], first["followups"]) == (" Замерь\r\n", " Замерь\r\n", [])
    assert second["assistant_code_name"] == "sdelka"
    assert second["followups"] == [
        {"delay_minutes": 60, "assistant_code_name": "measure", "text": None, "prompt": None},
        {"delay_minutes": 90, "assistant_code_name": "sdelka", "text": "Ау", "prompt": None},
    ]


def test_a_repeated_post_makes_one_funnel(client: FlaskClient, who: People, sales: str) -> None:
    first, second = (post(client, who.admin, {"display_name": "Опт"}, **{"Idempotency-Key": "k"}) for _ in "12")
    assert (second.status_code, second.data, second.headers["Idempotent-Replayed"]) == (201, first.data, "true")
    assert len(client.get(f"{ROOT}/funnels", headers=who.admin.headers).json) == 2


@pytest.mark.parametrize(
    ("body", "pointer"),
    [({}, "/display_name"), ({"display_name": " "}, "/display_name"), ({"display_name": None}, "/display_name"),
     ({"display_name": "я" * 121}, "/display_name"), ({"display_name": 5}, "/display_name"),
     ({"display_name": "a", "workStart": 24}, "/workStart"), ({"display_name": "a", "workEnd": -1}, "/workEnd"),
     ({"display_name": "a", "mergeToArray": -1}, "/mergeToArray"), ({"display_name": "a", "mergeToArray": True}, "/mergeToArray"),
     ({"display_name": "a", "mergeToArray": "1_0"}, "/mergeToArray"), ({"display_name": "a", "mergeToArray": "٥"}, "/mergeToArray"),
     ({"display_name": "a", "breakSize": 1.5}, "/breakSize"), ({"display_name": "a", "breakSize": 10**9}, "/breakSize"),
     ({"display_name": "a", "antiSpam": []}, "/antiSpam"), ({"display_name": "a", "autoPauseFull": "может быть"}, "/autoPauseFull"),
     ({"display_name": "a", "parameters": {"temperature": 2.1}}, "/parameters/temperature"),
     ({"display_name": "a", "parameters": {"top_p": "nan"}}, "/parameters/top_p"),
     ({"display_name": "a", "parameters": []}, "/parameters"),
     ({"display_name": "a", "handOverText": "я" * 1001}, "/handOverText"),
     ({"display_name": "a", "stages": {}}, "/stages"), ({"display_name": "a", "stages": [{}]}, "/stages/0/name"),
     ({"display_name": "a", "stages": [{"name": "a"}] * 51}, "/stages"),
     ({"display_name": "a", "stages": [{"name": "a", "assistant_code_name": "a/b"}]}, "/stages/0/assistant_code_name"),
     ({"display_name": "a", "stages": [{"name": "a", "assistant_code_name": "12"}]}, "/stages/0/assistant_code_name"),
     ({"display_name": "a", "stages": [{"name": "a", "assistant_code_name": ".."}]}, "/stages/0/assistant_code_name"),
     ({"display_name": "a", "stages": [{"name": "a", "assistant_code_name": "b"}] * 2}, "/stages/1/assistant_code_name"),
     ({"display_name": "a", "stages": [{"name": "a", "followups": [{"delay_minutes": 0}]}]}, "/stages/0/followups/0/delay_minutes"),
     ({"display_name": "a", "stages": [{"name": "a", "followups": [{"delay_minutes": None}]}]}, "/stages/0/followups/0/delay_minutes"),
     ({"display_name": "a", "stages": [{"name": "a", "followups": [{"delay_minutes": 5, "assistant_code_name": "zz"}]}]},
      "/stages/0/followups/0/assistant_code_name")],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_name(client: FlaskClient, who: People, body: Any, pointer: str) -> None:
    answer = post(client, who.admin, body)
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (400, pointer)
    assert answer.json["error"]


def test_a_stale_version_is_not_overwritten(client: FlaskClient, who: People, sales: str) -> None:
    tag = client.get(sales, headers=who.admin.headers).headers["ETag"]
    first, second = (
        client.put(sales, json={"breakSize": size}, headers={**who.admin.headers, "If-Match": tag}) for size in (1, 2)
    )
    assert (first.status_code, second.status_code) == (200, 412)
    assert client.get(sales, headers=who.admin.headers).json["breakSize"] == 1
    wrong = client.put(sales, json={"breakSize": -1}, headers={**who.admin.headers, "If-Match": tag})
    assert wrong.status_code == 400
    for person in (who.viewer, who.manager):
        assert client.put(sales, json={}, headers={**person.headers, "If-Match": tag}).status_code == 403


def test_deals_move_where_they_are_told_to(client: FlaskClient, who: People, sales: str) -> None:
    target = post(client, who.admin, {"display_name": "Опт"}).json["id"]
    enter_organization(HOME)
    fill(int(sales.rpartition("/")[2]), 40)
    db.session.commit()
    held = client.delete(sales, headers=who.admin.headers)
    assert (held.status_code, held.json["code"]) == (409, "open_deals")
    total = client.get(f"{sales}/dialogs?limit=1", headers=who.admin.headers).headers["X-Total-Count"]
    for wrong, status in (("0", 400), ("x", 400), (sales.rpartition("/")[2], 400), ("999999", 404)):
        assert client.delete(f"{sales}?move_to={wrong}", headers=who.admin.headers).status_code == status
    answer = client.delete(f"{sales}?move_to={target}", headers=who.admin.headers)
    assert (answer.status_code, answer.json) == (200, {"id": sales.rpartition("/")[2], "deleted": True})
    assert client.delete(sales, headers=who.admin.headers).status_code == 404
    assert [row["id"] for row in client.get(f"{ROOT}/funnels", headers=who.admin.headers).json] == [target]
    moved = client.get(f"{ROOT}/funnel/{target}/dialogs", headers=who.admin.headers)
    assert moved.headers["X-Total-Count"] == total == str(len(moved.json))
    assert {row["stage"] for row in moved.json} == {"qualification"}
    last = client.delete(f"{ROOT}/funnel/{target}", headers=who.admin.headers)
    assert last.status_code == 409


def test_nothing_answers_below_a_deleted_funnel(client: FlaskClient, who: People, sales: str) -> None:
    post(client, who.admin, {"display_name": "Опт"})
    enter_organization(HOME)
    fill(int(sales.rpartition("/")[2]), 20)
    db.session.execute(text("UPDATE dialog SET status = 'closed'"))
    db.session.commit()
    assert client.delete(sales, headers=who.admin.headers).status_code == 200
    for below in ("", "/dialogs", "/assistants", "/assistant/closing", "/messenger_connections"):
        assert client.get(sales + below, headers=who.viewer.headers).status_code == 404, below
    assert client.put(sales, json={"display_name": "a"}, headers=who.admin.headers).status_code == 404
    everything = client.get(f"{ROOT}/funnel/0/dialogs?status=closed", headers=who.viewer.headers)
    assert len(everything.json) > 0, "closed dialogs are still in the list of all"


@pytest.mark.parametrize("person", ["viewer", "manager"])
def test_only_admins_write(client: FlaskClient, who: People, sales: str, person: str) -> None:
    headers = getattr(who, person).headers
    absent = f"{ROOT}/funnel/999999"
    assert client.get(sales, headers=headers).status_code == 200
    assert client.post(f"{ROOT}/funnel", json={"display_name": "a"}, headers=headers).status_code == 403
    for path in (sales, absent):
        assert client.put(path, json={"display_name": "a"}, headers=headers).status_code == 403
        assert client.delete(path, headers=headers).status_code == 403


def test_a_strangers_funnel_is_as_one_that_does_not_exist(client: FlaskClient, who: People, sales: str) -> None:
    enter_organization(OTHER)
    foreign = funnels.list_funnels(who.stranger.actor)[0]["id"]
    db.session.commit()
    for method in ("GET", "PUT", "DELETE"):
        said = [
            client.open(f"{ROOT}/funnel/{id}", method=method, json={"display_name": "a"}, headers=who.admin.headers)
            for id in (foreign, 999_999, "0", "01", "x", "9" * 30)
        ]
        assert {answer.status_code for answer in said} == {404}
        assert len({answer.json["error"] for answer in said[:2]}) == 1
    assert client.get(sales, headers=who.stranger.headers).status_code == 403
