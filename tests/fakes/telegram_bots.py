"""The Bot API's methods over bots in memory: answers and refusals in the exact words of the published server."""

from __future__ import annotations

import json
import random
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

TEXT_LIMIT = 4096
NOT_BY_DEFAULT = {"chat_member", "message_reaction", "message_reaction_count"}
WEBHOOK_ACTIVE = (
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)
OTHER_POLLER = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"


class ApiError(Exception):
    """A refusal: {"ok": false, "error_code": …, "description": …, "parameters": {…}}."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(code, description)
        self.code, self.description, self.parameters = code, description, parameters


@dataclass
class Update:
    """An update waiting for delivery. `raw` replaces the JSON on the wire (to send what Telegram never would)."""

    body: dict[str, Any]
    chat_id: int
    raw: bytes | None = None
    scattered: bool = False

    @property
    def id(self) -> int:
        return int(self.body["update_id"])

    def on_wire(self) -> bytes:
        return self.raw if self.raw is not None else json.dumps(self.body).encode()


@dataclass
class SentMessage:
    """A message that the fake accepted."""

    token: str
    chat_id: int
    text: str
    message_id: int
    time: float
    reply_to: int | None = None
    parse_mode: str = ""


@dataclass
class Bot:
    """One bot: who it is, where its updates go, whom it may write to."""

    token: str
    username: str
    name: str = "Тестовый бот"
    webhook: dict[str, Any] = field(default_factory=dict)
    allowed: list[str] = field(default_factory=list)
    pending: list[Update] = field(default_factory=list)
    clients: dict[int, dict[str, Any]] = field(default_factory=dict)
    blocked: set[int] = field(default_factory=set)
    deactivated: set[int] = field(default_factory=set)
    moved: dict[int, int] = field(default_factory=dict)
    messages: dict[tuple[int, int], dict[str, Any]] = field(default_factory=dict)
    busy: set[int] = field(default_factory=set)
    last_update: int = 100_000_000
    last_message: int = 0
    poller: int = 0
    webhook_set_at: float = 0.0
    last_error: tuple[int, str] | None = None
    revoked: bool = False

    @property
    def id(self) -> int:
        return int(self.token.split(":")[0])

    def user(self) -> dict[str, Any]:
        return {"id": self.id, "is_bot": True, "first_name": self.name, "username": self.username}

    def wants(self, kind: str) -> bool:
        return kind in self.allowed if self.allowed else kind not in NOT_BY_DEFAULT

    def next_message(self) -> int:
        self.last_message += 1
        return self.last_message

    def queue(self, payload: dict[str, Any], chat_id: int, raw: bytes | None = None) -> dict[str, Any]:
        """The update, waiting if the bot subscribed to its kind."""
        self.last_update += 1
        update = Update({"update_id": self.last_update, **payload}, chat_id, raw)
        if raw is not None or all(self.wants(kind) for kind in payload):
            self.pending.append(update)
        return update.body


class BotApi:
    """What the server does with a request. All state is guarded by `changed`, which also wakes the long polls."""

    def __init__(self, *, allow_http: bool, strict_rate: bool) -> None:
        self.bots: dict[str, Bot] = {}
        self.sent: list[SentMessage] = []
        self.actions: list[tuple[int, str]] = []
        self.calls: list[tuple[str, str, dict[str, Any]]] = []
        self.changed = threading.Condition(threading.RLock())
        self.closing = threading.Event()
        self.allow_http, self.strict_rate = allow_http, strict_rate
        self.repeat_updates, self.shuffle = 1, False
        self.random = random.Random(7)
        self._methods: dict[str, Callable[[Bot, dict[str, Any]], Any]] = {
            "getme": lambda bot, args: bot.user() | {"can_join_groups": True, "supports_inline_queries": False},
            "getwebhookinfo": self._webhook_info,
            "setwebhook": self._set_webhook,
            "deletewebhook": lambda bot, args: self._drop_webhook(bot, args),
            "getupdates": self._get_updates,
            "sendmessage": self._send_message,
            "sendchataction": self._send_chat_action,
        }

    def call(self, token: str, method: str, args: dict[str, Any]) -> Any:
        """The result of a method. Raises ApiError."""
        if not re.fullmatch(r"\d+:[\w-]+", token):
            raise ApiError(401, "Unauthorized: invalid token specified")
        bot = self.bots.get(token)
        if bot is None or bot.revoked:
            raise ApiError(401, "Unauthorized")
        if method.lower() not in self._methods:
            raise ApiError(404, "Not Found: method not found")
        with self.changed:
            self.calls.append((token, method, args))
            return self._methods[method.lower()](bot, args)

    def _webhook_info(self, bot: Bot, args: dict[str, Any]) -> dict[str, Any]:
        info: dict[str, Any] = {
            "url": bot.webhook.get("url", ""),
            "has_custom_certificate": False,
            "pending_update_count": len(bot.pending),
        }
        if bot.webhook:
            info |= {"max_connections": bot.webhook["max_connections"], "ip_address": "127.0.0.1"}
        if bot.allowed:
            info["allowed_updates"] = bot.allowed
        if bot.last_error:
            info["last_error_date"], info["last_error_message"] = bot.last_error
        return info

    def _set_webhook(self, bot: Bot, args: dict[str, Any]) -> Any:
        url, secret = str(args.get("url", "")), str(args.get("secret_token", ""))
        if not url:
            return self._drop_webhook(bot, args)
        if self.strict_rate and time.monotonic() - bot.webhook_set_at < 1:
            raise ApiError(429, "Too Many Requests: retry after 1", retry_after=1)
        self._check_address(url)
        if "secret_token" in args and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret):
            raise ApiError(400, "Bad Request: secret token contains unallowed characters")
        connections = min(max(_integer(args.get("max_connections"), 40), 1), 100)
        self._remember_allowed(bot, args)
        bot.webhook_set_at = time.monotonic()
        bot.poller += 1
        webhook = {"url": url, "secret": secret, "max_connections": connections}
        already, bot.webhook = bot.webhook == webhook, webhook
        if _flag(args.get("drop_pending_updates")):
            bot.pending.clear()
        self.changed.notify_all()
        return _Described(True, "Webhook is already set" if already else "Webhook was set")

    def _check_address(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme == "http" and self.allow_http and parts.hostname in ("127.0.0.1", "localhost"):
            return
        if parts.scheme != "https":
            raise ApiError(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
        if (parts.port or 443) not in (80, 88, 443, 8443):
            raise ApiError(400, "Bad Request: bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")

    def _drop_webhook(self, bot: Bot, args: dict[str, Any]) -> Any:
        had, bot.webhook = bool(bot.webhook), {}
        if _flag(args.get("drop_pending_updates")):
            bot.pending.clear()
        self.changed.notify_all()
        return _Described(True, "Webhook was deleted" if had else "Webhook is already deleted")

    def _remember_allowed(self, bot: Bot, args: dict[str, Any]) -> None:
        """Left out, the previous setting stays: that is what the real one does."""
        if "allowed_updates" in args:
            bot.allowed = [str(kind) for kind in _json(args["allowed_updates"]) or ()]

    def _get_updates(self, bot: Bot, args: dict[str, Any]) -> list[dict[str, Any]]:
        if bot.webhook:
            raise ApiError(409, WEBHOOK_ACTIVE)
        self._remember_allowed(bot, args)
        offset, limit = _integer(args.get("offset"), 0), _integer(args.get("limit"), 100) or 100
        if offset < 0:
            del bot.pending[:offset]
        bot.pending[:] = [update for update in bot.pending if update.id >= offset]
        bot.poller = mine = bot.poller + 1
        deadline = time.monotonic() + min(_integer(args.get("timeout"), 0), 50)
        self.changed.notify_all()
        while not bot.pending and time.monotonic() < deadline and not self.closing.is_set():
            self.changed.wait(max(deadline - time.monotonic(), 0.001))
            if bot.poller != mine:
                raise ApiError(409, WEBHOOK_ACTIVE if bot.webhook else OTHER_POLLER)
        batch = [update.body for update in bot.pending[:limit] for _ in range(self.repeat_updates)]
        if self.shuffle:
            self.random.shuffle(batch)
        return batch

    def _reachable(self, bot: Bot, args: dict[str, Any]) -> int:
        chat_id = _integer(args.get("chat_id"), 0)
        if chat_id in bot.moved:
            raise ApiError(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                migrate_to_chat_id=bot.moved[chat_id],
            )
        if chat_id in bot.blocked:
            raise ApiError(403, "Forbidden: bot was blocked by the user")
        if chat_id in bot.deactivated:
            raise ApiError(403, "Forbidden: user is deactivated")
        if chat_id not in bot.clients:
            raise ApiError(400, "Bad Request: chat not found")
        return chat_id

    def _send_message(self, bot: Bot, args: dict[str, Any]) -> dict[str, Any]:
        text, parse_mode = str(args.get("text", "")).strip(), str(args.get("parse_mode", ""))
        if not text:
            raise ApiError(400, "Bad Request: message text is empty")
        chat_id = self._reachable(bot, args)
        if parse_mode and _is_broken(text, parse_mode):
            raise ApiError(400, "Bad Request: can't parse entities: Can't find end of the entity")
        if len(text) > TEXT_LIMIT:
            raise ApiError(400, "Bad Request: message is too long")
        quoted = self._quoted(bot, chat_id, args)
        sent = SentMessage(bot.token, chat_id, text, bot.next_message(), time.time(), quoted, parse_mode)
        message = {
            "message_id": sent.message_id,
            "from": bot.user(),
            "chat": {"id": chat_id, "type": "private"},
            "date": int(sent.time),
            "text": text,
        }
        if quoted:
            message["reply_to_message"] = bot.messages[chat_id, quoted]
        bot.messages[chat_id, sent.message_id] = message
        self.sent.append(sent)
        self.changed.notify_all()
        return message

    def _quoted(self, bot: Bot, chat_id: int, args: dict[str, Any]) -> int | None:
        wanted = _json(args.get("reply_parameters")) or {}
        number = _integer(wanted.get("message_id"), 0)
        if not wanted or (chat_id, number) in bot.messages:
            return number or None
        if _flag(wanted.get("allow_sending_without_reply")):
            return None
        raise ApiError(400, "Bad Request: message to be replied not found")

    def _send_chat_action(self, bot: Bot, args: dict[str, Any]) -> bool:
        self.actions.append((self._reachable(bot, args), str(args.get("action", ""))))
        return True


@dataclass
class _Described:
    """A result that comes with a description, as those of the webhook methods do."""

    result: Any
    description: str


def envelope(result: Any) -> dict[str, Any]:
    if isinstance(result, _Described):
        return {"ok": True, "result": result.result, "description": result.description}
    return {"ok": True, "result": result}


def _is_broken(text: str, parse_mode: str) -> bool:
    if parse_mode.upper() == "HTML":
        return len(re.findall(r"<[a-z]", text)) != text.count("</") or "<" in re.sub(r"</?[a-z][^<>]*>", "", text)
    return any(text.count(mark) % 2 for mark in "*_`")


def _integer(value: Any, default: int) -> int:
    """Forms send numbers as text."""
    return int(value) if re.fullmatch(r"-?\d{1,19}", str(value)) else default


def _flag(value: Any) -> bool:
    return str(value).lower() in ("true", "1")


def _json(value: Any) -> Any:
    """Forms send objects and lists as JSON."""
    return json.loads(value) if isinstance(value, str) and value else value
