"""What people change of a deal through both doors: its stage, its manager, its terms, how it ended."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from werkzeug.test import TestResponse

from aiguro_web.models.dialog import DESCRIPTION_MAX, LOST_REASON_MAX, TAG_MAX, TAGS_MAX
from tests.doors import sign_in
from tests.people import HOME, Person

from ..conftest import House
from . import MEANING, house_funnel, noted, stored, talk

DONE = {**MEANING, 204: "done"}


def by_json(house: House, person: Person, uuid: UUID, wish: dict[str, Any]) -> TestResponse:
    path = f"/api/organization/{HOME}/funnel/{house_funnel(house, uuid)}/dialog/{uuid}"
    return house.app.test_client().patch(path, json=wish, headers=person.headers)


def by_page(house: House, person: Person, uuid: UUID, act: str, form: dict[str, str]) -> TestResponse:
    path = f"/dashboard/deals/{uuid}/{act}"
    return sign_in(house.app, person).post(path, data=form, headers={"HX-Request": "true"})


def deal(house: House, uuid: UUID) -> list[Any]:
    query = """SELECT s.code, d.price, d.close_ratio, d.tags, d.description, d.outcome, d.lost_reason, d.manager_id,
               d.manager_text, d.status FROM dialog d JOIN stage s ON s.org_id = d.org_id AND s.id = d.stage_id
               WHERE d.uuid = :uuid"""
    with house.admin.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query), {"uuid": uuid})]


CASES: dict[str, tuple[str, dict[str, str], dict[str, Any]]] = {
    "no such stage": ("move", {"stage": "нет такого"}, {"stage": "нет такого"}),
    "its own stage": ("move", {"stage": "org1-stage-code"}, {"stage": "org1-stage-code"}),
    "price": ("terms", {"price": "12500.5"}, {"price": 12500.5}),
    "price as text": ("terms", {"price": "0012.50"}, {"price": "0012.50"}),
    "largest price": ("terms", {"price": "999999999999.99"}, {"price": "999999999999.99"}),
    "too large a price": ("terms", {"price": "1000000000000"}, {"price": "1000000000000"}),
    "price below nothing": ("terms", {"price": "-1"}, {"price": -1}),
    "price in thirds": ("terms", {"price": "0.333"}, {"price": "0.333"}),
    "no price": ("terms", {"price": "x"}, {"price": "x"}),
    "chance": ("terms", {"close_ratio": "100"}, {"close_ratio": 100}),
    "more than sure": ("terms", {"close_ratio": "101"}, {"close_ratio": 101}),
    "tags": ("terms", {"tags": " опт , срочно,опт"}, {"tags": ["опт", "срочно", "опт"]}),
    "no tags": ("terms", {"tags": ""}, {"tags": []}),
    "longest tag": ("terms", {"tags": "ё" * TAG_MAX}, {"tags": ["ё" * TAG_MAX]}),
    "too long a tag": ("terms", {"tags": "ё" * (TAG_MAX + 1)}, {"tags": ["ё" * (TAG_MAX + 1)]}),
    "too many tags": (
        "terms", {"tags": ",".join(map(str, range(TAGS_MAX + 1)))}, {"tags": [*map(str, range(TAGS_MAX + 1))]}
    ),
    "description": ("terms", {"description": " слова\nещё "}, {"description": " слова\nещё "}),
    "longest description": ("terms", {"description": "ё" * DESCRIPTION_MAX}, {"description": "ё" * DESCRIPTION_MAX}),
    "too long a description": (
        "terms", {"description": "ё" * (DESCRIPTION_MAX + 1)}, {"description": "ё" * (DESCRIPTION_MAX + 1)}
    ),
    "a colleague": ("assign", {"manager": "admin@test.example"}, {"manager": "admin@test.example"}),
    "somebody else": ("assign", {"manager": " Отдел  продаж "}, {"manager": " Отдел  продаж "}),
    "nobody": ("assign", {"manager": ""}, {"manager": ""}),
    "too long a name": ("assign", {"manager": "ё" * 201}, {"manager": "ё" * 201}),
    "won": ("closing", {"outcome": "won"}, {"status": "closed", "outcome": "won"}),
    "just closed": ("closing", {"outcome": "closed"}, {"status": "closed"}),
    "lost": (
        "closing", {"outcome": "lost", "lost_reason": " Дорого\nочень "},
        {"status": "closed", "outcome": "lost", "lost_reason": " Дорого\nочень "},
    ),
    "too long a reason": (
        "closing", {"outcome": "lost", "lost_reason": "ё" * (LOST_REASON_MAX + 1)},
        {"status": "closed", "outcome": "lost", "lost_reason": "ё" * (LOST_REASON_MAX + 1)},
    ),
    "no such ending": ("closing", {"outcome": "half"}, {"status": "closed", "outcome": "half"}),
    "open already": ("reopen", {}, {"status": "active"}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_change_is_the_same_through_both_doors(
    house: House, case: tuple[str, dict[str, str], dict[str, Any]]
) -> None:
    act, form, wish = case
    one, other, person = talk(house), talk(house), house.people.manager
    said = [by_json(house, person, one, wish), by_page(house, person, other, act, form)]
    assert DONE[said[0].status_code] == DONE[said[1].status_code], said[1].get_data(as_text=True)
    assert deal(house, one) == deal(house, other)
    assert stored(house, one) == stored(house, other)
    assert noted(house, one) == noted(house, other)


@pytest.mark.parametrize("act", ["move", "terms", "assign", "closing", "reopen"])
def test_a_viewer_changes_nothing_through_either_door(house: House, act: str) -> None:
    forms = {name: (form, wish) for name, form, wish in reversed(CASES.values())}
    uuid, (form, wish) = talk(house), forms[act]
    before = deal(house, uuid), noted(house, uuid)
    said = [by_json(house, house.people.viewer, uuid, wish), by_page(house, house.people.viewer, uuid, act, form)]
    assert [answer.status_code for answer in said] == [403, 403]
    assert (deal(house, uuid), noted(house, uuid)) == before


def test_a_difference_between_the_doors_is_found(house: House) -> None:
    one, other = talk(house), talk(house)
    by_json(house, house.people.manager, one, {"price": 1})
    by_page(house, house.people.manager, other, "terms", {"price": "2"})
    assert deal(house, one) != deal(house, other)
    assert noted(house, one) != noted(house, other)
