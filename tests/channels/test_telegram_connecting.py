"""Connecting a bot: whose token it is, where its updates go, and that the token never shows."""

from __future__ import annotations

import logging
import pickle
import time
import traceback

import pytest

from aiguro_web.channels import BadToken, Credentials, Later, Refused
from aiguro_web.channels.telegram import ALLOWED_UPDATES, TelegramChannel
from tests.fakes import telegram_http
from tests.fakes.telegram import FakeTelegram


def test_a_good_token_names_its_bot(telegram, channel):
    account = channel.check(telegram.token)
    assert (account.id, account.username, account.name) == ("1111111111", "aiguro_test_bot", "Тестовый бот")


@pytest.mark.parametrize("token", ["222:unknown", "1111111111:other"])
def test_a_bad_token_is_told_in_telegrams_words(channel, token):
    with pytest.raises(BadToken) as bad:
        channel.check(token)
    assert bad.value.words == "Unauthorized"


def test_404_is_a_bad_token_too(telegram, channel):
    telegram.fail_next(1, "404", method="getMe")
    with pytest.raises(BadToken) as bad:
        channel.check(telegram.token)
    assert bad.value.words == "Not Found"


@pytest.mark.parametrize("token", ["", "abc", "1:", "1:a/../../x", "1:a\r\nHost: x", "1:й", " 1:a", "1:a?", "1:a#"])
def test_what_cannot_be_a_token_is_not_tried(telegram, channel, token):
    with pytest.raises(BadToken):
        channel.check(token)
    assert not telegram.api.calls


@pytest.mark.parametrize("kind", ["429", "500", "502", "cut_before", "garbage", "hang"])
def test_a_telegram_out_of_order_says_nothing_about_the_token(telegram, channel, kind):
    telegram.fail_next(1, kind, method="getMe", seconds=3)
    with pytest.raises(Later):
        channel.check(telegram.token)


def test_a_bot_without_a_webhook_has_an_empty_address(channel, credentials):
    assert channel.current_webhook(credentials) == ""


def test_subscribing_sets_the_webhook_with_its_secret_and_kinds(telegram, channel, credentials):
    channel.subscribe(credentials, "https://chat.example.com/webhooks/telegram/abc")
    assert channel.current_webhook(credentials) == "https://chat.example.com/webhooks/telegram/abc"
    (call,) = telegram.calls("setWebhook")
    assert call["secret_token"] == credentials.secret
    assert call["max_connections"] == 40
    assert call["allowed_updates"] == list(ALLOWED_UPDATES)


def test_subscribing_twice_is_fine(channel, credentials):
    for _ in range(2):
        channel.subscribe(credentials, "https://chat.example.com/hook")
    assert channel.current_webhook(credentials) == "https://chat.example.com/hook"


def test_unsubscribing_removes_the_webhook_and_may_be_repeated(channel, credentials):
    channel.subscribe(credentials, "https://chat.example.com/hook")
    for _ in range(2):
        channel.unsubscribe(credentials)
        assert channel.current_webhook(credentials) == ""


def test_a_connection_without_a_secret_is_not_subscribed(telegram, channel):
    with pytest.raises(Refused) as refusal:
        channel.subscribe(Credentials(telegram.token, ""), "https://chat.example.com/hook")
    assert refusal.value.code == "no_secret"
    assert not telegram.calls("setWebhook")


@pytest.mark.parametrize("url", ["http://chat.example.com/hook", "https://chat.example.com:9000/hook", "ftp://x"])
def test_an_address_that_telegram_does_not_take_is_refused_in_its_words(channel, credentials, url):
    with pytest.raises(Refused) as refusal:
        channel.subscribe(credentials, url)
    assert "bad webhook" in str(refusal.value)


def test_a_secret_that_telegram_does_not_take_is_refused(telegram, channel):
    with pytest.raises(Refused) as refusal:
        channel.subscribe(Credentials(telegram.token, "пароль"), "https://chat.example.com/hook")
    assert "secret token" in str(refusal.value)


