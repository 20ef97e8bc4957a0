"""A company beside running processes: it connects bots and answers clients, and looks at what the database holds."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
from flask import Flask
from psycopg.rows import dict_row

from aiguro_web import embedded, live
from aiguro_web.queue import transaction
from aiguro_web.services import connections, messages
from tests import databases, people
from tests.fakes.telegram import FakeTelegram
from tests.worker.processes import Running, wait_until

FINAL = ("sent", "delivered", "read", "failed", "uncertain")
_numbers = itertools.count(2_000_000_001)


class Company:
    """`people` of the house's database, acting through the services of `app`; the processes see only what commits."""

    house: Running

    def __init__(self, app: Flask, urls: embedded.Urls, telegram: FakeTelegram) -> None:
        self.app, self.urls, self.telegram = app, urls, telegram
        self.admin_url = databases.plain(urls.admin)
        with app.app_context():
            self.people = people.load()
        self.who = self.people.admin.actor

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """What the database holds, whatever the walls."""
        with psycopg.connect(self.admin_url, autocommit=True, row_factory=dict_row) as admin:
            return list(admin.execute(query, values))

    def value(self, query: str, *values: Any) -> Any:
        found = self.rows(query, *values)
        return next(iter(found[0].values())) if found else None

    @contextmanager
    def acting(self) -> Iterator[None]:
        """In the company's own transaction; its jobs and events are announced in its own database."""
        live.init_app(self.app)  # another test's application may have taken the process over
        with self.app.app_context(), transaction(self.who):
            yield

    def connect(self, token: str = "", *, wait: bool = True) -> Bot:
        """A bot of its own; waits until the worker has made it receive."""
        token = token or f"{next(_numbers)}:AAFakeTokenOfOneTest_0123456789"
        if token not in self.telegram.api.bots:
            self.telegram.add_bot(token, f"bot_{token.split(':')[0]}")
        account = token.split(":")[0]
        with self.acting():
            row = connections.create(
                self.who, funnel_id=None, messenger_type="telegram", account_id=account, username=f"bot_{account}",
                token=token,
            )  # fmt: skip
        bot = Bot(self, token, row["id"], row["key"])
        if wait:
            wait_until(lambda: bot.state["status"] == "ok", 20, "the bot receives")
        return bot


class Bot:
    """One connected bot and the conversations it holds."""

    def __init__(self, company: Company, token: str, id: int, key: str) -> None:
        self.company, self.token, self.id, self.key = company, token, id, key

    @property
    def state(self) -> dict[str, Any]:
        return self.company.rows("SELECT * FROM messenger_connection WHERE id = %s", self.id)[0]

    def hear(self, chat_id: int, text: str, **more: Any) -> dict[str, Any]:
        """A client writes to it."""
        return self.company.telegram.client_writes(chat_id, text, token=self.token, **more)

    def dialogs(self, chat_id: int) -> list[dict[str, Any]]:
        return self.company.rows(
            "SELECT d.* FROM dialog d JOIN client_identity i ON i.id = d.identity_id "
            "WHERE d.connection_id = %s AND i.external_id = %s ORDER BY d.id",
            self.id,
            str(chat_id),
        )

    def dialog(self, chat_id: int) -> dict[str, Any]:
        """The one dialog of this client."""
        found = self.dialogs(chat_id)
        assert len(found) == 1, f"{len(found)} dialogs"
        return found[0]

    def said(self, chat_id: int, role: str = "user") -> list[str]:
        """The texts of a role, as a person reads them."""
        found = self.company.rows(
            "SELECT m.text FROM message m JOIN dialog d ON d.id = m.dialog_id JOIN client_identity i "
            "ON i.id = d.identity_id WHERE d.connection_id = %s AND i.external_id = %s AND m.role = %s "
            "ORDER BY m.position, m.sequence, m.id",
            self.id,
            str(chat_id),
            role,
        )
        return [row["text"] for row in found]

    def meet(self, chat_id: int, text: str = "Здравствуйте") -> UUID:
        """A client writes for the first time; the dialog."""
        self.hear(chat_id, text)
        wait_until(lambda: self.said(chat_id), 15, "the first message")
        found: UUID = self.dialog(chat_id)["uuid"]
        return found

    def answer(self, dialog: UUID, *texts: str) -> list[int]:
        """A manager writes; the messages' ids. All of them are committed together."""
        with self.company.acting():
            return [messages.write(self.company.who, dialog, text=text)["id"] for text in texts]

    def send_again(self, dialog: UUID, message: int) -> None:
        with self.company.acting():
            messages.send_again(self.company.who, dialog, message)

    def message(self, id: int) -> dict[str, Any]:
        return self.company.rows("SELECT * FROM message WHERE id = %s", id)[0]

    def settled(self, *ids: int, timeout: float = 20) -> list[tuple[str, str | None]]:
        """(status, error) of each message as soon as all are in a final state."""

        def look() -> list[tuple[str, str | None]]:
            found = [self.message(id) for id in ids]
            done = all(row["status"] in FINAL for row in found)
            return [(row["status"], row["error"]) for row in found] if done else []

        return wait_until(look, timeout, "every message is in a final state")

    def sent(self, chat_id: int | None = None) -> list[str]:
        """What the messenger has accepted of it."""
        return [
            one.text for one in self.company.telegram.sent if one.token == self.token and chat_id in (None, one.chat_id)
        ]
