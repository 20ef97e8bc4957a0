"""Notifications reach the one they are for, once, and nobody else."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from aiguro_web import live
from aiguro_web.errors import NotFound
from aiguro_web.extensions import db, enter_organization
from aiguro_web.models.notification import NotificationKind, NotificationSubject
from aiguro_web.services import notifications, organizations
from aiguro_web.services.access import Actor
from tests.people import HOME, People

ASSIGNED, DIALOG = NotificationKind.assigned, NotificationSubject.dialog


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    topics: list[str] = []
    monkeypatch.setattr(notifications, "publish", lambda *names: topics.extend(names))
    assert live.publish is not notifications.publish
    return topics


@pytest.fixture(autouse=True)
def home(who: People) -> None:
    enter_organization(HOME)


def tell(who: Actor, user_id: int | None, subject_id: int = 7, **data: Any) -> None:
    notifications.tell(who, user_id, ASSIGNED, DIALOG, subject_id, **data)


def test_a_colleague_is_told_and_their_pages_hear_of_it(who: People, published: list[str]) -> None:
    tell(who.admin.actor, who.manager.actor.user_id, name="Анна")
    rows = notifications.list_newest(who.manager.actor)
    assert [(row["kind"], row["subject_id"], row["data"], row["read_at"]) for row in rows] == [
        (ASSIGNED, 7, {"name": "Анна"}, None)
    ]
    assert published == [f"o{HOME}:me-{who.manager.actor.user_id}"]
    assert notifications.count_unread(who.manager.actor) == 1
    assert notifications.list_newest(who.admin.actor) == []


def test_the_same_unread_news_is_one_row_renewed_and_the_newest_again(who: People) -> None:
    user_id = who.manager.actor.user_id
    tell(who.admin.actor, user_id, 7, name="Анна")
    tell(who.admin.actor, user_id, 8)
    tell(who.admin.actor, user_id, 7, name="Борис")
    rows = notifications.list_newest(who.manager.actor)
    assert [(row["subject_id"], row["data"]) for row in rows] == [(7, {"name": "Борис"}), (8, {})]


def test_news_after_the_reading_is_a_row_of_its_own(who: People) -> None:
    user_id = who.manager.actor.user_id
    tell(who.admin.actor, user_id)
    notifications.mark_read(who.manager.actor)
    tell(who.admin.actor, user_id)
    assert len(notifications.list_newest(who.manager.actor)) == 2
    assert notifications.count_unread(who.manager.actor) == 1


def test_nobody_is_told_of_their_own_doing_nor_a_stranger_nor_one_who_left(who: People, published: list[str]) -> None:
    tell(who.admin.actor, who.admin.actor.user_id)
    tell(who.admin.actor, who.stranger.actor.user_id)
    tell(who.admin.actor, None)
    db.session.execute(
        text("UPDATE membership SET removed_at = now() WHERE user_id = :user"), {"user": who.viewer.actor.user_id}
    )
    tell(who.admin.actor, who.viewer.actor.user_id)
    assert published == []
    assert db.session.scalar(text("SELECT count(*) FROM notification")) == 0


def test_one_is_read_or_all_and_only_ones_own(who: People) -> None:
    manager, viewer = who.manager.actor, who.viewer.actor
    for subject_id in (7, 8, 9):
        tell(who.admin.actor, manager.user_id, subject_id)
    first = notifications.list_newest(manager)[0]["id"]
    with pytest.raises(NotFound):
        notifications.mark_read(viewer, first)
    assert notifications.count_unread(manager) == 3
    notifications.mark_read(manager, first)
    notifications.mark_read(manager, first)
    assert notifications.count_unread(manager) == 2
    notifications.mark_read(manager)
    assert notifications.count_unread(manager) == 0


def test_what_was_read_long_ago_is_forgotten_and_the_rest_is_kept(who: People) -> None:
    manager = who.manager.actor
    for subject_id in (7, 8, 9):
        tell(who.admin.actor, manager.user_id, subject_id)
    db.session.execute(text("UPDATE notification SET read_at = now() - interval '91 days' WHERE subject_id = 7"))
    db.session.execute(text("UPDATE notification SET read_at = now() - interval '89 days' WHERE subject_id = 8"))
    assert notifications.list_forgettable() == [HOME]
    notifications.delete_read(Actor("system", HOME))
    assert [row["subject_id"] for row in notifications.list_newest(manager)] == [9, 8]


def test_a_member_of_both_sees_each_organisations_own(who: People) -> None:
    manager = who.manager.actor
    assert manager.user_id is not None
    tell(who.admin.actor, manager.user_id)
    other = organizations.create("Вторая", gid="second").id
    db.session.flush()
    enter_organization(other)
    assert notifications.list_newest(Actor("person", other, manager.user_id, role=manager.role)) == []
