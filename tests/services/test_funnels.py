"""Founding, changing and deleting funnels; their deals move, and the tally with them."""

from __future__ import annotations

import threading
import time

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from aiguro_web.errors import AppError, Conflict, Forbidden, Invalid, NotFound
from aiguro_web.extensions import db, enter_organization
from aiguro_web.models import Dialog, DialogTally, Funnel, JournalEntry, MessengerConnection, Stage, StageEntry
from aiguro_web.services import access, connections, funnel_lists, funnels, inbound, stages
from tests import people
from tests.people import HOME, OTHER, People
from tests.services.test_inbound import Face, News

FILL = (
    """INSERT INTO client (org_id, name) SELECT :org, 'клиент ' || n FROM generate_series(1, CAST(:many AS int)) n""",
    """INSERT INTO dialog (org_id, funnel_id, stage_id, client_id, status, outcome, price, is_test, deleted_at)
       SELECT :org, :funnel,
              (SELECT id FROM stage WHERE org_id = :org AND funnel_id = :funnel AND position = 1 + c.id % 3), c.id,
              CASE WHEN c.id % 4 = 0 THEN 'closed' ELSE 'active' END,
              CASE WHEN c.id % 8 = 0 THEN 'won' WHEN c.id % 4 = 0 THEN 'lost' END,
              c.id % 100, c.id % 17 = 0, CASE WHEN c.id % 19 = 0 THEN now() END
       FROM client c WHERE c.org_id = :org AND c.name LIKE 'клиент %'""",
    """INSERT INTO stage_entry (org_id, dialog_id, stage_id, entered_at)
       SELECT org_id, id, stage_id, now() FROM dialog WHERE org_id = :org AND funnel_id = :funnel""",
)


def fill(funnel_id: int, many: int, org: int = HOME) -> None:
    """Dialogs of every kind on every stage: open, won, lost, trial, deleted ones."""
    for statement in FILL:
        db.session.execute(text(statement), {"org": org, "funnel": funnel_id, "many": many})


def tally() -> dict[tuple[int, int, str], tuple[int, float]]:
    """What is kept, without the zeros."""
    kept = select(
        DialogTally.funnel_id, DialogTally.stage_id, DialogTally.status, func.sum(DialogTally.dialogs),
        func.sum(DialogTally.amount),
    )  # fmt: skip
    rows = db.session.execute(kept.group_by(DialogTally.funnel_id, DialogTally.stage_id, DialogTally.status))
    return {(row[0], row[1], row[2]): (int(row[3]), float(row[4])) for row in rows if row[3]}


def counted() -> dict[tuple[int, int, str], tuple[int, float]]:
    """The same, by counting."""
    query = select(Dialog.funnel_id, Dialog.stage_id, Dialog.status, func.count(), func.sum(Dialog.price))
    rows = db.session.execute(query.where(Dialog.listed).group_by(Dialog.funnel_id, Dialog.stage_id, Dialog.status))
    return {(row[0], row[1], row[2]): (row[3], float(row[4])) for row in rows}


@pytest.fixture
def sales(app: Flask, who: People) -> int:
    """The organisation's first funnel."""
    enter_organization(HOME)
    return funnels.list_funnels(who.admin.actor)[0]["id"]


def names(who: People) -> list[str]:
    return [row["name"] for row in funnels.list_funnels(who.viewer.actor)]


def test_a_funnel_without_stages_gets_three_with_their_assistants(sales: int, who: People) -> None:
    funnel = funnel_lists.get_full(who.admin.actor, funnels.create(who.admin.actor, "Опт").id)
    assert [(stage["name"], stage["code"]) for stage in funnel["stages"]] == list(funnels.FIRST_STAGES)
    assert [stage["assistant"]["code"] for stage in funnel["stages"]] == [code for _, code in funnels.FIRST_STAGES]
    assert not funnel["is_active"]
    assert funnel_lists.get_full(who.admin.actor, sales)["is_active"]


def test_the_first_funnel_is_active_whatever_is_asked(sales: int, who: People) -> None:
    db.session.execute(text("UPDATE funnel SET archived_at = now()"))
    assert funnels.create(who.admin.actor, "Первая", {"is_active": False}).is_active
    assert not funnels.create(who.admin.actor, "Вторая").is_active
    assert funnels.create(who.admin.actor, "Третья", {"is_active": True}).is_active


def test_stages_get_codes_of_their_names_and_follow_ups_their_assistants(sales: int, who: People) -> None:
    rule = stages.NewFollowup(delay_minutes=5, code="", text="Вы здесь?", prompt=None)
    other = stages.NewFollowup(delay_minutes=9, code="zamer", text=None, prompt=None)
    wanted = [
        stages.NewStage(name="Первый звонок", code="", prompt="Позвони", followups=[rule, other]),
        stages.NewStage(name="Первый звонок!", code="", prompt="", followups=[]),
        stages.NewStage(name="Замер", code="zamer", prompt="", followups=[]),
        stages.NewStage(name="123", code="", prompt="", followups=[]),
        stages.NewStage(name="漢字", code="", prompt="", followups=[]),
    ]
    funnel = funnel_lists.get_full(who.admin.actor, funnels.create(who.admin.actor, "Ремонт", {}, wanted).id)
    codes = [stage["code"] for stage in funnel["stages"]]
    assert codes == ["pervyy_zvonok", "pervyy_zvonok_2", "zamer", "stage_123", "stage"]
    assert [(rule["delay_minutes"], rule["code"]) for rule in funnel["stages"][0]["followups"]] == [
        (5, "pervyy_zvonok"), (9, "zamer"),
    ]  # fmt: skip
    assert funnel["stages"][0]["prompt"] == "Позвони"


