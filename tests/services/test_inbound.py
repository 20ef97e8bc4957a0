"""An inbound message: once, in order, one client, one dialog."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest
from flask import Flask
from sqlalchemy import event, func, select

from aiguro_web.errors import Conflict
from aiguro_web.extensions import db, enter_organization
from aiguro_web.models import Client, Dialog, InboundUpdate, Message, Outbox
from aiguro_web.services import access, connections, dialogs, inbound, inbox, messages
from tests.people import HOME, People


@dataclass
class Face:
    external_id: str = "500"
    name: str = "Ольга"
    username: str = "olga"
    phone: str = ""


@dataclass
class News:
    update_id: str
    message_id: str = ""
    text: str = "Здравствуйте"
    kind: str = "message"
    chat_id: str = "500"
    person: Face | None = None
    source: str = ""
    media: str = ""


@dataclass
class Parcel:
    payload: str
    updates: list[News] = field(default_factory=list)
    update_id: str = ""
    error: str = ""


@pytest.fixture
def bot(app: Flask, who: People) -> int:
    enter_organization(HOME)
    return connections.create(
        who.admin.actor, funnel_id=None, messenger_type="telegram", account_id="77", token="77:x"
    )["id"]


def hear(bot: int, *news: News) -> list[bool]:
    return [inbound.receive(access.client(HOME), bot, "telegram", item).fresh for item in news]


def said(who: People) -> list[str]:
    dialog = db.session.scalars(select(Dialog.uuid)).one()
    rows = messages.list_messages(who.viewer.actor, dialog)
    return [row["text"] for row in reversed(rows) if row["role"] == "user"]


def test_a_first_message_makes_a_client_and_a_waiting_dialog(bot: int, who: People) -> None:
    hear(bot, News("1", "1", "Сколько стоит?", person=Face()))
    page = inbox.list_cards(who.manager.actor, queue="unanswered")
    assert [(row["client_name"], row["last_message"], row["unread"]) for row in page.rows] == [
        ("Ольга", "Сколько стоит?", 1)
    ]
    assert page.rows[0]["hand_over_reason"] == "no_model"
    assert page.rows[0]["unanswered_since"] is not None


def test_a_repeat_changes_nothing(bot: int, who: People) -> None:
    assert hear(bot, News("1", "1"), News("1", "1"), News("2", "1")) == [True, False, False]
    assert db.session.scalar(select(Dialog.messages_count)) == 2  # the message and the note that nobody answers yet


def test_shuffled_messages_stand_in_the_senders_order(bot: int, who: People) -> None:
    news = [News(str(n), str(n), f"сообщение {n}") for n in range(1, 40)]
    random.Random(4).shuffle(news)
    hear(bot, *news, *news)
    assert said(who) == [f"сообщение {n}" for n in range(1, 40)]
    assert db.session.scalar(select(Dialog.last_message)) == "сообщение 39"
    assert db.session.scalar(select(func.count()).select_from(Client)) == 1


def test_an_edit_that_comes_before_its_message_wins(bot: int, who: People) -> None:
    hear(bot, News("2", "1", "исправлено", kind="edit"), News("1", "1", "с ошибкой"))
    assert said(who) == ["исправлено"]


def test_stop_unsubscribes_and_the_next_word_subscribes_again(bot: int, who: People) -> None:
    hear(bot, News("1", "1", "СТОП"))
    assert db.session.scalar(select(Dialog.unsubscribed)) is True
    hear(bot, News("2", "2", "передумал"))
    db.session.expire_all()
    assert db.session.scalar(select(Dialog.unsubscribed)) is False


def test_a_managers_answer_is_queued_and_takes_over(bot: int, who: People) -> None:
    hear(bot, News("1", "1"))
    uuid = db.session.scalars(select(Dialog.uuid)).one()
    first = messages.write(who.manager.actor, uuid, text=" Да, слушаю ", key="k1")
    again = messages.write(who.manager.actor, uuid, text=" Да, слушаю ", key="k1")
    assert first["id"] == again["id"]
    assert (first["text"], first["status"]) == ("Да, слушаю", "queued")
    dialog = db.session.scalars(select(Dialog).execution_options(populate_existing=True)).one()
    assert (dialog.unanswered_since, dialog.ai, dialog.manager_id) == (None, False, who.manager.actor.user_id)
    assert db.session.scalar(select(func.count()).select_from(Outbox)) == 1
    assert db.session.scalar(select(func.count()).select_from(Message)) == 3


def test_every_stop_leaves_the_queue_of_the_unanswered(bot: int, who: People) -> None:
    hear(bot, News("1", "1", "сколько?"), News("2", "2", "стоп"), News("3", "3", "стоп"))
    row = db.session.execute(select(Dialog.unsubscribed, Dialog.unanswered_since)).one()
    assert tuple(row) == (True, None)


def test_a_person_writing_as_the_assistant_answers_too(bot: int, who: People) -> None:
    hear(bot, News("1", "1"))
    uuid = db.session.scalars(select(Dialog.uuid)).one()
    messages.write(who.manager.actor, uuid, text="Отвечаю за ассистента", role="assistant")
    row = db.session.execute(select(Dialog.unanswered_since, Dialog.unread)).one()
    assert tuple(row) == (None, 0)


def test_an_update_that_the_database_refuses_is_kept_and_does_not_block_the_next(bot: int, who: People) -> None:
    db.session.commit()  # the connection stands: what fails below takes only its own transaction along
    parcel = Parcel('{"update_id": 1, "x": 1e-20000}', [News("1", "1")])
    inbound.take(access.client(HOME), bot, "telegram", parcel)
    kept = db.session.execute(select(InboundUpdate.external_id, InboundUpdate.status)).all()
    assert [tuple(row) for row in kept] == [("1", "unreadable")]
    assert hear(bot, News("2", "2", "следующее")) == [True]
    assert said(who) == ["следующее"]


def test_reopening_waits_for_a_message_that_is_opening_a_dialog(bot: int, who: People) -> None:
    hear(bot, News("1", "1"))
    uuid = db.session.scalars(select(Dialog.uuid)).one()
    dialogs.close(who.manager.actor, uuid)
    statements: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda c, cur, sql, *_: statements.append(sql))
    dialogs.reopen(who.manager.actor, uuid)
    locks = [sql for sql in statements if "pg_advisory_xact_lock" in sql or "FOR UPDATE" in sql]
    assert ["advisory" in sql for sql in locks[:2]] == [True, False], "first the person's lock, then the dialog's row"


def test_a_closed_dialog_stays_and_the_clients_next_message_opens_another(bot: int, who: People) -> None:
    hear(bot, News("1", "1"))
    first = db.session.scalars(select(Dialog.uuid)).one()
    dialogs.close(who.manager.actor, first)
    hear(bot, News("2", "2"))
    with pytest.raises(Conflict):
        dialogs.reopen(who.manager.actor, first)
    assert db.session.scalar(select(func.count()).select_from(Client)) == 1
    assert db.session.scalar(select(func.count()).select_from(Dialog)) == 2