def test_subscribing_too_often_has_to_wait(credentials):
    with FakeTelegram(strict_rate=True) as telegram:
        channel = TelegramChannel(telegram.url)
        channel.subscribe(credentials, "https://chat.example.com/a")
        with pytest.raises(Later) as later:
            channel.subscribe(credentials, "https://chat.example.com/b")
    assert later.value.retry_after == 1.0


def test_a_revoked_token_shows_when_unsubscribing(telegram, channel, credentials):
    telegram.revoke()
    with pytest.raises(BadToken):
        channel.unsubscribe(credentials)


def test_the_webhooks_health_is_what_telegram_says(telegram, channel, credentials, hook):
    hook.answer = lambda body: (500, {})
    channel.subscribe(credentials, hook.url)
    telegram.client_writes(5, "Привет")
    while not telegram.deliveries:
        time.sleep(0.01)
    health = channel.webhook(credentials)
    assert (health.url, health.pending) == (hook.url, 1)
    assert health.last_error == "Wrong response from the webhook: 500"
    assert health.last_error_at is not None
    assert health.last_error_at.tzinfo is not None


@pytest.mark.parametrize(
    ("header", "genuine"),
    [
        ({"X-Telegram-Bot-Api-Secret-Token": "s3cret_-Of-the-hook"}, True),
        ({"x-telegram-bot-api-secret-token": "s3cret_-Of-the-hook"}, True),
        ({"X-Telegram-Bot-Api-Secret-Token": "s3cret_-Of-the-hooK"}, False),
        ({"X-Telegram-Bot-Api-Secret-Token": ""}, False),
        ({"X-Telegram-Bot-Api-Secret-Token": "секрет\ud800"}, False),
        ({}, False),
    ],
)
def test_only_the_secret_header_proves_telegram(channel, credentials, header, genuine):
    assert channel.verify(credentials, header, b"{}") is genuine


def test_without_a_secret_nobody_is_telegram(channel, telegram):
    for header in ({}, {"X-Telegram-Bot-Api-Secret-Token": ""}, {"X-Telegram-Bot-Api-Secret-Token": "x"}):
        assert channel.verify(Credentials(telegram.token, ""), header, b"{}") is False


KINDS = ["400", "401", "403", "404", "429", "500", "502", "cut_before", "cut_after_accept", "garbage", "hang", "nobody"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_token_is_in_no_exception_and_no_log(telegram, channel, credentials, caplog, kind):
    caplog.set_level(logging.DEBUG)
    telegram.know(5)
    if kind == "nobody":
        telegram.stop()
    else:
        telegram.fail_next(9, kind, method="*", seconds=3)
    for call in (
        lambda: channel.send(credentials, "5", "Алло"),
        lambda: channel.check(credentials.token),
        lambda: channel.subscribe(credentials, "https://chat.example.com/hook"),
    ):
        with pytest.raises(Exception) as raised:
            call()
        seen = "".join(traceback.format_exception(raised.value)) + repr(raised.value) + repr(raised.value.__context__)
        assert credentials.token not in seen
        assert credentials.token not in str(pickle.dumps(raised.value))
        context = raised.value
        while context is not None:
            assert not hasattr(context, "request")
            assert credentials.token not in repr(vars(context))
            context = context.__context__
    assert credentials.token not in caplog.text
    assert "AAFake" not in caplog.text


def test_a_successful_call_is_logged_without_the_token(telegram, channel, caplog):
    caplog.set_level(logging.DEBUG)
    channel.check(telegram.token)
    assert "/bot***/getMe" in caplog.text
    assert "AAFake" not in caplog.text


def test_a_token_that_telegram_echoes_is_struck_out(telegram, channel, credentials, monkeypatch):
    monkeypatch.setitem(
        telegram_http.REFUSALS,
        "400",
        (400, f"Bad Request: no such thing as /bot{credentials.token}/sendMessage or {credentials.token}"),
    )
    telegram.fail_next(1, "400")
    with pytest.raises(Refused) as refusal:
        channel.send(credentials, "5", "Алло")
    assert credentials.token not in str(refusal.value)
    assert "***" in str(refusal.value)


def test_credentials_do_not_show_themselves(credentials):
    assert credentials.token not in repr(credentials)
    assert credentials.secret not in repr(credentials)