@pytest.mark.parametrize("wrong", ["twice", "nobody"])
def test_codes_that_do_not_fit_are_refused(sales: int, who: People, wrong: str) -> None:
    rules = [stages.NewFollowup(delay_minutes=5, code="nobody", text=None, prompt=None)] if wrong == "nobody" else []
    wanted = [
        stages.NewStage(name="а", code=code, prompt="", followups=rules) for code in ("one", wrong + "-", "twice")
    ]
    if wrong == "twice":
        wanted[1]["code"] = wrong
    with pytest.raises(Invalid) as refusal:
        funnels.create(who.admin.actor, "Ремонт", {}, wanted)
    at = "stages/2/assistant_code_name" if wrong == "twice" else "stages/0/followups/0/assistant_code_name"
    assert list(refusal.value.fields) == [at]


def test_equal_names_are_numbered_and_a_deleted_name_is_free_again(sales: int, who: People) -> None:
    long = "я" * 120
    second = [funnels.create(who.admin.actor, name).id for name in ("Продажи", "Продажи", long, long)][0]
    assert names(who) == ["Продажи", "Продажи 2", "Продажи 3", long, long[:118] + " 2"]
    funnels.remove(who.admin.actor, second)
    funnels.create(who.admin.actor, "Продажи")
    assert names(who)[-1] == "Продажи 2"
    assert [row["display_name"] for row in funnels.list_funnels(who.admin.actor)].count("Продажи") == 3


def test_a_change_keeps_the_rest_and_is_in_the_journal(sales: int, who: People) -> None:
    before = funnel_lists.get_full(who.admin.actor, sales)
    funnels.change(who.admin.actor, sales, "Розница", {"break_size": 400, "role_instruction": "Секрет"})
    after = funnel_lists.get_full(who.admin.actor, sales)
    changed = {name for name in before if before[name] != after[name]}  # type: ignore[literal-required]
    assert changed == {"name", "display_name", "break_size", "role_instruction"} | (
        {"updated_at"} if before["updated_at"] != after["updated_at"] else set()
    )
    db.session.flush()
    note = db.session.scalars(select(JournalEntry).where(JournalEntry.act == "change")).one()
    assert note.data == {
        "changes": {"break_size": [0, 400], "display_name": ["Продажи", "Розница"], "role_instruction": None}
    }
    funnels.change(who.admin.actor, sales, "Розница", {"break_size": 400})
    assert db.session.scalar(select(func.count()).where(JournalEntry.act == "change")) == 1, "nothing changed"


def test_the_deals_of_a_funnel_come_from_the_tally(sales: int, who: People) -> None:
    fill(sales, 200)
    funnel = funnel_lists.get_full(who.admin.actor, sales)
    real = counted()
    ids = list(db.session.scalars(select(Stage.id).where(Stage.funnel_id == sales).order_by(Stage.position)))
    assert [(stage["deals_count"], float(stage["deals_amount"])) for stage in funnel["stages"]] == [
        real[sales, id, "active"] for id in ids
    ]
    won = db.session.scalar(select(func.count()).where(Dialog.listed, Dialog.outcome == "won"))
    everything = sum(count for count, _ in real.values())
    assert funnel["conversion"] == round(100 * won / everything, 1) > 0


def test_open_deals_keep_a_funnel_and_closed_ones_do_not(sales: int, who: People) -> None:
    other = funnels.create(who.admin.actor, "Опт").id
    fill(sales, 20)
    with pytest.raises(Conflict, match="открытые сделки: 1"):
        funnels.remove(who.admin.actor, sales)
    db.session.execute(text("UPDATE dialog SET status = 'closed'"))
    funnels.remove(who.admin.actor, sales)
    assert [row["id"] for row in funnels.list_funnels(who.admin.actor)] == [other]
    with pytest.raises(NotFound):
        funnels.remove(who.admin.actor, sales)


