"""Telegram through real processes: a webhook in, the worker's deliveries out, whatever the messenger does to them."""

from __future__ import annotations

import time

import pytest

from aiguro_web.errors import Conflict
from aiguro_web.queue import transaction
from aiguro_web.services import connections
from tests.fakes.telegram import FakeTelegram
from tests.worker.company import Bot, Company
from tests.worker.processes import wait_until

LIMIT = 4096


def test_connecting_sets_the_webhook_with_a_secret_and_the_kinds_of_updates(
    company: Company, telegram: FakeTelegram, house
) -> None:
    bot = company.connect()
    hook = telegram.api.bots[bot.token].webhook
    assert hook["url"] == f"{house.address}/webhooks/telegram/{bot.key}"
    assert len(hook["secret"]) >= 32
    assert telegram.api.bots[bot.token].allowed == ["message", "edited_message", "callback_query", "my_chat_member"]


def test_a_client_is_heard_and_the_manager_answers(bot: Bot, chat: int) -> None:
    dialog = bot.meet(chat, "Сколько стоит диван?")
    (answer,) = bot.answer(dialog, "Десять тысяч")
    assert bot.settled(answer) == [("sent", None)]
    assert bot.sent(chat) == ["Десять тысяч"]
    assert bot.dialog(chat)["unanswered_since"] is None


def test_answers_of_a_dialog_leave_in_the_order_they_were_written(bot: Bot, chat: int) -> None:
    dialog = bot.meet(chat)
    written = [f"ответ {number}" for number in range(12)]
    answers = [id for text in written for id in bot.answer(dialog, text)]
    bot.settled(*answers)
    assert bot.sent(chat) == written


def test_too_many_requests_are_waited_out_in_order_and_are_no_failure(
    bot: Bot, chat: int, telegram: FakeTelegram
) -> None:
    dialog = bot.meet(chat)
    telegram.fail_next(2, "429", chat_id=chat, retry_after=2)
    began = time.time()
    answers = bot.answer(dialog, "первый", "второй", "третий")
    assert bot.settled(*answers, timeout=30) == [("sent", None)] * 3
    assert bot.sent(chat) == ["первый", "второй", "третий"]
    accepted = [one.time for one in telegram.sent if one.chat_id == chat]
    assert accepted[0] - began >= 4  # two refusals of two seconds each
    calls = [args for args in telegram.calls("sendMessage") if args["chat_id"] == chat]
    assert len(calls) == 3  # the refused ones did not reach the bot; nothing was asked in between


def test_a_client_who_blocked_the_bot_is_unsubscribed_until_they_write_again(bot: Bot, chat: int, telegram) -> None:
    dialog = bot.meet(chat)
    telegram.api.bots[bot.token].blocked.add(chat)  # Telegram has not told yet
    refused, after = bot.answer(dialog, "дойдёт?", "а это?")
    assert bot.settled(refused, after) == [
        ("failed", "Клиент заблокировал бота"),
        ("failed", "Клиент отписался от сообщений"),
    ]
    assert bot.dialog(chat)["unsubscribed"] is True
    with pytest.raises(Conflict, match="отписался"):
        bot.answer(dialog, "ещё раз")
    telegram.api.bots[bot.token].blocked.discard(chat)
    bot.hear(chat, "Я вернулся")
    wait_until(lambda: not bot.dialog(chat)["unsubscribed"], 10, "the client is reachable")
    (answer,) = bot.answer(dialog, "С возвращением")
    assert bot.settled(answer) == [("sent", None)]
    assert bot.sent(chat) == ["С возвращением"]


def test_blocking_and_unblocking_are_heard_and_told_to_the_manager(bot: Bot, chat: int, telegram) -> None:
    bot.meet(chat)
    telegram.client_blocks(chat, token=bot.token)
    wait_until(lambda: bot.dialog(chat)["unsubscribed"], 10, "unsubscribed")
    telegram.client_unblocks(chat, token=bot.token)
    wait_until(lambda: not bot.dialog(chat)["unsubscribed"], 10, "subscribed again")
    assert bot.said(chat, "system")[-2:] == [
        "Клиент заблокировал бота: сообщения не дойдут",
        "Клиент разблокировал бота",
    ]


