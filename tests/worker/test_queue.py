"""The worker's real loop: jobs belong to commits, one bot's trouble is its own, and lost work is found again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import text

from aiguro_web.extensions import db
from aiguro_web.queue import enqueue, transaction
from aiguro_web.services import connections, messages
from tests import databases
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


def test_a_restart_of_the_database_loses_no_known_result(company: Company, bot: Bot, chat: int, telegram) -> None:
    dialog = bot.meet(chat)
    telegram.fail_next(1, "hang_after_accept", chat_id=chat, seconds=0.8)
    (answer,) = bot.answer(dialog, "дошло")
    wait_until(lambda: bot.message(answer)["status"] == "sending", 5, "under way")
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    with psycopg.connect(company.admin_url, autocommit=True) as admin, _nobody_connects(company):
        for _ in range(15):  # the answer comes into the middle of this
            admin.execute(others + " AND pid <> pg_backend_pid()")
            time.sleep(0.2)
    with company.app.app_context():
        db.engine.dispose()
    assert bot.settled(answer, timeout=30) == [("sent", None)]
    assert bot.sent(chat) == ["дошло"]


@contextmanager
def _nobody_connects(company: Company) -> Iterator[None]:
    """The application's role is turned away, as by a server that restarts."""
    with psycopg.connect(databases.plain(databases.server().admin_url()), autocommit=True) as admin:
        name = company.value("SELECT current_database()")
        allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
        admin.execute(allow.format(sql.Identifier(name), sql.SQL("false")))
        try:
            yield
        finally:
            admin.execute(allow.format(sql.Identifier(name), sql.SQL("true")))


@pytest.mark.parametrize("person", ["admin", "stranger"])
def test_a_bot_that_is_connected_anew_outlives_the_old_connections_farewell(
    company: Company, telegram, person: str
) -> None:
    old = company.connect()
    account = old.token.split(":")[0]
    with company.acting():
        connections.remove(company.who, old.id)
    wait_until(lambda: not company.rows("SELECT 1 FROM procrastinate_jobs WHERE lock LIKE %s", f"%:{account}"), 15)
    who = getattr(company.people, person).actor
    with company.app.app_context(), transaction(who):
        new = connections.create(who, funnel_id=None, messenger_type="telegram", account_id=account, token=old.token)
    key = company.value("SELECT key FROM messenger_connection WHERE id = %s", new["id"])
    status = "SELECT status FROM messenger_connection WHERE id = %s"
    wait_until(lambda: company.value(status, new["id"]) == "ok", 20, "the bot receives")
    with company.acting():
        late = enqueue("unsubscribe", org_id=company.who.home, connection_id=old.id)  # its next try
    wait_until(lambda: not company.rows("SELECT 1 FROM procrastinate_jobs WHERE id = %s", late), 15, "said farewell")
    assert telegram.api.bots[old.token].webhook["url"].endswith(f"/{key}")


def test_subscribing_and_unsubscribing_an_account_go_one_by_one_and_what_waits_hurries(company: Company) -> None:
    lock = "account:telegram:77"
    with company.acting():
        enqueue("unsubscribe", lock=lock, schedule_in=600, org_id=company.who.home, connection_id=0)
        connections.create(company.who, funnel_id=None, messenger_type="telegram", account_id="77", token="77:x")
        jobs = "SELECT task_name, scheduled_at FROM procrastinate_jobs WHERE lock = :lock ORDER BY id"
        found = [tuple(row) for row in db.session.execute(text(jobs), {"lock": lock})]
        assert found == [("unsubscribe", None), ("subscribe", None)]
        db.session.rollback()
