"""The fake's deliveries to webhooks: per chat in order and one at a time, again after every answer that is not 2xx."""

from __future__ import annotations

import http.client
import threading
import time
from typing import Any
from urllib.parse import urlsplit

from .telegram_bots import Bot, BotApi, Update

LOOPBACK = ("127.0.0.1", "localhost", "::1")
SPREAD = 0.15  # seconds over which shuffled copies are scattered


class Courier:
    """Carries what waits in `bot.pending` to the bot's webhook, in threads that end when nothing waits.

    Telegram repeats at once, then after 2, 4, 8 … 60 s, or when `Retry-After` says; here all of it times `scale`.
    """

    def __init__(self, api: BotApi, scale: float) -> None:
        self.api, self.scale = api, scale
        self.deliveries: list[dict[str, Any]] = []
        self.in_flight = 0
        self._slots: dict[str, threading.Semaphore] = {}

    def wake(self, bot: Bot) -> None:
        """Start what is needed to deliver everything that waits for this bot."""
        with self.api.changed:
            if not bot.webhook:
                return
            self._slots.setdefault(bot.token, threading.Semaphore(bot.webhook["max_connections"]))
            if self.api.shuffle:
                self._scatter(bot)
                return
            for chat_id in {update.chat_id for update in bot.pending} - bot.busy:
                bot.busy.add(chat_id)
                self._start(self._serve_chat, bot, chat_id)

    def _scatter(self, bot: Bot) -> None:
        for update in bot.pending:
            if not update.scattered:
                update.scattered = True
                for _ in range(self.api.repeat_updates):
                    self._start(self._carry_some_time, bot, update, self.api.random.random() * SPREAD)

    def _start(self, work: Any, *args: Any) -> None:
        self.in_flight += 1
        threading.Thread(target=self._run, args=(work, args), daemon=True).start()

    def _run(self, work: Any, args: tuple[Any, ...]) -> None:
        try:
            work(*args)
        finally:
            with self.api.changed:
                self.in_flight -= 1
                self.api.changed.notify_all()

    def _serve_chat(self, bot: Bot, chat_id: int) -> None:
        while True:
            with self.api.changed:
                update = next((waiting for waiting in bot.pending if waiting.chat_id == chat_id), None)
                if update is None or not bot.webhook or self.api.closing.is_set():
                    bot.busy.discard(chat_id)
                    return
            for _ in range(self.api.repeat_updates):
                self._carry(bot, update)

    def _carry_some_time(self, bot: Bot, update: Update, delay: float) -> None:
        self.api.closing.wait(delay)
        self._carry(bot, update)
        update.scattered = update not in bot.pending

    def _carry(self, bot: Bot, update: Update) -> None:
        """Deliver one update, trying until it is taken, the webhook is gone or the server stops."""
        delay = 0.0
        while bot.webhook and not self.api.closing.is_set():
            with self._slots[bot.token]:
                status, asked = self._post(bot, update)
            self._note(bot, update, status)
            if 200 <= status < 300:
                return
            self.api.closing.wait(min(asked, 3600.0) * self.scale if asked else delay)
            delay = min(delay * 2 or 2 * self.scale, 60 * self.scale)

    def _note(self, bot: Bot, update: Update, status: int) -> None:
        taken = 200 <= status < 300
        with self.api.changed:
            self.deliveries.append({"update_id": update.id, "status": status, "time": time.time()})
            if taken and update in bot.pending:
                bot.pending.remove(update)
            if not taken:
                reason = f"Wrong response from the webhook: {status}" if status else "Connection refused"
                bot.last_error = (int(time.time()), reason)
            self.api.changed.notify_all()

    def _post(self, bot: Bot, update: Update) -> tuple[int, float]:
        """(status, Retry-After): status 0 when there was no answer. Never leaves the loopback."""
        webhook = bot.webhook
        parts = urlsplit(webhook.get("url", ""))
        if parts.scheme != "http" or parts.hostname not in LOOPBACK:
            return 0, 0.0
        headers = {"Content-Type": "application/json"}
        if webhook["secret"]:
            headers["X-Telegram-Bot-Api-Secret-Token"] = webhook["secret"]
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)
        try:
            connection.request("POST", path or "/", update.on_wire(), headers)
            response = connection.getresponse()
            response.read()
            asked = response.headers.get("Retry-After", "")
            return response.status, float(asked) if asked.isdigit() else 0.0
        except (OSError, http.client.HTTPException):
            return 0, 0.0
        finally:
            connection.close()
