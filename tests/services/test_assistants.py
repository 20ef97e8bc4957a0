"""Assistants: versions of their prompts, their names and who still needs them."""

from __future__ import annotations

import threading
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from aiguro_web.errors import Conflict, Forbidden, Invalid, NotFound
from aiguro_web.extensions import db, enter_organization
from aiguro_web.models import Assistant, FollowupRule, JournalEntry, PromptVersion, Stage
from aiguro_web.services import assistants, funnels
from aiguro_web.services.assistants import Wish
from tests import people
from tests.people import HOME, People

ODD = "  Узнай\r\nзадачу\t«клиента» 👩‍👩‍👧 \u00a0\u2028é e\u0301\n\n "  # spaces, line ends, joined and composed signs


@pytest.fixture
def sales(app: Flask, who: People) -> int:
    enter_organization(HOME)
    return funnels.list_funnels(who.admin.actor)[0]["id"]


def versions(assistant_id: int) -> list[tuple[int, str, str]]:
    query = select(PromptVersion.number, PromptVersion.prompt, PromptVersion.author_name)
    rows = db.session.execute(query.where(PromptVersion.assistant_id == assistant_id).order_by(PromptVersion.number))
    return [tuple(row) for row in rows]


def test_every_change_of_the_prompt_is_a_version_byte_for_byte(sales: int, who: People) -> None:
    for prompt in ("Первый", ODD, ODD, "Первый"):
        row = assistants.change(who.admin.actor, sales, "qualification", {"prompt": prompt})
        assert row["prompt"] == prompt
    assert versions(row["id"]) == [
        (1, "", ""), (2, "Первый", "Анна Админ"), (3, ODD, "Анна Админ"), (4, "Первый", "Анна Админ"),
    ]  # fmt: skip
    db.session.flush()
    notes = db.session.scalars(
        select(JournalEntry).where(JournalEntry.subject == "assistant").order_by(JournalEntry.id)
    )
    assert [note.data for note in notes] == [{"changed": ["prompt"], "version": number} for number in (2, 3, 4)]


@pytest.mark.parametrize(
    ("wish", "prompt"),
    [({"text": "новый"}, "новый"), ({"prompt": "был", "text": "новый"}, "новый"),
     ({"prompt": "новый", "text": "был"}, "новый"), ({"prompt": "новый", "text": "другой"}, "новый"),
     ({"name": "Имя"}, "был"), ({}, "был")],
)  # fmt: skip
def test_text_is_another_name_of_the_prompt(sales: int, who: People, wish: Wish, prompt: str) -> None:
    assistants.change(who.admin.actor, sales, "closing", {"prompt": "был"})
    assert assistants.change(who.admin.actor, sales, "closing", wish)["prompt"] == prompt


def test_a_prompt_is_not_emptied(sales: int, who: People) -> None:
    assistants.change(who.admin.actor, sales, "closing", {"prompt": "", "name": "Пока пусто"})
    assistants.change(who.admin.actor, sales, "closing", {"prompt": "был"})
    for empty in ("", " \n"):
        with pytest.raises(Invalid):
            assistants.change(who.admin.actor, sales, "closing", {"prompt": empty})


def test_an_assistant_is_named_by_code_or_id(sales: int, who: People) -> None:
    first, second = assistants.list_assistants(who.viewer.actor, sales)[:2]
    assert assistants.get_assistant(who.viewer.actor, sales, str(first["id"])) == first
    db.session.execute(text("UPDATE assistant SET code = :code WHERE id = :id"), {"code": "777", "id": first["id"]})
    assert assistants.get_assistant(who.viewer.actor, sales, "777")["id"] == first["id"], "an old code of digits"
    db.session.execute(
        text("UPDATE assistant SET code = :code WHERE id = :id"), {"code": str(second["id"]), "id": first["id"]}
    )
    assert assistants.get_assistant(who.viewer.actor, sales, str(second["id"]))["id"] == second["id"], "the id wins"
    for nobody in ("nobody", "0", "9" * 30, "", "-1"):
        with pytest.raises(NotFound):
            assistants.get_assistant(who.viewer.actor, sales, nobody)


