"""Telegram: https://core.telegram.org/bots/api (Bot API 10.1), as far as a conversation in text needs it."""

from __future__ import annotations

import hmac
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeGuard

from . import splitting, wire
from .base import (
    Account,
    BadToken,
    ChannelError,
    Credentials,
    Headers,
    Incoming,
    Later,
    PollConflict,
    Refused,
    Sent,
    Unknown,
    Webhook,
)
from .reading import clean, clean_name
from .telegram_updates import INT64, read_update

ALLOWED_UPDATES = ("message", "edited_message", "callback_query", "my_chat_member")
MAX_CONNECTIONS = 40  # parallel webhook calls, Telegram's default
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
RETRY_AFTER_MAX = 86400.0

_TOKEN = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{1,100}")

# Telegram's words for a refused message → ours, and a code for programs. A message refused with 403 finds nobody at the
# other end whatever the words, so all of them mean "unsubscribed".
_FORBIDDEN = {
    "blocked by the user": ("Клиент заблокировал бота", "blocked"),
    "user is deactivated": ("Клиент удалил свой аккаунт в Telegram", "deactivated"),
    "initiate conversation": ("Клиент не начинал разговор с ботом, а бот не может написать первым", "not_started"),
    "kicked": ("Бота удалили из чата", "kicked"),
    "not a member": ("Бот не состоит в этом чате", "not_a_member"),
}
_BAD_REQUEST = {
    "chat not found": ("Такого чата в Telegram нет", "chat_not_found"),
    "message is too long": ("Сообщение длиннее, чем принимает Telegram", "too_long"),
    "text is empty": ("Пустое сообщение отправить нельзя", "empty"),
    "text must be non-empty": ("Пустое сообщение отправить нельзя", "empty"),
    "no rights to send": ("У бота нет права писать в этот чат", "no_rights"),
    "not enough rights": ("У бота нет права писать в этот чат", "no_rights"),
}


@dataclass(frozen=True, slots=True)
class _Reply:
    """An answer of the Bot API. `own` is False when something in between answered in its place."""

    own: bool
    ok: bool
    code: int
    result: Any = None
    words: str = ""
    retry_after: float | None = None
    moved_to: str = ""


