"""The chat on the company's own site: our own page fetches the messages, so there is nobody to send them to."""

from __future__ import annotations

from . import splitting
from .base import Account, Credentials, Headers, Incoming, Sent, Unreadable, Webhook


class WebChat:
    """Accepts every message under our own id. Visitors write through the page's own door, never through a webhook."""

    type = "webchat"
    text_limit = 4096

    def check(self, token: str) -> Account:
        """Any token is good: there is no outside account. Its id is the token."""
        return Account(id=token, username="", name="Чат на сайте")

    def webhook(self, credentials: Credentials) -> Webhook:
        return Webhook(url="")

    def current_webhook(self, credentials: Credentials) -> str:
        return ""

    def subscribe(self, credentials: Credentials, url: str) -> None:
        """Nothing to subscribe to."""

    def unsubscribe(self, credentials: Credentials) -> None:
        """Nothing to unsubscribe from."""

    def verify(self, credentials: Credentials, headers: Headers, body: bytes) -> bool:
        """Nobody calls a webhook of the web chat."""
        return False

    def parse(self, body: bytes) -> list[Incoming]:
        raise Unreadable("the web chat has no webhook")

    def split(self, text: str) -> list[str]:
        return splitting.split(text, self.text_limit)

    def send(self, credentials: Credentials, chat_id: str, text: str, reply_to: str = "", key: str = "") -> Sent:
        """Accepted as soon as it is stored; the visitor's page fetches it."""
        return Sent(external_id=key)

    def typing(self, credentials: Credentials, chat_id: str) -> None:
        """The visitor's page is told by the live stream."""

    def poll(self, credentials: Credentials, offset: int, timeout: int) -> list[tuple[int, bytes]]:
        return []
