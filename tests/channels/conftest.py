"""A fake Telegram for each test, the adapter that talks to it, and a webhook that listens."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from aiguro_web.channels import Credentials
from aiguro_web.channels.telegram import TelegramChannel
from tests.fakes.telegram import FakeTelegram


class Hook:
    """Our side of a webhook: keeps what came, answers what `answer` says."""

    def __init__(self) -> None:
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.answer: Callable[[bytes], tuple[int, dict[str, str]]] = lambda body: (200, {})
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.received.append((dict(self.headers), body))
                status, headers = hook.answer(body)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/webhooks/telegram/key"

    @property
    def bodies(self) -> list[bytes]:
        return [body for _, body in self.received]


@pytest.fixture
def telegram() -> Iterator[FakeTelegram]:
    with FakeTelegram(allow_http=True) as fake:
        yield fake


@pytest.fixture
def channel(telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch) -> TelegramChannel:
    monkeypatch.setattr(TelegramChannel, "read_timeout", 0.4)
    return TelegramChannel(telegram.url)


@pytest.fixture
def credentials(telegram: FakeTelegram) -> Credentials:
    return Credentials(token=telegram.token, secret="s3cret_-Of-the-hook")


@pytest.fixture
def hook() -> Iterator[Hook]:
    listening = Hook()
    yield listening
    listening.server.shutdown()
    listening.server.server_close()
