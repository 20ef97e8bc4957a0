"""A client who is deleted: hidden, brought back, erased; and what comes late or anew from the same person."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select, text, update

from aiguro_web.errors import NotFound
from aiguro_web.extensions import db, enter_organization
from aiguro_web.models import Base, Client, ClientIdentity, Dialog, InboundUpdate, Message, Outbox
from aiguro_web.models.message import MessageStatus
from aiguro_web.services import (
    access,
    client_lists,
    clients,
    connections,
    deliveries,
    dialog_lists,
    dialogs,
    erasure,
    inbound,
    inbox,
    messages,
    webchat,
)
from tests import people
from tests.people import HOME, People
from tests.services.test_clients import WORDS, bot, hear, shown, tally_is_true, the_client
from tests.services.test_inbound import Face, News

__all__ = ["bot"]  # a fixture


# Sixty dialogs more like the one that is there, each with a message and a piece that waits.
MANY = (
    """INSERT INTO dialog (org_id, uuid, funnel_id, stage_id, client_id, thread_id, channel)
       SELECT d.org_id, gen_random_uuid(), d.funnel_id, d.stage_id, d.client_id, 'x' || n, ''
       FROM dialog d, generate_series(1, 60) n""",
    """INSERT INTO message (org_id, dialog_id, role, text, status, position)
       SELECT org_id, id, 'manager', 'слова', 'queued', 1 FROM dialog WHERE thread_id LIKE 'x%'""",
    """INSERT INTO outbox (org_id, dialog_id, message_id, part, lane, text)
       SELECT m.org_id, m.dialog_id, m.id, 1, 0, m.text FROM message m JOIN dialog d ON d.id = m.dialog_id
       WHERE d.thread_id LIKE 'x%'""",
)


def age(days: float) -> None:
    """As if the deletion was that long ago."""
    for table in (Client, Dialog):
        db.session.execute(update(table).values(deleted_at=table.deleted_at - timedelta(days=days)))
    db.session.execute(update(InboundUpdate).values(created_at=InboundUpdate.created_at - timedelta(days=days)))
    db.session.expire_all()


def erase() -> None:
    """As tasks/erasure.py, in this one transaction."""
    who = access.system(HOME)
    after: int | None = 0
    overdue = erasure.list_overdue()
    while overdue and after is not None:
        after = erasure.forget_payloads(who, after)
    for _, client_id in overdue:
        while erasure.erase_messages(who, client_id):
            pass
        erasure.erase(who, client_id)
    db.session.expire_all()


def traces() -> list[str]:
    """The tables where the planted words still stand."""
    db.session.flush()
    tables = [*Base.metadata.tables, "procrastinate_jobs"]
    query = "SELECT count(*) FROM {} t WHERE t::text ILIKE :words"
    return [name for name in tables if db.session.scalar(text(query.format(name)), {"words": f"%{WORDS}%"})]


def fingerprint() -> list[Any]:
    db.session.flush()
    query = "SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {} t"
    return [db.session.scalar(text(query.format(name))) for name in Base.metadata.tables]


@pytest.fixture
def one(bot: int) -> int:
    return the_client(bot)


@pytest.fixture
def uuid(one: int) -> Any:
    return db.session.scalars(select(Dialog.uuid)).one()


def test_they_are_gone_everywhere(bot: int, one: int, uuid: Any, who: People) -> None:
    clients.delete(who.manager.actor, one)
    assert shown(who) == []
    assert inbox.list_cards(who.manager.actor, queue="open").rows == []
    assert dialog_lists.list_json(who.viewer.actor, dialog_lists.DialogFilter(), limit=9).body == b"[]"
    reading = who.viewer.actor
    for act in (
        lambda: client_lists.get_client(reading, one),
        lambda: client_lists.must_exist(reading, one),
        lambda: dialog_lists.get_json(reading, uuid),
        lambda: inbox.get_card(reading, uuid),
        lambda: inbox.find_uuid(reading, "500"),
        lambda: messages.list_messages(reading, uuid),
        lambda: messages.write(who.manager.actor, uuid, text="ау"),
        lambda: clients.delete(who.manager.actor, one),
        lambda: clients.change(who.manager.actor, one, {"name": "Пётр"}),
    ):
        with pytest.raises(NotFound):
            act()


def test_a_deletion_has_as_many_parameters_for_many_dialogs(one: int, uuid: Any, who: People) -> None:
    """A statement takes 65,535 of them."""
    messages.write(who.manager.actor, uuid, text="Здравствуйте!")
    db.session.flush()
    for statement in MANY:
        db.session.execute(text(statement))
    most = 0

    def count(connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        nonlocal most
        most = max(most, len(parameters))

    event.listen(db.engine, "before_cursor_execute", count)
    try:
        clients.delete(who.manager.actor, one)
        clients.restore(who.manager.actor, one)
        clients.delete(who.manager.actor, one)
        age(31)
        erase()
    finally:
        event.remove(db.engine, "before_cursor_execute", count)
    assert 0 < most < 60
    assert db.session.scalars(select(Dialog.id)).all() == []


def test_what_is_queued_does_not_leave(one: int, uuid: Any, who: People) -> None:
    messages.write(who.manager.actor, uuid, text="Здравствуйте!")
    clients.delete(who.manager.actor, one)
    dialog_id = db.session.scalars(select(Dialog.id)).one()
    assert deliveries.claim(access.system(HOME), dialog_id, lambda kind, words: [words]) is None
    assert db.session.scalars(select(Outbox.status)).all() == ["failed"]
    assert db.session.scalars(select(Message.status).where(Message.role == "manager")).all() == [MessageStatus.failed]


def test_what_is_put_off_while_it_is_sent_does_not_leave_either(one: int, uuid: Any, who: People) -> None:
    messages.write(who.manager.actor, uuid, text="Здравствуйте!")
    dialog_id = db.session.scalars(select(Dialog.id)).one()
    piece = deliveries.claim(access.system(HOME), dialog_id, lambda kind, words: [words])
    assert isinstance(piece, deliveries.Piece)
    clients.delete(who.manager.actor, one)
    deliveries.later(access.system(HOME), piece, "подождите", 0, False)
    db.session.execute(update(Outbox).values(not_before=func.now()))
    assert deliveries.claim(access.system(HOME), dialog_id, lambda kind, words: [words]) is None
    assert db.session.scalars(select(Outbox.status)).all() == ["failed"]


def test_a_late_repeat_does_not_bring_them_back(bot: int, one: int, who: People) -> None:
    clients.delete(who.manager.actor, one)
    assert hear(bot, News("1", "1"), News("2", "1")) == [False, False], "the same update; the same message anew"
    hear(bot, News("3", "1", "исправлено", kind="edit"), News("4", kind="blocked"), News("5", kind="unblocked"))
    assert shown(who) == []
    assert db.session.scalar(select(func.count()).select_from(Dialog)) == 1


def test_a_new_word_makes_a_new_client(bot: int, one: int, who: People) -> None:
    clients.delete(who.manager.actor, one)
    assert hear(bot, News("2", "2", "я снова здесь", person=Face(name="Ольга Новая"))) == [True]
    (new,) = shown(who)
    assert new != one
    row = client_lists.get_client(who.viewer.actor, new)
    assert (row["name"], row["messages_count"]) == ("Ольга Новая", 2)
    assert db.session.scalars(select(ClientIdentity.client_id)).all() == [new]
    assert hear(bot, News("3", "3")) == [True]
    assert shown(who) == [new]


def test_a_visitor_of_the_web_chat_sees_an_empty_one(app: Flask, who: People) -> None:
    enter_organization(HOME)
    chat = connections.create(who.admin.actor, funnel_id=None, messenger_type="webchat")["id"]
    visitor = access.client(HOME)
    inbound.receive(visitor, chat, "webchat", News("v:1", "w1", "старое", chat_id="v"))
    clients.delete(who.manager.actor, db.session.scalars(select(Client.id)).one())
    assert webchat.list_said(visitor, chat, "v") == []
    inbound.receive(visitor, chat, "webchat", News("v:1", "w1", "старое", chat_id="v"))
    assert webchat.list_said(visitor, chat, "v") == []
    inbound.receive(visitor, chat, "webchat", News("v:2", "w2", "новое", chat_id="v"))
    assert [row["text"] for row in webchat.list_said(visitor, chat, "v")] == ["новое"]


def test_undo_brings_everything_back(bot: int, one: int, uuid: Any, who: People) -> None:
    hidden_before = dialogs.find_head(who.viewer.actor, uuid)
    clients.delete(who.manager.actor, one)
    age(29.9)
    clients.restore(who.manager.actor, one)
    assert shown(who) == [one]
    assert dialogs.find_head(who.viewer.actor, uuid) == hidden_before
    clients.restore(who.manager.actor, one)  # again: nothing more
    assert hear(bot, News("2", "2", "продолжим")) == [True]
    assert shown(who) == [one]
    assert db.session.scalar(select(func.count()).select_from(Dialog)) == 1


def test_undo_leaves_hidden_what_was_hidden_before(bot: int, one: int, uuid: Any, who: People) -> None:
    db.session.execute(update(Dialog).values(deleted_at=func.now() - timedelta(days=1)))
    clients.delete(who.manager.actor, one)
    clients.restore(who.manager.actor, one)
    assert shown(who) == [one]
    with pytest.raises(NotFound):
        dialogs.find_head(who.viewer.actor, uuid)


def test_undo_closes_a_dialog_that_was_begun_anew_meanwhile(bot: int, one: int, uuid: Any, who: People) -> None:
    clients.delete(who.manager.actor, one)
    hear(bot, News("2", "2", "я снова здесь"))
    clients.restore(who.manager.actor, one)
    db.session.expire_all()
    assert len(shown(who)) == 2
    assert db.session.scalar(select(Dialog.status).where(Dialog.uuid == uuid)) == "closed"
    assert hear(bot, News("3", "3", "и дальше")) == [True]
    assert db.session.scalar(select(func.count()).select_from(Dialog)) == 2
    new = db.session.scalars(select(Dialog).where(Dialog.uuid != uuid)).one()
    assert [row["text"] for row in messages.list_messages(who.viewer.actor, new.uuid) if row["role"] == "user"] == [
        "и дальше", "я снова здесь",
    ]  # fmt: skip


def test_after_thirty_days_there_is_no_undo(one: int, who: People) -> None:
    clients.delete(who.manager.actor, one)
    age(30.1)
    with pytest.raises(NotFound):
        clients.restore(who.manager.actor, one)


def test_erasing_really_erases(bot: int, one: int, uuid: Any, who: People) -> None:
    clients.change(who.manager.actor, one, {"name": f"Ольга {WORDS}", "email": f"{WORDS}@почта.рф"})
    messages.write(who.manager.actor, uuid, text=f"{WORDS} в ответе")
    clients.delete(who.manager.actor, one)
    hear(bot, News("2", "2", "я снова здесь"))
    assert traces() != []
    erase()
    assert traces() != [], "not before its time"
    age(31)
    erase()
    assert traces() == []
    assert db.session.scalar(select(func.count()).where(Client.id == one)) == 0
    assert len(shown(who)) == 1, "who wrote again stays"
    assert tally_is_true()
    assert hear(bot, News("1", "1")) == [False], "that an update was here is still known"
    before = fingerprint()
    erase()
    assert fingerprint() == before


def test_messages_that_come_while_they_are_deleted_are_never_left_with_the_deleted_one(committed_app: Flask) -> None:
    """Dialogs of a deleted client would be seen by nobody, or (listed) show who is gone."""
    who, errors = people.load(), list[Exception]()
    enter_organization(HOME)
    admin = who.admin.actor
    bot = connections.create(admin, funnel_id=None, messenger_type="telegram", account_id="78", token="78:x")["id"]
    db.session.commit()

    def act(what: Callable[[], object], tries: int = 5) -> None:
        with committed_app.app_context():
            enter_organization(HOME)
            try:
                what()
                db.session.commit()
            except NotFound:
                db.session.rollback()
            except Exception as error:
                # What the database takes back (a circle of three at once) its caller does again: messengers, people.
                db.session.remove()
                if tries and getattr(getattr(error, "orig", error), "sqlstate", "") == "40P01":
                    act(what, tries - 1)
                else:
                    errors.append(error)
            finally:
                db.session.remove()

    def talk(first: int) -> None:
        for number in range(first, first + 25):
            news = News(str(number), str(number), chat_id=str(500 + number % 2))
            act(lambda news=news: inbound.receive(access.client(HOME), bot, "telegram", news))

    def undo() -> None:
        for _ in range(12):
            with committed_app.app_context():
                enter_organization(HOME)
                ids = list(db.session.scalars(select(Client.id).order_by(Client.id.desc()).limit(3)))
                db.session.remove()
            for id in ids:
                act(lambda id=id: clients.delete(admin, id))
            act(lambda: clients.restore(admin, ids[-1]) if ids else None)

    threads = [threading.Thread(target=talk, args=(1000 * n,)) for n in (1, 2, 3)]
    threads += [threading.Thread(target=undo) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert errors == []
    enter_organization(HOME)
    mixed = select(func.count()).select_from(Dialog).join(Client, Client.id == Dialog.client_id)
    assert db.session.scalar(mixed.where(Dialog.listed, Client.deleted_at.is_not(None))) == 0
    assert db.session.scalar(select(func.count()).where(Message.role == "user")) == 75
    assert tally_is_true()
