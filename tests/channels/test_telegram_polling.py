"""Receiving without a webhook: getUpdates, its confirmations and its conflicts."""

from __future__ import annotations

import threading
import time

import pytest

from aiguro_web.channels import BadToken, Later, PollConflict


def test_updates_come_raw_with_their_numbers_and_are_confirmed_by_the_next_offset(telegram, channel, credentials):
    telegram.client_writes(5, "раз")
    telegram.client_writes(5, "два")
    first = channel.poll(credentials, 0, 0)
    assert [channel.parse(body)[0].text for _, body in first] == ["раз", "два"]
    assert [channel.parse(body)[0].update_id for _, body in first] == [str(number) for number, _ in first]
    assert channel.poll(credentials, first[0][0] + 1, 0) == first[1:]
    assert channel.poll(credentials, first[1][0] + 1, 0) == []
    assert telegram.drained(0)


def test_a_long_poll_ends_as_soon_as_a_client_writes(telegram, channel, credentials):
    threading.Timer(0.15, telegram.client_writes, (5, "Привет")).start()
    started = time.monotonic()
    ((_, body),) = channel.poll(credentials, 0, 5)
    assert channel.parse(body)[0].text == "Привет"
    assert 0.1 < time.monotonic() - started < 2


def test_a_poll_may_last_longer_than_other_calls(channel, credentials):
    assert channel.read_timeout < 1
    assert channel.poll(credentials, 0, 1) == []


def test_the_kinds_of_updates_are_always_asked_for(telegram, channel, credentials):
    telegram.api.bots[telegram.token].allowed = ["poll"]
    channel.poll(credentials, 0, 0)
    telegram.client_writes(5, "Привет")
    assert len(channel.poll(credentials, 0, 0)) == 1


def test_a_webhook_elsewhere_is_a_conflict(telegram, channel, credentials):
    channel.subscribe(credentials, "https://other.example.com/hook")
    with pytest.raises(PollConflict) as conflict:
        channel.poll(credentials, 0, 0)
    assert conflict.value.webhook is True


def test_a_second_poller_is_a_conflict_of_the_first(telegram, channel, credentials):
    seen: list[Exception] = []

    def first() -> None:
        try:
            channel.poll(credentials, 0, 5)
        except PollConflict as conflict:
            seen.append(conflict)

    thread = threading.Thread(target=first)
    thread.start()
    while not telegram.calls("getUpdates"):
        time.sleep(0.01)
    channel.poll(credentials, 0, 0)
    thread.join(3)
    assert [conflict.webhook for conflict in seen if isinstance(conflict, PollConflict)] == [False]


def test_a_revoked_token_ends_the_polling(telegram, channel, credentials):
    telegram.revoke()
    with pytest.raises(BadToken):
        channel.poll(credentials, 0, 0)


@pytest.mark.parametrize("kind", ["429", "500", "502", "cut_after_accept", "garbage", "hang"])
def test_a_failed_poll_loses_nothing(telegram, channel, credentials, kind):
    telegram.client_writes(5, "Привет")
    telegram.fail_next(1, kind, method="getUpdates", seconds=3)
    with pytest.raises(Later):
        channel.poll(credentials, 0, 0)
    assert len(channel.poll(credentials, 0, 0)) == 1


def test_repeated_and_shuffled_updates_come_as_they_are(telegram, channel, credentials):
    telegram.repeat_updates, telegram.shuffle = 3, True
    for number in range(5):
        telegram.client_writes(5, f"№{number}")
    numbers = [number for number, _ in channel.poll(credentials, 0, 0)]
    assert len(numbers) == 15
    assert len(set(numbers)) == 5
    assert numbers != sorted(numbers)
