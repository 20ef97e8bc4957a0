"""The board of deals: its columns, their counts and sums, their cards, and what is done from it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, text

from aiguro_web.errors import Conflict, Forbidden, Invalid, NotFound
from aiguro_web.extensions import db, enter_organization
from aiguro_web.models import Dialog, Funnel, JournalEntry, Message, Notification
from aiguro_web.models.dialog import DialogStatus, Outcome
from aiguro_web.services import access, deal_board, dialog_moves, dialog_removal, dialogs, funnels, trials
from aiguro_web.services.deal_filters import DealFilter
from tests.people import HOME, OTHER, People

STAGES = ["qualification", "presentation", "closing"]


@pytest.fixture(autouse=True)
def home(app: Flask) -> None:
    enter_organization(HOME)


@pytest.fixture
def funnel() -> int:
    return db.session.scalars(select(Funnel.id).where(Funnel.org_id == HOME)).one()


@pytest.fixture
def board(funnel: int) -> DealFilter:
    return DealFilter(funnel_id=funnel, status=DialogStatus.active)


def deal(who: People, funnel: int, name: str = "Анна", stage: str = "qualification", price: int = 0) -> UUID:
    uuid = dialogs.create(who.manager.actor, funnel, name=name, stage=stage).uuid
    dialog_moves.set_terms(who.manager.actor, uuid, dialog_moves.Terms(price=Decimal(price)))
    return uuid


def older(uuid: UUID, minutes: int) -> None:
    statement = "UPDATE dialog SET last_activity = now() - make_interval(mins => :minutes) WHERE uuid = :uuid"
    db.session.execute(text(statement), {"minutes": minutes, "uuid": uuid})


def heads(who: People, wanted: DealFilter, **more: Any) -> dict[str, tuple[int, Decimal | None]]:
    columns = deal_board.list_columns(who.viewer.actor, wanted, **more)
    return {column.code: (column.dialogs, column.amount) for column in columns}


def names(cards: list[str]) -> list[str]:
    return [deal_board.read_card(card)["client_name"] for card in cards]


def test_a_board_is_the_funnels_stages_with_their_open_deals(who: People, funnel: int, board: DealFilter) -> None:
    deal(who, funnel, price=100)
    deal(who, funnel, price=50)
    last = deal(who, funnel, stage="closing", price=7)
    closed, deleted = deal(who, funnel, price=1000), deal(who, funnel, price=1000)
    dialogs.close(who.manager.actor, closed, Outcome.won)
    dialog_removal.remove(who.manager.actor, deleted, funnel)
    trials.begin(who.admin.actor, funnel, words="проба")
    columns = deal_board.list_columns(who.viewer.actor, board)
    assert [(column.code, column.dialogs, column.amount) for column in columns] == [
        ("qualification", 2, 150), ("presentation", 0, 0), ("closing", 1, 7),
    ]  # fmt: skip
    assert [len(column.cards) for column in columns] == [2, 0, 1]
    assert deal_board.read_card(columns[2].cards[0])["uuid"] == str(last)


def test_the_newest_activity_stands_first_and_the_rest_follows_page_by_page(
    who: People, funnel: int, board: DealFilter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deal_board, "CARDS", 2)
    for number in range(5):
        older(deal(who, funnel, f"Клиент {number}"), minutes=number if number < 3 else 9)  # two at the same moment
    column = deal_board.list_columns(who.viewer.actor, board, cards=2)[0]
    assert column.dialogs == 5
    seen, following = names(column.cards), column.next
    while following:
        cards, following = deal_board.list_cards(who.viewer.actor, board, column.stage_id, following)
        seen += names(cards)
    assert seen == ["Клиент 0", "Клиент 1", "Клиент 2", "Клиент 4", "Клиент 3"]


def test_a_refresh_brings_as_many_cards_as_were_shown(who: People, funnel: int, board: DealFilter) -> None:
    for number in range(4):
        deal(who, funnel, f"Клиент {number}")
        deal(who, funnel, f"Дальше {number}", "closing")
    stage = deal_board.list_columns(who.viewer.actor, board)[0].stage_id
    columns = deal_board.list_columns(who.viewer.actor, board, cards=1, shown={stage: 3, 999: 9})
    assert [len(column.cards) for column in columns] == [3, 0, 1]
    assert columns[0].next
    assert columns[2].next


@pytest.mark.parametrize(
    "before", ["", "~", "вчера~1", "2026-11-25T00:00:00~1", "2026-11-25T00:00:00+00:00~x", "1" * 99]
)
def test_a_continuation_that_is_none_is_refused(who: People, board: DealFilter, before: str) -> None:
    with pytest.raises(Invalid):
        deal_board.list_cards(who.viewer.actor, board, 1, before)


def test_a_filter_narrows_cards_counts_and_sums_alike(who: People, funnel: int, board: DealFilter) -> None:
    mine, other = deal(who, funnel, price=10), deal(who, funnel, price=20)
    dialog_moves.assign(who.manager.actor, mine, who.manager.email)
    wanted = replace(board, manager=who.manager.actor.user_id)
    column = deal_board.list_columns(who.viewer.actor, wanted)[0]
    assert (column.dialogs, column.amount, len(column.cards)) == (1, 10, 1)
    assert heads(who, replace(board, price=(Decimal(15), None)))["qualification"] == (1, 20)
    assert heads(who, replace(board, words="нет такого"))["qualification"] == (0, 0)
    assert other != mine


def test_a_filter_counts_up_to_a_limit_and_then_says_no_sum(
    who: People, funnel: int, board: DealFilter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deal_board, "COUNT_MAX", 2)
    for _ in range(4):
        deal(who, funnel, price=5)
    assert heads(who, replace(board, ai=False))["qualification"] == (3, None)
    assert heads(who, board)["qualification"] == (4, 20)


def test_all_funnels_stand_one_after_another(who: People, funnel: int) -> None:
    second = funnels.create(who.admin.actor, "Вторая").id
    deal(who, second, stage="closing", price=3)
    columns = deal_board.list_columns(who.viewer.actor, DealFilter())
    assert [(column.funnel_id, column.code) for column in columns] == [
        (number, code) for number in (funnel, second) for code in STAGES
    ]
    assert columns[-1].funnel_name == "Вторая"
    assert columns[-1].dialogs == 1


def test_another_organisation_sees_none_of_it(who: People, funnel: int, board: DealFilter) -> None:
    uuid = deal(who, funnel)
    stage = deal_board.list_columns(who.viewer.actor, board)[0].stage_id
    enter_organization(OTHER)
    stranger = who.stranger.actor
    assert deal_board.list_columns(stranger, board) == []
    assert deal_board.list_columns(stranger, DealFilter(), stages=[stage]) == []
    with pytest.raises(NotFound):
        deal_board.list_cards(stranger, DealFilter(), stage, "2999-01-01T00:00:00+00:00~1")
    for ask in (deal_board.get_card, deal_board.get_place):
        with pytest.raises(NotFound):
            ask(stranger, uuid)


def test_a_card_tells_what_a_manager_needs(who: People, funnel: int) -> None:
    uuid = deal(who, funnel, "Пётр", price=12)
    dialog_moves.assign(who.manager.actor, uuid, who.manager.email)
    dialog_moves.set_terms(who.manager.actor, uuid, dialog_moves.Terms(tags=["опт"], close_ratio=40))
    card = deal_board.read_card(deal_board.get_card(who.viewer.actor, uuid))
    assert card["manager_name"] == "Михаил Менеджер"
    assert (card["client_name"], card["price"], card["tags"], card["close_ratio"]) == ("Пётр", 12, ["опт"], 40)
    assert card["last_activity"].tzinfo is not None
    dialog_moves.assign(who.manager.actor, uuid, "Отдел продаж")
    assert deal_board.read_card(deal_board.get_card(who.viewer.actor, uuid))["manager_name"] == "Отдел продаж"


def test_a_move_of_a_deal_that_has_moved_on_is_refused(who: People, funnel: int) -> None:
    uuid = deal(who, funnel)
    dialog_moves.move_to_stage(who.admin.actor, uuid, "closing")
    with pytest.raises(Conflict, match="Закрытие"):
        dialog_moves.move_to_stage(who.manager.actor, uuid, "presentation", seen="qualification")
    dialog_moves.move_to_stage(who.manager.actor, uuid, "closing", seen="qualification")  # there already
    dialog_moves.move_to_stage(who.manager.actor, uuid, "presentation", seen="closing")
    assert deal_board.get_place(who.viewer.actor, uuid)["code"] == "presentation"


def test_whoever_is_made_responsible_is_told(who: People, funnel: int) -> None:
    uuid = deal(who, funnel, "Пётр")
    dialog_moves.assign(who.manager.actor, uuid, who.manager.email)  # one's own doing is no news
    dialog_moves.assign(who.manager.actor, uuid, who.admin.email)
    dialog_moves.assign(who.admin.actor, uuid, "")
    told = db.session.execute(select(Notification.user_id, Notification.kind, Notification.data)).all()
    assert [(row.user_id, row.kind) for row in told] == [(who.admin.actor.user_id, "assigned")]
    assert told[0].data == {"uuid": str(uuid), "client": "Пётр", "by": "Михаил Менеджер"}


def test_a_deal_begins_in_the_chosen_stage_without_a_trace_of_a_move(who: People, funnel: int) -> None:
    dialog = dialogs.create(who.manager.actor, funnel, name="Пётр", stage="closing")
    assert deal_board.get_place(who.viewer.actor, dialog.uuid)["code"] == "closing"
    assert db.session.scalars(select(Message.text).where(Message.dialog_id == dialog.id)).all() == []
    db.session.flush()
    acts = db.session.scalars(select(JournalEntry.act).where(JournalEntry.subject_id == dialog.id)).all()
    assert acts == ["create"]
    with pytest.raises(Invalid):
        dialogs.create(who.manager.actor, funnel, name="Пётр", stage="нет такого")
    with pytest.raises(Forbidden):
        dialogs.create(who.viewer.actor, funnel, name="Пётр")


def test_the_reasons_of_lost_deals_come_the_commonest_first(who: People, funnel: int) -> None:
    for reason in ("Дорого", "Долго", "Дорого", "Долго", "Дорого", "Однажды", "", ""):
        dialogs.close(who.manager.actor, deal(who, funnel), Outcome.lost, reason)
    dialogs.close(who.manager.actor, deal(who, funnel), Outcome.won)
    assert deal_board.list_lost_reasons(who.viewer.actor) == ["Дорого", "Долго"]
    assert deal_board.list_lost_reasons(who.viewer.actor, 1) == ["Дорого"]


def test_the_assistant_reads_the_board_as_people_do(who: People, board: DealFilter) -> None:
    assert len(deal_board.list_columns(access.assistant(HOME), board)) == 3
    with pytest.raises(Forbidden):
        deal_board.list_columns(access.client(HOME), board)
    assert db.session.scalars(select(Dialog)).all() == []
