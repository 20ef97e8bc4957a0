"""Canned answers: who may keep them, how they are found, what fills their variables."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select, update

from aiguro_web.errors import Conflict, Forbidden, Invalid, NotFound
from aiguro_web.extensions import db, enter_organization
from aiguro_web.models import CannedAnswer, Client, Dialog
from aiguro_web.models.canned_answer import CANNED_ANSWERS_MAX
from aiguro_web.services import canned_answers, dialogs, funnels
from aiguro_web.services.canned_answers import fill
from tests.people import HOME, OTHER, People


@pytest.fixture(autouse=True)
def home(app: Flask) -> None:
    enter_organization(HOME)


@pytest.fixture
def dialog(who: People) -> Dialog:
    funnel = funnels.list_funnels(who.manager.actor)[0]
    made = dialogs.create(who.manager.actor, funnel["id"], name="Ольга Смирнова")
    db.session.execute(update(Client).values(phone="+79161234567"))
    return made


def names(who: People, search: str = "") -> list[str]:
    return [row["name"] for row in canned_answers.list_answers(who.manager.actor, search)]


def test_an_answer_is_kept_changed_and_removed(who: People) -> None:
    row = canned_answers.create(who.manager.actor, "  Адрес ", "Мы на Ленина, 5\r\n")
    assert (row["name"], row["text"]) == ("Адрес", "Мы на Ленина, 5")
    canned_answers.change(who.admin.actor, row["id"], "Как проехать", "Метро «Южная»")
    assert names(who) == ["Как проехать"]
    canned_answers.remove(who.manager.actor, row["id"])
    with pytest.raises(NotFound):
        canned_answers.get_answer(who.manager.actor, row["id"])


def test_two_answers_never_have_one_name(who: People) -> None:
    first = canned_answers.create(who.manager.actor, "Адрес", "Тут")
    with pytest.raises(Invalid) as refusal:
        canned_answers.create(who.manager.actor, "адрес", "Там")
    assert refusal.value.fields == {"name": "ответ с таким названием уже есть"}
    canned_answers.change(who.manager.actor, first["id"], "АДРЕС", "Тут")  # its own name is free for it


@pytest.mark.parametrize(
    ("name", "text", "field"), [("", "слова", "name"), ("х" * 61, "слова", "name"), ("Имя", " ", "text")]
)
def test_what_is_wrong_is_said_of_its_field(who: People, name: str, text: str, field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        canned_answers.create(who.manager.actor, name, text)
    assert list(refusal.value.fields) == [field]


def test_a_search_finds_names_first_and_then_texts(who: People) -> None:
    for name, text in (
        ("Замер", "адрес скажите"),
        ("Новый адрес", "переехали"),
        ("Адрес", "Ленина"),
        ("Цена", "от 5%"),
    ):
        canned_answers.create(who.manager.actor, name, text)
    assert names(who, "адрес") == ["Адрес", "Новый адрес", "Замер"]
    assert names(who, "%") == ["Цена"]


def test_variables_are_filled_and_the_unknown_stay(who: People, dialog: Dialog) -> None:
    text = "{Имя}, это {менеджер}, {компания}. Ваш номер {phone}? Сумма {сумма}, жду до { время }"
    canned_answers.create(who.manager.actor, "Всё", text)
    filled = canned_answers.list_filled(who.manager.actor, dialog.uuid, "всё")[0]["text"]
    said = "Ольга, это Михаил Менеджер, Ромашка. Ваш номер +79161234567? Сумма {сумма}, жду до { время }"
    assert filled == said


def test_braces_that_name_nothing_are_left_alone() -> None:
    assert fill("{} {a b} { {имя}", {"имя": "Оля"}) == "{} {a b} { Оля"


def test_there_is_an_end_to_how_many(who: People) -> None:
    rows = [CannedAnswer(org_id=HOME, name=f"Ответ {n}", text="слова") for n in range(CANNED_ANSWERS_MAX)]
    db.session.add_all(rows)
    db.session.flush()
    with pytest.raises(Conflict, match="удалите лишние"):
        canned_answers.create(who.manager.actor, "Ещё один", "слова")


def test_a_viewer_has_none_and_a_stranger_sees_none(who: People, dialog: Dialog) -> None:
    canned_answers.create(who.manager.actor, "Наш", "слова")
    with pytest.raises(Forbidden):
        canned_answers.list_answers(who.viewer.actor)
    enter_organization(OTHER)
    assert canned_answers.list_answers(who.stranger.actor) == []
    with pytest.raises(NotFound):
        canned_answers.list_filled(who.stranger.actor, dialog.uuid)
    enter_organization(HOME)
    assert db.session.scalars(select(CannedAnswer.name)).all() == ["Наш"]
