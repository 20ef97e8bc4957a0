"""A bot whose webhook is called by the test itself, with whatever it likes."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from aiguro_web.extensions import db, enter_organization
from aiguro_web.models import ClientIdentity, Dialog, InboundUpdate, Message
from aiguro_web.models.message import MessageRole
from aiguro_web.services import connections
from tests.people import HOME, People

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"


class Hook:
    """One bot's address: what Telegram would post, and what is kept of it."""

    def __init__(self, client: FlaskClient, id: int, key: str, secret: str) -> None:
        self.client, self.id, self.key, self.secret = client, id, key, secret
        self._updates = itertools.count(1000)

    def post(self, body: Any, *, headers: dict[str, str] | None = None, kind: str = "telegram") -> TestResponse:
        """A body as it is, or JSON; with the bot's secret unless `headers` are given."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        known = {SECRET_HEADER: self.secret} if headers is None else headers
        return self.client.post(f"/webhooks/{kind}/{self.key}", data=raw, headers=known)

    def update(self, **payload: Any) -> dict[str, Any]:
        return {"update_id": next(self._updates), **payload}

    def message(self, chat: int, number: int, text: str | None = "Здравствуйте", **more: Any) -> dict[str, Any]:
        who = {"id": chat, "is_bot": False, "first_name": "Ольга", "last_name": "Котова", "username": "olga"}
        said = {"text": text} if text is not None else {}
        return {"message_id": number, "date": 1_790_000_000, "chat": {"id": chat, "type": "private"}, "from": who,
                **said, **more}  # fmt: skip

    def says(self, chat: int, number: int, text: str | None = "Здравствуйте", **more: Any) -> TestResponse:
        return self.post(self.update(message=self.message(chat, number, text, **more)))

    def membership(self, chat: int, status: str) -> TestResponse:
        change = self.message(chat, 0, None)
        del change["message_id"]
        bot = {"id": 77, "is_bot": True, "first_name": "Бот"}
        return self.post(self.update(my_chat_member={**change, "old_chat_member": {"user": bot, "status": "member"},
                                                     "new_chat_member": {"user": bot, "status": status}}))  # fmt: skip

    # What is kept

    def kept(self) -> list[tuple[str, str, str]]:
        """(update id, status, error) of everything that came."""
        enter_organization(HOME)
        rows = db.session.scalars(select(InboundUpdate).order_by(InboundUpdate.id))
        return [(row.external_id, row.status.value, row.error) for row in rows]

    def said(self, chat: int, role: MessageRole = MessageRole.user) -> list[str]:
        enter_organization(HOME)
        query = select(Message.text).join(Dialog, Dialog.id == Message.dialog_id)
        query = query.join(ClientIdentity, ClientIdentity.id == Dialog.identity_id)
        query = query.where(ClientIdentity.external_id == str(chat), Message.role == role)
        return list(db.session.scalars(query.order_by(Message.position, Message.sequence, Message.id)))

    def dialog(self) -> Dialog:
        enter_organization(HOME)
        return db.session.scalars(select(Dialog).execution_options(populate_existing=True)).one()


@pytest.fixture
def hook(app: Flask, who: People, client: FlaskClient) -> Hook:
    enter_organization(HOME)
    row = connections.create(
        who.admin.actor, funnel_id=None, messenger_type="telegram", account_id="77", token="77:x", name="Бот"
    )
    db.session.commit()
    enter_organization(HOME)
    found = connections.find_by_key(row["key"])
    assert found is not None
    return Hook(client, row["id"], row["key"], connections.open_secrets(found.secret_encrypted)["secret"])
