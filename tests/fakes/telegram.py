"""A Telegram of our own: a Bot API server on a loopback socket, and the clients who write to its bots.

In a test: `with FakeTelegram(tokens={"1:AA": "shop_bot"}) as telegram: … telegram.url …`. As a process of its own:
`python -m tests.fakes.telegram --port 0 --token 1:AA`, which prints its URL and is driven through `/_control`.
"""

from __future__ import annotations

import argparse
import dataclasses
import signal
import threading
import time
from collections.abc import Mapping
from typing import Any, Self

from .telegram_bots import Bot, BotApi, SentMessage
from .telegram_courier import Courier
from .telegram_http import KINDS, Fault, Server

TOKEN = "1111111111:AAFakeTokenOfTheTestBot_0123456789"


class FakeTelegram:
    """`tokens`: token → username. `allow_http`: webhooks on http://127.0.0.1 are accepted too.

    `strict_rate`: setWebhook more than once a second is 429. `retry_scale`: how long a second of Telegram's waiting
    between webhook tries lasts here. `repeat_updates` and `shuffle` may be set at any time: each update so many
    times, out of order.
    """

    def __init__(
        self,
        tokens: Mapping[str, str] | None = None,
        *,
        port: int = 0,
        allow_http: bool = False,
        strict_rate: bool = False,
        retry_scale: float = 0.02,
    ) -> None:
        self.api = BotApi(allow_http=allow_http, strict_rate=strict_rate)
        self.courier = Courier(self.api, retry_scale)
        for token, username in (tokens or {TOKEN: "aiguro_test_bot"}).items():
            self.add_bot(token, username)
        self._faults: list[Fault] = []
        self._server = Server(port, self)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the server, its long polls, hanging answers and deliveries."""
        with self.api.changed:
            self.api.closing.set()
            self.api.changed.notify_all()
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()

    # What a test looks at

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def token(self) -> str:
        """The token of the first bot."""
        return next(iter(self.api.bots))

    @property
    def sent(self) -> list[SentMessage]:
        """Every accepted message, oldest first."""
        with self.api.changed:
            return list(self.api.sent)

    @property
    def deliveries(self) -> list[dict[str, Any]]:
        """Every try to deliver an update to a webhook: update_id, status (0: no answer), time."""
        with self.api.changed:
            return list(self.courier.deliveries)

    def calls(self, method: str) -> list[dict[str, Any]]:
        """The arguments of every call of a method that reached a bot."""
        with self.api.changed:
            return [args for _, name, args in self.api.calls if name.lower() == method.lower()]

    def wait_sent(self, count: int, timeout: float = 10) -> list[SentMessage]:
        """The accepted messages as soon as there are `count`, or what there is when the time is over."""
        with self.api.changed:
            self.api.changed.wait_for(lambda: len(self.api.sent) >= count, timeout)
        return self.sent

    def drained(self, timeout: float = 10) -> bool:
        """Waits until every update has been taken by its webhook or poller."""
        with self.api.changed:
            return self.api.changed.wait_for(
                lambda: not self.courier.in_flight and not any(bot.pending for bot in self.api.bots.values()), timeout
            )

    # What clients do; each gives the update. `token` may be left out when there is one bot.

    def client_writes(
        self,
        chat_id: int,
        text: str | None = None,
        name: str | None = None,
        *,
        token: str = "",
        username: str = "",
        reply_to: int | None = None,
        date: int | None = None,
        **content: Any,
    ) -> dict[str, Any]:
        """A private message. Other content than text goes into `content`: photo=[…], caption="…"."""
        bot = self._bot(token)
        with self.api.changed:
            message = self._message(bot, chat_id, name, username)
            message |= {"date": date or int(time.time())} | content | ({"text": text} if text is not None else {})
            if reply_to:
                message["reply_to_message"] = bot.messages.get((chat_id, reply_to), {"message_id": reply_to})
            bot.messages[chat_id, message["message_id"]] = message
            return self._queued(bot, {"message": message}, chat_id)

    def client_edits(self, chat_id: int, message_id: int, text: str, *, token: str = "") -> dict[str, Any]:
        bot = self._bot(token)
        with self.api.changed:
            message = bot.messages[chat_id, message_id] | {"text": text, "edit_date": int(time.time())}
            bot.messages[chat_id, message_id] = message
            return self._queued(bot, {"edited_message": message}, chat_id)

    def client_blocks(self, chat_id: int, *, token: str = "") -> dict[str, Any]:
        return self._membership(chat_id, token, "member", "kicked")

    def client_unblocks(self, chat_id: int, *, token: str = "") -> dict[str, Any]:
        return self._membership(chat_id, token, "kicked", "member")

    def client_leaves_telegram(self, chat_id: int, *, token: str = "") -> None:
        self._bot(token).deactivated.add(chat_id)

    def push(
        self, payload: dict[str, Any], chat_id: int = 0, *, token: str = "", raw: bytes | None = None
    ) -> dict[str, Any]:
        """Any other update, {"callback_query": {…}}; with `raw` those bytes go to the webhook instead of JSON."""
        bot = self._bot(token)
        with self.api.changed:
            return self._queued(bot, payload, chat_id, raw)

    # What happens to bots and requests

    def add_bot(self, token: str, username: str) -> None:
        self.api.bots[token] = Bot(token, username)

    def revoke(self, token: str = "") -> None:
        """From now on this token is 401."""
        self._bot(token).revoked = True

    def move_chat(self, chat_id: int, to: int, *, token: str = "") -> None:
        """The group became a supergroup: writing to the old id is refused with the new one."""
        bot = self._bot(token)
        bot.moved[chat_id] = to
        bot.clients[to] = {"first_name": "Группа"}

    def know(self, chat_id: int, name: str = "Клиент", *, token: str = "") -> None:
        """The client pressed "Start" long ago: the bot may write to them."""
        first, _, last = name.partition(" ")
        self._bot(token).clients[chat_id] = {"first_name": first} | ({"last_name": last} if last else {})

    def fail_next(
        self,
        n: int,
        kind: str,
        *,
        chat_id: int | None = None,
        method: str = "sendMessage",
        retry_after: int = 1,
        seconds: float = 1.0,
    ) -> None:
        """The next `n` requests fail as `telegram_http.KINDS` say. `method="*"`: every method; `seconds`: of a hang."""
        if kind not in KINDS:
            raise ValueError(f"{kind!r} is none of {sorted(KINDS)}")
        with self.api.changed:
            self._faults.append(Fault(n, kind, method, chat_id, retry_after, seconds))

    def take_fault(self, method: str, chat_id: str) -> Fault | None:
        """The fault that this request shall suffer, counted."""
        with self.api.changed:
            fault = next((one for one in self._faults if one.concerns(method, chat_id)), None)
            if fault:
                fault.left -= 1
            return fault

    @property
    def repeat_updates(self) -> int:
        return self.api.repeat_updates

    @repeat_updates.setter
    def repeat_updates(self, times: int) -> None:
        self.api.repeat_updates = times

    @property
    def shuffle(self) -> bool:
        return self.api.shuffle

    @shuffle.setter
    def shuffle(self, on: bool) -> None:
        self.api.shuffle = on

    # For other processes

    def control(self, order: str, arguments: dict[str, Any]) -> Any:
        """Do what `/_control` asks. Raises LookupError for what is not in the list."""
        if order == "set":
            self.repeat_updates = int(arguments.get("repeat_updates", self.repeat_updates))
            self.shuffle = bool(arguments.get("shuffle", self.shuffle))
            return self.state()
        if order not in CONTROLS:
            raise LookupError(f"no order {order!r}")
        return getattr(self, order)(**arguments)

    def state(self) -> dict[str, Any]:
        with self.api.changed:
            return {
                "sent": [dataclasses.asdict(message) for message in self.api.sent],
                "deliveries": list(self.courier.deliveries),
                "pending": {token: len(bot.pending) for token, bot in self.api.bots.items()},
                "webhooks": {token: bot.webhook.get("url", "") for token, bot in self.api.bots.items()},
            }

    def wake(self) -> None:
        """Deliver what waits for webhooks."""
        for bot in list(self.api.bots.values()):
            self.courier.wake(bot)

    def _bot(self, token: str) -> Bot:
        return self.api.bots[token or self.token]

    def _queued(self, bot: Bot, payload: dict[str, Any], chat_id: int, raw: bytes | None = None) -> dict[str, Any]:
        update = bot.queue(payload, chat_id, raw)
        self.api.changed.notify_all()
        self.courier.wake(bot)
        return update

    def _message(self, bot: Bot, chat_id: int, name: str | None, username: str) -> dict[str, Any]:
        if name is not None or chat_id not in bot.clients:
            self.know(chat_id, name if name is not None else "Клиент", token=bot.token)
        who = bot.clients[chat_id]
        if username:
            who["username"] = username
        return {
            "message_id": bot.next_message(),
            "from": {"id": chat_id, "is_bot": False, "language_code": "ru"} | who,
            "chat": {"id": chat_id, "type": "private"} | who,
        }

    def _membership(self, chat_id: int, token: str, old: str, new: str) -> dict[str, Any]:
        bot = self._bot(token)
        with self.api.changed:
            (bot.blocked.add if new == "kicked" else bot.blocked.discard)(chat_id)
            who = {key: value for key, value in self._message(bot, chat_id, None, "").items() if key != "message_id"}
            change: dict[str, Any] = who | {"date": int(time.time())}
            change["old_chat_member"] = {"user": bot.user(), "status": old}
            change["new_chat_member"] = {"user": bot.user(), "status": new}
            return self._queued(bot, {"my_chat_member": change}, chat_id)


CONTROLS = (
    "add_bot", "client_blocks", "client_edits", "client_leaves_telegram", "client_unblocks", "client_writes",
    "fail_next", "know", "move_chat", "push", "revoke",
)  # fmt: skip


def main() -> None:
    """Serve until SIGTERM or SIGINT; the first line printed is the URL."""
    parser = argparse.ArgumentParser(description="A Bot API server for tests.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--token", action="append", metavar="TOKEN", help=f"may be repeated; default {TOKEN}")
    parser.add_argument("--allow-http", action="store_true", help="accept webhooks on http://127.0.0.1")
    options = parser.parse_args()
    tokens = {token: f"test_{number}_bot" for number, token in enumerate(options.token or (), 1)}
    done = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: done.set())
    with FakeTelegram(tokens or None, port=options.port, allow_http=options.allow_http) as telegram:
        print(telegram.url, flush=True)
        done.wait()


if __name__ == "__main__":
    main()
