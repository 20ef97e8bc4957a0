"""A thousand messages, each one to four times, in any order, sixteen at once, into two web processes."""

from __future__ import annotations

import http.client
import json
import os
import random
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests import databases
from tests.fakes.telegram import FakeTelegram
from tests.webhooks.conftest import SECRET_HEADER
from tests.worker.company import Bot, Company
from tests.worker.processes import HERE, running

PERSONS = [3_000_000_000 + number for number in range(20)]
EACH = 50
CONNECTIONS = 16
LIMIT = 40.0  # seconds


@pytest.fixture(scope="module")
def bot(worker_id: str) -> Iterator[Bot]:
    with databases.clone(f"storm_{worker_id}_{os.getpid()}") as urls, FakeTelegram(allow_http=True) as telegram:
        company = Company(databases.make_app(urls), urls, telegram)
        with running(urls, telegram_url=telegram.url, public_url=HERE, WEB_CONCURRENCY="2") as house:
            company.house = house
            yield company.connect()


def updates() -> list[bytes]:
    """Every message of every person, as Telegram would post it; each person's messages are numbered in order."""
    bodies = []
    for number in range(EACH):
        for place, person in enumerate(PERSONS):
            who = {"id": person, "is_bot": False, "first_name": f"Клиент {place}"}
            message = {
                "message_id": 10 + number * len(PERSONS) + place, "date": 1_790_000_000 + number, "from": who,
                "chat": {"id": person, "type": "private"}, "text": f"{place}: сообщение {number:02}",
            }  # fmt: skip
            bodies.append(json.dumps({"update_id": 500_000 + len(bodies), "message": message}).encode())
    return bodies


class Storm:
    """Posts bodies over keep-alive connections and keeps each answer's status and time."""

    def __init__(self, bot: Bot, bodies: list[bytes]) -> None:
        hook = bot.company.telegram.api.bots[bot.token].webhook
        self.address, self.bodies = urlsplit(hook["url"]), list(bodies)
        self.headers = {SECRET_HEADER: hook["secret"], "Content-Type": "application/json"}
        self.statuses: list[int] = []
        self.times: list[float] = []
        self._lock = threading.Lock()

    def rage(self, connections: int) -> float:
        """Until everything is posted; in seconds."""
        threads = [threading.Thread(target=self._post_all) for _ in range(connections)]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LIMIT)
        return time.monotonic() - began

    def _post_all(self) -> None:
        connection = http.client.HTTPConnection(str(self.address.hostname), self.address.port, timeout=LIMIT)
        while True:
            with self._lock:
                if not self.bodies:
                    break
                body = self.bodies.pop()
            began = time.monotonic()
            connection.request("POST", self.address.path, body, self.headers)
            response = connection.getresponse()
            response.read()
            with self._lock:
                self.statuses.append(response.status)
                self.times.append(time.monotonic() - began)
        connection.close()


def test_each_message_is_there_once_and_in_order_with_one_client_and_one_dialog_a_person(bot: Bot) -> None:
    dice = random.Random(11)
    bodies = [body for body in updates() for _ in range(dice.randint(1, 4))]
    dice.shuffle(bodies)
    storm = Storm(bot, bodies)
    seconds = storm.rage(CONNECTIONS)
    times = sorted(storm.times)
    print(
        f"{len(bodies)} updates in {seconds:.1f} s; answered after {times[len(times) // 2] * 1000:.0f} ms (median), "
        f"{times[len(times) * 99 // 100] * 1000:.0f} ms (99 %), {times[-1] * 1000:.0f} ms (longest)"
    )
    assert len(storm.statuses) == len(bodies)
    assert set(storm.statuses) == {200}
    assert seconds < LIMIT
    for place, person in enumerate(PERSONS):
        assert bot.said(person) == [f"{place}: сообщение {number:02}" for number in range(EACH)]
        dialog = bot.dialog(person)
        assert (dialog["unread"], dialog["last_message"]) == (EACH, f"{place}: сообщение {EACH - 1}")
    rows = bot.company.rows
    assert rows("SELECT count(*) FROM client")[0]["count"] == len(PERSONS)
    assert rows("SELECT count(*) FROM dialog")[0]["count"] == len(PERSONS)
    assert rows("SELECT count(*) FROM inbound_update")[0]["count"] == len(PERSONS) * EACH
    wrong = (
        "SELECT d.id FROM dialog d WHERE messages_count <> (SELECT count(*) FROM message m WHERE m.dialog_id = d.id)"
    )
    assert rows(wrong) == []


def test_a_first_message_that_comes_sixteen_times_at_once_makes_one_client(bot: Bot) -> None:
    person = 3_100_000_000
    who = {"id": person, "is_bot": False, "first_name": "Близнец"}
    message = {"date": 1_790_000_000, "from": who, "chat": {"id": person, "type": "private"}}
    bodies = [
        json.dumps(
            {"update_id": 900_000 + n // 4, "message": message | {"message_id": n // 4 + 1, "text": str(n // 4)}}
        )
        for n in range(CONNECTIONS)
    ]
    storm = Storm(bot, [body.encode() for body in bodies])
    storm.rage(CONNECTIONS)
    assert storm.statuses == [200] * CONNECTIONS
    assert bot.said(person) == ["0", "1", "2", "3"]
    assert len(bot.dialogs(person)) == 1


def test_a_quiet_bot_is_answered_fast(bot: Bot) -> None:
    person = 3_200_000_000
    who = {"id": person, "is_bot": False, "first_name": "Тихий"}
    message = {"date": 1_790_000_000, "from": who, "chat": {"id": person, "type": "private"}}
    bodies = [
        json.dumps({"update_id": 950_000 + n, "message": message | {"message_id": n + 1, "text": "привет"}}).encode()
        for n in range(100)
    ]
    storm = Storm(bot, bodies)
    storm.rage(1)
    median = sorted(storm.times)[len(bodies) // 2]
    print(f"answered after {median * 1000:.1f} ms (median of {len(bodies)}, one at a time)")
    assert median < 0.1
