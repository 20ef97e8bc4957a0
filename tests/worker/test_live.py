"""Live events: they leave after the commit, gathered, and a listener that lost its connection is told everything."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text

from aiguro_web import live
from aiguro_web.extensions import db
from aiguro_web.queue import transaction
from aiguro_web.services import access
from tests import databases

NOBODY = access.system(None)


@pytest.fixture
def heard(committed_app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[live.Subscription]:
    """A subscription to "a" and "b" of a listener that listens by now."""
    live.stop()  # that of another test's database, which had the same name
    monkeypatch.setattr(live, "_current", None)
    with live.listen(["a", "b"]) as subscription:
        assert subscription.wait(10) == {live.EVERYTHING}
        yield subscription


@pytest.fixture
def admin(committed_app: Flask) -> Iterator[psycopg.Connection]:
    with psycopg.connect(databases.plain(committed_app.config["DATABASE_OWNER_URL"]), autocommit=True) as owner:
        name = owner.info.dbname
    url = databases.plain(databases.server().admin_url(name))
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def test_the_first_listener_of_a_process_is_told_to_look_once_it_listens(heard: live.Subscription) -> None:
    assert heard.wait(0.2) == set()  # told once, by the fixture's wait


def test_an_event_leaves_after_the_commit_and_not_before(heard: live.Subscription) -> None:
    with transaction(NOBODY):
        live.publish("a")
        assert heard.wait(0.5) == set()
    assert heard.wait(5) == {"a"}


def test_what_is_rolled_back_is_not_told(heard: live.Subscription) -> None:
    with pytest.raises(RuntimeError), transaction(NOBODY):
        live.publish("a")
        raise RuntimeError
    with transaction(NOBODY):
        live.publish("b")
    assert heard.wait(5) == {"b"}
    with transaction(NOBODY):
        db.session.execute(text("SELECT 1"))
        live.publish("a")
        db.session.rollback()
        live.publish("b")
    assert heard.wait(5) == {"b"}


def test_a_savepoint_that_is_rolled_back_takes_no_earlier_event_with_it(heard: live.Subscription) -> None:
    with transaction(NOBODY):
        live.publish("a")
        with pytest.raises(RuntimeError), db.session.begin_nested():
            raise RuntimeError
    assert heard.wait(5) == {"a"}


def test_topics_that_nobody_asked_for_are_not_heard(heard: live.Subscription) -> None:
    with transaction(NOBODY):
        live.publish("c", "aa")
    assert heard.wait(0.5) == set()


def test_many_events_of_one_topic_are_told_as_one(heard: live.Subscription, monkeypatch) -> None:
    notices: list[str] = []
    tell = live.Hub._tell

    def count(self: live.Hub, topics) -> None:  # noqa: ANN001
        topics = list(topics)
        notices.extend(topics)
        tell(self, topics)

    monkeypatch.setattr(live.Hub, "_tell", count)

    def storm() -> None:
        hub = live._hub()
        for _ in range(500):
            hub.send({"a"})

    threads = [threading.Thread(target=storm) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard.wait(5) == {"a"}
    time.sleep(0.3)
    assert 1 <= len(notices) < 1000, f"{len(notices)} notices for 2000 events"


def test_more_topics_than_one_notice_holds_all_arrive(heard: live.Subscription) -> None:
    topics = {f"o1:dialog-{number:040}" for number in range(1000)}
    with live.listen(topics) as everything:
        with transaction(NOBODY):
            live.publish(*topics)
        came: set[str] = set()
        deadline = time.monotonic() + 5
        while came != topics and time.monotonic() < deadline:
            came |= everything.wait(1)
    assert came == topics


def test_a_listener_that_lost_its_connection_comes_back_and_tells_everything(heard, admin) -> None:
    ended = admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND application_name = 'aiguro-live'"
    ).fetchall()
    assert ended
    began = time.monotonic()
    assert heard.wait(10) == {live.EVERYTHING}
    assert time.monotonic() - began < 3
    with transaction(NOBODY):  # the sender has lost its connection too
        live.publish("a")
    assert heard.wait(10) == {"a"}


def test_events_of_another_process_are_heard(heard: live.Subscription, committed_app: Flask) -> None:
    with psycopg.connect(live.conninfo(), autocommit=True) as other:
        other.execute("SELECT pg_notify(%s, %s)", [live.CHANNEL, "x,b,y"])
    assert heard.wait(5) == {"b"}


def test_stopping_ends_every_subscription_at_once(heard: live.Subscription) -> None:
    began = time.monotonic()
    threading.Timer(0.2, live.stop).start()
    assert heard.wait(10) == set()
    assert heard.closed
    assert time.monotonic() - began < 2
