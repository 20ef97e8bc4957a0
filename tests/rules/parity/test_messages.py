"""Writing, closing and reopening through both doors."""

from __future__ import annotations

from uuid import UUID

import pytest
from werkzeug.test import TestResponse

from aiguro_web.extensions import db, enter_organization
from aiguro_web.models.message import TEXT_MAX
from aiguro_web.pages.forms.deals import JUST_CLOSED
from aiguro_web.services import dialogs
from tests.doors import sign_in
from tests.people import HOME, Person

from ..conftest import House
from . import MEANING, house_funnel, noted, stored, talk


def write_json(house: House, person: Person, uuid: UUID, words: str, key: str = "") -> TestResponse:
    funnel = house_funnel(house, uuid)
    path = f"/api/organization/{HOME}/funnel/{funnel}/dialog/{uuid}/message"
    headers = person.headers | ({"Idempotency-Key": key} if key else {})
    return house.app.test_client().post(path, json={"text": words}, headers=headers)


def write_page(house: House, person: Person, uuid: UUID, words: str, key: str = "") -> TestResponse:
    path = f"/dashboard/messengers/{uuid}/messages"
    form = {"text": words} | ({"key": key} if key else {})
    return sign_in(house.app, person).post(path, data=form, headers={"HX-Request": "true"})


TEXTS = {
    "plain": "Здравствуйте, <b>Анна</b> & «Ко»",
    "edges": " \n\t с краями \n ",
    "lines": "первая\r\nвторая\nтретья",
    "nothing": "",
    "white space": " \r\n\t ",
    "longest": "ё" * TEXT_MAX,
    "longest in code points": "👍" * TEXT_MAX,
    "longest with edges": " \n" + "x" * TEXT_MAX + "\n ",
    "longest with lines": "x\r\n" * (TEXT_MAX // 2) + "",
    "too long": "x" * (TEXT_MAX + 1),
    "NUL": "до\x00после",
    "direction override": "до\u202eпосле",
    "formula": "=1+1",
}


@pytest.mark.parametrize("words", TEXTS.values(), ids=TEXTS)
def test_a_message_is_the_same_through_both_doors(house: House, words: str) -> None:
    one, other = talk(house), talk(house)
    said = [write_json(house, house.people.manager, one, words), write_page(house, house.people.manager, other, words)]
    assert MEANING[said[0].status_code] == MEANING[said[1].status_code]
    assert stored(house, one) == stored(house, other)
    done = MEANING[said[0].status_code] == "done"
    assert any(row[0] == "manager" for row in stored(house, one)[0]) == done


@pytest.mark.parametrize(("who", "meaning"), [("admin", "done"), ("viewer", "forbidden")])
def test_the_same_people_may_write_through_both_doors(house: House, who: str, meaning: str) -> None:
    one, other, person = talk(house), talk(house), getattr(house.people, who)
    said = [write_json(house, person, one, "слова"), write_page(house, person, other, "слова")]
    assert [MEANING[answer.status_code] for answer in said] == [meaning, meaning]
    assert stored(house, one) == stored(house, other)


@pytest.mark.parametrize("state", ["closed", "unsubscribed", "taken by another"])
def test_a_dialogs_state_says_the_same_at_both_doors(house: House, state: str) -> None:
    one, other = talk(house), talk(house)
    for uuid in (one, other):
        with house.app.app_context():
            enter_organization(HOME)
            if state == "closed":
                dialogs.close(house.people.admin.actor, uuid)
            elif state == "taken by another":
                dialogs.take(house.people.admin.actor, uuid)
            else:
                dialogs.lock_dialog(house.people.admin.actor, uuid).unsubscribed = True
            db.session.commit()
    said = [
        write_json(house, house.people.manager, one, "слова"),
        write_page(house, house.people.manager, other, "слова"),
    ]
    assert MEANING[said[0].status_code] == MEANING[said[1].status_code] == ("done" if "taken" in state else "conflict")
    assert stored(house, one) == stored(house, other)


def test_a_repeated_key_is_one_message_through_both_doors(house: House) -> None:
    one, other = talk(house), talk(house)
    for _ in range(2):
        assert write_json(house, house.people.manager, one, "слова", "key-1").status_code == 201
        assert write_page(house, house.people.manager, other, "слова", "key-1").status_code == 200
    assert stored(house, one) == stored(house, other)
    assert [row[1] for row in stored(house, one)[0]].count("слова") == 1


def press_json(house: House, person: Person, uuid: UUID, act: str) -> TestResponse:
    path = f"/api/organization/{HOME}/funnel/{house_funnel(house, uuid)}/dialog/{uuid}"
    wish = {"status": "closed" if act == "close" else "active"}
    return house.app.test_client().patch(path, json=wish, headers=person.headers)


def press_page(house: House, person: Person, uuid: UUID, act: str) -> TestResponse:
    path = f"/dashboard/deals/{uuid}/closing" if act == "close" else f"/dashboard/messengers/{uuid}/{act}"
    return sign_in(house.app, person).post(path, data={"outcome": JUST_CLOSED}, headers={"HX-Request": "true"})


@pytest.mark.parametrize(("who", "meaning"), [("admin", "done"), ("manager", "done"), ("viewer", "forbidden")])
@pytest.mark.parametrize("acts", [["close"], ["close", "close"], ["close", "reopen"], ["reopen"]])
def test_closing_and_reopening_are_the_same_through_both_doors(
    house: House, who: str, meaning: str, acts: list[str]
) -> None:
    one, other, person = talk(house), talk(house), getattr(house.people, who)
    for act in acts:
        said = [press_json(house, person, one, act), press_page(house, person, other, act)]
        assert [MEANING[answer.status_code] for answer in said] == [meaning, meaning]
    assert stored(house, one) == stored(house, other)
    assert noted(house, one) == noted(house, other)


def test_a_difference_between_the_doors_is_found(house: House) -> None:
    one, other = talk(house), talk(house)
    write_json(house, house.people.manager, one, "слова")
    write_page(house, house.people.manager, other, "слова.")
    assert stored(house, one) != stored(house, other)
