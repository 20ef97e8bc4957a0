"""What becomes of a message that we send: accepted, refused for good, refused for now, or nobody knows."""

from __future__ import annotations

import socket
import threading

import pytest

from aiguro_web.channels import Credentials, Later, Refused, Unknown
from aiguro_web.channels.telegram import TelegramChannel
from tests.fakes.telegram import FakeTelegram

CHAT = 7_000_000_000  # beyond 32 bits, as real ids are


@pytest.fixture(autouse=True)
def acquainted(telegram: FakeTelegram) -> None:
    telegram.know(CHAT)


def test_an_accepted_message_comes_back_with_its_number(telegram, channel, credentials):
    sent = channel.send(credentials, str(CHAT), "Здравствуйте 👋")
    (message,) = telegram.sent
    assert (message.chat_id, message.text) == (CHAT, "Здравствуйте 👋")
    assert sent.external_id == str(message.message_id)
    assert sent.moved_to == ""


def test_text_goes_out_plain_and_link_previews_are_left_to_telegram(telegram, channel, credentials):
    channel.send(credentials, str(CHAT), "*не жирно* <b>и не тег</b> https://example.com")
    assert set(telegram.calls("sendMessage")[0]) == {"chat_id", "text"}
    assert telegram.sent[0].text == "*не жирно* <b>и не тег</b> https://example.com"


def test_a_reply_quotes_the_message(telegram, channel, credentials):
    first = channel.send(credentials, str(CHAT), "раз")
    channel.send(credentials, str(CHAT), "два", reply_to=first.external_id)
    assert telegram.sent[1].reply_to == int(first.external_id)


def test_a_reply_to_a_message_that_is_gone_is_sent_without_the_quote(telegram, channel, credentials):
    channel.send(credentials, str(CHAT), "два", reply_to="999999")
    assert telegram.sent[0].reply_to is None


def test_markup_that_telegram_cannot_parse_goes_out_as_plain_text(telegram, channel, credentials):
    sent = channel.send(credentials, str(CHAT), "цена *100", parse_mode="Markdown")
    assert [(message.text, message.parse_mode) for message in telegram.sent] == [("цена *100", "")]
    assert sent.external_id == str(telegram.sent[0].message_id)


def test_markup_that_parses_stays(telegram, channel, credentials):
    channel.send(credentials, str(CHAT), "цена *100*", parse_mode="Markdown")
    assert telegram.sent[0].parse_mode == "Markdown"


def test_nul_and_half_a_surrogate_pair_do_not_stop_a_message(telegram, channel, credentials):
    channel.send(credentials, str(CHAT), "а\x00б\ud83d")
    assert telegram.sent[0].text == "аб\ufffd"


@pytest.mark.parametrize("blank", ["", " \n\t", "\x00"])
def test_a_blank_message_is_refused_without_a_call(telegram, channel, credentials, blank):
    with pytest.raises(Refused) as refusal:
        channel.send(credentials, str(CHAT), blank)
    assert refusal.value.code == "empty"
    assert not telegram.calls("sendMessage")


def test_a_client_who_blocked_the_bot_is_unsubscribed(telegram, channel, credentials):
    telegram.client_blocks(CHAT)
    with pytest.raises(Refused) as refusal:
        channel.send(credentials, str(CHAT), "Вы ещё думаете?")
    assert str(refusal.value) == "Клиент заблокировал бота"
    assert (refusal.value.code, refusal.value.unsubscribed, refusal.value.broken) == ("blocked", True, False)
    telegram.client_unblocks(CHAT)
    assert channel.send(credentials, str(CHAT), "Спасибо, что вернулись").external_id


def test_a_deleted_account_is_unsubscribed(telegram, channel, credentials):
    telegram.client_leaves_telegram(CHAT)
    with pytest.raises(Refused) as refusal:
        channel.send(credentials, str(CHAT), "Вы здесь?")
    assert (refusal.value.code, refusal.value.unsubscribed) == ("deactivated", True)


def test_an_unknown_chat_is_refused_for_good_but_nobody_unsubscribed(channel, credentials):
    with pytest.raises(Refused) as refusal:
        channel.send(credentials, "424242", "Алло")
    assert (refusal.value.code, refusal.value.unsubscribed, refusal.value.broken) == ("chat_not_found", False, False)


def test_a_text_over_the_limit_is_refused_and_its_pieces_are_not(telegram, channel, credentials):
    text = "Слово. " * 800
    with pytest.raises(Refused) as refusal:
        channel.send(credentials, str(CHAT), text)
    assert refusal.value.code == "too_long"
    for piece in channel.split(text):
        channel.send(credentials, str(CHAT), piece)
    assert " ".join(message.text for message in telegram.sent) == text.strip()


def test_a_text_of_exactly_the_limit_is_accepted(telegram, channel, credentials):
    channel.send(credentials, str(CHAT), "я" * channel.text_limit)
    assert len(telegram.sent[0].text) == 4096


