"""The overview's numbers against a story made by hand: periods and their edges, the changes, the stages, the forecast."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select

from aiguro_web.errors import Forbidden
from aiguro_web.extensions import db, enter_organization
from aiguro_web.models import Client, Dialog, Funnel, Stage, StageEntry
from aiguro_web.models.dialog import DialogStatus, Outcome
from aiguro_web.pages import periods
from aiguro_web.services import (
    access,
    deal_lists,
    dialog_moves,
    dialog_removal,
    dialogs,
    funnels,
    overview,
    overview_flow,
    overview_stages,
    overview_waiting,
)
from aiguro_web.services.deal_filters import DealFilter, Span
from aiguro_web.services.dialog_moves import Terms
from aiguro_web.services.overview import Asked
from tests.people import HOME, OTHER, People

MOSCOW = "Europe/Moscow"
NOW = datetime(2026, 11, 25, 10, 15, tzinfo=UTC)  # 13:15 in Moscow, a Wednesday


@pytest.fixture(autouse=True)
def home(app: Flask) -> None:
    enter_organization(HOME)


def stages() -> list[Stage]:
    query = select(Stage).where(Stage.org_id == HOME).order_by(Stage.funnel_id, Stage.position)
    return list(db.session.scalars(query))


def began(at: datetime, *, stage: int = 0, answer: dict[str, int] | None = None, **columns: Any) -> Dialog:
    """A dialog that began then, in the first stage; `stage` is the number of the one it stands in, which it entered an
    hour later; `answer` says how many seconds later who answered."""
    client = Client(org_id=HOME, name="клиент")
    db.session.add(client)
    db.session.flush()
    for name, seconds in (answer or {}).items():
        columns[f"first_{name}_at"] = at + timedelta(seconds=seconds)
    if "closed_at" in columns:
        columns["status"] = DialogStatus.closed
    known = stages()
    dialog = Dialog(org_id=HOME, client_id=client.id, funnel_id=known[stage].funnel_id, stage_id=known[stage].id,
                    created_at=at, **columns)  # fmt: skip
    db.session.add(dialog)
    db.session.flush()
    for number in sorted({0, stage}):
        enter(dialog, number, at + timedelta(hours=1 if number else 0))
    return dialog


def enter(dialog: Dialog, number: int, at: datetime) -> None:
    entry = StageEntry(org_id=HOME, dialog_id=dialog.id, stage_id=stages()[number].id, entered_at=at)
    db.session.add(entry)
    db.session.flush()


def asked(
    period: str = "week", zone: str = MOSCOW, now: datetime = NOW, funnel: int | None = None, **more: str
) -> Asked:
    found = periods.read({"period": period, **more}, zone, now)
    midnight = datetime.combine(found.drawn_from, datetime.min.time(), ZoneInfo(zone))
    return Asked(found.current, found.previous, midnight.astimezone(UTC), found.step, zone, funnel)


def at(day: int, clock: str = "12:00", month: int = 11) -> datetime:
    """A moment of Moscow's November 2026."""
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, month, day, hour, minute, tzinfo=ZoneInfo(MOSCOW)).astimezone(UTC)


def test_a_week_is_counted_with_the_one_before_it(who: People) -> None:
    began(at(25), channel="telegram", answer={"assistant": 10})
    began(at(24), channel="telegram", answer={"assistant": 40, "manager": 20})
    began(at(19, "00:00"), channel="webchat", answer={"manager": 600}, handed_over_at=at(19))
    began(at(20), channel="")
    began(at(18, "12:59"), answer={"manager": 100})
    flow = overview_flow.read_flow(who.viewer.actor, asked())
    now, before = flow.now, flow.before
    assert (now.new, now.assistant, now.people, now.nobody, now.handed_over) == (4, 2, 2, 1, 1)
    assert now.first_answer == 20  # of 10, 20 and 600
    assert (before.new, before.people, before.first_answer) == (1, 1, 100)
    assert flow.channels == {"telegram": 2, "webchat": 1, "": 1}


def test_what_came_after_this_hour_of_the_previous_period_is_not_compared_with(who: People) -> None:
    began(at(18, "13:14"))
    began(at(18, "13:15"))
    began(at(18, "23:59"))
    flow = overview_flow.read_flow(who.admin.actor, asked())
    assert (flow.now.new, flow.before.new) == (0, 1)


