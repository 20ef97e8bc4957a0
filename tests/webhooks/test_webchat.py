"""The web chat's door: what a visitor says is kept once under their own key, and what nobody should say is refused."""

from __future__ import annotations

import hashlib
import itertools
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from aiguro_web.extensions import db, enter_organization
from aiguro_web.models import Client, ClientIdentity, Message
from aiguro_web.services import connections
from aiguro_web.webhooks.webchat import NEW_VISITORS
from tests.people import HOME, People

VISITOR = "ab" * 24
KEY = "0123456789abcdef" * 3


class Chat:
    """One chat's address, as a visitor's browser uses it."""

    def __init__(self, client: FlaskClient, id: int, key: str) -> None:
        self.client, self.id, self.key = client, id, key
        self._keys = itertools.count(1)

    def say(
        self, text: str = "Здравствуйте", *, visitor: str = VISITOR, address: str = "", **more: Any
    ) -> TestResponse:
        body = {"visitor": visitor, "key": f"key-number-{next(self._keys)}", "text": text, **more}
        origin = {"REMOTE_ADDR": address} if address else {}
        return self.client.post(f"/chat/{self.key}/messages", json=body, environ_base=origin)

    def history(self, visitor: str = VISITOR) -> list[dict[str, Any]]:
        answer = self.client.get(f"/chat/{self.key}/messages", headers={"X-Visitor": visitor})
        found: list[dict[str, Any]] = answer.get_json()["messages"]
        return found

    def words(self) -> list[str]:
        return [message["text"] for message in self.history() if message["role"] == "user"]


@pytest.fixture
def chat(app: Flask, who: People, client: FlaskClient) -> Chat:
    enter_organization(HOME)
    row = connections.create(who.admin.actor, funnel_id=None, messenger_type="webchat", name="Чат")
    db.session.commit()
    return Chat(client, row["id"], row["key"])


def test_a_visitor_recognises_each_own_message_by_its_key_and_not_by_its_text(chat: Chat) -> None:
    keys = [KEY, KEY[::-1]]
    answers = [chat.say("да", key=key).get_json()["message"] for key in keys]
    assert [message["ref"] for message in answers] == [f"w{key}" for key in keys]
    mine = [message for message in chat.history() if message["role"] == "user"]
    assert [message["ref"] for message in mine] == [f"w{key}" for key in keys]
    assert {message["ref"] for message in chat.history() if message["role"] == "us"} <= {""}


def test_the_same_key_again_answers_the_same_message(chat: Chat) -> None:
    first, second = (chat.say("да", key=KEY) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.get_json() == second.get_json()
    assert chat.words() == ["да"]


def test_the_same_key_with_another_text_is_a_conflict_in_russian(chat: Chat) -> None:
    chat.say("да", key=KEY)
    answer = chat.say("нет", key=KEY)
    assert answer.status_code == 409
    assert "С этим ключом уже отправлено другое сообщение" in answer.get_data(as_text=True)
    assert chat.words() == ["да"]


def test_long_keys_that_begin_alike_are_different_keys(chat: Chat) -> None:
    for end in "12":
        assert chat.say(f"сообщение {end}", key="k" * 200 + end).status_code == 201
    assert chat.words() == ["сообщение 1", "сообщение 2"]


@pytest.mark.parametrize("key", ["1" * 48, "2" * 20])
def test_a_key_never_becomes_a_number_that_moves_the_message(
    chat: Chat, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Digits:
        def hexdigest(self) -> str:
            return "7" * 64

    if len(key) == 20:
        monkeypatch.setattr("aiguro_web.webhooks.webchat.hashlib.sha256", lambda data: Digits())
    assert chat.say("да", key=key).status_code == 201
    enter_organization(HOME)
    assert db.session.scalars(select(Message.sequence).where(Message.text == "да")).all() == [0]


def test_a_chat_that_was_just_switched_off_says_so(chat: Chat, who: People) -> None:
    chat.say("первое", key=KEY)  # the guard remembers the chat as on
    enter_organization(HOME)
    connections.set_active(who.admin.actor, chat.id, False)
    db.session.commit()
    from aiguro_web.webhooks import guard

    assert guard._known.get(chat.key).is_active
    answer = chat.say("второе")
    assert answer.status_code == 409
    assert "Чат сейчас выключен" in answer.get_data(as_text=True)
    assert chat.say("первое", key=KEY).status_code == 201  # what is here already is answered all the same


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Анна\nКотова", "Анна Котова"),
        ("Ан\x07на\u202e", "Ан на"),
        ("\u2066\u061cАн\u200bна", "Анна"),
        ("\u200b\u3164", "Посетитель сайта"),
        (" ", "Посетитель сайта"),
    ],
)
def test_a_visitors_name_is_one_line_without_what_is_not_seen(chat: Chat, given: str, kept: str) -> None:
    assert chat.say(name=given).status_code == 201
    enter_organization(HOME)
    identity = hashlib.sha256(VISITOR.encode()).hexdigest()[:40]
    query = select(Client.name).join(ClientIdentity, ClientIdentity.client_id == Client.id)
    assert db.session.scalar(query.where(ClientIdentity.external_id == identity)) == kept


@pytest.mark.parametrize(
    "text", [" ", "\u200b", "\u200d\u2060\ufeff", "\u3164", "\u2800 \u115f\u1160", "\u202e\t\u00ad", "\ufe0f"]
)
def test_a_text_without_anything_to_see_is_refused(chat: Chat, text: str) -> None:
    assert chat.say(text).status_code == 400
    assert chat.history() == []


@pytest.mark.parametrize("text", ["0", "?", "❤️", "👨‍👩‍👧", "\U0001faea", "\u200bа"])
def test_whatever_can_be_seen_is_taken(chat: Chat, text: str) -> None:
    assert chat.say(text).status_code == 201


def test_new_visitors_of_one_address_are_limited_and_known_ones_are_not(chat: Chat) -> None:
    visitors = [f"{number:032x}" for number in range(NEW_VISITORS + 1)]
    statuses = [chat.say(visitor=visitor).status_code for visitor in visitors]
    assert statuses == [201] * NEW_VISITORS + [429]
    assert "Retry-After" in chat.say(visitor=visitors[-1]).headers
    assert chat.say(visitor=visitors[0]).status_code == 201
    assert chat.say(visitor=visitors[-1], address="198.51.100.7").status_code == 201
    enter_organization(HOME)
    query = select(func.count()).select_from(ClientIdentity).where(ClientIdentity.connection_id == chat.id)
    assert db.session.scalar(query) == NEW_VISITORS + 1
