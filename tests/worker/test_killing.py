"""SIGKILL at any moment: nothing accepted is lost, nothing leaves twice, and the work goes on by itself within 30 s."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.worker.company import FINAL, Bot, Company
from tests.worker.processes import Running, wait_until

RESUMES = 30.0  # seconds (security.md)
CHATS = range(100, 108)
EACH = 16  # messages to each client


@pytest.fixture
def slow_telegram(telegram) -> Iterator[None]:
    """Each accepted message takes a moment to be answered, so that a kill finds some of them under way."""
    telegram.fail_next(10_000, "hang_after_accept", seconds=0.15)
    yield
    telegram._faults.clear()


def test_a_worker_killed_again_and_again_loses_nothing_and_sends_nothing_twice(
    company: Company, house: Running, bot: Bot, slow_telegram
) -> None:
    for chat in CHATS:
        bot.hear(chat, "Здравствуйте")
    wait_until(lambda: all(bot.said(chat) for chat in CHATS), 20, "the clients are known")
    written: dict[int, str] = {}
    for chat in CHATS:
        texts = [f"клиенту {chat}: сообщение {number:02}" for number in range(EACH)]
        written |= dict(zip(bot.answer(bot.dialog(chat)["uuid"], *texts), texts, strict=True))
    dice, gaps = random.Random(3), []
    for _ in range(3):
        time.sleep(dice.uniform(0.3, 1.2))
        assert house.kill_worker()
        killed = time.monotonic()
        time.sleep(0.3)  # what was under way arrives
        before = len(bot.sent())
        wait_until(lambda: len(bot.sent()) > before, RESUMES, "the work goes on")
        gaps.append(time.monotonic() - killed)
    states = dict(zip(written, bot.settled(*written, timeout=60), strict=True))
    print(f"went on after {[round(gap, 1) for gap in gaps]} s; {Counter(state for state, _ in states.values())}")
    sent = Counter(bot.sent())
    assert set(sent.values()) == {1}, "something left twice"
    assert {state for state, _ in states.values()} <= {"sent", "uncertain"}
    for id, text in written.items():
        assert sent[text] == 1 or states[id][0] == "uncertain", f"{text} is lost"
    for chat in CHATS:
        assert bot.sent(chat) == sorted(bot.sent(chat)), "the order is kept"
    # At most what a worker had under way at each of its deaths.
    assert sum(state == "uncertain" for state, _ in states.values()) <= 3 * len(CHATS)


def test_what_a_dead_worker_was_sending_is_uncertain_within_30_seconds_and_a_person_may_send_it_again(
    house: Running, bot: Bot, chat: int, telegram
) -> None:
    dialog = bot.meet(chat)
    telegram.fail_next(1, "hang", chat_id=chat, seconds=8)
    doubtful, next_one = bot.answer(dialog, "дошло?", "следующее")
    wait_until(lambda: bot.message(doubtful)["status"] == "sending", 5, "under way")
    house.kill_worker()
    killed = time.monotonic()
    states = bot.settled(doubtful, next_one, timeout=RESUMES)
    print(f"settled {time.monotonic() - killed:.1f} s after the kill")
    assert states == [("uncertain", "Отправка прервалась, дошло ли сообщение, неизвестно"), ("sent", None)]
    assert bot.sent(chat) == ["следующее"]
    bot.send_again(dialog, doubtful)
    assert bot.settled(doubtful) == [("sent", None)]
    assert bot.sent(chat) == ["следующее", "дошло?"]


def test_a_worker_that_was_suspended_goes_on_as_if_nothing_had_happened(
    house: Running, bot: Bot, chat: int, telegram
) -> None:
    """A laptop's lid, a starved machine: its heartbeats look dead, its deliveries are not."""
    dialog = bot.meet(chat)
    telegram.fail_next(24, "hang_after_accept", chat_id=chat, seconds=0.3)
    texts = [f"{number:02}" for number in range(24)]
    ids = bot.answer(dialog, *texts)
    wait_until(lambda: bot.message(ids[2])["status"] == "sent", 10, "in the middle")
    worker = house.worker_pids
    for pid in worker:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(13)
    for pid in worker:
        os.kill(pid, signal.SIGCONT)
    assert bot.settled(*ids, timeout=30) == [("sent", None)] * len(ids)
    assert bot.sent(chat) == texts
    assert house.worker_pids == worker


def test_a_web_process_killed_again_and_again_stores_each_update_once(
    company: Company, house: Running, bot: Bot, telegram
) -> None:
    chats, each = range(300, 306), 30
    bot.meet(300, "начало")
    dice = random.Random(5)
    for number in range(each):
        for chat in chats:
            bot.hear(chat, f"{number:03}")
        if number in (8, 16, 24):
            time.sleep(dice.uniform(0.05, 0.2))
            assert house.kill_web(master=number == 16)
            killed = time.monotonic()
            wait_until(house.is_ready, RESUMES, "the web is back")
            print(f"web back after {time.monotonic() - killed:.1f} s")
    assert telegram.drained(RESUMES)
    assert any(one["status"] != 200 for one in telegram.deliveries), "no call was interrupted"
    for chat in chats:
        first = ["начало"] if chat == 300 else []
        assert bot.said(chat) == first + [f"{number:03}" for number in range(each)]
        assert len(bot.dialogs(chat)) == 1
    counts = company.rows(
        "SELECT d.messages_count, (SELECT count(*) FROM message m WHERE m.dialog_id = d.id) AS there "
        "FROM dialog d WHERE d.connection_id = %s",
        bot.id,
    )
    assert all(row["messages_count"] == row["there"] for row in counts)


def test_an_answer_acknowledged_by_a_web_process_that_dies_leaves_once(
    company: Company, house: Running, bot: Bot, chat: int
) -> None:
    dialog = bot.meet(chat)
    (answer,) = bot.answer(dialog, "перед гибелью")
    house.kill_web()
    house.kill_worker()
    assert bot.settled(answer, timeout=RESUMES)[0][0] in FINAL
    house.wait_ready()
    assert bot.sent(chat).count("перед гибелью") <= 1
    (later,) = bot.answer(dialog, "после")
    assert bot.settled(later, timeout=RESUMES) == [("sent", None)]
