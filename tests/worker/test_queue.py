"""The worker's real loop: jobs belong to commits, one bot's trouble is its own, and lost work is found again."""

from __future__ import annotations

import time

import psycopg
import pytest
from sqlalchemy import text

from aiguro_web.extensions import db
from aiguro_web.queue import enqueue
from aiguro_web.services import messages
from tests.worker.company import Bot, Company
from tests.worker.processes import Running, wait_until

ROLLED_BACK = RuntimeError("changed my mind")


def jobs_of(company: Company, bot: Bot, chat: int) -> int:
    lock = f"out:{bot.dialog(chat)['id']}"
    return company.value("SELECT count(*) FROM procrastinate_jobs WHERE lock = %s AND status = 'todo'", lock)


def test_what_is_rolled_back_never_leaves(company: Company, bot: Bot, chat: int) -> None:
    dialog = bot.meet(chat)
    with pytest.raises(RuntimeError, match="changed my mind"), company.acting():
        messages.write(company.who, dialog, text="поторопился")
        raise ROLLED_BACK
    assert jobs_of(company, bot, chat) == 0
    (answer,) = bot.answer(dialog, "обдумал")
    bot.settled(answer)
    assert bot.sent(chat) == ["обдумал"]


def test_a_committed_job_starts_at_once(bot: Bot, chat: int, telegram) -> None:
    dialog = bot.meet(chat)
    waits = []
    for number in range(5):
        began = time.time()
        (answer,) = bot.answer(dialog, f"быстро {number}")
        bot.settled(answer)
        accepted = next(one.time for one in telegram.sent if one.text == f"быстро {number}")
        waits.append(accepted - began)
    assert sorted(waits)[2] < 0.5, waits  # announced, not found by the look once a second


def test_a_bot_whose_messenger_hangs_holds_up_no_other(company: Company, telegram) -> None:
    stuck, lively = company.connect(), company.connect()
    chats = range(500, 512)
    for chat in chats:
        stuck.hear(chat, "Здравствуйте")
    free = lively.meet(7)
    wait_until(lambda: all(stuck.said(chat) for chat in chats), 20, "the clients are known")
    for chat in chats:
        telegram.fail_next(1, "hang", chat_id=chat, seconds=4)
    hanging = [id for chat in chats for id in stuck.answer(stuck.dialog(chat)["uuid"], "ау")]
    time.sleep(0.7)  # they hang now
    began = time.monotonic()
    (answer,) = lively.answer(free, "меня не держат")
    assert lively.settled(answer, timeout=20) == [("sent", None)]
    assert time.monotonic() - began < 2.5
    states = stuck.settled(*hanging, timeout=40)
    assert {state for state, _ in states} == {"uncertain"}


def test_a_pause_of_the_whole_bot_holds_its_dialogs_and_no_other_bot(company: Company, telegram) -> None:
    paused, other = company.connect(), company.connect()
    first, second, free = paused.meet(11), paused.meet(12), other.meet(13)
    telegram.fail_next(1, "429", chat_id=11, retry_after=3)
    began = time.time()
    (held,) = paused.answer(first, "первому")
    wait_until(lambda: paused.state["paused_until"], 10, "the bot is paused")
    (also_held,) = paused.answer(second, "второму")
    (answer,) = other.answer(free, "третьему")
    assert other.settled(answer) == [("sent", None)]
    assert paused.sent() == []
    assert paused.settled(held, also_held) == [("sent", None)] * 2
    assert all(one.time - began >= 3 for one in telegram.sent if one.token == paused.token)


def test_the_sweep_finds_a_dialog_whose_job_was_lost(company: Company, bot: Bot, chat: int) -> None:
    dialog = bot.meet(chat)
    lock = f"out:{bot.dialog(chat)['id']}"
    with company.acting():
        lost = messages.write(company.who, dialog, text="потерянное")["id"]
        db.session.execute(text("DELETE FROM procrastinate_jobs WHERE lock = :lock"), {"lock": lock})
        old = "UPDATE outbox SET updated_at = now() - interval '2 minutes', not_before = now() - interval '2 minutes'"
        db.session.execute(text(old + " WHERE message_id = :id"), {"id": lost})
    time.sleep(1.5)
    assert bot.message(lost)["status"] == "queued"
    with company.acting():
        enqueue("sweep_outbox", timestamp=0)
    assert bot.settled(lost) == [("sent", None)]
    assert bot.sent(chat) == ["потерянное"]


def test_the_sweep_adds_nothing_to_a_dialog_that_has_its_job(company: Company, bot: Bot, chat: int, telegram) -> None:
    dialog = bot.meet(chat)
    telegram.fail_next(1, "429", chat_id=chat, retry_after=3600)
    (held,) = bot.answer(dialog, "через час")
    wait_until(lambda: bot.state["paused_until"], 10, "the bot is paused")
    wait_until(lambda: jobs_of(company, bot, chat) == 1, 10, "the job is planned")
    company.rows(
        "UPDATE outbox SET updated_at = now() - interval '2 minutes', not_before = now() - interval '2 minutes' "
        "WHERE message_id = %s RETURNING 1",
        held,
    )
    with company.acting():
        sweep = enqueue("sweep_outbox", timestamp=0)
    wait_until(lambda: not company.rows("SELECT 1 FROM procrastinate_jobs WHERE id = %s", sweep), 10, "swept")
    assert jobs_of(company, bot, chat) == 1


def test_a_database_that_drops_every_connection_is_come_back_to(
    company: Company, house: Running, bot: Bot, chat: int
) -> None:
    dialog = bot.meet(chat)
    worker, web = house.worker_pids, house.web_pids
    with psycopg.connect(company.admin_url, autocommit=True) as admin:
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        for _ in range(2):
            admin.execute(others + " AND pid <> pg_backend_pid()")
            time.sleep(0.3)
    with company.app.app_context():
        db.engine.dispose()
    began = time.monotonic()
    (answer,) = bot.answer(dialog, "снова здесь")
    bot.hear(chat, "а я тут")
    assert bot.settled(answer, timeout=30) == [("sent", None)]
    wait_until(lambda: bot.said(chat) == ["Здравствуйте", "а я тут"], 30, "the client is heard")
    print(f"back after {time.monotonic() - began:.1f} s")
    assert (house.worker_pids, house.web_pids) == (worker, web)  # nobody had to start again