def test_a_day_begins_at_midnight_of_the_organisations_zone(who: People) -> None:
    began(at(25, "00:00"))
    began(at(24, "23:59"))
    today = overview_flow.read_flow(who.admin.actor, asked("today"))
    assert today.now.new == 1
    elsewhere = overview_flow.read_flow(who.admin.actor, asked("today", "Asia/Vladivostok"))
    assert elsewhere.now.new == 2  # there it is seven hours later


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_a_day_of_the_clocks_change_has_23_or_25_hours(who: People, day: str, hours: int) -> None:
    zone = "Europe/Berlin"
    ask = asked("own", zone, **{"from": day, "to": day})
    start, end = ask.current.start, ask.current.end
    assert start is not None
    assert end is not None
    assert end - start == timedelta(hours=hours)
    assert ask.previous.end == start
    for moment in (start - timedelta(seconds=1), start, end - timedelta(seconds=1), end):
        began(moment)
    flow = overview_flow.read_flow(who.admin.actor, ask)
    assert (flow.now.new, flow.before.new) == (2, 1)
    assert flow.points[-1].start == start
    assert flow.points[-1].new == 2


def test_won_and_lost_are_counted_when_they_ended(who: People) -> None:
    began(at(1), outcome="won", closed_at=at(20), price=Decimal("100.50"))
    began(at(20), outcome="won", closed_at=at(24), price=Decimal("50.25"))
    began(at(20), outcome="lost", closed_at=at(24), price=Decimal(70))
    began(at(20), closed_at=at(24), price=Decimal(9))  # without an outcome
    began(at(1), outcome="won", closed_at=at(12))
    flow = overview_flow.read_flow(who.admin.actor, asked())
    assert (flow.now.won, flow.now.won_amount) == (2, Decimal("150.75"))
    assert (flow.now.lost, flow.now.lost_amount) == (1, Decimal(70))
    assert (flow.before.won, flow.now.sold) == (1, 1)
    assert {(p.start, p.won, p.lost) for p in flow.points if p.won} == {
        (at(20, "00:00"), 1, 0), (at(24, "00:00"), 1, 1)}  # fmt: skip


def test_what_is_opened_again_is_no_longer_won(who: People) -> None:
    dialog = began(at(20))
    dialogs.close(who.manager.actor, dialog.uuid, Outcome.won)
    ask = asked(now=datetime.now(UTC) + timedelta(minutes=1))
    assert overview_flow.read_flow(who.admin.actor, ask).now.won == 1
    dialogs.reopen(who.manager.actor, dialog.uuid)
    assert overview_flow.read_flow(who.admin.actor, ask).now.won == 0
    dialogs.close(who.manager.actor, dialog.uuid, Outcome.lost, "дорого")
    flow = overview_flow.read_flow(who.admin.actor, ask)
    assert (flow.now.won, flow.now.lost) == (0, 1)


def test_trial_and_deleted_dialogs_are_nowhere(who: People) -> None:
    began(at(24), is_test=True, price=Decimal(100), close_ratio=50, unanswered_since=at(24))
    began(at(24), deleted_at=at(25), price=Decimal(100), close_ratio=50, unanswered_since=at(24))
    shown = overview_stages.list_stages(who.admin.actor, asked())
    assert overview_flow.read_flow(who.admin.actor, asked()).now.new == 0
    assert (shown.dialogs, shown.amount, shown.expected, shown.ever) == (0, 0, 0, 0)
    assert {(row["entered"], row["reached"]) for row in shown.rows} == {(0, 0)}
    assert overview_waiting.list_waiting(who.admin.actor, None, 5).total == 0


def test_stages_tell_who_stands_who_came_and_who_went_on(who: People) -> None:
    began(at(24), price=Decimal("100.10"), close_ratio=10)
    began(at(24), stage=1, price=Decimal("200.20"), close_ratio=33)
    again = began(at(10), stage=1)  # came in the week before
    enter(again, 0, at(21))
    enter(again, 1, at(22))
    enter(again, 1, at(23))  # twice: it counts once
    began(at(24), stage=2, closed_at=at(25), outcome="won")
    shown = overview_stages.list_stages(who.admin.actor, asked())
    first, second, third = shown.rows[:3]
    assert [row["dialogs"] for row in shown.rows[:3]] == [1, 2, 0]
    assert (second["amount"], second["expected"]) == (Decimal("200.20"), Decimal("66.0660"))
    assert shown.expected == Decimal("10.0100") + Decimal("66.0660")
    assert [row["entered"] for row in (first, second, third)] == [4, 2, 1]
    assert [row["entered_before"] for row in (first, second, third)] == [0, 0, 0]
    assert [row["reached"] for row in (first, second, third)] == [3, 1, 1]
    assert shown.ever == 4


