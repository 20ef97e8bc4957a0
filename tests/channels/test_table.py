"""The table of messengers, the web chat, and what all of them share."""

from __future__ import annotations

import json

import pytest

from aiguro_web.channels import CHANNELS, Channel, Credentials, Unreadable, channel, storable
from aiguro_web.channels.telegram import TelegramChannel

CONFIG = {"TELEGRAM_API_URL": "http://127.0.0.1:9/", "SECRET_KEY": "not a URL"}
NOBODY = Credentials("", "")


@pytest.mark.parametrize("kind", CHANNELS)
def test_every_messenger_has_what_a_channel_has(kind):
    made = channel(kind, CONFIG)
    assert made.type == kind
    assert made.text_limit > 0
    names = [name for name in vars(Channel) if callable(getattr(Channel, name)) and not name.startswith("_")]
    assert names
    assert all(callable(getattr(made, name)) for name in names)


@pytest.mark.parametrize("kind", CHANNELS)
def test_every_messenger_splits_to_its_own_limit(kind):
    made = channel(kind, CONFIG)
    pieces = made.split("слово " * 3000)
    assert len(pieces) > 1
    assert all(len(piece) <= made.text_limit for piece in pieces)


def test_an_unknown_messenger_is_a_lookup_error():
    with pytest.raises(LookupError):
        channel("icq", CONFIG)


def test_the_address_of_telegram_comes_from_the_configuration(telegram):
    made = channel("telegram", {"TELEGRAM_API_URL": telegram.url + "/"})
    assert isinstance(made, TelegramChannel)
    assert made.check(telegram.token).username == "aiguro_test_bot"


def test_the_web_chat_accepts_a_message_under_our_own_number():
    assert channel("webchat", CONFIG).send(NOBODY, "visitor", "Привет", key="77").external_id == "77"


def test_the_web_chat_has_no_webhook():
    chat = channel("webchat", CONFIG)
    chat.subscribe(NOBODY, "https://x.example")
    assert chat.current_webhook(NOBODY) == ""
    assert chat.poll(NOBODY, 0, 0) == []
    assert chat.verify(Credentials("t", "s"), {"X-Telegram-Bot-Api-Secret-Token": "s"}, b"") is False
    with pytest.raises(Unreadable):
        chat.parse(b"{}")


@pytest.mark.parametrize(
    "body",
    [b'{"a":"\\u0000\\ud800"}', b"\xff\x00", b"[" * 100_000, b'{"a":NaN}', b'{"a\\u0000":1e999}', b"x" * (3 << 20)],
)
def test_any_body_can_be_stored_as_jsonb(body):
    stored = json.dumps(storable(body), ensure_ascii=False, allow_nan=False)
    assert "\\u0000" not in stored.replace("\\\\", "")
    assert stored.encode("utf-8")
    assert len(stored) < 1 << 17


def test_a_readable_body_is_stored_as_it_is():
    assert storable('{"update_id": 1, "message": {"text": "Привет 😀"}}'.encode()) == {
        "update_id": 1,
        "message": {"text": "Привет 😀"},
    }
