"""Organisations: found once however often asked, closed with everything that belongs to them, opened again."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from aiguro_web.errors import Conflict, Forbidden
from aiguro_web.extensions import db, enter_organization
from aiguro_web.models import JournalEntry, Membership, MessengerConnection, Role
from aiguro_web.services import connections, organizations, users
from aiguro_web.services.access import Actor
from tests.people import HOME, OTHER, People

GID = "org_new"


def newcomer(subject: str = "user_new") -> Actor:
    """Somebody of Clerk who belongs nowhere yet."""
    enter_organization(None)
    user = users.first_sight("https://clerk.test", subject)
    db.session.commit()
    return Actor("person", None, user.id, user.name)


def found(who: Actor, *, gid: str = GID, is_admin: bool = False, proven: str | None = GID, name: str = "Новая"):
    enter_organization(None)
    row, created = organizations.found(who, gid=gid, proven_gid=proven, is_admin=is_admin, display_name=name)
    db.session.commit()
    return row, created


def role_of(org_id: int, user_id: int | None) -> Role | None:
    enter_organization(org_id)
    return db.session.scalar(select(Membership.role).where(Membership.org_id == org_id, Membership.user_id == user_id))


def test_who_founds_it_is_its_admin_and_who_comes_later_is_what_the_token_says(app: Flask) -> None:
    first, second, third = (newcomer(f"user_{name}") for name in ("a", "b", "c"))
    row, created = found(first)
    assert (row["gid"], row["display_name"], row["is_active"], created) == (GID, "Новая", True, True)
    assert found(second, name="Другое имя") == (row, False)
    assert found(third, is_admin=True) == (row, False)
    assert [role_of(row["id"], who.user_id) for who in (first, second, third)] == [Role.admin, Role.manager, Role.admin]


def test_a_member_stays_what_they_are_whatever_the_token_says(app: Flask) -> None:
    who = newcomer()
    row, _ = found(who)
    found(who, is_admin=False)
    assert role_of(row["id"], who.user_id) == Role.admin
    other = newcomer("user_other")
    found(other)
    found(other, is_admin=True)
    assert role_of(row["id"], other.user_id) == Role.manager


@pytest.mark.parametrize("proven", [None, "org_elsewhere", "ORG_NEW", ""])
def test_only_what_the_token_proves(app: Flask, proven: str | None) -> None:
    with pytest.raises(Forbidden):
        found(newcomer(), proven=proven)
    enter_organization(None)
    assert organizations.find_by_gid(GID) is None


def test_a_known_and_an_unknown_gid_are_refused_alike(app: Flask, who: People) -> None:
    said = set()
    for gid in (f"org_{HOME}", "org_that_nobody_has"):
        with pytest.raises(Forbidden) as refusal:
            found(newcomer(), gid=gid, proven=GID)
        said.add((refusal.value.message, refusal.value.code))
    assert len(said) == 1


def test_a_removed_member_stays_out(app: Flask) -> None:
    found(newcomer())
    gone = newcomer("user_gone")
    row, _ = found(gone)
    organizations.remove_member(row["id"], gone.user_id or 0)
    db.session.commit()
    with pytest.raises(Forbidden):
        found(gone, is_admin=True)
    db.session.rollback()
    enter_organization(None)
    assert organizations.list_own(gone) == []


def test_an_organisation_that_was_switched_off_lets_nobody_in(app: Flask) -> None:
    who = newcomer()
    row, _ = found(who)
    enter_organization(row["id"])
    organizations.get_home(row["id"]).is_active = False
    db.session.commit()
    with pytest.raises(Forbidden):
        found(who)
    enter_organization(None)
    assert organizations.list_own(who) == []


def test_founding_is_in_the_journal(app: Flask) -> None:
    who = newcomer()
    row, _ = found(who)
    found(who)
    enter_organization(row["id"])
    notes = db.session.execute(select(JournalEntry.act, JournalEntry.actor_id, JournalEntry.subject)).all()
    assert notes == [("found", who.user_id, "organization")]


def test_founded_twice_at_once_it_is_one_organisation(committed_app: Flask) -> None:
    people = [newcomer(f"user_{number}") for number in (1, 1, 1, 2, 2, 2)]
    barrier, rows, failed = threading.Barrier(len(people)), [], []

    def run(who: Actor) -> None:
        with committed_app.app_context():
            try:
                barrier.wait()
                rows.append(found(who))
            except Exception as error:
                failed.append(error)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run, args=(who,)) for who in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len({row["id"] for row, _ in rows}) == 1
    assert [created for _, created in rows].count(True) == 1
    enter_organization(rows[0][0]["id"])
    roles = list(db.session.scalars(select(Membership.role)))
    assert sorted(roles) == sorted([Role.admin, Role.manager])
    assert db.session.scalar(select(func.count()).select_from(JournalEntry)) == 1


# Closing


def bot(who: People, account: str = "77", kind: str = "telegram") -> int:
    enter_organization(HOME)
    made = connections.create(who.admin.actor, funnel_id=None, messenger_type=kind, account_id=account, token="77:x")
    db.session.execute(text("DELETE FROM procrastinate_jobs"))
    db.session.commit()
    enter_organization(HOME)
    return made["id"]


def archive(who: People) -> None:
    enter_organization(HOME)
    organizations.archive(who.admin.actor)
    db.session.commit()
    enter_organization(HOME)


def test_closing_lets_the_messengers_go(app: Flask, who: People) -> None:
    ids = {bot(who), bot(who, "78")}
    bot(who, "site", "webchat")
    archive(who)
    kept = db.session.scalars(select(MessengerConnection)).all()
    assert len(kept) == 3
    assert all(row.removed_at is not None and not row.is_active for row in kept)
    jobs = db.session.execute(text("SELECT task_name, (args->>'connection_id')::int FROM procrastinate_jobs")).all()
    assert {tuple(job) for job in jobs} == {("unsubscribe", id) for id in ids}
    enter_organization(OTHER)
    stranger = who.stranger.actor
    assert connections.create(stranger, funnel_id=None, messenger_type="telegram", account_id="77", token="77:x")


def test_a_closed_organisation_is_nobodys_any_more(app: Flask, who: People) -> None:
    archive(who)
    enter_organization(None)
    for person in (who.admin, who.manager, who.viewer):
        assert organizations.list_own(replace(person.actor, org=None, role=None)) == []
    assert organizations.find_by_gid(f"org_{HOME}") is None
    enter_organization(HOME)
    for action in (organizations.get_own, organizations.archive):  # an actor remembered from before
        with pytest.raises(Forbidden):
            action(who.admin.actor)
    enter_organization(None)
    assert [row["id"] for row in organizations.list_own(who.stranger.actor)] == [OTHER]


def test_its_gid_founds_no_second_one(app: Flask, who: People) -> None:
    archive(who)
    with pytest.raises(Conflict):
        found(who.admin.actor, gid=f"org_{HOME}", proven=f"org_{HOME}")


@pytest.mark.parametrize("role", ["manager", "viewer", "staff"])
def test_only_an_admin_closes(app: Flask, who: People, role: str) -> None:
    enter_organization(HOME)
    with pytest.raises(Forbidden):
        organizations.archive(replace(getattr(who, role).actor, org=HOME))


def test_it_can_be_opened_again(app: Flask, who: People) -> None:
    bot(who)
    archive(who)
    result = app.test_cli_runner().invoke(args=["org", "restore", str(HOME)])
    assert result.stdout == f"organisation {HOME} is open\n"
    enter_organization(HOME)
    assert organizations.get_own(who.admin.actor)["gid"] == f"org_{HOME}"
    assert connections.list_connections(who.admin.actor) == []
    notes = select(JournalEntry.act).where(JournalEntry.subject == "organization").order_by(JournalEntry.id)
    acts = list(db.session.scalars(notes))
    assert acts == ["archive", "restore"]
    assert app.test_cli_runner().invoke(args=["org", "restore", "999999"]).exit_code == 1