def test_the_stages_numbers_are_the_lengths_of_their_lists(who: People) -> None:
    for day in (10, 12, 18, 19, 24):
        began(at(day, "00:00"), stage=day % 3)
    ask = asked()
    for row in overview_stages.list_stages(who.admin.actor, ask).rows:
        entered = DealFilter(entered=(row["id"], ask.current))
        reached = DealFilter(created=ask.current, entered=(row["id"], Span(ask.current.start)))
        standing = DealFilter(stage_id=row["id"], status=DialogStatus.active)
        wanted = (entered, reached, standing)
        assert [deal_lists.count(who.admin.actor, one) for one in wanted] == [
            row["entered"], row["reached"], row["dialogs"]]  # fmt: skip


def test_the_forecast_follows_every_change_of_a_deal(who: People) -> None:
    manager = who.manager.actor

    def expected() -> Decimal:
        db.session.flush()
        return overview_stages.list_stages(who.viewer.actor, asked()).expected

    one, other = began(at(24), price=Decimal(1000), close_ratio=10), began(at(24), price=Decimal("0.01"), close_ratio=1)
    assert expected() == Decimal("100.0001")
    dialog_moves.set_terms(manager, one.uuid, Terms(close_ratio=55))
    assert expected() == Decimal("550.0001")
    dialog_moves.set_terms(manager, one.uuid, Terms(price=Decimal(10)))
    assert expected() == Decimal("5.5001")
    dialog_moves.move_to_stage(manager, one.uuid, stages()[1].code)
    assert expected() == Decimal("5.5001")
    dialog_removal.remove(manager, other.uuid, other.funnel_id)
    assert expected() == Decimal("5.5")
    dialog_removal.restore(manager, other.uuid, other.funnel_id)
    dialogs.close(manager, one.uuid)
    assert expected() == Decimal("0.0001")
    dialogs.reopen(manager, one.uuid)
    db.session.delete(other)
    assert expected() == Decimal("5.5")


def test_the_forecast_moves_with_a_whole_funnel(who: People) -> None:
    new = funnels.create(who.admin.actor, "Другая")
    dialog = began(at(24), price=Decimal(1000), close_ratio=10)
    funnel_id = dialog.funnel_id
    from aiguro_web.services import funnel_moves
    from aiguro_web.services import stages as of_funnel

    first = of_funnel.First(new.id, db.session.scalars(select(Stage.id).where(Stage.funnel_id == new.id)).first() or 0)
    funnel_moves.move_all(who.admin.actor, funnel_id, first)
    assert overview_stages.list_stages(who.admin.actor, asked(funnel=funnel_id)).expected == 0
    assert overview_stages.list_stages(who.admin.actor, asked(funnel=new.id)).expected == Decimal(100)


def test_one_funnel_tells_of_itself_alone(who: People) -> None:
    funnels.create(who.admin.actor, "Другая")
    dialog = began(at(24))
    began(at(24), stage=len(stages()) - 1, outcome="won", closed_at=at(25))
    mine, both = asked(funnel=dialog.funnel_id), asked()
    assert overview_flow.read_flow(who.admin.actor, mine).now.new == 1
    assert overview_flow.read_flow(who.admin.actor, both).now.new == 2
    assert {row["funnel_id"] for row in overview_stages.list_stages(who.admin.actor, mine).rows} == {dialog.funnel_id}
    assert len({row["funnel_id"] for row in overview_stages.list_stages(who.admin.actor, both).rows}) == 2


def test_the_longest_waiting_stand_first(who: People) -> None:
    for day in (24, 20, 25):
        began(at(day), unanswered_since=at(day), last_message=f"вопрос {day}")
    began(at(20), unanswered_since=at(1), closed_at=at(21))
    found = overview_waiting.list_waiting(who.viewer.actor, None, 2)
    assert [row["last_message"] for row in found.rows] == ["вопрос 20", "вопрос 24"]
    assert found.total == 3
    assert overview_waiting.list_waiting(who.viewer.actor, None, 2).total == deal_lists.count(
        who.viewer.actor, DealFilter(waiting=True)
    )


def test_another_organisation_counts_its_own(who: People) -> None:
    began(at(24), unanswered_since=at(24))
    enter_organization(OTHER)
    assert overview_flow.read_flow(who.stranger.actor, asked()).now.new == 0
    assert overview_stages.list_stages(who.stranger.actor, asked()).ever == 0
    assert overview_waiting.list_waiting(who.stranger.actor, None, 5).rows == []


def test_who_may_not_read_is_told_nothing(who: People) -> None:
    for read in (overview.read, overview_flow.read_flow, overview_stages.list_stages):
        with pytest.raises(Forbidden):
            read(access.client(HOME), asked())
    assert db.session.scalars(select(Funnel)).first() is not None