def test_a_code_is_the_stages_too_and_stays_unique(sales: int, who: People) -> None:
    row = assistants.change(who.admin.actor, sales, "closing", {"code": "final", "prompt": "x"})
    assert (row["code"], row["stage_number"]) == ("final", 3)
    assert db.session.scalar(select(Stage.code).where(Stage.funnel_id == sales, Stage.position == 3)) == "final"
    with pytest.raises(Conflict):
        assistants.change(who.admin.actor, sales, "final", {"code": "qualification"})
    with pytest.raises(Conflict):
        assistants.create(who.admin.actor, sales, "final", {})


def test_parameters_follow_the_funnel_until_they_are_set(sales: int, who: People) -> None:
    def shown() -> tuple[float, float]:
        found = assistants.get_assistant(who.admin.actor, sales, "closing")["parameters"]
        return float(found["temperature"]), float(found["top_p"])

    assert shown() == (0.7, 1.0)
    assistants.change(who.admin.actor, sales, "closing", {"temperature": Decimal("0.70"), "top_p": Decimal("0.5")})
    funnels.change(who.admin.actor, sales, None, {"temperature": Decimal("1.20")})
    assert shown() == (1.2, 0.5), "what came back as it was shown is not pinned"
    assistants.change(who.admin.actor, sales, "closing", {"top_p": None})
    assert shown() == (1.2, 1.0)


def test_only_an_assistant_that_nobody_needs_can_be_deleted(sales: int, who: People) -> None:
    made = assistants.create(who.admin.actor, sales, "reminder", {"text": "Напомни"})
    assert (made["name"], made["stage_number"], versions(made["id"])) == (
        "reminder", None, [(1, "Напомни", "Анна Админ")],
    )  # fmt: skip
    with pytest.raises(Conflict, match="этап"):
        assistants.remove(who.admin.actor, sales, "closing")
    stage_id = db.session.scalar(select(Stage.id).where(Stage.funnel_id == sales).limit(1))
    rule = FollowupRule(org_id=HOME, stage_id=stage_id, step=1, delay_minutes=5, assistant_id=made["id"])
    db.session.add(rule)
    db.session.flush()
    with pytest.raises(Conflict, match="напоминания"):
        assistants.remove(who.admin.actor, sales, "reminder")
    db.session.delete(rule)
    db.session.flush()
    assert assistants.remove(who.admin.actor, sales, "reminder") == made["id"]
    with pytest.raises(NotFound):
        assistants.remove(who.admin.actor, sales, "reminder")


@pytest.mark.parametrize("person", ["viewer", "manager"])
def test_only_admins_write_assistants(sales: int, who: People, person: str) -> None:
    actor = getattr(who, person).actor
    for write in (
        lambda: assistants.create(actor, sales, "new", {}),
        lambda: assistants.change(actor, sales, "closing", {"prompt": "x"}),
        lambda: assistants.change(actor, sales, "nobody", {"prompt": "x"}),
        lambda: assistants.remove(actor, sales, "closing"),
    ):
        with pytest.raises(Forbidden):
            write()


def test_two_changes_at_once_are_two_versions(committed_app: Flask) -> None:
    who = people.load()
    ready = threading.Barrier(2)

    def change(prompt: str) -> None:
        with committed_app.app_context():
            enter_organization(HOME)
            funnel_id = funnels.list_funnels(who.admin.actor)[0]["id"]
            ready.wait()
            assistants.change(who.admin.actor, funnel_id, "qualification", {"prompt": prompt})
            db.session.commit()
            db.session.remove()

    threads = [threading.Thread(target=change, args=(prompt,)) for prompt in ("один", "два")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    enter_organization(HOME)
    assistant = db.session.scalars(select(Assistant).where(Assistant.code == "qualification")).one()
    kept = versions(assistant.id)
    assert [number for number, _, _ in kept] == [1, 2, 3]
    assert {prompt for _, prompt, _ in kept[1:]} == {"один", "два"}
    assert assistant.prompt == kept[-1][1]
    assert db.session.scalar(select(func.count()).where(JournalEntry.subject == "assistant")) == 2
