"""Funnels and their assistants: seed §5.1–5.3, 6.1, 7.1, 7.2, and the front-end's older spelling of assistants."""

from __future__ import annotations

from typing import Any

import pytest

from .site import FUNNEL, SETTINGS, Call, Site, looks

NEW = {**SETTINGS, "display_name": "Розница", "stages": []}
SEED = [
    Call("GET", "/api/organization/{org}/funnels", array=True),
    Call("GET", "/api/organization/{org}/funnel/{f}"),
    Call("DELETE", "/api/organization/{org}/funnel/{f2}"),
    Call("GET", "/api/organization/{org}/funnel/{f}/assistants", array=True),
    Call("PUT", "/api/organization/{org}/funnel/{f}/assistant/{assistantCode}", {"prompt": "Ты вежливый продавец"}),
]
FRONT_END = [
    Call("POST", "/api/organization/{org}/funnel", NEW, status=201),
    Call("PUT", "/api/organization/{org}/funnel/{f}", {**SETTINGS, "display_name": "Продажи"}),
    Call("POST", "/api/organization/{org}/funnel/{f}/assistant", {"code_name": "extra", "text": "Ты ещё один"},
         status=201),
    Call("PUT", "/api/organization/{org}/funnel/{f}/assistant", {"code_name": "qualification", "text": "Ты иной"}),
    Call("GET", "/api/organization/{org}/funnel/{f}/assistant/{code}"),
    Call("DELETE", "/api/organization/{org}/funnel/{f}/assistant/{code}"),
]  # fmt: skip

STAGE = {"name": str, "assistant_code_name": str, "prompt": str, "followups": list, "deals_count": int,
         "deals_amount": (int, float), "assistant": dict}  # fmt: skip
OF_SETTINGS = {name: type(value) for name, value in SETTINGS.items()}
FULL = {
    "id": str, "name": str, "display_name": str, "description": str, "is_active": bool, "created_at": str,
    "updated_at": str, "conversion": (int, float), "stages": list, "role_instruction": str, "parameters": dict,
    **OF_SETTINGS,
}  # fmt: skip
ASSISTANT = {
    "id": int, "assistant_code_name": str, "code_name": str, "name": str, "prompt": str, "text": str,
    "description": str, "followups_count": int, "stage_number": (int, type(None)), "parameters": dict,
}  # fmt: skip


def test_each_of_the_list_is_the_full_funnel(site: Site) -> None:
    site["f2"]
    rows = site.get("/api/organization/{org}/funnels")
    assert [looks(row, FULL) for row in rows] == [[], []]
    assert [looks(stage, STAGE) for row in rows for stage in row["stages"]] == [[]] * 6
    for row in rows:
        assert site.get(f"/api/organization/{{org}}/funnel/{row['id']}") == row


def test_what_the_form_sends_is_what_is_kept(site: Site) -> None:
    answer = site.call("POST /api/organization/{org}/funnel", NEW)
    assert {name: answer.json[name] for name in SETTINGS} == SETTINGS
    assert [stage["assistant_code_name"] for stage in answer.json["stages"]] == [
        "qualification", "presentation", "closing",
    ]  # fmt: skip
    shown = site.client.get(answer.headers["Location"], headers=site.who.admin.headers)
    assert shown.json == answer.json


def test_saving_what_was_read_loses_nothing(site: Site) -> None:
    """The settings page reads an item of the list and puts it back."""
    site["uuid"]
    rich = {**SETTINGS, "display_name": "Продажи", "description": "О главном", "mergeToArray": 7, "breakSize": 300,
            "breakWait": 3, "contextMemorySize": 20, "autoPause": 15, "antiSpam": 10, "workSchedule": True,
            "workStart": 9, "workEnd": 21, "role_instruction": "Ты продавец", "handOverText": "Позову коллегу",
            "parameters": {"temperature": 0.3, "top_p": 0.9}}  # fmt: skip
    assert site.call(f"PUT {FUNNEL}", rich).status_code == 200
    (before,) = site.get("/api/organization/{org}/funnels")
    assert {name: before[name] for name in rich} == rich
    assert site.call(f"PUT {FUNNEL}", before).status_code == 200
    (after,) = site.get("/api/organization/{org}/funnels")
    assert {**after, "updated_at": ""} == {**before, "updated_at": ""}


