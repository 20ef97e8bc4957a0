"""An inbound message: once, in order, one client, one dialog."""

from __future__ import annotations

import random
from dataclasses import dataclass

import pytest
from flask import Flask
from sqlalchemy import func, select

from aiguro_web.extensions import db, enter_organization
from aiguro_web.models import Client, Dialog, Message, Outbox
from aiguro_web.services import access, connections, inbound, inbox, messages
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
