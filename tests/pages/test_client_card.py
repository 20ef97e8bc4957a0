"""The client's card over HTTP: its pane, its page, fields in place, notes, merging, deleting, erasing."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from werkzeug.test import TestResponse

from aiguro_web.extensions import db, enter_organization
from aiguro_web.models import Client, ClientMerge, ClientNote, Dialog
from aiguro_web.services import client_merges, client_notes, clients
from tests import doors
from tests.people import HOME, People
from tests.services.test_clients import bot, the_client

__all__ = ["bot"]  # a fixture
HX = {"HX-Request": "true"}


@pytest.fixture
def one(app: Flask, bot: int, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", False)
    return the_client(bot)


def browser(app: Flask, person: Any) -> FlaskClient:
    db.session.commit()  # what the test has done so far
    return doors.sign_in(app, person)


def page(answer: TestResponse) -> str:
    assert answer.status_code == 200, answer.status_code
    return answer.get_data(as_text=True)


def test_the_card_shows_fields_dialogs_and_the_timeline(app: Flask, one: int, who: People) -> None:
    found = page(browser(app, who.manager).get(f"/dashboard/clients/{one}"))
    for words in ("Ольга", 'id="card-phone"', "История", "Диалоги", 'data-live="client-'):
        assert words in found


def test_a_viewer_reads_without_controls(app: Flask, one: int, who: People) -> None:
    client_notes.add(who.manager.actor, one, "видна всем")
    found = page(browser(app, who.viewer).get(f"/dashboard/clients/{one}"))
    assert "видна всем" in found
    for control in ("data-edit", "data-note", "hx-post", "/erase", "/merge"):
        assert control not in found, control
    uuid = db.session.scalars(select(Dialog.uuid)).one()
    assert "hx-post" not in page(browser(app, who.viewer).get(f"/dashboard/clients/pane/{uuid}", headers=HX))


def test_the_pane_has_the_client_and_the_deal(app: Flask, one: int, who: People) -> None:
    uuid = db.session.scalars(select(Dialog.uuid)).one()
    found = page(browser(app, who.manager).get(f"/dashboard/clients/pane/{uuid}", headers=HX))
    for words in ('id="client"', 'id="pane-name"', 'id="pane-stage"', 'id="pane-price"', 'id="pane-notes"'):
        assert words in found


def test_a_field_is_saved_and_comes_back_as_it_is_kept(app: Flask, one: int, who: People) -> None:
    answer = browser(app, who.manager).post(
        f"/dashboard/clients/{one}/fields?at=pane", data={"phone": "8 (900) 123-45-67"}, headers=HX
    )
    assert 'id="pane-phone"' in page(answer)
    assert "+7 900 123-45-67" in answer.get_data(as_text=True)
    assert db.session.scalars(select(Client.phone)).one() == "+79001234567"


def test_a_refused_field_is_taken_back_with_the_reason(app: Flask, one: int, who: People) -> None:
    clients.change(who.manager.actor, one, {"email": "olga@example.com"})
    answer = browser(app, who.manager).post(
        f"/dashboard/clients/{one}/fields?at=card", data={"email": "не почта"}, headers=HX
    )
    assert answer.status_code == 422
    found = answer.get_data(as_text=True)
    assert 'value="olga@example.com"' in found
    assert "«не почта» не сохранено" in found
    assert 'aria-invalid="true"' in found


@pytest.mark.parametrize("form", [{}, {"name": "А", "phone": "+79001234567"}, {"password": "x"}])
def test_only_one_field_at_a_time_is_taken(app: Flask, one: int, who: People, form: dict[str, str]) -> None:
    answer = browser(app, who.manager).post(f"/dashboard/clients/{one}/fields", data=form, headers=HX)
    assert answer.status_code == 400


def test_notes_are_added_changed_and_removed(app: Flask, one: int, who: People) -> None:
    at = browser(app, who.manager)
    assert "любит пионы" in page(at.post(f"/dashboard/clients/{one}/notes", data={"text": "любит пионы"}, headers=HX))
    note = db.session.scalars(select(ClientNote.id)).one()
    assert "розы" in page(at.post(f"/dashboard/clients/{one}/notes/{note}", data={"text": "розы"}, headers=HX))
    assert at.post(f"/dashboard/clients/{one}/notes", data={"text": " "}, headers=HX).status_code == 422
    assert "розы" not in page(at.post(f"/dashboard/clients/{one}/notes/{note}/delete", headers=HX))


def test_the_timeline_is_filtered_and_read_on(app: Flask, one: int, who: People) -> None:
    dialog = db.session.scalars(select(Dialog.id)).one()
    db.session.execute(
        text("INSERT INTO message (org_id, dialog_id, role, text, position) "
             "SELECT :org, :dialog, 'user', 'слова ' || n, n FROM generate_series(1, 60) n"),
        {"org": HOME, "dialog": dialog},
    )  # fmt: skip
    at = browser(app, who.viewer)
    first = page(at.get(f"/dashboard/clients/{one}/timeline?kind=messages", headers=HX))
    assert 'id="events-more"' in first
    more = first.partition("before=")[2].partition('"')[0]
    rest = page(at.get(f"/dashboard/clients/{one}/timeline?kind=messages&before={more}", headers=HX))
    assert "слова 1<" in rest
    assert 'id="timeline"' not in rest
    assert "ещё не было" in page(at.get(f"/dashboard/clients/{one}/timeline?kind=files", headers=HX))


def test_a_deleted_client_can_be_brought_back_from_the_card(app: Flask, one: int, who: People) -> None:
    at = browser(app, who.manager)
    answer = at.post(f"/dashboard/clients/{one}/delete", headers=HX)
    assert answer.status_code == 204
    assert answer.headers["HX-Redirect"] == f"/dashboard/clients/{one}"
    assert "Вернуть клиента" in page(at.get(f"/dashboard/clients/{one}"))
    assert at.post(f"/dashboard/clients/{one}/restore", headers=HX).status_code == 204
    assert "Вернуть клиента" not in page(at.get(f"/dashboard/clients/{one}"))


def test_a_merge_is_chosen_compared_done_and_undone(app: Flask, one: int, who: People) -> None:
    clients.change(who.manager.actor, one, {"phone": "+79001234567"})
    other = clients.create(who.manager.actor, {"name": "Оля", "phone": "+79001234567"})
    at = browser(app, who.manager)
    assert f"/merge/{other}" in page(at.get(f"/dashboard/clients/{one}/merge", headers=HX))
    assert f"/merge/{other}" in page(at.get(f"/dashboard/clients/{one}/merge?words=оля", headers=HX))
    assert "Оля" in page(at.get(f"/dashboard/clients/{one}/merge/{other}", headers=HX))
    answer = at.post(f"/dashboard/clients/{one}/merge/{other}", data={"name": "gone", "phone": "kept"}, headers=HX)
    assert answer.status_code == 204
    merge = db.session.scalars(select(ClientMerge.id)).one()
    assert f"/merges/{merge}/undo" in answer.headers["HX-Trigger"]
    assert at.get(f"/dashboard/clients/{other}").headers["Location"].endswith(f"/dashboard/clients/{one}")
    assert "Разделить" in page(at.get(f"/dashboard/clients/{one}"))
    assert at.post(f"/dashboard/clients/{one}/merges/{merge}/undo", headers=HX).status_code == 204
    assert "Оля" in page(at.get(f"/dashboard/clients/{other}"))


@pytest.mark.parametrize("typed", ["", "да", "Анна"])
def test_an_erasure_wants_the_word(app: Flask, one: int, who: People, typed: str) -> None:
    at = browser(app, who.admin)
    assert "Без следа исчезнут" in page(at.get(f"/dashboard/clients/{one}/erase", headers=HX))
    answer = at.post(f"/dashboard/clients/{one}/erase", data={"sure": typed}, headers=HX)
    assert answer.status_code == 422
    assert "стереть" in answer.get_data(as_text=True)


@pytest.mark.parametrize("typed", ["стереть", " Стереть ", "ольга"])
def test_with_the_word_the_client_is_gone(app: Flask, one: int, who: People, typed: str) -> None:
    at = browser(app, who.admin)
    assert at.post(f"/dashboard/clients/{one}/erase", data={"sure": typed}, headers=HX).status_code == 204
    jobs = db.session.scalar(text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'erase_client'"))
    assert jobs == 1
    assert at.get(f"/dashboard/clients/{one}/card", headers=HX).status_code == 404


def test_a_manager_neither_sees_nor_may_erase(app: Flask, one: int, who: People) -> None:
    at = browser(app, who.manager)
    assert "/erase" not in page(at.get(f"/dashboard/clients/{one}"))
    assert at.get(f"/dashboard/clients/{one}/erase", headers=HX).status_code == 403
    assert at.post(f"/dashboard/clients/{one}/erase", data={"sure": "стереть"}, headers=HX).status_code == 403


def test_a_long_way_of_merges_leads_to_the_last_one(app: Flask, one: int, who: People) -> None:
    manager = who.manager.actor
    ids = [one, *(clients.create(manager, {"name": f"Клиент {n}"}) for n in range(3))]
    for gone, kept in zip(ids, ids[1:], strict=False):
        client_merges.merge(manager, kept, gone)
    enter_organization(HOME)
    answer = browser(app, who.viewer).get(f"/dashboard/clients/{one}")
    assert answer.headers["Location"].endswith(f"/dashboard/clients/{ids[-1]}")
