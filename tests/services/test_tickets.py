"""Tickets: who may what, what a message does to the state, a counter that is right whoever writes at once."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from aiguro_web.errors import Forbidden, NotFound
from aiguro_web.extensions import db, enter_organization
from aiguro_web.models import Funnel, JournalEntry, TicketMessage
from aiguro_web.models.ticket import Department, Priority, TicketStatus
from aiguro_web.models.ticket_message import TicketRole
from aiguro_web.services import funnels, staff_desk, ticket_lists, tickets
from aiguro_web.services.access import Actor
from aiguro_web.services.ticket_lists import TicketFilter
from tests import people
from tests.people import HOME, OTHER, People


@dataclass(frozen=True)
class Upload:
    key: str
    name: str = "экран.png"
    size: int = 5
    content_type: str = "image/png"


def opened(who: Actor, **more: Any) -> int:
    enter_organization(who.home)
    wish: dict[str, Any] = {"subject": "Не работает", "description": "Всё", "department": Department.technical}
    id = tickets.open_ticket(who, **{**wish, **more})
    db.session.flush()  # before the test steps into another organisation
    return id


def at_desk(who: People, org: int = HOME) -> Actor:
    enter_organization(org)
    return replace(who.staff.actor, org=org)


def test_the_description_is_the_first_message(who: People) -> None:
    id = opened(who.manager.actor, files=[Upload("k1"), Upload("k2", "второй.png")])
    row = ticket_lists.get_ticket(who.viewer.actor, id)
    first = ticket_lists.get_description(who.viewer.actor, id)
    assert (row["messages_count"], row["status"], row["priority"]) == (1, TicketStatus.open, Priority.medium)
    assert (row["author"], row["org_name"], row["funnel_name"]) == (who.manager.actor.name, "Ромашка", None)
    assert (first["text"], first["role"], [file["name"] for file in first["files"]]) == (
        "Всё", TicketRole.user, ["экран.png", "второй.png"],
    )  # fmt: skip
    note = db.session.scalars(select(JournalEntry).where(JournalEntry.subject == "ticket")).one()
    assert (note.act, note.subject_id, note.actor_id) == ("open_ticket", id, who.manager.actor.user_id)
    assert "Всё" not in str(note.data)


def test_a_ticket_names_a_funnel_of_its_organisation(who: People) -> None:
    enter_organization(OTHER)
    foreign = funnels.list_funnels(who.stranger.actor)[0]["id"]
    enter_organization(HOME)
    own = funnels.list_funnels(who.manager.actor)[0]["id"]
    id = opened(who.manager.actor, funnel_id=own)
    assert ticket_lists.get_ticket(who.viewer.actor, id)["funnel_name"] == "Продажи"
    for funnel_id in (foreign, 8_000_002):
        with pytest.raises(NotFound):
            opened(who.manager.actor, funnel_id=funnel_id)
        with pytest.raises(NotFound):
            ticket_lists.list_tickets(who.viewer.actor, TicketFilter(funnel_id), limit=9)
    db.session.get_one(Funnel, (HOME, own)).archived_at = db.session.scalar(text("SELECT now()"))
    db.session.flush()
    with pytest.raises(NotFound):
        opened(who.manager.actor, funnel_id=own)


@pytest.mark.parametrize(
    ("before", "speaker", "after"),
    [("open", "manager", "open"), ("in_progress", "manager", "in_progress"), ("waiting", "manager", "open"),
     ("closed", "manager", "open"), ("open", "staff", "waiting"), ("in_progress", "staff", "waiting"),
     ("waiting", "staff", "waiting"), ("closed", "staff", "closed")],
)  # fmt: skip
def test_a_message_moves_the_ticket(who: People, before: str, speaker: str, after: str) -> None:
    id = opened(who.manager.actor)
    tickets.change(at_desk(who), id, status=TicketStatus(before))
    was = ticket_lists.get_ticket(who.viewer.actor, id)
    actor = at_desk(who) if speaker == "staff" else who.manager.actor
    message = ticket_lists.get_message(actor, id, tickets.answer(actor, id, "слово"))
    row = ticket_lists.get_ticket(who.viewer.actor, id)
    assert (row["status"], row["messages_count"]) == (TicketStatus(after), 2)
    assert row["updated_at"] > was["updated_at"]
    assert message["role"] == (TicketRole.support if speaker == "staff" else TicketRole.user)


def test_staff_set_everything_and_a_company_only_closes_and_opens(who: People) -> None:
    id = opened(who.manager.actor)
    tickets.change(at_desk(who), id, status=TicketStatus.in_progress, department=Department.billing,
                   priority=Priority.urgent)  # fmt: skip
    row = ticket_lists.get_ticket(who.viewer.actor, id)
    assert (row["status"], row["department"], row["priority"]) == ("in_progress", "billing", "urgent")
    for wish in ({"status": TicketStatus.open}, {"status": TicketStatus.waiting}, {"department": Department.sales},
                 {"priority": Priority.low}, {"status": TicketStatus.closed, "priority": Priority.low}):  # fmt: skip
        with pytest.raises(Forbidden):
            tickets.change(who.admin.actor, id, **wish)
    tickets.change(who.manager.actor, id, status=TicketStatus.closed, priority=Priority.urgent)  # as it is already
    tickets.change(who.manager.actor, id, status=TicketStatus.open)
    assert ticket_lists.get_ticket(who.viewer.actor, id)["status"] == "open"


def test_nothing_changed_is_no_change(who: People) -> None:
    id = opened(who.manager.actor)
    was = ticket_lists.get_ticket(who.viewer.actor, id)
    tickets.change(who.manager.actor, id, status=TicketStatus.open)
    tickets.change(who.manager.actor, id)
    assert ticket_lists.get_ticket(who.viewer.actor, id) == was


def test_a_viewer_reads(who: People) -> None:
    id = opened(who.manager.actor)
    assert ticket_lists.list_tickets(who.viewer.actor, TicketFilter(), limit=9)[0]["id"] == id
    for call in (
        lambda: opened(who.viewer.actor),
        lambda: tickets.answer(who.viewer.actor, id, "x"),
        lambda: tickets.answer(who.viewer.actor, 8_000_004, "x"),
        lambda: tickets.change(who.viewer.actor, id, status=TicketStatus.closed),
    ):
        with pytest.raises(Forbidden):
            call()


def test_a_foreign_ticket_is_absent(who: People) -> None:
    id = opened(who.manager.actor)
    enter_organization(OTHER)
    for number in (id, 8_000_004):
        for call in (
            lambda number=number: ticket_lists.get_ticket(who.stranger.actor, number),
            lambda number=number: ticket_lists.get_description(who.stranger.actor, number),
            lambda number=number: tickets.answer(who.stranger.actor, number, "x"),
            lambda number=number: tickets.change(who.stranger.actor, number, status=TicketStatus.closed),
        ):
            with pytest.raises(NotFound) as refused:
                call()
            assert refused.value.detail == ticket_lists.ABSENT
        assert ticket_lists.list_messages(who.stranger.actor, number, limit=9) == []
    with pytest.raises(NotFound):
        enter_organization(HOME)
        ticket_lists.get_message(who.viewer.actor, opened(who.manager.actor), 8_000_004)


def test_the_desk_sees_all_organisations_newest_first(who: People) -> None:
    ids = [opened(who.manager.actor), opened(who.stranger.actor, priority=Priority.low), opened(who.admin.actor)]
    enter_organization(None)
    desk = who.staff.actor
    rows = staff_desk.list_tickets(desk, TicketFilter(), limit=9)
    assert [(row["id"], row["org_id"]) for row in rows] == [(ids[2], HOME), (ids[1], OTHER), (ids[0], HOME)]
    assert [row["org_name"] for row in rows] == ["Ромашка", "Чужие", "Ромашка"]
    assert rows[0]["author"] == who.admin.actor.name
    enter_organization(HOME)
    assert rows[0] == ticket_lists.get_ticket(who.viewer.actor, ids[2])  # the same row in both ways
    enter_organization(None)
    assert staff_desk.count_tickets(desk, TicketFilter()) == 3
    assert staff_desk.count_tickets(desk, TicketFilter(priority=Priority.low)) == 1
    pages = [staff_desk.list_tickets(desk, TicketFilter(), limit=1, offset=n)[0]["id"] for n in range(3)]
    assert pages == ids[::-1]
    assert [row["id"] for row in staff_desk.list_tickets(desk, TicketFilter(), limit=9, before_id=ids[1])] == [ids[0]]


@pytest.mark.parametrize("narrow", [{"status": TicketStatus.closed}, {"department": Department.sales},
                                    {"priority": Priority.low}])  # fmt: skip
def test_the_desk_is_filtered(who: People, narrow: dict[str, Any]) -> None:
    opened(who.stranger.actor)
    id = opened(who.manager.actor)
    tickets.change(at_desk(who), id, **narrow)
    db.session.flush()
    enter_organization(None)
    assert [row["id"] for row in staff_desk.list_tickets(who.staff.actor, TicketFilter(**narrow), limit=9)] == [id]
    assert staff_desk.count_tickets(who.staff.actor, TicketFilter(**narrow)) == 1
    enter_organization(HOME)
    assert [row["id"] for row in ticket_lists.list_tickets(who.viewer.actor, TicketFilter(**narrow), limit=9)] == [id]
    assert ticket_lists.count_tickets(who.viewer.actor, TicketFilter(**narrow)) == 1


def test_the_desk_is_shut_to_everybody_else(who: People) -> None:
    id = opened(who.manager.actor)
    for actor in (replace(who.admin.actor, org=None), Actor("system", None, staff=True)):
        for call in (
            lambda actor=actor: staff_desk.list_tickets(actor, TicketFilter(), limit=9),
            lambda actor=actor: staff_desk.count_tickets(actor, TicketFilter()),
            lambda actor=actor: staff_desk.enter(actor, id),
            lambda actor=actor: staff_desk.enter_funnel(actor, 1),
        ):
            with pytest.raises(Forbidden):
                call()
    assert staff_desk.enter(who.stranger.actor, id) == who.stranger.actor  # a member goes nowhere else


def test_staff_step_into_the_tickets_organisation(who: People) -> None:
    id = opened(who.manager.actor)
    enter_organization(None)
    assert staff_desk.enter(who.staff.actor, id).org == HOME
    assert ticket_lists.get_ticket(staff_desk.enter(who.staff.actor, id), id)["id"] == id
    enter_organization(OTHER)
    funnel = funnels.list_funnels(who.stranger.actor)[0]["id"]
    enter_organization(None)
    assert staff_desk.enter_funnel(who.staff.actor, funnel).org == OTHER
    for step in (staff_desk.enter, staff_desk.enter_funnel):
        with pytest.raises(NotFound):
            step(who.staff.actor, 8_000_004)


def test_many_tickets_are_counted_up_to_a_bound(who: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticket_lists, "COUNTED_MAX", 2)
    monkeypatch.setattr(staff_desk, "COUNTED_MAX", 2)
    for _ in range(3):
        opened(who.manager.actor)
    assert ticket_lists.count_tickets(who.viewer.actor, TicketFilter()) == 3
    assert ticket_lists.count_tickets(who.viewer.actor, TicketFilter(status=TicketStatus.open)) == 3
    assert ticket_lists.count_tickets(who.viewer.actor, TicketFilter(department=Department.technical)) is None
    db.session.flush()
    assert staff_desk.count_tickets(who.staff.actor, TicketFilter()) == 3
    assert staff_desk.count_tickets(who.staff.actor, TicketFilter(priority=Priority.medium)) is None


def test_messages_at_once_are_all_counted(committed_app: Flask) -> None:
    everybody = people.load()
    id = opened(everybody.manager.actor)
    db.session.commit()
    start = threading.Barrier(4)

    def write(actor: Actor) -> None:
        with committed_app.app_context():
            enter_organization(HOME)
            start.wait()
            tickets.answer(actor, id, "слово")
            db.session.commit()
            db.session.remove()

    actors = [everybody.manager.actor, everybody.admin.actor, replace(everybody.staff.actor, org=HOME)]
    threads = [threading.Thread(target=write, args=(actor,)) for actor in (*actors, actors[0])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    enter_organization(HOME)
    assert ticket_lists.get_ticket(everybody.viewer.actor, id)["messages_count"] == 5
    assert db.session.query(TicketMessage).filter_by(ticket_id=id).count() == 5
