"""What people do to dialogs: moves, managers, the assistant's switch, terms, endings, deletion and undo."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, text, update

from aiguro_web.errors import AppError, Conflict, Forbidden, Invalid, NotFound
from aiguro_web.extensions import db, enter_organization
from aiguro_web.models import Client, Dialog, JournalEntry, Message, Outbox, StageEntry
from aiguro_web.models.dialog import DialogStatus, Outcome
from aiguro_web.queue import transaction
from aiguro_web.services import (
    access,
    connections,
    dialog_moves,
    dialog_removal,
    dialogs,
    funnels,
    inbox,
    messages,
    trials,
)
from aiguro_web.services import inbound as arriving
from aiguro_web.services.dialog_moves import Terms, Wish
from tests.people import HOME, People
from tests.services.test_inbound import Face, News


@pytest.fixture
def bot(app: Flask, who: People) -> int:
    enter_organization(HOME)
    return connections.create(
        who.admin.actor, funnel_id=None, messenger_type="telegram", account_id="77", token="77:x"
    )["id"]


def hear(bot: int, number: int = 1) -> None:
    arriving.receive(access.client(HOME), bot, "telegram", News(str(number), str(number), person=Face()))


@pytest.fixture
def dialog(bot: int) -> Dialog:
    hear(bot)
    return db.session.scalars(select(Dialog)).one()


def system_words() -> list[str]:
    query = select(Message.text).where(Message.role == "system").order_by(Message.id)
    return list(db.session.scalars(query))[1:]  # the first one says that nobody is configured


def acts() -> list[str]:
    db.session.flush()
    query = select(JournalEntry.act).where(JournalEntry.subject == "dialog").order_by(JournalEntry.id)
    return list(db.session.scalars(query))


def change(who: People, dialog: Dialog, person: str = "manager", **wish: Any) -> None:
    dialog_moves.change(getattr(who, person).actor, dialog.uuid, dialog.funnel_id, Wish(**wish))


def test_a_move_leaves_an_entry_a_system_message_and_a_note(dialog: Dialog, who: People) -> None:
    dialog_moves.move_to_stage(who.manager.actor, dialog.uuid, "closing")
    entries = db.session.scalars(select(StageEntry).order_by(StageEntry.id)).all()
    assert [entry.left_at is None for entry in entries] == [False, True]
    assert entries[0].left_at == entries[1].entered_at >= entries[0].entered_at
    assert entries[1].actor_name == "Михаил Менеджер"
    assert system_words() == ["Этап: Квалификация → Закрытие"]
    assert acts() == ["move_to_stage"]
    last = db.session.scalars(select(Message).order_by(Message.id.desc()).limit(1)).one()
    assert (last.stage_number, dialog.last_message, dialog.last_role) == (3, "Здравствуйте", "user")


def test_what_is_so_already_leaves_no_trace(dialog: Dialog, who: People) -> None:
    db.session.refresh(dialog)
    before = dialog.updated_at
    change(
        who, dialog, stage="qualification", ai=False, manager="", status=DialogStatus.active, price=Decimal("0.00"),
        close_ratio=0, tags=[], description="",
    )  # fmt: skip
    assert (acts(), system_words(), dialog.updated_at) == ([], [], before)


def test_an_unknown_stage_undoes_nothing_half(dialog: Dialog, who: People) -> None:
    with pytest.raises(Invalid) as refusal:
        change(who, dialog, stage="nowhere", price=Decimal(5))
    assert refusal.value.fields.keys() == {"stage"}


@pytest.mark.parametrize("text_of", ["id", "email", "name"])
def test_a_member_is_assigned_and_the_assistant_goes_on(dialog: Dialog, who: People, text_of: str) -> None:
    dialog.ai = True
    db.session.flush()
    person = who.viewer.actor
    dialog_moves.assign(
        who.manager.actor,
        dialog.uuid,
        {"id": str(person.user_id), "email": "VIEWER@test.example", "name": "вера зритель"}[text_of],
    )
    assert (dialog.manager_id, dialog.manager_text, dialog.ai) == (person.user_id, "", True)
    assert acts() == ["assign"]


def test_a_name_that_nobody_has_stays_a_text_and_is_cleared(dialog: Dialog, who: People) -> None:
    dialog_moves.assign(who.manager.actor, dialog.uuid, "Внешний агент")
    assert (dialog.manager_id, dialog.manager_text) == (None, "Внешний агент")
    dialog_moves.assign(who.manager.actor, dialog.uuid, "«Не назначено»")
    assert (dialog.manager_id, dialog.manager_text) == (None, "")


def test_anothers_dialog_is_given_away_by_them_or_an_admin_only(dialog: Dialog, who: People) -> None:
    dialogs.take(who.admin.actor, dialog.uuid)
    with pytest.raises(Forbidden):
        dialog_moves.assign(who.manager.actor, dialog.uuid, "")
    dialog_moves.assign(who.manager.actor, dialog.uuid, "admin@test.example")  # as it is
    dialog_moves.assign(who.admin.actor, dialog.uuid, "manager@test.example")
    dialog_moves.assign(who.manager.actor, dialog.uuid, "")
    assert dialog.manager_id is None


def test_the_assistants_switch_raises_the_epoch_both_ways(dialog: Dialog, who: People) -> None:
    dialog_moves.switch_assistant(who.manager.actor, dialog.uuid, True)
    assert (dialog.ai, dialog.epoch, dialog.hand_over_reason, dialog.manager_id) == (True, 1, None, None)
    dialog.unanswered_since = None
    dialog_moves.switch_assistant(who.manager.actor, dialog.uuid, False)
    assert (dialog.ai, dialog.epoch, dialog.manager_id) == (False, 2, who.manager.actor.user_id)
    assert dialog.unanswered_since is not None, "the client's word waits for a person now"
    assert system_words() == ["Михаил Менеджер: ассистент включён", "Михаил Менеджер: ассистент выключен"]


def test_a_clients_word_waits_for_a_person_while_no_assistant_answers(dialog: Dialog, bot: int, who: People) -> None:
    messages.write(who.manager.actor, dialog.uuid, text="Добрый день")
    dialog_moves.switch_assistant(who.manager.actor, dialog.uuid, True)
    hear(bot, 2)
    assert inbox.count_queues(who.manager.actor)["unanswered"] == 1


def test_no_dialog_begins_in_an_archived_funnel(dialog: Dialog, who: People) -> None:
    funnel_id = funnels.create(who.admin.actor, "пустая").id
    funnels.remove(who.admin.actor, funnel_id)
    for begin in (dialogs.create, trials.begin):
        with pytest.raises(NotFound):
            begin(who.manager.actor, funnel_id)


def test_a_takeover_and_a_manager_in_one_change(dialog: Dialog, who: People) -> None:
    dialog.ai = True
    db.session.flush()
    change(who, dialog, ai=False, manager="admin@test.example")
    assert (dialog.ai, dialog.manager_id) == (False, who.admin.actor.user_id)


def test_terms_are_set_without_saying_them_in_the_journal(dialog: Dialog, who: People) -> None:
    terms = Terms(Decimal("1500.50"), 40, ["опт"], "тайна клиента")
    dialog_moves.set_terms(who.manager.actor, dialog.uuid, terms)
    assert (dialog.price, dialog.close_ratio, dialog.tags, dialog.description) == (
        Decimal("1500.50"), 40, ["опт"], "тайна клиента",
    )  # fmt: skip
    db.session.flush()
    entry = db.session.scalars(select(JournalEntry).where(JournalEntry.act == "set_terms")).one()
    assert entry.data["price"] == "1500.50"
    assert "тайна" not in str(entry.data)


def test_a_deal_is_lost_with_its_reason_and_reopened_without(dialog: Dialog, who: People) -> None:
    change(who, dialog, status=DialogStatus.closed, outcome=Outcome.lost, lost_reason="дорого")
    assert (dialog.status, dialog.outcome, dialog.lost_reason) == ("closed", "lost", "дорого")
    change(who, dialog, outcome=Outcome.won)
    assert (dialog.outcome, dialog.lost_reason) == ("won", "")
    change(who, dialog, status=DialogStatus.closed)  # as it is
    assert dialog.outcome == "won"
    change(who, dialog, status=DialogStatus.active)
    assert (dialog.status, dialog.outcome, dialog.lost_reason) == ("active", None, "")
    assert acts() == ["close", "settle", "reopen"]


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"outcome": Outcome.won}, "outcome"),
        ({"lost_reason": "дорого"}, "lost_reason"),
        ({"status": DialogStatus.active, "outcome": Outcome.lost}, "outcome"),
        ({"status": DialogStatus.closed, "outcome": Outcome.won, "lost_reason": "дорого"}, "lost_reason"),
    ],
)
def test_an_outcome_belongs_to_a_closed_dialog_and_a_reason_to_a_lost_one(dialog, who, wish, field) -> None:
    with pytest.raises(Invalid) as refusal:
        change(who, dialog, **wish)
    assert refusal.value.fields.keys() == {field}


def test_a_dialog_is_not_reopened_beside_its_clients_newer_one(dialog: Dialog, bot: int, who: People) -> None:
    change(who, dialog, status=DialogStatus.closed)
    hear(bot, 2)
    with pytest.raises(Conflict):
        change(who, dialog, status=DialogStatus.active)


@pytest.mark.parametrize("wish", [{"stage": "closing"}, {"ai": True}, {"manager": "x"}, {"price": Decimal(1)}, {}])
def test_a_viewer_changes_nothing(dialog: Dialog, who: People, wish: dict[str, Any]) -> None:
    with pytest.raises(Forbidden):
        change(who, dialog, "viewer", **wish)


def test_a_deleted_dialog_is_nowhere_and_sends_nothing(dialog: Dialog, who: People) -> None:
    messages.write(who.manager.actor, dialog.uuid, text="ещё не ушло")
    dialog_removal.remove(who.manager.actor, dialog.uuid, dialog.funnel_id)
    assert db.session.scalars(select(Outbox.status)).all() == ["failed"]
    assert inbox.count_queues(who.manager.actor)["open"] == 0
    for act in (
        lambda: dialogs.find_head(who.manager.actor, dialog.uuid),
        lambda: messages.write(who.manager.actor, dialog.uuid, text="x"),
        lambda: dialog_removal.remove(who.manager.actor, dialog.uuid, dialog.funnel_id),
        lambda: inbox.find_uuid(who.manager.actor, dialog.thread_id),
    ):
        with pytest.raises(NotFound):
            act()


def test_a_deletion_is_undone_within_thirty_days(dialog: Dialog, who: People) -> None:
    uuid, funnel_id = dialog.uuid, dialog.funnel_id
    dialog_removal.remove(who.manager.actor, uuid, funnel_id)
    dialog_removal.restore(who.manager.actor, uuid, funnel_id)
    assert dialogs.find_head(who.manager.actor, uuid)
    with pytest.raises(Conflict):
        dialog_removal.restore(who.manager.actor, uuid, funnel_id)
    dialog_removal.remove(who.manager.actor, uuid, funnel_id)
    db.session.execute(update(Dialog).values(deleted_at=text("now() - interval '31 days'")))
    with pytest.raises(NotFound):
        dialog_removal.restore(who.manager.actor, uuid, funnel_id)
    assert dialog_removal.list_erasable() == [HOME]
    assert dialog_removal.erase(access.system(HOME)) is False
    assert (db.session.scalars(select(Dialog.id)).all(), db.session.scalars(select(Message.id)).all()) == ([], [])
    assert dialog_removal.list_erasable() == []


def test_a_dialog_whose_client_has_begun_another_comes_back_closed(dialog: Dialog, bot: int, who: People) -> None:
    dialog_removal.remove(who.manager.actor, dialog.uuid, dialog.funnel_id)
    hear(bot, 2)
    dialog_removal.restore(who.manager.actor, dialog.uuid, dialog.funnel_id)
    assert (dialog.status, dialog.deleted_at) == ("closed", None)


def test_erasing_a_trial_dialog_erases_its_made_up_client_only(dialog: Dialog, who: People) -> None:
    trial = trials.begin(who.manager.actor, dialog.funnel_id)
    made_up = trial.client_id
    dialog_removal.remove(who.manager.actor, trial.uuid, trial.funnel_id)
    dialog_removal.remove(who.manager.actor, dialog.uuid, dialog.funnel_id)
    db.session.execute(update(Dialog).values(deleted_at=text("now() - interval '31 days'")))
    dialog_removal.erase(access.system(HOME))
    left = list(db.session.scalars(select(Client.id)))
    assert left == [dialog.client_id]
    assert made_up not in left


def tally() -> list[Any]:
    kept = """SELECT stage_id, status, sum(dialogs), sum(amount) FROM dialog_tally GROUP BY 1, 2
              HAVING sum(dialogs) <> 0 OR sum(amount) <> 0 ORDER BY 1, 2"""
    counted = "SELECT stage_id, status, count(*), sum(price) FROM dialog WHERE listed GROUP BY 1, 2 ORDER BY 1, 2"
    found = [[tuple(row) for row in db.session.execute(text(query))] for query in (kept, counted)]
    assert found[0] == found[1]
    return found[1]


def test_the_tally_follows_every_act(bot: int, who: People) -> None:
    for number in range(1, 4):
        arriving.receive(access.client(HOME), bot, "telegram", News(str(number), str(number), chat_id=str(number)))
    one, two, three = db.session.scalars(select(Dialog).order_by(Dialog.id))
    trials.begin(who.manager.actor, one.funnel_id, words="проба")
    change(who, one, stage="closing", price=Decimal("10.50"))
    change(who, two, status=DialogStatus.closed, outcome=Outcome.won, price=Decimal(7))
    dialog_removal.remove(who.manager.actor, three.uuid, three.funnel_id)
    assert len(tally()) == 2
    dialog_removal.remove(who.manager.actor, one.uuid, one.funnel_id)
    dialog_removal.restore(who.manager.actor, three.uuid, three.funnel_id)
    assert len(tally()) == 2
    hand_made = dialogs.create(who.manager.actor, one.funnel_id, name="Вручную")
    assert sum(row[2] for row in tally()) == 3
    assert hand_made.thread_id == str(hand_made.uuid)


def test_two_moves_at_once_keep_the_way_in_order(committed_app: Flask) -> None:
    from tests.people import load

    who = load()
    with transaction(who.manager.actor):
        funnel_id = db.session.scalar(text("SELECT min(id) FROM funnel WHERE org_id = :org"), {"org": HOME})
        uuid = dialogs.create(who.manager.actor, int(funnel_id or 0)).uuid
    failed: list[BaseException] = []

    def move(codes: Iterator[str], uuid: UUID) -> None:
        for code in codes:
            try:
                with committed_app.app_context(), transaction(who.manager.actor):
                    dialog_moves.change(who.manager.actor, uuid, int(funnel_id or 0), Wish(stage=code))
            except AppError as error:
                failed.append(error)

    threads = [
        threading.Thread(target=move, args=(iter(["closing", "presentation", "qualification"] * 4), uuid))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failed == []
    with transaction(who.manager.actor):
        entries = db.session.scalars(select(StageEntry).order_by(StageEntry.entered_at, StageEntry.id)).all()
        assert [entry.left_at for entry in entries[:-1]] == [entry.entered_at for entry in entries[1:]]
        assert entries[-1].left_at is None
        assert [entry.id for entry in entries] == sorted(entry.id for entry in entries)
        dialog = db.session.scalars(select(Dialog)).one()
        assert dialog.stage_id == entries[-1].stage_id
        said = db.session.scalar(text("SELECT count(*) FROM message WHERE role = 'system'"))
        assert said == len(entries) - 1 == dialog.messages_count
        tally()


def test_whom_nobody_answered_waits_again_when_their_deal_is_reopened(dialog: Dialog, who: People) -> None:
    change(who, dialog, ai=False)
    waited = dialog.unanswered_since
    assert waited is not None
    change(who, dialog, status=DialogStatus.closed)
    assert dialog.unanswered_since is None
    change(who, dialog, status=DialogStatus.active)
    assert dialog.unanswered_since == dialog.last_activity
