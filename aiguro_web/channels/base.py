"""What every messenger's adapter takes and gives: plain data, and the outcomes of a call as exceptions.

The outcomes follow "Delivery" of the product: a message is refused for good (`Refused`), refused for now (`Later`), or
nobody knows (`Unknown`). Only `send` can end in `Unknown`: every other call changes nothing when repeated, so whatever
goes wrong with it is `Later`. No exception ever carries a token.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

Kind = Literal["message", "edit", "blocked", "unblocked", "other"]
Scope = Literal["account", "chat"]


@dataclass(frozen=True, slots=True)
class Account:
    """The bot or number behind a token, as the messenger names it."""

    id: str
    username: str
    name: str


@dataclass(frozen=True, slots=True)
class Credentials:
    """`token` speaks for the account, `secret` proves that a webhook is the messenger's. Neither shows in a repr."""

    token: str = field(repr=False)
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where the messenger delivers to and how that goes, in its own words. `url` is empty without a webhook."""

    url: str
    pending: int = 0
    last_error: str = ""
    last_error_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """A client as the messenger knows them. `phone` only when they sent their own contact."""

    external_id: str
    name: str
    username: str = ""
    language: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Incoming:
    """One thing that happened in a chat.

    `source` is the payload of a `/start` link; `media` names content that is not text ("photo", "voice", …; then `text`
    is its caption). "other" is everything that a sales dialog does not act on; its `chat_id` may be empty.
    """

    kind: Kind
    update_id: str
    chat_id: str
    person: Person | None
    message_id: str = ""
    text: str = ""
    sent_at: datetime | None = None
    source: str = ""
    reply_to: str = ""
    media: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """Accepted by the messenger under `external_id`. `moved_to` is the chat's new id when it has moved."""

    external_id: str
    moved_to: str = ""


class ChannelError(Exception):
    """Any failure of a messenger. `reason` is plain Russian (for `Unreadable` English: nobody but us reads it)."""

    reason: str

    def __str__(self) -> str:
        return self.reason


class Refused(ChannelError):
    """Refused for good. `unsubscribed`: this client is out of reach; `broken`: the whole connection is."""

    def __init__(self, reason: str, code: str, unsubscribed: bool = False, broken: bool = False) -> None:
        super().__init__(reason, code, unsubscribed, broken)
        self.reason, self.code, self.unsubscribed, self.broken = reason, code, unsubscribed, broken


class Later(ChannelError):
    """Certainly not accepted, may be accepted later: in `retry_after` seconds if the messenger said so."""

    def __init__(self, retry_after: float | None, scope: Scope, reason: str) -> None:
        super().__init__(retry_after, scope, reason)
        self.retry_after, self.scope, self.reason = retry_after, scope, reason


class Unknown(ChannelError):
    """Sent, but whether it was accepted nobody knows: never repeat it blindly."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class BadToken(ChannelError):
    """The messenger does not accept the token. `words` are its own."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words
        self.reason = f"Токен не подошёл: {words}"


class PollConflict(ChannelError):
    """Someone else receives this account's updates: a webhook (`webhook`) or another poller."""

    def __init__(self, reason: str, webhook: bool) -> None:
        super().__init__(reason, webhook)
        self.reason, self.webhook = reason, webhook


class Unreadable(ChannelError):
    """An update we cannot read; `update_id` if at least that could be found."""

    def __init__(self, reason: str, update_id: str = "") -> None:
        super().__init__(reason, update_id)
        self.reason, self.update_id = reason, update_id


class Headers(Protocol):
    """Headers of a request: a mapping, or werkzeug's that may repeat a name."""

    def items(self) -> Iterable[tuple[str, str]]: ...


class Channel(Protocol):
    """One messenger. Adapters keep no state of their own: everything about an account comes in `credentials`."""

    type: str
    text_limit: int

    def check(self, token: str) -> Account:
        """Whose token this is. Raises BadToken, Later."""

    def webhook(self, credentials: Credentials) -> Webhook:
        """What the messenger says of our webhook. Raises BadToken, Refused, Later."""

    def current_webhook(self, credentials: Credentials) -> str:
        """The address it delivers to now, empty for none. Raises BadToken, Refused, Later."""

    def subscribe(self, credentials: Credentials, url: str) -> None:
        """Deliver updates to `url` from now on. Raises BadToken, Refused, Later."""

    def unsubscribe(self, credentials: Credentials) -> None:
        """Deliver no more. Raises BadToken, Refused, Later."""

    def verify(self, credentials: Credentials, headers: Headers, body: bytes) -> bool:
        """Did the messenger itself send this? Without a secret the answer is no."""

    def parse(self, body: bytes) -> list[Incoming]:
        """What a webhook's body says. Raises Unreadable, never anything else."""

    def split(self, text: str) -> list[str]:
        """The text in pieces that the messenger accepts, in order; none for a blank text."""

    def send(self, credentials: Credentials, chat_id: str, text: str, reply_to: str = "", key: str = "") -> Sent:
        """Send one piece of text. `key` is our own id of the message. Raises Refused, Later, Unknown."""

    def typing(self, credentials: Credentials, chat_id: str) -> None:
        """Show "typing…" for a few seconds. Raises BadToken, Refused, Later: all may be ignored."""

    def poll(self, credentials: Credentials, offset: int, timeout: int) -> list[tuple[int, bytes]]:
        """Updates from `offset` on (id, raw JSON for `parse`), confirming the earlier ones; waits up to `timeout` s.
        Raises BadToken, PollConflict, Refused, Later."""
