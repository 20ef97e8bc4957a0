"""Files and the links to them: who may do what, what goes with what, and how long a link opens."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select, text

from aiguro_web.errors import AppError, Forbidden, NotFound
from aiguro_web.extensions import db, enter_organization
from aiguro_web.models import File, FunnelFile, Role, Ticket, TicketFile, TicketMessage
from aiguro_web.models.file import FileCategory
from aiguro_web.services import file_links, files, funnels, organizations
from aiguro_web.services.access import Actor
from aiguro_web.services.files import NewFile
from tests.people import HOME, OTHER, People


@pytest.fixture(autouse=True)
def at_home(app: Flask) -> None:
    enter_organization(HOME)


def a_file(who: People, name: str = "a.pdf", funnel: int | None = None, **more: Any) -> int:
    new = NewFile(name, f"key-of-{name}-{db.session.scalar(select(func.count(File.id)))}", "application/pdf", 7, **more)
    return files.add(who.admin.actor, new, funnel)["id"]


def two_funnels(who: People) -> tuple[int, int]:
    first = funnels.list_funnels(who.admin.actor)[0]["id"]
    return first, funnels.create(who.admin.actor, "вторая").id


def listed(who: People, **wanted: Any) -> list[int]:
    return [row["id"] for row in files.list_files(who.admin.actor, limit=100, **wanted)[0]]


def jobs() -> list[list[str]]:
    query = "SELECT args->'keys' FROM procrastinate_jobs WHERE task_name = 'delete_bytes' ORDER BY id"
    return list(db.session.scalars(text(query)))


def refused(act: Callable[[], object]) -> int:
    try:
        act()
    except AppError as refusal:
        return refusal.status
    return 200


@pytest.mark.parametrize(
    ("role", "reads", "writes"), [("viewer", 403, 403), ("manager", 200, 403), ("admin", 200, 200)]
)
def test_who_may(who: People, role: str, reads: int, writes: int) -> None:
    file, (funnel, _) = a_file(who), two_funnels(who)
    me: Actor = getattr(who, role).actor
    for read in (
        lambda: files.list_files(me, limit=9),
        lambda: files.get_file(me, file),
        lambda: files.count_by_category(me),
        lambda: file_links.get_content(me, "file", file),
    ):
        assert refused(read) == reads
    for write in (
        lambda: files.may_add(me),
        lambda: files.add(me, NewFile("a", f"key-{role}", "text/plain", 1)),
        lambda: files.attach(me, funnel, file),
        lambda: files.detach(me, funnel, file),
        lambda: files.attach(me, funnel, file),
        lambda: files.leave_funnel(me, funnel),
        lambda: files.remove(me, file),
    ):
        assert refused(write) == writes


def test_lists_are_newest_first_by_category_and_by_funnel(who: People) -> None:
    funnel, other = two_funnels(who)
    one = a_file(who, "1", category=FileCategory.client_work)
    two = a_file(who, "2", funnel)
    three = a_file(who, "3", other, category=FileCategory.client_work)
    assert listed(who) == [three, two, one]
    assert listed(who, category=FileCategory.client_work) == [three, one]
    assert listed(who, funnel_id=funnel) == [two]
    assert listed(who, funnel_id=other, category=FileCategory.general_info) == []
    assert listed(who, before_id=three) == [two, one]
    counted = {row["category"]: (row["files"], row["size"]) for row in files.count_by_category(who.admin.actor)}
    assert counted == {FileCategory.client_work: (2, 14), FileCategory.general_info: (1, 7)}
    for absent in (2**40, funnels_of_the_other()):
        assert refused(lambda: files.list_files(who.admin.actor, funnel_id=absent, limit=9)) == 404
        assert refused(lambda: files.count_by_category(who.admin.actor, absent)) == 404


def funnels_of_the_other() -> int:
    enter_organization(OTHER)
    found = funnels.list_funnels(Actor("system", OTHER))[0]["id"]
    enter_organization(HOME)
    return found


def test_attaching_twice_is_once_and_detaching_twice_is_404(who: People) -> None:
    file, (funnel, _) = a_file(who), two_funnels(who)
    for _ in range(2):
        assert files.attach(who.admin.actor, funnel, file)["id"] == file
    assert listed(who, funnel_id=funnel) == [file]
    files.detach(who.admin.actor, funnel, file)
    assert listed(who, funnel_id=funnel) == []
    assert refused(lambda: files.detach(who.admin.actor, funnel, file)) == 404
    assert refused(lambda: files.attach(who.admin.actor, funnel, 2**40)) == 404
    assert refused(lambda: files.attach(who.admin.actor, 2**40, file)) == 404
    assert listed(who) == [file]


def test_a_deleted_files_bytes_are_a_job_of_the_same_transaction(who: People) -> None:
    file = a_file(who)
    key = db.session.scalar(select(File.storage_key).where(File.id == file))
    files.remove(who.admin.actor, file)
    assert jobs() == [[key]]
    assert refused(lambda: files.remove(who.admin.actor, file)) == 404
    db.session.rollback()
    assert jobs() == []


def test_a_funnels_delete_takes_from_no_other_funnel(who: People) -> None:
    (funnel, other), file = two_funnels(who), a_file(who)
    files.attach(who.admin.actor, funnel, file)
    files.attach(who.admin.actor, other, file)
    files.remove_from_funnel(who.admin.actor, funnel, file)
    assert (listed(who, funnel_id=funnel), listed(who, funnel_id=other)) == ([], [file])
    assert refused(lambda: files.remove_from_funnel(who.admin.actor, funnel, file)) == 404
    assert jobs() == []
    files.remove_from_funnel(who.admin.actor, other, file)
    assert listed(who) == []
    assert len(jobs()) == 1


def test_with_a_funnel_go_the_files_that_were_uploaded_to_it(who: People) -> None:
    funnel, other = two_funnels(who)
    own, shared, companys = a_file(who, "own", funnel), a_file(who, "shared", funnel), a_file(who, "company")
    files.attach(who.admin.actor, other, shared)
    files.attach(who.admin.actor, funnel, companys)
    files.leave_funnel(who.admin.actor, funnel)
    assert listed(who) == [companys, shared]
    assert listed(who, funnel_id=other) == [shared]
    assert db.session.scalar(select(func.count()).where(FunnelFile.funnel_id == funnel)) == 0
    assert len(jobs()) == 1
    assert own not in listed(who)
    files.leave_funnel(who.admin.actor, funnel)


def test_many_keys_are_few_jobs(who: People) -> None:
    files.forget(who.manager.actor, {f"key-{number}" for number in range(1200)})
    assert [len(keys) for keys in jobs()] == [500, 500, 200]


def test_keys_that_a_row_names_are_known_over_all_organisations(who: People) -> None:
    a_file(who)
    key = db.session.scalars(select(File.storage_key)).one()
    enter_organization(OTHER)
    assert files.list_known([key, "nobodys"]) == {key}
    enter_organization(None)
    assert files.list_known([key, "nobodys"]) == {key}
    assert files.list_known([]) == set()


# Links.


def token_of(who: People, file: int, seconds: int = 600) -> str:
    return file_links.sign(who.manager.actor, "file", file, seconds).removeprefix(file_links.PATH)


def test_a_link_opens_for_its_time_and_no_longer(who: People) -> None:
    file = a_file(who)
    with time_machine.travel("2026-11-24T10:00:00Z", tick=False) as clock:
        short, long = token_of(who, file, 5), token_of(who, file, 99_999)
        link = file_links.open_link(short)
        assert (link.who.user_id, link.who.org, link.kind, link.id) == (who.manager.actor.user_id, HOME, "file", file)
        assert file_links.get_content(link.who, link.kind, link.id)["name"] == "a.pdf"
        clock.shift(6)
        with pytest.raises(Forbidden, match="устарела"):
            file_links.open_link(short)
        clock.shift(593)
        assert file_links.open_link(long)
        clock.shift(2)
        with pytest.raises(Forbidden):
            file_links.open_link(long)


def test_a_link_that_was_not_made_here_opens_nothing(who: People) -> None:
    token = token_of(who, a_file(who))
    data = base64.urlsafe_b64decode(token + "==")
    for at in range(len(data)):
        for bit in (1, 128):
            changed = bytearray(data)
            changed[at] ^= bit
            with pytest.raises(NotFound):
                file_links.open_link(base64.urlsafe_b64encode(changed).rstrip(b"=").decode())
    same_bytes = token[:-1] + chr(ord(token[-1]) + 1)  # the last sign has bits that base64 does not use
    for wrong in (
        "",
        "a",
        token[:-1],
        token + "a",
        token + "=",
        f" {token}",
        token.replace(token[0], "é", 1),
        same_bytes,
    ):
        with pytest.raises(NotFound):
            file_links.open_link(wrong)


def test_another_key_opens_nothing_and_an_older_one_still_does(who: People, app: Flask) -> None:
    token, secret = token_of(who, a_file(who)), app.config["SECRET_KEY"]
    try:
        file_links.configure("another key", "")
        with pytest.raises(NotFound):
            file_links.open_link(token)
        file_links.configure(f"a new key,{secret}", "https://crm.example")
        assert file_links.open_link(token)
        assert file_links.sign(who.manager.actor, "file", 1).startswith("https://crm.example/api/download/")
    finally:
        file_links.configure(secret, "")


def test_a_removed_member_and_a_viewer_open_nothing(who: People) -> None:
    token = token_of(who, a_file(who))
    manager = who.manager.actor.user_id
    assert manager is not None
    organizations.invite(HOME, manager, Role.viewer)
    link = file_links.open_link(token)
    with pytest.raises(Forbidden):
        file_links.get_content(link.who, link.kind, link.id)
    organizations.remove_member(HOME, manager)
    db.session.flush()
    with pytest.raises(Forbidden):
        file_links.open_link(token)


def test_a_deleted_file_is_404_behind_a_good_link(who: People) -> None:
    file = a_file(who)
    link = file_links.open_link(token_of(who, file))
    files.remove(who.admin.actor, file)
    with pytest.raises(NotFound):
        file_links.get_content(link.who, link.kind, link.id)


def test_a_tickets_file_opens_for_its_organisation_and_for_staff(who: People) -> None:
    ticket = Ticket(org_id=HOME, subject="тема", author_id=who.viewer.actor.user_id, department="general")
    db.session.add(ticket)
    db.session.flush()
    message = TicketMessage(org_id=HOME, ticket_id=ticket.id, role="user", text="слова")
    db.session.add(message)
    db.session.flush()
    file = TicketFile(org_id=HOME, message_id=message.id, name="log.txt", content_type="text/plain", size=1,
                      storage_key="ticket-key")  # fmt: skip
    db.session.add(file)
    db.session.flush()
    staff = Actor("person", HOME, who.staff.actor.user_id, staff=True)
    for me in (who.viewer.actor, staff):
        link = file_links.open_link(file_links.sign(me, "ticket_file", file.id).removeprefix(file_links.PATH))
        assert file_links.get_content(link.who, link.kind, link.id)["storage_key"] == "ticket-key"
        assert link.who.org == HOME
    link = file_links.sign(staff, "ticket_file", file.id).removeprefix(file_links.PATH)
    db.session.execute(text("UPDATE organization SET archived_at = now() WHERE id = :id"), {"id": HOME})
    with pytest.raises(Forbidden):
        file_links.open_link(link)
    db.session.execute(text("UPDATE organization SET archived_at = NULL WHERE id = :id"), {"id": HOME})
    enter_organization(HOME)
    with pytest.raises(Forbidden):  # staff are no members: an organisation's own files are not theirs
        file_links.open_link(file_links.sign(staff, "file", a_file(who)).removeprefix(file_links.PATH))
    assert refused(lambda: file_links.get_content(who.stranger.actor, "ticket_file", file.id)) == 404
