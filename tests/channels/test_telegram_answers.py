"""Answers that the fake's protocol never gives: a server of raw HTTP says whatever the test wants."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Callable, Iterator

import pytest

from aiguro_web.channels import Credentials, Later, Refused, Unknown
from aiguro_web.channels.telegram import TelegramChannel

CREDENTIALS = Credentials("1:AAA", "secret")
Say = Callable[..., TelegramChannel]


@pytest.fixture
def say() -> Iterator[Say]:
    """say(status, body, headers) → an adapter whose Telegram gives this answer."""
    servers: list[socketserver.ThreadingTCPServer] = []

    def start(status: int, body: bytes, headers: str = "", drip: float = 0) -> TelegramChannel:
        head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{headers}\r\n"

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                try:
                    self._read_request()
                    self.request.sendall(head.encode())
                    for at in range(0, len(body), 1 if drip else len(body)):
                        self.request.sendall(body[at:] if not drip else body[at : at + 1])
                        stopped.wait(drip)
                except OSError:
                    pass

            def _read_request(self) -> None:
                """To the end: closing a socket with unread bytes resets the connection and loses the answer."""
                length = 0
                while (line := self.rfile.readline()).strip():
                    name, _, value = line.partition(b":")
                    length = int(value) if name.lower() == b"content-length" else length
                self.rfile.read(length)

        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        server.handle_error = lambda *_: None  # type: ignore[method-assign]  # we hang up on purpose
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        servers.append(server)
        return TelegramChannel(f"http://127.0.0.1:{server.server_address[1]}")

    stopped = threading.Event()
    yield start
    stopped.set()
    for server in servers:
        server.shutdown()
        server.server_close()


def refusal(code: int, description: str, **parameters: object) -> bytes:
    body = {"ok": False, "error_code": code, "description": description, "parameters": parameters}
    return json.dumps(body).encode()


def outcome(channel: TelegramChannel) -> Exception:
    with pytest.raises(Exception) as raised:
        channel.send(CREDENTIALS, "5", "Алло")
    return raised.value


def test_the_wait_is_taken_from_the_header_when_the_body_has_none(say):
    later = outcome(say(429, refusal(429, "Too Many Requests"), "Retry-After: 9\r\n"))
    assert isinstance(later, Later)
    assert later.retry_after == 9.0


@pytest.mark.parametrize(
    ("said", "heard"), [(-5, None), ("soon", None), (True, None), (1e12, 86400.0), (2.5, 2.5), (float("nan"), None)]
)
def test_a_strange_wait_is_not_believed(say, said, heard):
    later = outcome(say(429, refusal(429, "Too Many Requests", retry_after=said)))
    assert isinstance(later, Later)
    assert later.retry_after == heard


def test_a_gateways_429_is_a_wait_too(say):
    later = outcome(say(429, b"<html>slow down</html>", "Retry-After: 30\r\n"))
    assert isinstance(later, Later)
    assert later.retry_after == 30.0


@pytest.mark.parametrize(("status", "kind"), [(403, Later), (404, Later), (413, Later), (408, Unknown), (302, Unknown)])
def test_a_gateways_page_never_condemns_a_client_or_a_token(say, status, kind):
    assert type(outcome(say(status, b"<html>no</html>"))) is kind


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'{"ok":"yes"}',
        b'{"ok":true}',
        b'{"ok":true,"result":{"message_id":"7"}}',
        b"[" * 100_000,
        b'{"ok":true,"result":{"message_id":' + b"9" * 5000 + b"}}",
        "{}".encode("utf-16"),
    ],
)
def test_a_senseless_success_is_unknown(say, body):
    assert isinstance(outcome(say(200, body)), Unknown)


def test_a_cut_answer_is_unknown(say):
    assert isinstance(outcome(say(200, b'{"ok":tr', "Transfer-Encoding: chunked\r\n")), Unknown)


ACCEPTED = b'{"ok":true,"result":{"message_id":7}}'


def test_a_huge_answer_is_not_read_to_the_end(say):
    assert say(200, ACCEPTED + b" " * (1 << 20)).send(CREDENTIALS, "5", "Алло").external_id == "7"
    assert isinstance(outcome(say(200, ACCEPTED + b" " * (17 << 20))), Unknown)


def test_an_answer_that_drips_is_given_up(say, monkeypatch):
    monkeypatch.setattr(TelegramChannel, "read_timeout", 0.3)
    assert isinstance(outcome(say(200, ACCEPTED + b" " * 10, drip=0.02)), Unknown)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("Forbidden: bot can't initiate conversation with a user", "not_started"),
        ("Forbidden: bot was kicked from the group chat", "kicked"),
        ("Forbidden: bot is not a member of the channel chat", "not_a_member"),
        ("Forbidden: something new", "forbidden"),
    ],
)
def test_every_403_means_that_nobody_can_be_reached(say, words, code):
    refused = outcome(say(403, refusal(403, words)))
    assert isinstance(refused, Refused)
    assert (refused.code, refused.unsubscribed) == (code, True)


def test_an_unknown_400_is_told_in_telegrams_words(say):
    refused = outcome(say(400, refusal(400, "Bad Request: PEER_FLOOD")))
    assert isinstance(refused, Refused)
    assert "Bad Request: PEER_FLOOD" in str(refused)
    assert refused.code == "telegram_400"


def test_an_endless_description_is_cut(say):
    assert len(str(outcome(say(400, refusal(400, "x" * 100_000))))) < 400


def test_the_code_in_the_body_outranks_the_status(say):
    assert isinstance(outcome(say(200, refusal(403, "Forbidden: user is deactivated"))), Refused)


def test_a_refusal_in_the_wrong_types_is_still_a_refusal(say):
    body = b'{"ok":false,"error_code":"4","description":[1],"parameters":7}'
    refused = outcome(say(400, body))
    assert isinstance(refused, Refused)
    assert refused.code == "telegram_400"


@pytest.mark.parametrize("result", [b"null", b"7", b'[1,{"update_id":"x"},{"update_id":-1},null]'])
def test_senseless_updates_are_no_updates(say, result):
    assert say(200, b'{"ok":true,"result":' + result + b"}").poll(CREDENTIALS, 0, 0) == []


@pytest.mark.parametrize("result", [b"null", b"[]", b'{"id":"1"}'])
def test_a_senseless_bot_is_no_account(say, result):
    with pytest.raises(Later):
        say(200, b'{"ok":true,"result":' + result + b"}").check(CREDENTIALS.token)