@pytest.mark.parametrize("kind", ["401", "404"])
def test_a_token_refused_while_sending_breaks_the_connection(telegram, channel, credentials, kind):
    telegram.fail_next(1, kind)
    with pytest.raises(Refused) as refusal:
        channel.send(credentials, str(CHAT), "Алло")
    assert refusal.value.broken
    assert not refusal.value.unsubscribed


def test_a_revoked_token_breaks_the_connection(telegram, channel, credentials):
    telegram.revoke()
    with pytest.raises(Refused) as refusal:
        channel.send(credentials, str(CHAT), "Алло")
    assert refusal.value.broken
    assert refusal.value.code == "bad_token"


def test_what_cannot_be_a_token_breaks_the_connection_without_a_call(telegram, channel):
    with pytest.raises(Refused) as refusal:
        channel.send(Credentials("../../1:A?x=", "s"), str(CHAT), "Алло")
    assert refusal.value.broken
    assert not telegram.calls("sendMessage")


def test_a_moved_group_is_written_to_at_its_new_address(telegram, channel, credentials):
    telegram.move_chat(-500, -1_001_234_567_890)
    sent = channel.send(credentials, "-500", "Всем привет")
    assert telegram.sent[0].chat_id == -1_001_234_567_890
    assert sent.moved_to == "-1001234567890"


def test_too_many_requests_wait_as_long_as_telegram_says(telegram, channel, credentials):
    telegram.fail_next(1, "429", retry_after=17)
    with pytest.raises(Later) as later:
        channel.send(credentials, str(CHAT), "Алло")
    assert (later.value.retry_after, later.value.scope) == (17.0, "account")
    assert channel.send(credentials, str(CHAT), "Алло").external_id


def test_telegrams_own_500_means_not_accepted(telegram, channel, credentials):
    telegram.fail_next(1, "500")
    with pytest.raises(Later) as later:
        channel.send(credentials, str(CHAT), "Алло")
    assert later.value.retry_after is None
    assert not telegram.sent


@pytest.mark.parametrize("kind", ["502", "cut_before", "garbage", "hang"])
def test_an_answer_that_is_not_telegrams_leaves_the_outcome_unknown(telegram, channel, credentials, kind):
    telegram.fail_next(1, kind, seconds=3)
    with pytest.raises(Unknown):
        channel.send(credentials, str(CHAT), "Алло")
    assert not telegram.sent


@pytest.mark.parametrize("kind", ["cut_after_accept", "hang_after_accept"])
def test_an_accepted_message_whose_answer_is_lost_is_unknown_and_sent_once(telegram, channel, credentials, kind):
    telegram.fail_next(1, kind, seconds=3)
    with pytest.raises(Unknown):
        channel.send(credentials, str(CHAT), "Алло")
    assert len(telegram.sent) == 1
    assert len(telegram.calls("sendMessage")) == 1


def test_nobody_listening_means_certainly_not_sent(credentials):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with pytest.raises(Later) as later:
            TelegramChannel(f"http://127.0.0.1:{port}").send(credentials, str(CHAT), "Алло")
    assert str(later.value) == "Нет связи с Telegram"


def test_a_host_without_an_address_means_certainly_not_sent(credentials, monkeypatch):
    def no_such_name(*args: object, **kwargs: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", no_such_name)
    with pytest.raises(Later):
        TelegramChannel("http://no-such-host.invalid").send(credentials, str(CHAT), "Алло")


def test_a_connection_that_is_not_taken_in_time_means_certainly_not_sent(credentials, monkeypatch):
    monkeypatch.setattr(TelegramChannel, "connect_timeout", 0.3)
    with socket.socket() as full:  # a listener whose queue is full drops further SYNs
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        with pytest.raises(Later):
            TelegramChannel(f"http://127.0.0.1:{full.getsockname()[1]}").send(credentials, str(CHAT), "Алло")
        for one in waiting:
            one.close()


def test_one_failing_chat_leaves_the_others_alone(telegram, channel, credentials):
    telegram.know(8)
    telegram.fail_next(5, "403", chat_id=CHAT)
    with pytest.raises(Refused):
        channel.send(credentials, str(CHAT), "Алло")
    assert channel.send(credentials, "8", "Алло").external_id


def test_an_idle_connection_closed_by_the_server_costs_no_message(telegram, channel, credentials):
    """The pool notices the server's goodbye before it writes into the dead connection."""
    for number in range(5):
        telegram.fail_next(1, "cut_after_accept", method="getMe")
        with pytest.raises(Later):
            channel.check(credentials.token)
        assert channel.send(credentials, str(CHAT), f"№{number}").external_id


def test_threads_share_the_adapter(telegram, channel, credentials):
    def write(number: int) -> None:
        channel.send(credentials, str(CHAT), f"сообщение {number}")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {message.text for message in telegram.sent} == {f"сообщение {number}" for number in range(16)}


def test_typing_is_shown(telegram, channel, credentials):
    channel.typing(credentials, str(CHAT))
    assert telegram.api.actions == [(CHAT, "typing")]
