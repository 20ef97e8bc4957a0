"""The pooled connections: shared by threads, reused, and left alone after a fork."""

from __future__ import annotations

import os
import signal

import pytest
from httpcore2._backends.sync import SyncBackend

from aiguro_web.channels import wire


def test_one_connection_serves_one_call_after_another(telegram, channel, monkeypatch):
    opened: list[int] = []
    connect = SyncBackend.connect_tcp
    monkeypatch.setattr(SyncBackend, "connect_tcp", lambda *args, **named: opened.append(1) or connect(*args, **named))
    for _ in range(5):
        channel.check(telegram.token)
    assert len(opened) == 1


def test_two_adapters_of_one_address_share_their_client(telegram):
    assert wire._client(telegram.url + "/bot1:a/x") is wire._client(telegram.url + "/bot2:b/y")
    assert wire._client(telegram.url) is not wire._client("http://127.0.0.1:9")


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_makes_its_own_client(telegram, channel):
    channel.check(telegram.token)
    parents = wire._client(telegram.url)
    wire._lock.acquire()  # as another thread of the parent might hold it
    try:
        child = os.fork()
        if child == 0:
            signal.alarm(5)  # a child that waits for the parent's lock would wait for ever
            try:
                fine = channel.check(telegram.token).id == "1111111111" and wire._client(telegram.url) is not parents
                os._exit(0 if fine else 1)
            finally:
                os._exit(2)
        _, status = os.waitpid(child, 0)
    finally:
        wire._lock.release()
    assert os.waitstatus_to_exitcode(status) == 0
    assert wire._client(telegram.url) is parents
    assert channel.check(telegram.token)


@pytest.mark.parametrize("url", ["ftp://x/bot1:AAA/getMe", "http:///bot1:AAA/getMe", "nonsense/bot1:AAA/getMe"])
def test_an_address_that_is_none_is_not_sent_to(url):
    with pytest.raises(wire.NotSent) as failure:
        wire.post(url, {}, connect=1, read=1)
    assert "AAA" not in repr(failure.value)
    assert failure.value.__context__ is None
