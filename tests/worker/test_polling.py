"""Without a PUBLIC_URL the worker asks Telegram itself: every update once, each bot by one process at a time."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterator

import pytest

from aiguro_web.queue import QUEUES
from aiguro_web.services import connections
from tests import databases
from tests.fakes.telegram import FakeTelegram
from tests.worker.company import Company
from tests.worker.processes import Running, running, wait_until, worker

_chats = itertools.count(8_000_000_000)


@pytest.fixture(scope="module")
def telegram() -> Iterator[FakeTelegram]:
    with FakeTelegram() as fake:
        yield fake


@pytest.fixture(scope="module")
def company(worker_id: str, telegram: FakeTelegram) -> Iterator[Company]:
    """One whose processes nobody can call from outside."""
    with databases.clone(f"polled_{worker_id}_{os.getpid()}") as urls:
        made = Company(databases.make_app(urls), urls, telegram)
        with running(urls, telegram_url=telegram.url) as house:
            made.house = house
            yield made


@pytest.fixture
def house(company: Company) -> Running:
    return company.house


@pytest.fixture
def chat() -> int:
    return next(_chats)


def polls(telegram: FakeTelegram, token: str) -> int:
    return sum(1 for one, method, _ in telegram.api.calls if one == token and method == "getUpdates")


def test_messages_arrive_and_what_is_stored_is_confirmed(company: Company, chat: int, telegram) -> None:
    bot = company.connect()
    dialog = bot.meet(chat, "Здравствуйте")
    (answer,) = bot.answer(dialog, "Добрый день")
    assert bot.settled(answer) == [("sent", None)]
    last = bot.hear(chat, "Сколько стоит?")
    wait_until(lambda: bot.said(chat) == ["Здравствуйте", "Сколько стоит?"], 10, "the message")
    assert bot.state["poll_offset"] == last["update_id"] + 1
    assert telegram.drained(5)  # the next call has confirmed it
    assert telegram.api.bots[bot.token].allowed == ["message", "edited_message", "callback_query", "my_chat_member"]
    assert not telegram.calls("setWebhook")


def test_a_batch_in_any_order_with_repeats_gives_each_message_once(company: Company, chat: int, telegram) -> None:
    bot = company.connect()
    telegram.repeat_updates, telegram.shuffle = 3, True
    try:
        for number in range(30):
            bot.hear(chat, f"сообщение {number}")
        wait_until(lambda: len(bot.said(chat)) == 30, 15, "all messages")
        assert telegram.drained(10)
    finally:
        telegram.repeat_updates, telegram.shuffle = 1, False
    assert bot.said(chat) == [f"сообщение {number}" for number in range(30)]
    assert len(bot.dialogs(chat)) == 1


def test_a_foreign_webhook_is_removed_so_that_polling_can_begin(company: Company, chat: int, telegram) -> None:
    token = "1888888888:AAFakeTokenWithAForeignWebhook_02"
    telegram.add_bot(token, "foreign_bot")
    telegram.api.bots[token].webhook = {"url": "https://elsewhere.example/hook", "secret": "", "max_connections": 40}
    bot = company.connect(token)
    bot.meet(chat, "меня слышно?")
    assert telegram.api.bots[token].webhook == {}


def test_a_bot_that_is_off_or_removed_is_asked_no_more(company: Company, chat: int, telegram) -> None:
    off, removed = company.connect(), company.connect()
    off.meet(chat, "пока включён")
    removed.meet(chat, "пока здесь")
    with company.acting():
        connections.set_active(company.who, off.id, False)
        connections.remove(company.who, removed.id)
    for bot in (off, removed):
        last = bot.hear(chat, "слышно?")["update_id"]  # reaches the call that is still waiting
        wait_until(lambda: bot.state["poll_offset"] == last + 1, 5, "the last call is over")
    asked = [polls(telegram, bot.token) for bot in (off, removed)]
    time.sleep(2.5)  # longer than the pause between looks for bots
    assert [polls(telegram, bot.token) for bot in (off, removed)] == asked
    assert (off.said(chat), removed.said(chat)) == (["пока включён"], ["пока здесь"])
    with company.acting():
        connections.set_active(company.who, off.id, True)
    off.hear(chat, "а теперь?")
    wait_until(lambda: "а теперь?" in off.said(chat), 15, "it asks again")


def test_a_revoked_token_ends_the_asking_and_is_shown(company: Company, chat: int, telegram) -> None:
    bot = company.connect()
    bot.meet(chat)
    telegram.revoke(bot.token)
    bot.hear(chat, "!")  # ends the call that is waiting
    wait_until(lambda: bot.state["status"] == "broken", 15, "broken")
    assert bot.state["last_error"] == "Токен не подошёл: Unauthorized"


def test_two_workers_do_not_ask_for_the_same_bot(
    company: Company, chat: int, telegram: FakeTelegram, house: Running
) -> None:
    bot = company.connect()
    bot.meet(chat, "0")
    with worker(company.urls, telegram.url):
        here = "SELECT count(*) FROM procrastinate_workers"  # one for each queue of a process
        wait_until(lambda: company.value(here) >= 2 * len(QUEUES), 15, "two workers")
        for number in range(1, 20):
            bot.hear(chat, str(number))
        wait_until(lambda: len(bot.said(chat)) == 20, 15, "all messages")
        # The one that asks dies: the other takes its place.
        house.kill_worker()
        bot.hear(chat, "20")
        wait_until(lambda: len(bot.said(chat)) == 21, 30, "somebody asks again")
    assert bot.said(chat) == [str(number) for number in range(21)]
    assert "другая программа" not in bot.state["last_error"]


def test_bots_follow_when_a_public_url_comes_and_when_it_goes(worker_id: str, chat: int, telegram) -> None:
    with databases.clone(f"moved_{worker_id}_{os.getpid()}") as urls:
        company = Company(databases.make_app(urls), urls, telegram)
        with worker(urls, telegram.url):
            bot = company.connect()
            bot.meet(chat, "спрашивают")
        with worker(urls, telegram.url, public_url="https://aiguro.example"):
            hook = wait_until(lambda: telegram.api.bots[bot.token].webhook, 20, "the webhook is set")
            assert hook["url"] == f"https://aiguro.example/webhooks/telegram/{bot.key}"
        bot.hear(chat, "никто не слышит")
        with worker(urls, telegram.url):
            wait_until(lambda: bot.said(chat) == ["спрашивают", "никто не слышит"], 20, "it is asked again")
