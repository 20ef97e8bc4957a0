"""The demo loads once, whole or not at all, quickly, and never in production."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from aiguro_web import demo
from aiguro_web.demo import tickets
from aiguro_web.errors import Conflict, Invalid
from aiguro_web.extensions import db
from aiguro_web.models import Dialog, Message, MessengerConnection, Organization, Role, Ticket, TicketMessage, User
from aiguro_web.services import organizations
from aiguro_web.services.inbox import count_queues
from tests import people
from tests.demo.seeing import actor, entered

LOGINS = {
    "admin@demo.example": [(1, Role.admin)],
    "manager@demo.example": [(1, Role.manager)],
    "viewer@demo.example": [(1, Role.viewer)],
    "admin@other.example": [(2, Role.admin)],
    "staff@aiguro.example": [],
}


def test_the_first_run_does_not_wait_for_it(loaded: Flask) -> None:
    seconds = loaded.extensions["demo_seconds"]
    print(f"demo loaded in {seconds:.2f} s")
    assert seconds < 15  # well under a second alone on the machine; the tests share it


def test_the_organisations_have_the_promised_numbers_and_names(loaded: Flask) -> None:
    found = {}
    for org_id in (1, 2):
        with entered(org_id):
            found[org_id] = db.session.scalars(select(Organization.display_name)).one()
    assert found == {1: "Демо", 2: "Другая компания"}


def test_the_next_organisation_gets_the_next_number(untouched: Flask) -> None:
    demo.load_once()
    assert organizations.create("Третья").id == 3
    db.session.rollback()


def test_a_second_load_changes_nothing(loaded: Flask) -> None:
    before = _sizes()
    assert demo.load_once() is False
    assert _sizes() == before


def test_a_database_with_an_organisation_is_left_alone(untouched: Flask) -> None:
    organizations.create("Настоящая компания")
    db.session.commit()
    assert demo.load_once() is False
    assert db.session.scalar(select(func.count()).select_from(User)) == 0


@pytest.mark.parametrize("email", LOGINS)
def test_everyone_signs_in_with_the_configured_password(loaded: Flask, email: str) -> None:
    user = people.sign_in(email, loaded.config["DEMO_PASSWORD"])
    assert user.is_demo
    assert user.is_staff == (email == "staff@aiguro.example")
    assert [(row["org_id"], row["role"]) for row in organizations.list_memberships(user.id)] == LOGINS[email]
    db.session.rollback()


def test_a_wrong_password_is_refused(loaded: Flask) -> None:
    with pytest.raises(Invalid):
        people.sign_in("admin@demo.example", "aiguro-demo!")


def test_it_refuses_in_production(untouched: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(untouched.config, "AIGURO_ENV", "production")
    with pytest.raises(Conflict):
        demo.load_once()
    assert db.session.scalar(select(func.count()).select_from(User)) == 0


def test_a_crash_on_the_way_leaves_nothing_and_the_next_run_heals(
    untouched: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(tickets, "add", lambda *rest: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            demo.load_once()
    assert db.session.scalar(select(func.count()).select_from(User)) == 0
    db.session.rollback()
    assert demo.load_once() is True
    assert _sizes()[1, "dialog"] == 60
    assert _sizes()[2, "dialog"] == 3


def test_the_load_leaves_the_session_outside_of_every_organisation(loaded: Flask) -> None:
    assert demo.load_once() is False
    assert db.session.scalar(select(func.count()).select_from(Dialog)) == 0
    db.session.rollback()


def test_the_web_chat_has_a_long_address_that_a_second_installation_does_not_share(loaded: Flask) -> None:
    with entered(1):
        query = select(MessengerConnection.name, MessengerConnection.key).where(MessengerConnection.is_active)
        keys = {row.name: row.key for row in db.session.execute(query)}
    from aiguro_web.demo.company import derived

    assert len(keys["Чат на сайте"]) == 32
    assert keys["Чат на сайте"] == derived(1, "furniture")
    secret = loaded.config["SECRET_KEY"]
    loaded.config["SECRET_KEY"] = "another secret of another installation"
    assert derived(1, "furniture") != keys["Чат на сайте"]
    loaded.config["SECRET_KEY"] = secret


def test_nothing_of_the_other_company_is_seen_in_the_first_one(loaded: Flask) -> None:
    with entered(1):
        leaked = db.session.scalars(select(Message.text).where(Message.text.icontains("другой компании"))).all()
        assert leaked == []
    with entered(2):
        assert db.session.scalar(select(func.count()).select_from(Message)) > 5


def test_tickets_count_their_messages_and_know_who_is_support(loaded: Flask) -> None:
    with entered(1):
        for ticket in db.session.scalars(select(Ticket)):
            said = db.session.scalars(select(TicketMessage).where(TicketMessage.ticket_id == ticket.id)).all()
            assert len(said) == ticket.messages_count
            assert all(row.author_name == "Ксения Орлова" for row in said if row.role == "support")
            assert said[0].role == "user"


def test_the_queues_of_the_managers_page_have_something_to_show(loaded: Flask) -> None:
    with entered(1):
        counts = count_queues(actor("manager@demo.example", 1, Role.manager))
    assert 8 <= counts["unanswered"] <= 20
    assert counts["mine"] >= 5
    assert counts["open"] >= 25
    assert counts["closed"] >= 20


def _sizes() -> dict[tuple[int, str], int]:
    found = {}
    for org_id in (1, 2):
        with entered(org_id):
            for table in ("dialog", "message", "client", "funnel", "membership", "ticket", "journal_entry"):
                found[org_id, table] = db.session.scalar(text(f"SELECT count(*) FROM {table}"))
    return found