def test_a_save_of_few_fields_leaves_the_others(site: Site) -> None:
    site.call(f"PUT {FUNNEL}", {**SETTINGS, "display_name": "Продажи", "autoPause": 15})
    before = site.get(FUNNEL)
    assert site.call(f"PUT {FUNNEL}", {"display_name": "Новое имя"}).status_code == 200
    after = site.get(FUNNEL)
    assert (after["display_name"], after["autoPause"]) == ("Новое имя", 15)
    assert after["stages"] == before["stages"]


def test_extras_and_protected_fields_change_nothing(site: Site) -> None:
    before = site.get(FUNNEL)
    extras = {"id": "999", "org_id": 2, "created_at": "2020-01-01", "conversion": 99, "unknown": {"a": [1]}}
    assert site.call(f"PUT {FUNNEL}", {**SETTINGS, "display_name": "Продажи", **extras}).status_code == 200
    after = site.get(FUNNEL)
    assert [after[name] for name in ("id", "created_at", "conversion")] == [
        before[name] for name in ("id", "created_at", "conversion")
    ]


@pytest.mark.parametrize(
    "wrong",
    [{"display_name": ""}, {"display_name": None}, {"workStart": 24}, {"mergeToArray": -1}, {"acceptFile": "да"},
     {"parameters": {"temperature": 3}}, {"stages": {}}],
)  # fmt: skip
def test_what_cannot_be_is_400(site: Site, wrong: dict[str, Any]) -> None:
    assert site.call("POST /api/organization/{org}/funnel", {**NEW, **wrong}).status_code == 400


def test_a_funnel_with_open_deals_is_not_deleted_unless_they_move(site: Site) -> None:
    site["uuid"]
    assert site.call(f"DELETE {FUNNEL}").status_code == 409
    assert site.call(f"DELETE {FUNNEL}?move_to={site['f2']}").json == {"id": str(site["f"]), "deleted": True}
    assert [row["uuid"] for row in site.get("/api/organization/{org}/funnel/{f2}/dialogs")] == [site["uuid"]]


# Assistants


def test_assistants_have_both_their_names(site: Site) -> None:
    rows = site.get(f"{FUNNEL}/assistants")
    assert [looks(row, ASSISTANT) for row in rows] == [[]] * len(rows)
    assert [row["code_name"] for row in rows][:3] == ["qualification", "presentation", "closing"]
    assert all(row["prompt"] == row["text"] and row["code_name"] == row["assistant_code_name"] for row in rows)
    assert [row["stage_number"] for row in rows][:3] == [1, 2, 3]


@pytest.mark.parametrize("field", ["prompt", "text"])
def test_a_prompt_is_saved_by_code_or_number_with_whatever_extras(site: Site, field: str) -> None:
    known = site.get(f"{FUNNEL}/assistant/qualification")
    for number, name in enumerate(("qualification", str(known["id"]))):
        wish = {field: f"Промпт {number}", "funnel_id": 99, "stages": [], "unknown": None, "id": 5}
        answer = site.call(f"PUT {FUNNEL}/assistant/{name}", wish)
        assert (answer.status_code, answer.json["prompt"]) == (200, f"Промпт {number}")
        assert site.get(f"{FUNNEL}/assistant/{name}")["text"] == f"Промпт {number}"
    assert site.get(FUNNEL)["stages"][0]["prompt"] == "Промпт 1"


def test_the_older_spelling_is_the_same_resource(site: Site) -> None:
    answer = site.call(f"PUT {FUNNEL}/assistant", {"code_name": "qualification", "text": "Ты иной"})
    assert answer.status_code == 200
    assert site.get(f"{FUNNEL}/assistant/qualification")["prompt"] == "Ты иной"
    assert site.call(f"PUT {FUNNEL}/assistant", {"code_name": "nobody", "text": "x"}).status_code == 404


def test_a_prompt_is_needed(site: Site) -> None:
    for wish in ({}, {"prompt": None}, {"prompt": 5}):
        assert site.call(f"PUT {FUNNEL}/assistant/qualification", wish).status_code == 400