def test_a_thousand_dialogs_move_and_the_tally_equals_counting(sales: int, who: People) -> None:
    other = funnels.create(who.admin.actor, "Опт").id
    fill(sales, 1000)
    fill(other, 5)
    assert tally() == counted()
    moving = select(func.count()).where(Dialog.listed, Dialog.funnel_id == sales)
    before = db.session.scalar(moving)
    there = db.session.scalar(select(func.count()).where(Dialog.listed, Dialog.funnel_id == other))
    bot = connections.create(
        who.admin.actor, funnel_id=sales, messenger_type="telegram", account_id="9", token="9:x", name="Бот"
    )["id"]
    db.session.flush()
    funnels.remove(who.admin.actor, sales, other)
    db.session.flush()
    assert tally() == counted()
    first = stages.get_first(who.admin.actor, other).stage_id
    stray = select(func.count()).where(Dialog.funnel_id == sales)
    assert db.session.scalar(stray.where(~Dialog.is_test)) == 0
    assert db.session.scalar(stray.where(Dialog.is_test)) > 0, "trial dialogs stay with the stages they tried"
    assert db.session.scalar(select(func.count()).where(Dialog.listed, Dialog.funnel_id == other)) == before + there
    now = select(func.count()).select_from(Dialog).where(Dialog.funnel_id == other, Dialog.status == "active")
    entry = select(StageEntry.stage_id).where(StageEntry.dialog_id == Dialog.id, StageEntry.left_at.is_(None))
    assert db.session.scalar(now) > 700
    assert db.session.scalar(now.where(entry.scalar_subquery() == Dialog.stage_id)) == db.session.scalar(now)
    left = select(func.count()).where(StageEntry.left_at.is_not(None), StageEntry.stage_id != first)
    assert db.session.scalar(left) > 700
    assert db.session.scalar(select(MessengerConnection.funnel_id).where(MessengerConnection.id == bot)) is None
    note = db.session.scalars(select(JournalEntry).where(JournalEntry.act == "delete")).one()
    assert (note.data["move_to"], note.data["connections"], note.subject_id) == (other, [bot], sales)
    dialog = db.session.scalars(select(Dialog).where(Dialog.listed, Dialog.status == "active").limit(1)).one()
    dialog.price += 5
    db.session.flush()
    assert tally() == counted(), "the tally's triggers work again"


def test_deals_go_neither_to_the_same_nor_to_a_strange_funnel(sales: int, who: People) -> None:
    gone = funnels.create(who.admin.actor, "Опт").id
    funnels.create(who.admin.actor, "Розница")
    funnels.remove(who.admin.actor, gone)
    enter_organization(OTHER)
    foreign = funnels.list_funnels(who.stranger.actor)[0]["id"]
    enter_organization(HOME)
    for target, refusal in ((sales, Invalid), (gone, NotFound), (foreign, NotFound), (2**62, NotFound)):
        with pytest.raises(refusal):
            funnels.remove(who.admin.actor, sales, target)


def test_the_last_funnel_stays(sales: int, who: People) -> None:
    with pytest.raises(Conflict, match="последняя"):
        funnels.remove(who.admin.actor, sales)


@pytest.mark.parametrize("person", ["viewer", "manager"])
def test_only_admins_write_funnels(sales: int, who: People, person: str) -> None:
    actor = getattr(who, person).actor
    for write in (
        lambda: funnels.create(actor, "Опт"),
        lambda: funnels.change(actor, sales, "Опт", {}),
        lambda: funnels.remove(actor, sales),
        lambda: funnels.remove(actor, 2**62),
    ):
        with pytest.raises(Forbidden):
            write()
    assert funnel_lists.get_full(actor, sales)["display_name"] == "Продажи"


def test_an_archived_funnel_is_nowhere(sales: int, who: People) -> None:
    gone = funnels.create(who.admin.actor, "Опт").id
    funnels.remove(who.admin.actor, gone)
    assert db.session.get_one(Funnel, (HOME, gone)).archived_at is not None
    for read in (funnels.get_funnel, funnel_lists.get_full, funnels.lock_funnel):
        with pytest.raises(AppError, match="не найдена"):
            read(who.admin.actor, gone)
    assert funnel_lists.list_full(who.admin.actor, [gone]) == []


@pytest.mark.parametrize("first", ["dialog", "removal"])
def test_no_dialog_begins_in_a_funnel_that_is_being_deleted(committed_app: Flask, first: str) -> None:
    """Whichever comes first, the dialog stands in the funnel that is left, and the tally knows."""
    who = people.load()
    enter_organization(HOME)
    sales = funnels.list_funnels(who.admin.actor)[0]["id"]
    other = funnels.create(who.admin.actor, "Опт").id
    bot = connections.create(
        who.admin.actor, funnel_id=sales, messenger_type="telegram", account_id="9", token="9:x", name="Бот"
    )["id"]
    db.session.commit()
    steps = {
        "dialog": lambda: inbound.receive(access.client(HOME), bot, "telegram", News("1", "1", person=Face())),
        "removal": lambda: funnels.remove(who.admin.actor, sales, other),
    }
    begun = threading.Event()

    def do(name: str) -> None:
        with committed_app.app_context():
            enter_organization(HOME)
            if name != first:
                begun.wait(10)
            steps[name]()
            begun.set()
            if name == first:
                time.sleep(0.5)  # the other one runs into it
            db.session.commit()
            db.session.remove()

    threads = [threading.Thread(target=do, args=(name,)) for name in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    enter_organization(HOME)
    assert db.session.scalars(select(Dialog.funnel_id)).all() == [other]
    assert tally() == counted() != {}
