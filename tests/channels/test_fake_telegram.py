"""The fake itself: what tests of the whole product rely on must be as Telegram does it."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from tests.fakes.telegram import FakeTelegram


def request(url: str, body: Any = None, form: bool = False) -> tuple[int, Any]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
    content = None if body is None else urlencode(body) if form else json.dumps(body)
    kind = "application/x-www-form-urlencoded" if form else "application/json"
    path = f"{parts.path}?{parts.query}"
    connection.request("POST" if content else "GET", path, content, {"Content-Type": kind})
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    return response.status, answer


def texts(hook: Any) -> list[str]:
    return [json.loads(body)["message"]["text"] for body in hook.bodies]


def test_forms_and_queries_are_taken_like_json(telegram):
    telegram.know(5)
    api = f"{telegram.url}/bot{telegram.token}"
    assert request(f"{api}/sendMessage", {"chat_id": 5, "text": "json"})[0] == 200
    assert request(f"{api}/SENDMESSAGE", {"chat_id": 5, "text": "form"}, form=True)[0] == 200
    assert request(f"{api}/sendMessage?chat_id=5&text=query")[0] == 200
    assert [message.text for message in telegram.sent] == ["json", "form", "query"]
    request(f"{api}/getUpdates", {"allowed_updates": '["poll"]'}, form=True)
    assert telegram.api.bots[telegram.token].allowed == ["poll"]


def test_unknown_methods_and_paths_are_404_and_unknown_tokens_401(telegram):
    assert request(f"{telegram.url}/bot{telegram.token}/flyToTheMoon")[0] == 404
    assert request(f"{telegram.url}/whatever")[0] == 404
    assert request(f"{telegram.url}/botnonsense/getMe") == (
        401,
        {"ok": False, "error_code": 401, "description": "Unauthorized: invalid token specified"},
    )


def test_the_webhook_gets_the_update_with_the_secret(telegram, channel, credentials, hook):
    channel.subscribe(credentials, hook.url)
    update = telegram.client_writes(5, "Привет")
    assert telegram.drained()
    ((headers, body),) = hook.received
    assert json.loads(body) == update
    assert channel.verify(credentials, headers, body)


def test_what_waited_comes_when_the_webhook_is_set(telegram, channel, credentials, hook):
    telegram.client_writes(5, "до подключения")
    channel.subscribe(credentials, hook.url)
    assert telegram.drained()
    assert texts(hook) == ["до подключения"]


def test_one_chat_comes_in_order_and_a_failing_update_blocks_only_its_chat(telegram, channel, credentials, hook):
    refused: list[bytes] = []

    def answer(body: bytes) -> tuple[int, dict[str, str]]:
        if "1-1" in body.decode() and len(refused) < 3:
            refused.append(body)
            return 500, {}
        return 200, {}

    hook.answer = answer
    channel.subscribe(credentials, hook.url)
    for text in ("1-1", "1-2", "1-3"):
        telegram.client_writes(1, text)
    telegram.client_writes(2, "2-1")
    assert telegram.drained()
    assert [text for text in texts(hook) if text.startswith("1")] == ["1-1"] * 4 + ["1-2", "1-3"]
    assert texts(hook).index("2-1") < texts(hook).index("1-2")
    assert [one["status"] for one in telegram.deliveries].count(500) == 3


def test_the_first_repeat_is_at_once_and_the_next_ones_wait_longer(channel, credentials, hook):
    with FakeTelegram(allow_http=True, retry_scale=0.05) as telegram:
        hook.answer = lambda body: (200 if len(hook.received) == 4 else 500, {})
        type(channel)(telegram.url).subscribe(credentials, hook.url)
        telegram.client_writes(5, "Привет")
        assert telegram.drained()
        times = [one["time"] for one in telegram.deliveries]
    first, second, third = (later - earlier for earlier, later in itertools.pairwise(times))
    assert second > 0.09
    assert third > 0.19
    assert first < third


def test_retry_after_of_the_webhook_is_honoured(telegram, channel, credentials, hook):
    hook.answer = lambda body: (200, {}) if len(hook.received) > 1 else (503, {"Retry-After": "10"})
    channel.subscribe(credentials, hook.url)
    telegram.client_writes(5, "Привет")
    assert telegram.drained()
    first, second = (one["time"] for one in telegram.deliveries)
    assert second - first > 0.19


def test_updates_are_repeated_in_order_or_shuffled_when_asked(telegram, channel, credentials, hook):
    channel.subscribe(credentials, hook.url)
    telegram.repeat_updates = 2
    telegram.client_writes(5, "a")
    telegram.client_writes(5, "b")
    assert telegram.drained()
    assert texts(hook) == ["a", "a", "b", "b"]
    hook.received.clear()
    telegram.repeat_updates, telegram.shuffle = 3, True
    for number in range(10):
        telegram.client_writes(5, f"{number}")
    assert telegram.drained()
    assert sorted(texts(hook)) == sorted(str(number) for number in range(10) for _ in range(3))
    assert texts(hook) != sorted(texts(hook))


def test_kinds_that_were_not_subscribed_to_do_not_come(telegram, channel, credentials, hook):
    channel.subscribe(credentials, hook.url)
    telegram.push({"poll": {"id": "1"}})
    telegram.client_writes(5, "Привет")
    assert telegram.drained()
    assert len(hook.received) == 1


def test_poison_comes_as_it_is(telegram, channel, credentials, hook):
    channel.subscribe(credentials, hook.url)
    telegram.push({}, 5, raw=b'{"update_id": 1, "message": [[[')
    assert telegram.drained()
    assert hook.bodies == [b'{"update_id": 1, "message": [[[']


def test_a_foreign_webhook_is_never_called(telegram, channel, credentials):
    channel.subscribe(credentials, "https://chat.example.com/hook")
    telegram.client_writes(5, "Привет")
    assert not telegram.drained(0.2)
    assert {one["status"] for one in telegram.deliveries} == {0}


def test_an_unknown_fault_is_a_mistake_of_the_test(telegram):
    with pytest.raises(ValueError, match="none of"):
        telegram.fail_next(1, "earthquake")


def test_it_runs_as_a_process_of_its_own_and_is_driven_through_control():
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-m", "tests.fakes.telegram", "--token", "7:AA", "--allow-http"]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        try:
            status, update = request(f"{url}/_control", {"do": "client_writes", "chat_id": 5, "text": "Привет"})
            assert status == 200
            assert update["message"]["text"] == "Привет"
            assert request(f"{url}/bot7:AA/getUpdates")[1]["result"] == [update]
            request(f"{url}/_control", {"do": "fail_next", "n": 1, "kind": "403"})
            assert request(f"{url}/bot7:AA/sendMessage", {"chat_id": 5, "text": "раз"})[0] == 403
            request(f"{url}/bot7:AA/sendMessage", {"chat_id": 5, "text": "два"})
            assert [message["text"] for message in request(f"{url}/_control")[1]["sent"]] == ["два"]
            assert request(f"{url}/_control", {"do": "set", "repeat_updates": 2})[0] == 200
            assert len(request(f"{url}/bot7:AA/getUpdates")[1]["result"]) == 2
            assert request(f"{url}/_control", {"do": "stop"})[0] == 400
        finally:
            process.send_signal(signal.SIGTERM)
            started = time.monotonic()
            process.wait(5)
        assert process.returncode == 0
        assert time.monotonic() - started < 3