@pytest.mark.parametrize("cut", ["cut_after_accept", "502", "garbage"])
def test_an_unknown_outcome_is_left_to_a_person_who_sends_again_once(bot: Bot, chat: int, telegram, cut: str) -> None:
    dialog = bot.meet(chat)
    telegram.fail_next(1, cut, chat_id=chat)
    doubtful, next_one = bot.answer(dialog, "счёт на оплату", "и договор")
    states = bot.settled(doubtful, next_one)
    assert [state for state, _ in states] == ["uncertain", "sent"]
    assert "неизвестно, дошло ли" in str(states[0][1])
    time.sleep(1.5)  # nothing sends it by itself
    before = bot.sent(chat)
    assert before.count("счёт на оплату") == (1 if cut == "cut_after_accept" else 0)
    bot.send_again(dialog, doubtful)
    assert bot.settled(doubtful) == [("sent", None)]
    assert bot.sent(chat) == [*before, "счёт на оплату"]
    with pytest.raises(Conflict, match="не нужно"):
        bot.send_again(dialog, doubtful)


@pytest.mark.parametrize("refusal", ["cut_before", "500"])
def test_what_was_not_accepted_for_now_leaves_by_itself_in_order(bot: Bot, chat: int, telegram, refusal: str) -> None:
    dialog = bot.meet(chat)
    telegram.fail_next(1, refusal, chat_id=chat)
    answers = bot.answer(dialog, "раз", "два")
    states = bot.settled(*answers, timeout=30)
    if refusal == "500":
        assert states == [("sent", None)] * 2
        assert bot.sent(chat) == ["раз", "два"]
    else:  # a connection that dies after the request left: whether it arrived, nobody knows
        assert [state for state, _ in states] == ["uncertain", "sent"]
        assert bot.sent(chat) == ["два"]


def test_a_long_answer_is_split_at_sentences_and_arrives_in_order(bot: Bot, chat: int) -> None:
    dialog = bot.meet(chat)
    sentence = "Это предложение о диване, его цене и доставке по городу. "
    text = (sentence * 90).strip()
    assert len(text) > 5000
    long, short = bot.answer(dialog, text, "Всё ли понятно?")
    assert bot.settled(long, short) == [("sent", None)] * 2
    pieces = bot.sent(chat)
    assert pieces[-1] == "Всё ли понятно?"
    assert all(len(piece) <= LIMIT and piece.endswith(".") for piece in pieces[:-1])
    assert " ".join(pieces[:-1]) == text
    assert bot.message(long)["text"] == text


def test_half_a_refused_answer_is_failed_as_a_whole_and_only_the_rest_is_sent_again(
    bot: Bot, chat: int, telegram
) -> None:
    dialog = bot.meet(chat)
    text = ("Предложение для проверки разбиения на части. " * 200).strip()
    telegram.fail_next(1, "429", chat_id=chat, retry_after=1)
    (answer,) = bot.answer(dialog, text)
    wait_until(lambda: bot.company.value("SELECT count(*) FROM outbox WHERE message_id = %s", answer) > 1, 10, "pieces")
    telegram.fail_next(1, "400", chat_id=chat)
    assert bot.settled(answer) == [("failed", "Такого чата в Telegram нет")]
    assert bot.sent(chat) == []
    bot.send_again(dialog, answer)
    assert bot.settled(answer) == [("sent", None)]
    assert " ".join(bot.sent(chat)) == text


def test_edits_change_the_message_and_an_early_one_is_not_lost(bot: Bot, chat: int, telegram) -> None:
    written = bot.hear(chat, "Хочу стол")
    wait_until(lambda: bot.said(chat) == ["Хочу стол"], 10, "the message")
    telegram.client_edits(chat, written["message"]["message_id"], "Хочу стул", token=bot.token)
    wait_until(lambda: bot.said(chat) == ["Хочу стул"], 10, "the edit")
    assert bot.dialog(chat)["last_message"] == "Хочу стул"
    assert bot.company.value("SELECT edited_at FROM message WHERE text = 'Хочу стул' LIMIT 1") is not None


def test_repeats_give_each_message_once(bot: Bot, chat: int, telegram) -> None:
    telegram.repeat_updates = 4
    try:
        for number in range(5):
            bot.hear(chat, f"сообщение {number}")
        assert telegram.drained(15)
    finally:
        telegram.repeat_updates = 1
    assert bot.said(chat) == [f"сообщение {number}" for number in range(5)]
    assert len(bot.dialogs(chat)) == 1