class TelegramChannel:
    """Bots of one Bot API server. Stateless but for the pooled connections underneath."""

    type = "telegram"
    text_limit = 4096
    connect_timeout = 3.0
    read_timeout = 10.0

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url.rstrip("/")

    def check(self, token: str) -> Account:
        """The bot's id, username and name. Raises BadToken, Later."""
        bot = self._call(token, "getMe")
        if not isinstance(bot, dict) or type(bot.get("id")) is not int:
            raise Later(None, "account", "Telegram ответил непонятно")
        username, name = clean_name(str(bot.get("username", "")), 64), clean_name(str(bot.get("first_name", "")))
        return Account(str(bot["id"]), username, name)

    def webhook(self, credentials: Credentials) -> Webhook:
        info = self._call(credentials.token, "getWebhookInfo")
        if not isinstance(info, dict):
            raise Later(None, "account", "Telegram ответил непонятно")
        failed_at, pending = info.get("last_error_date"), info.get("pending_update_count")
        return Webhook(
            url=str(info.get("url", "")),
            pending=pending if type(pending) is int else 0,
            last_error=_words(info.get("last_error_message"), credentials.token),
            last_error_at=datetime.fromtimestamp(failed_at, UTC) if _is_second(failed_at) else None,
        )

    def current_webhook(self, credentials: Credentials) -> str:
        return self.webhook(credentials).url

    def subscribe(self, credentials: Credentials, url: str) -> None:
        """`allowed_updates` is always sent: when it is left out, Telegram keeps the previous owner's."""
        if not credentials.secret:
            raise Refused("У подключения нет секрета для проверки вебхука", "no_secret")
        self._call(
            credentials.token,
            "setWebhook",
            url=url,
            secret_token=credentials.secret,
            allowed_updates=ALLOWED_UPDATES,
            max_connections=MAX_CONNECTIONS,
        )

    def unsubscribe(self, credentials: Credentials) -> None:
        self._call(credentials.token, "deleteWebhook")

    def verify(self, credentials: Credentials, headers: Headers, body: bytes) -> bool:
        """Compares the secret header in constant time. Telegram does not sign the body."""
        given = next((value for name, value in headers.items() if name.lower() == SECRET_HEADER.lower()), "")
        if not credentials.secret or not given:
            return False
        return hmac.compare_digest(given.encode("utf-8", "replace"), credentials.secret.encode("utf-8", "replace"))

    def parse(self, body: bytes) -> list[Incoming]:
        return [read_update(body)]

    def split(self, text: str) -> list[str]:
        return splitting.split(text, self.text_limit)

    def send(
        self,
        credentials: Credentials,
        chat_id: str,
        text: str,
        reply_to: str = "",
        key: str = "",
        parse_mode: str = "",
    ) -> Sent:
        """Plain text unless `parse_mode` is given; refused markup goes out as plain text. Telegram takes no `key`."""
        text = clean(text)
        if not text.strip():
            raise Refused("Пустое сообщение отправить нельзя", "empty")
        message: dict[str, Any] = {"chat_id": _number(chat_id), "text": text}
        if reply_to:
            message["reply_parameters"] = {"message_id": _number(reply_to), "allow_sending_without_reply": True}
        reply = self._send(credentials.token, message | ({"parse_mode": parse_mode} if parse_mode else {}))
        if parse_mode and reply.code == 400 and "can't parse entities" in reply.words:
            reply = self._send(credentials.token, message)
        moved_to = reply.moved_to
        if moved_to:
            reply = self._send(credentials.token, message | {"chat_id": _number(moved_to)})
        if not reply.ok:
            raise _why_not_sent(reply)
        return Sent(_message_id(reply.result), moved_to)

    def typing(self, credentials: Credentials, chat_id: str) -> None:
        self._call(credentials.token, "sendChatAction", chat_id=_number(chat_id), action="typing")

    def poll(self, credentials: Credentials, offset: int, timeout: int) -> list[tuple[int, bytes]]:
        updates = self._call(
            credentials.token,
            "getUpdates",
            read=timeout + self.read_timeout,
            offset=offset,
            timeout=timeout,
            allowed_updates=ALLOWED_UPDATES,
        )
        found: list[tuple[int, bytes]] = []
        for update in updates if isinstance(updates, list) else ():
            number = update.get("update_id") if isinstance(update, dict) else None
            if _is_id(number):
                found.append((number, json.dumps(update).encode()))
        return found

    def _send(self, token: str, message: dict[str, Any]) -> _Reply:
        try:
            return self._ask(token, "sendMessage", message, self.read_timeout)
        except wire.NotSent:
            failure: ChannelError = Later(None, "account", "Нет связи с Telegram")
        except wire.Lost:
            failure = Unknown("Связь с Telegram оборвалась: неизвестно, дошло ли сообщение")
        raise failure

    def _call(self, token: str, method: str, read: float | None = None, **fields: Any) -> Any:
        """The result of a method that may be repeated. Raises BadToken, PollConflict, Refused, Later."""
        try:
            reply = self._ask(token, method, fields, read or self.read_timeout)
        except (wire.NotSent, wire.Lost):
            reply = _Reply(own=False, ok=False, code=0)
        if not reply.ok:
            raise _why_not_done(reply, method)
        return reply.result

    def _ask(self, token: str, method: str, fields: dict[str, Any], read: float) -> _Reply:
        if not _TOKEN.fullmatch(token):  # it becomes part of the URL
            return _Reply(own=True, ok=False, code=401, words="токен бота выглядит как 123456789:AAE…")
        url = f"{self._base_url}/bot{token}/{method}"
        answer = wire.post(url, fields, connect=self.connect_timeout, read=read)
        return _read_reply(answer, token)


