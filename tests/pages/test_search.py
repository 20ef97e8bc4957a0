"""The palette's answers and the bell over HTTP: what is found links to its place, and is only text."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from aiguro_web.extensions import db, enter_organization
from aiguro_web.models.notification import NotificationKind, NotificationSubject
from aiguro_web.services import notifications
from tests import doors
from tests.people import HOME, People
from tests.services.test_search import Desk

HX = {"HX-Request": "true"}


@pytest.fixture
def desk(app: Flask, who: People, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", False)
    return Desk(who.manager.actor)


def browser(app: Flask, person: Any) -> FlaskClient:
    db.session.commit()
    return doors.sign_in(app, person)


def page(client: FlaskClient, address: str, method: str = "GET") -> str:
    answer = client.open(address, method=method, headers=HX)
    assert answer.status_code == 200, answer.get_data(as_text=True)[:300]
    return answer.get_data(as_text=True)


@pytest.mark.parametrize("name", ["manager", "viewer"])
def test_what_is_found_links_to_its_place(app: Flask, desk: Desk, who: People, name: str) -> None:
    client = desk.client("Зоя Летова", "+79123456789")
    message = desk.message("Когда привезут мебель?", dialog=desk.dialog(client))
    shown = page(browser(app, getattr(who, name)), "/dashboard/search?q=летова")
    assert f'href="/dashboard/clients/{client}"' in shown
    assert "/dashboard/messengers?uuid=" in shown
    shown = page(browser(app, getattr(who, name)), "/dashboard/search?q=мебели")
    assert f"message={message}" in shown
    assert "<mark>мебель</mark>" in shown


def test_found_words_are_only_text(app: Flask, desk: Desk, who: People) -> None:
    desk.message("<img src=x onerror=alert(1)> мебель")
    desk.client("<b>Жирный</b>")
    for words in ("мебель", "жирный", "<img"):
        shown = page(browser(app, who.manager), f"/dashboard/search?q={words}")
        assert "<img" not in shown
        assert "<b>Жирный" not in shown


def test_without_words_the_screens_are_offered_and_without_finds_it_is_said(
    app: Flask, desk: Desk, who: People
) -> None:
    client = browser(app, who.viewer)
    shown = page(client, "/dashboard/search")
    assert "/dashboard/clients" in shown
    assert "Ничего не нашлось" not in shown
    assert "/dashboard/clients/imports" not in shown  # a viewer imports nothing
    assert "Ничего не нашлось" in page(client, "/dashboard/search?q=щщщщ")
    assert "/dashboard/support" in page(client, "/dashboard/search?q=подд")


def test_the_bell_counts_lists_and_forgets_what_was_read(app: Flask, desk: Desk, who: People) -> None:
    enter_organization(HOME)
    dialog = desk.dialog(desk.client("Зоя"))
    db.session.execute(text("UPDATE dialog SET unanswered_since = now() WHERE id = :id"), {"id": dialog})
    kinds = [
        (NotificationKind.assigned, NotificationSubject.dialog, {"by": "Анна", "client": "Зоя <b>", "uuid": "5f"}),
        (NotificationKind.ticket_answered, NotificationSubject.ticket, {"name": "Счета"}),
        (NotificationKind.import_done, NotificationSubject.client_import, {"name": "a.csv", "added": 5}),
        (NotificationKind.bulk_done, NotificationSubject.bulk_act, {"done": 3, "of": "client", "state": "done"}),
    ]
    for kind, subject, data in kinds:
        notifications.tell(who.admin.actor, who.manager.actor.user_id, kind, subject, 7, **data)
    client = browser(app, who.manager)
    counts = page(client, "/dashboard/notifications/counts")
    assert 'data-unread="4"' in counts
    assert 'data-waiting="1"' in counts
    shown = page(client, "/dashboard/notifications")
    for words in ("Анна назначает вам диалог", "Зоя &lt;b&gt;", "Поддержка ответила", "новых: 5", "3\u00a0строки",
                  "/dashboard/support/7", "/dashboard/clients/imports/7", "Прочитать все"):  # fmt: skip
        assert words in shown, words
    enter_organization(HOME)
    first = notifications.list_newest(who.manager.actor)[0]["id"]
    assert client.post(f"/dashboard/notifications/{first}/read", headers=HX).status_code == 204
    assert 'data-unread="3"' in page(client, "/dashboard/notifications/counts")
    assert "Прочитать все" not in page(client, "/dashboard/notifications/read", "POST")


def test_a_dialog_of_a_colleague_does_not_wait_for_me(app: Flask, desk: Desk, who: People) -> None:
    dialog = desk.dialog(desk.client("Зоя"))
    db.session.execute(
        text("UPDATE dialog SET unanswered_since = now(), manager_id = :user WHERE id = :id"),
        {"id": dialog, "user": who.admin.actor.user_id},
    )
    enter_organization(HOME)
    assert [notifications.count_waiting(one.actor) for one in (who.admin, who.manager)] == [1, 0]