def test_a_poison_update_does_not_block_the_clients_next_message(bot: Bot, chat: int, telegram) -> None:
    bot.meet(chat, "до")
    telegram.push({}, chat, token=bot.token, raw=b'{"update_id": 77, "message": {"chat": "\x00')
    telegram.push({}, chat, token=bot.token, raw=b"\xff\xfe not JSON at all")
    telegram.push({"message": {"message_id": "ten", "chat": {"id": chat, "type": "private"}}}, chat, token=bot.token)
    bot.hear(chat, "после")
    assert telegram.drained(10)
    assert bot.said(chat) == ["до", "после"]
    kept = bot.company.rows(
        "SELECT status, error FROM inbound_update WHERE connection_id = %s AND status = 'unreadable'", bot.id
    )
    assert len(kept) == 3
    assert all(row["error"] for row in kept)


def test_a_bot_that_is_switched_off_neither_hears_nor_speaks(company: Company, bot: Bot, chat: int, telegram) -> None:
    dialog = bot.meet(chat, "пока включён")
    hook = dict(telegram.api.bots[bot.token].webhook)
    with company.acting():
        connections.set_active(company.who, bot.id, False)
    wait_until(lambda: not telegram.api.bots[bot.token].webhook, 10, "the webhook is removed")
    telegram.api.bots[bot.token].webhook = hook  # a call that was under way
    bot.hear(chat, "слышно?")
    assert telegram.drained(10)
    assert bot.said(chat) == ["пока включён"]
    (answer,) = bot.answer(dialog, "не уйдёт")
    assert bot.settled(answer) == [("failed", "Подключение выключено")]
    with company.acting():
        connections.set_active(company.who, bot.id, True)
    wait_until(lambda: bot.state["status"] == "ok", 10, "it receives again")
    bot.hear(chat, "теперь слышно")
    wait_until(lambda: bot.said(chat) == ["пока включён", "теперь слышно"], 10, "the message")
    bot.send_again(dialog, answer)
    assert bot.settled(answer) == [("sent", None)]


def test_a_removed_bot_is_silent_for_good_and_its_dialogs_stay(company: Company, bot: Bot, chat: int, telegram) -> None:
    dialog = bot.meet(chat)
    hook = dict(telegram.api.bots[bot.token].webhook)
    with company.acting():
        connections.remove(company.who, bot.id)
    wait_until(lambda: not telegram.api.bots[bot.token].webhook, 10, "the webhook is removed")
    (answer,) = bot.answer(dialog, "не уйдёт")
    assert bot.settled(answer) == [("failed", "Нет подключения, через которое доставить: оно удалено")]
    before = len(telegram.deliveries)
    telegram.api.bots[bot.token].webhook = hook  # a call that was under way
    bot.hear(chat, "кто-нибудь?")
    wait_until(lambda: len(telegram.deliveries) > before, 10, "Telegram calls once more")
    telegram.api.bots[bot.token].webhook = {}
    telegram.api.bots[bot.token].pending.clear()
    assert bot.said(chat) == ["Здравствуйте"]
    again = company.connect(bot.token)
    assert again.meet(chat, "снова я") != dialog


def test_a_revoked_token_breaks_the_connection_and_says_so(bot: Bot, chat: int, telegram) -> None:
    dialog = bot.meet(chat)
    telegram.revoke(bot.token)
    first, second = bot.answer(dialog, "раз", "два")
    assert bot.settled(first, second) == [
        ("failed", "Telegram больше не признаёт токен этого бота"),
        ("failed", "Подключение сломано: мессенджер не принимает его токен"),
    ]
    assert (bot.state["status"], bot.state["is_active"]) == ("broken", True)


def test_a_webhook_of_another_program_is_replaced(company: Company, telegram: FakeTelegram, chat: int) -> None:
    token = "1999999999:AAFakeTokenWithAForeignWebhook_01"
    telegram.add_bot(token, "foreign_bot")
    telegram.api.bots[token].webhook = {"url": "https://elsewhere.example/hook", "secret": "", "max_connections": 40}
    bot = company.connect(token)
    bot.meet(chat, "меня слышно?")
    assert telegram.api.bots[token].webhook["url"].endswith(f"/webhooks/telegram/{bot.key}")


def test_the_queue_of_one_organisation_shows_nothing_of_another(company: Company, bot: Bot, chat: int) -> None:
    bot.meet(chat)
    stranger = company.people.stranger.actor
    with company.app.app_context(), transaction(stranger):
        assert connections.list_connections(stranger) == []