def _read_reply(answer: wire.Answer, token: str) -> _Reply:
    body = answer.body
    if not isinstance(body, dict) or type(body.get("ok")) is not bool:
        return _Reply(own=False, ok=False, code=answer.status, retry_after=_seconds(answer.retry_after))
    if body["ok"]:
        return _Reply(own=True, ok=True, code=answer.status, result=body.get("result"))
    hints = body.get("parameters")
    hints = hints if isinstance(hints, dict) else {}
    code, moved_to = body.get("error_code"), hints.get("migrate_to_chat_id")
    wait = _seconds(hints.get("retry_after"))
    return _Reply(
        own=True,
        ok=False,
        code=code if type(code) is int else answer.status,
        words=_words(body.get("description"), token),
        retry_after=wait if wait is not None else _seconds(answer.retry_after),
        moved_to=str(moved_to) if type(moved_to) is int else "",
    )


def _why_not_sent(reply: _Reply) -> ChannelError:
    """What a refusal of `sendMessage` means for the message."""
    code = reply.code
    if code == 429:
        return Later(reply.retry_after, "account", "Telegram просит писать реже")
    if not reply.own:
        if 400 <= code < 500 and code != 408:  # something in front of Telegram refused to pass it on
            return Later(reply.retry_after, "account", f"Сервер перед Telegram ответил {code}")
        return Unknown(f"Вместо Telegram ответил промежуточный сервер ({code}): неизвестно, дошло ли сообщение")
    if code >= 500 or code == 409:
        return Later(reply.retry_after, "chat", "Telegram временно не принимает сообщения")
    if code in (401, 404):
        return Refused("Telegram больше не признаёт токен этого бота", "bad_token", broken=True)
    known = _FORBIDDEN if code == 403 else _BAD_REQUEST
    words = reply.words.lower()
    for part, (reason, name) in known.items():
        if part in words:
            return Refused(reason, name, unsubscribed=code == 403)
    if code == 403:
        return Refused("Telegram не разрешает писать этому клиенту", "forbidden", unsubscribed=True)
    return Refused(f"Telegram не принял сообщение: {reply.words or code}", f"telegram_{code}")


def _why_not_done(reply: _Reply, method: str) -> ChannelError:
    """What a failure means for a method that changes nothing when repeated."""
    code = reply.code
    if not reply.own:
        return Later(reply.retry_after, "account", f"Telegram не отвечает ({code})" if code else "Нет связи с Telegram")
    if code in (401, 404):
        return BadToken(reply.words or str(code))
    if code == 409 and method == "getUpdates":
        webhook = "webhook is active" in reply.words
        who = "у бота включён вебхук" if webhook else "обновления бота читает другая программа"
        return PollConflict(f"Telegram не отдаёт обновления: {who}", webhook)
    if code in (409, 429) or code >= 500:
        return Later(reply.retry_after, "account", "Telegram просит повторить позже")
    return Refused(f"Telegram отказал: {reply.words or code}", f"telegram_{code}")


def _words(description: Any, token: str) -> str:
    """Telegram's own words, short and without the token."""
    text = clean(description) if isinstance(description, str) else ""
    return wire.scrub(text.replace(token, "***"))[:300]


def _seconds(value: Any) -> float | None:
    """A wait in seconds, from the JSON number or the header's digits; None for anything else."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value):
        value = int(value)
    if type(value) not in (int, float) or not value >= 0:
        return None
    return float(min(value, RETRY_AFTER_MAX))


def _number(text: str) -> int | str:
    """Telegram's ids are 64-bit numbers; a channel's @name stays text."""
    return int(text) if re.fullmatch(r"-?[0-9]{1,19}", text) else text


def _message_id(result: Any) -> str:
    number = result.get("message_id") if isinstance(result, dict) else None
    if not _is_id(number):
        raise Unknown("Telegram принял сообщение, но не назвал его номер")
    return str(number)


def _is_id(number: Any) -> TypeGuard[int]:
    return type(number) is int and 0 <= number < INT64


def _is_second(number: Any) -> TypeGuard[int]:
    return type(number) is int and 0 <= number <= 253402300799
