"""Bulk acts: each row as by hand, refusals told, the undo of what nobody changed since, a killed worker's rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import func, inspect, null, select, text, update

from aiguro_web.errors import Conflict, Forbidden, Invalid, NotFound
from aiguro_web.extensions import db, enter_organization
from aiguro_web.models import BulkItem, Client, Dialog, Membership, Notification, Stage, StageEntry
from aiguro_web.models.bulk_act import BulkSubject
from aiguro_web.services import access, bulk_acts, clients, deal_lists, dialog_moves, dialogs, erasure
from aiguro_web.services.bulk_acts import Chosen
from aiguro_web.services.client_lists import ClientFilter
from aiguro_web.services.deal_filters import DealFilter
from aiguro_web.tasks import bulk
from tests.people import HOME, OTHER, People
from tests.services.test_deal_lists import deals

DEAL, CLIENT = BulkSubject.dialog, BulkSubject.client


@pytest.fixture
def worked(app: Flask) -> Callable[[int], bulk_acts.BulkRow]:
    """Lets the worker do an act to its end, and looks at it."""

    def run(act_id: int) -> bulk_acts.BulkRow:
        db.session.commit()
        bulk.work_bulk_act(HOME, act_id)
        enter_organization(HOME)
        return bulk_acts.get_act(access.system(HOME), act_id)

    return run


def stages() -> list[Stage]:
    return list(db.session.scalars(select(Stage).where(Stage.org_id == HOME).order_by(Stage.position)))


def again(dialog: Dialog) -> Dialog:
    db.session.expire_all()
    return db.session.scalars(select(Dialog).where(Dialog.org_id == HOME, Dialog.id == key(dialog))).one()


def key(dialog: Dialog) -> int:
    """The id, also of a row whose session is over."""
    return inspect(dialog).identity[1]


def test_deals_are_moved_as_by_hand_and_put_back_but_for_what_somebody_changed(app, who: People, worked) -> None:
    made = deals(who, 3)
    first, second, third = (stage.id for stage in stages())
    codes = [stage.code for stage in stages()]
    uuids = [dialog.uuid for dialog in made]
    dialog_moves.move_to_stage(who.manager.actor, uuids[2], codes[1])
    act = bulk_acts.start(
        who.manager.actor, DEAL, "move", {"stage": str(second)}, Chosen(deals=DealFilter())
    )  # fmt: skip
    done = worked(act["id"])
    assert (done["state"], done["total"], done["done"], done["skipped"]) == ("done", 3, 2, 1)
    assert bulk_acts.list_reasons(who.manager.actor, act["id"]) == [{"reason": "Уже так", "rows": 1}]
    assert [again(dialog).stage_id for dialog in made] == [second] * 3
    entered = select(StageEntry.actor_name).where(StageEntry.dialog_id == key(made[0]), StageEntry.stage_id == second)
    assert db.session.scalars(entered).one() == who.manager.actor.name

    dialog_moves.move_to_stage(who.admin.actor, uuids[1], codes[2])
    bulk_acts.undo(who.manager.actor, act["id"])
    undone = worked(act["id"])
    assert (undone["state"], undone["total"], undone["done"], undone["skipped"]) == ("undone", 2, 1, 1)
    assert [again(dialog).stage_id for dialog in made] == [first, third, second]
    assert bulk_acts.list_reasons(who.manager.actor, act["id"]) == [
        {"reason": "Изменено после этого действия", "rows": 1}
    ]
    with pytest.raises(Conflict):
        bulk_acts.undo(who.manager.actor, act["id"])


def test_an_act_on_some_rows_leaves_the_others(app, who: People, worked) -> None:
    made = deals(who, 3)
    act = bulk_acts.start(who.manager.actor, DEAL, "tag", {"tag": " опт "}, Chosen(ids=[made[0].id, made[1].id, 0]))
    assert worked(act["id"])["done"] == 2
    assert [again(dialog).tags for dialog in made] == [["опт"], ["опт"], []]
    bulk_acts.undo(who.manager.actor, act["id"])
    assert worked(act["id"])["done"] == 2
    assert [again(dialog).tags for dialog in made] == [[], [], []]


def test_what_a_single_act_refuses_is_skipped_with_its_reason(app, who: People, worked) -> None:
    made = deals(who, 2)
    dialog_moves.assign(who.admin.actor, made[0].uuid, str(who.admin.actor.user_id))
    me = str(who.manager.actor.user_id)
    act = bulk_acts.start(who.manager.actor, DEAL, "assign", {"manager": me}, Chosen(deals=DealFilter()))
    done = worked(act["id"])
    assert (done["done"], done["skipped"]) == (1, 1)
    reason = bulk_acts.list_reasons(who.manager.actor, act["id"])[0]["reason"]
    assert reason == "Для этого действия не хватает прав"
    assert again(made[0]).manager_id == who.admin.actor.user_id
    bulk_acts.undo(who.admin.actor, act["id"])
    assert worked(act["id"])["done"] == 1, "an admin undoes a manager's"
    assert again(made[1]).manager_id is None


def test_deals_are_closed_as_lost_and_opened_again(app, who: People, worked) -> None:
    made = deals(who, 2, price=lambda n: Decimal(10))
    with pytest.raises(Invalid):
        bulk_acts.start(who.manager.actor, DEAL, "close", {"outcome": "lost"}, Chosen(deals=DealFilter()))
    wish = {"outcome": "lost", "lost_reason": "дорого"}
    act = bulk_acts.start(who.manager.actor, DEAL, "close", wish, Chosen(deals=DealFilter()))
    worked(act["id"])
    assert [(again(d).status, again(d).lost_reason) for d in made] == [("closed", "дорого")] * 2
    bulk_acts.undo(who.manager.actor, act["id"])
    assert worked(act["id"])["done"] == 2
    assert [(again(d).status, again(d).outcome) for d in made] == [("active", None)] * 2


def test_clients_are_assigned_switched_off_and_deleted_and_all_of_it_undone(app, who: People, worked) -> None:
    made = deals(who, 2)
    ids = [dialog.client_id for dialog in made]
    clients.change(who.manager.actor, ids[0], {"manager": "Внешний агент"})
    me = who.manager.actor
    for act, wish in (("assign", {"manager": str(me.user_id)}), ("status", {"status": "inactive"}), ("delete", {})):
        begun = bulk_acts.start(me, CLIENT, act, wish, Chosen(clients=ClientFilter()))
        assert worked(begun["id"])["done"] == 2, act
        bulk_acts.undo(me, begun["id"])
        assert worked(begun["id"])["done"] == 2, act
    db.session.expire_all()
    rows = db.session.execute(
        select(Client.manager_id, Client.manager_text, Client.status, Client.deleted_at).order_by(Client.id)
    )
    assert [tuple(row) for row in rows] == [(None, "Внешний агент", "active", None), (None, "", "active", None)]
    assert db.session.scalar(select(func.count()).where(Dialog.listed)) == 2


def test_a_worker_that_dies_in_the_middle_leaves_the_rest_to_another(app, who: People, worked, monkeypatch) -> None:
    made = deals(who, 5)
    second = stages()[1].id
    act = bulk_acts.start(who.manager.actor, DEAL, "move", {"stage": str(second)}, Chosen(deals=DealFilter()))
    db.session.commit()
    monkeypatch.setitem(
        bulk_acts.bulk_rows.VERBS, (DEAL, "move"),
        bulk_acts.bulk_rows.Verb("write_dialog", ("stage_id",), None, bulk_acts.bulk_rows._move, None, together=2),
    )  # fmt: skip
    assert bulk_acts.work(access.system(HOME), act["id"])
    db.session.commit()
    assert bulk_acts.work(access.system(HOME), act["id"])
    db.session.rollback()  # killed before its commit
    assert bulk_acts.get_act(who.manager.actor, act["id"])["done"] == 2
    assert worked(act["id"])["done"] == 5
    worked(act["id"])
    for dialog in made:
        entries = select(func.count()).where(StageEntry.dialog_id == key(dialog), StageEntry.stage_id == second)
        assert db.session.scalar(entries) == 1, "moved once"


def test_who_leaves_the_company_stops_their_act_and_rights_are_asked_at_each_row(app, who: People, worked) -> None:
    made = deals(who, 1)
    act = bulk_acts.start(who.manager.actor, DEAL, "tag", {"tag": "а"}, Chosen(deals=DealFilter()))
    db.session.execute(
        update(Membership).where(Membership.user_id == who.manager.actor.user_id).values(removed_at=text("now()"))
    )
    assert worked(act["id"])["state"] == "failed"
    assert again(made[0]).tags == []


def test_its_author_is_told_when_it_is_done(app, who: People, worked) -> None:
    deals(who, 1)
    act = bulk_acts.start(who.manager.actor, DEAL, "tag", {"tag": "а"}, Chosen(deals=DealFilter()))
    worked(act["id"])
    told = db.session.execute(select(Notification.user_id, Notification.kind, Notification.subject_id)).all()
    assert [tuple(row) for row in told] == [(who.manager.actor.user_id, "bulk_done", act["id"])]


def test_who_may_not_cannot_and_strangers_find_nothing(app, who: People) -> None:
    made = deals(who, 1)
    for wish in ({}, {"stage": "0"}, {"stage": "x"}):
        with pytest.raises(Invalid):
            bulk_acts.start(who.manager.actor, DEAL, "move", wish, Chosen(deals=DealFilter()))
    with pytest.raises(Invalid):
        bulk_acts.start(who.manager.actor, DEAL, "burn", {}, Chosen(deals=DealFilter()))
    with pytest.raises(Invalid, match="Не выбрано"):
        bulk_acts.start(who.manager.actor, DEAL, "tag", {"tag": "а"}, Chosen(ids=[]))
    with pytest.raises(Forbidden):
        bulk_acts.start(who.viewer.actor, DEAL, "tag", {"tag": "а"}, Chosen(deals=DealFilter()))
    act = bulk_acts.start(who.manager.actor, DEAL, "tag", {"tag": "а"}, Chosen(ids=[made[0].id]))
    with pytest.raises(Forbidden):
        bulk_acts.undo(who.viewer.actor, act["id"])
    db.session.commit()
    enter_organization(OTHER)
    with pytest.raises(Invalid), db.session.begin_nested():
        bulk_acts.start(who.stranger.actor, DEAL, "tag", {"tag": "а"}, Chosen(ids=[key(made[0])]))
    for ask in (bulk_acts.get_act, bulk_acts.list_reasons, bulk_acts.undo):
        with pytest.raises(NotFound):
            ask(who.stranger.actor, act["id"])


def test_more_rows_than_an_act_takes_are_refused(app, who: People, monkeypatch) -> None:
    deals(who, 3)
    monkeypatch.setattr(bulk_acts, "BULK_ROWS_MAX", 2)
    with pytest.raises(Invalid, match="не больше 2 строк"):
        bulk_acts.start(who.manager.actor, DEAL, "tag", {"tag": "а"}, Chosen(deals=DealFilter()))
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(BulkItem)) == 0
    assert dialogs is not None


def test_an_act_on_more_rows_than_were_shown_is_refused(app, who: People) -> None:
    deals(who, 3)
    me, wish = who.manager.actor, {"tag": "а"}
    with pytest.raises(Conflict, match="больше строк"), db.session.begin_nested():
        bulk_acts.start(me, DEAL, "tag", wish, Chosen(deals=DealFilter(), most=2))
    assert bulk_acts.start(me, DEAL, "tag", wish, Chosen(deals=DealFilter(), most=3))["total"] == 3


def test_words_that_find_too_many_clients_begin_no_act(app, who: People, monkeypatch) -> None:
    deals(who, 3)
    monkeypatch.setattr(deal_lists, "NAMED_MAX", 2)
    with pytest.raises(Invalid, match="Слишком много совпадений"):
        bulk_acts.start(who.manager.actor, DEAL, "tag", {"tag": "а"}, Chosen(deals=DealFilter(words="клиент")))


def test_the_undo_passes_by_whom_an_erasure_forgot(app, who: People, worked) -> None:
    made = deals(who, 3)
    ids = [dialog.client_id for dialog in made]
    act = bulk_acts.start(who.manager.actor, CLIENT, "status", {"status": "inactive"}, Chosen(clients=ClientFilter()))
    worked(act["id"])
    of_act = BulkItem.act_id == act["id"]
    db.session.execute(update(BulkItem).where(of_act, BulkItem.subject_id == ids[0]).values(before=null()))
    forget = {"org": HOME, "client": ids[1], "dialogs": [0]}
    db.session.execute(text(erasure._FORGET_BULK), forget)
    bulk_acts.undo(who.manager.actor, act["id"])
    undone = worked(act["id"])
    assert (undone["state"], undone["total"], undone["done"], undone["skipped"]) == ("undone", 2, 1, 1)
    reasons = bulk_acts.list_reasons(who.manager.actor, act["id"])
    assert reasons == [{"reason": "Данные клиента стёрты", "rows": 1}]


def test_an_admin_undoes_what_failed_and_whose_author_left(app, who: People, worked, monkeypatch) -> None:
    made = deals(who, 3)
    verb = bulk_acts.bulk_rows.VERBS[DEAL, "tag"]
    monkeypatch.setitem(bulk_acts.bulk_rows.VERBS, (DEAL, "tag"), replace(verb, together=2))
    act = bulk_acts.start(who.manager.actor, DEAL, "tag", {"tag": "а"}, Chosen(deals=DealFilter()))
    db.session.commit()
    assert bulk_acts.work(access.system(HOME), act["id"])
    left = update(Membership).where(Membership.user_id == who.manager.actor.user_id).values(removed_at=text("now()"))
    db.session.execute(left)
    failed = worked(act["id"])
    assert (failed["state"], failed["done"]) == ("failed", 2)
    bulk_acts.undo(who.admin.actor, act["id"])
    undone = worked(act["id"])
    assert (undone["state"], undone["total"], undone["done"]) == ("undone", 2, 2)
    assert [again(dialog).tags for dialog in made] == [[], [], []]


def test_what_lost_its_job_is_taken_up_again_by_hand(app, who: People, worked) -> None:
    deals(who, 1)
    act = bulk_acts.start(who.manager.actor, DEAL, "tag", {"tag": "а"}, Chosen(deals=DealFilter()))
    assert not act["stalled"]
    with pytest.raises(Conflict):
        bulk_acts.resume(who.manager.actor, act["id"])
    lost = text("UPDATE procrastinate_jobs SET status = 'failed' WHERE lock = :lock")
    db.session.execute(lost, {"lock": f"bulk:{HOME}:{act['id']}"})
    assert [row["stalled"] for row in bulk_acts.list_recent(who.manager.actor)] == [True]
    with pytest.raises(Forbidden):
        bulk_acts.resume(who.viewer.actor, act["id"])
    assert not bulk_acts.resume(who.manager.actor, act["id"])["stalled"]
    assert worked(act["id"])["state"] == "done"


def test_a_job_that_failed_for_good_is_tried_once_more_and_then_the_act_has_failed(app, who: People, worked) -> None:
    deals(who, 1)
    act = bulk_acts.start(who.manager.actor, DEAL, "tag", {"tag": "а"}, Chosen(deals=DealFilter()))
    step = text(
        "UPDATE procrastinate_jobs SET status = CAST(:to AS procrastinate_job_status)"
        " WHERE lock = :l AND status = CAST(:of AS procrastinate_job_status)"
    )
    seen = []
    for _ in range(2):
        for of, to in (("todo", "doing"), ("doing", "failed")):
            db.session.execute(step, {"of": of, "to": to, "l": f"bulk:{HOME}:{act['id']}"})
        db.session.commit()
        bulk.sweep_bulk_acts(0)
        enter_organization(HOME)
        now = bulk_acts.get_act(who.manager.actor, act["id"])
        seen.append((now["state"], now["stalled"], now["wish"].get("broken")))
    assert seen == [("running", False, None), ("failed", False, True)]
    bulk_acts.undo(who.manager.actor, act["id"])
    assert worked(act["id"])["state"] == "undone"


def test_a_new_manager_of_many_is_not_told_of_each(app, who: People, worked) -> None:
    deals(who, 2)
    wish = {"manager": str(who.admin.actor.user_id)}
    act = bulk_acts.start(who.manager.actor, DEAL, "assign", wish, Chosen(deals=DealFilter()))
    assert worked(act["id"])["done"] == 2
    assert list(db.session.scalars(select(Notification.kind))) == ["bulk_done"]
