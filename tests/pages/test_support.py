"""Support as pages: a company's tickets, files, what a viewer is shown; and the desk of AIGURO's own people."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from aiguro_web.extensions import db, enter_organization
from aiguro_web.models import Notification, Role, Ticket, TicketFile, TicketMessage
from aiguro_web.models.ticket import Department, TicketStatus
from aiguro_web.services import organizations, tickets
from tests.doors import sign_in
from tests.people import HOME, OTHER, People, Person
from tests.storage.conftest import objects, shelf

__all__ = ["shelf"]

COMPANY, DESK = "/dashboard/support", "/dashboard/desk"
HTMX = {"HX-Request": "true"}
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"
WISH = {"subject": "Не работает", "description": "Совсем", "department": "technical", "priority": "high"}

pytestmark = pytest.mark.usefixtures("shelf")


@pytest.fixture(autouse=True)
def _no_csrf(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", False)


def opened(who: Person, subject: str = "Тема", **more: Any) -> int:
    enter_organization(who.actor.org)
    department = more.pop("department", Department.general)
    id = tickets.open_ticket(who.actor, subject=subject, description="Описание", department=department, **more)
    db.session.commit()
    return id


def post(browser: FlaskClient, path: str, form: dict[str, Any], key: str = "", **files: bytes) -> Any:
    field = "files" if path == COMPANY else "attachments"
    data = {**form, field: [(io.BytesIO(content), name.replace("__", ".")) for name, content in files.items()]}
    headers = HTMX | ({"Idempotency-Key": key} if key else {})
    return browser.post(path, data=data, content_type="multipart/form-data", headers=headers)


def tickets_of(org: int) -> int:
    enter_organization(org)
    return db.session.scalar(select(func.count()).select_from(Ticket)) or 0


def test_a_new_ticket_is_shown_at_once_with_its_picture(app: Flask, who: People) -> None:
    browser = sign_in(app, who.manager)
    answer = post(browser, COMPANY, WISH, экран__png=PNG, журнал__txt="слова".encode())
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "Не работает" in page
    assert 'alt="экран.png"' in page
    assert "журнал.txt" in page
    assert answer.headers["HX-Push-Url"].startswith(f"{COMPANY}?ticket=")
    assert "close-modal" in answer.headers["HX-Trigger"]
    enter_organization(HOME)
    file = db.session.scalars(select(TicketFile).where(TicketFile.name == "экран.png")).one()
    ticket = db.session.scalars(select(Ticket)).one()
    link = browser.get(f"{COMPANY}/{ticket.id}/files/{file.id}")
    assert link.status_code == 302
    assert app.test_client().get(link.location).get_data() == PNG


def test_a_repeat_after_a_lost_answer_opens_one_ticket(app: Flask, who: People) -> None:
    browser = sign_in(app, who.manager)
    said = [post(browser, COMPANY, WISH, key="a key", экран__png=PNG) for _ in range(2)]
    assert [answer.status_code for answer in said] == [200, 200]
    assert said[0].get_data() == said[1].get_data()
    assert said[1].headers["HX-Trigger"] == said[0].headers["HX-Trigger"]
    assert tickets_of(HOME) == 1


def test_each_wrong_file_is_named_and_nothing_is_left_behind(app: Flask, who: People, shelf: Path) -> None:
    files = {"вирус__exe": b"MZ\x90\x00" * 99, "пусто__txt": b"", "экран__png": PNG}
    answer = post(sign_in(app, who.manager), COMPANY, WISH, **files)
    words = answer.get_data(as_text=True)
    assert (answer.status_code, answer.headers["HX-Retarget"]) == (422, "#new-ticket-problems")
    assert ["вирус.exe" in words, "пусто.txt" in words, "экран.png" in words] == [True, True, False]
    assert tickets_of(HOME) == 0
    assert objects(shelf) == []


def test_a_wrong_field_is_named_in_words(app: Flask, who: People) -> None:
    answer = post(sign_in(app, who.manager), COMPANY, {**WISH, "subject": " "})
    assert answer.status_code == 422
    assert "<b>Тема</b>" in answer.get_data(as_text=True)


def test_a_viewer_reads_and_finds_nothing_to_press(app: Flask, who: People) -> None:
    id = opened(who.manager)
    browser = sign_in(app, who.viewer)
    page = browser.get(f"{COMPANY}?ticket={id}").get_data(as_text=True)
    assert "Описание" in page
    assert [words in page for words in ("Новое обращение", "hx-post", "<textarea")] == [False, False, False]
    assert browser.get(f"{COMPANY}/new", headers=HTMX).status_code == 403
    assert post(browser, COMPANY, WISH).status_code == 403
    assert post(browser, f"{COMPANY}/{id}/messages", {"text": "слова"}).status_code == 403
    assert browser.post(f"{COMPANY}/{id}/change", data={"status": "closed"}, headers=HTMX).status_code == 403


def test_the_states_are_counted_and_narrow_the_list(app: Flask, who: People) -> None:
    opened(who.manager, "Первое обращение")
    second = opened(who.manager, "Второе обращение", department=Department.billing)
    tickets.change(who.manager.actor, second, status=TicketStatus.closed)
    db.session.commit()
    browser = sign_in(app, who.manager)

    def shown(query: str) -> list[bool]:
        page = browser.get(f"{COMPANY}/list{query}", headers=HTMX).get_data(as_text=True)
        return ["Первое обращение" in page, "Второе обращение" in page]

    assert shown("") == [True, True]
    assert shown("?status=closed") == [False, True]
    assert shown("?status=open") == [True, False]
    assert shown("?department=billing") == [False, True]
    assert shown("?department=billing&status=open") == [False, False]
    assert shown("?status=nonsense&topic=x") == [True, True]


@pytest.mark.parametrize(("name", "place"), [("manager", COMPANY), ("staff", DESK)])
def test_the_list_goes_on_where_its_page_ended(
    app: Flask, who: People, monkeypatch: pytest.MonkeyPatch, name: str, place: str
) -> None:
    monkeypatch.setattr("aiguro_web.pages.tickets.ROWS", 2)
    ids = [opened(who.manager, f"Обращение {number}") for number in range(5)]
    tickets.answer(who.manager.actor, ids[0], "Ещё вопрос")  # the newest activity
    db.session.commit()
    browser, seen, path = sign_in(app, getattr(who, name)), [], f"{place}/list"
    while path:
        page = browser.get(path, headers=HTMX).get_data(as_text=True)
        seen += [int(part.partition('"')[0]) for part in page.split('data-ticket="')[1:]]
        more = page.partition('id="tickets-more" hx-get="')[2].partition('"')[0]
        path = more.replace("&amp;", "&")
    assert seen == [ids[0], *reversed(ids[1:])]
    assert browser.get(f"{place}/list?before=x", headers=HTMX).status_code == 400


def test_a_company_closes_opens_again_and_takes_back(app: Flask, who: People) -> None:
    id = opened(who.manager)
    browser = sign_in(app, who.manager)
    closed = browser.post(f"{COMPANY}/{id}/change", data={"status": "closed"}, headers=HTMX)
    assert f"{COMPANY}/{id}/reopen" in closed.headers["HX-Trigger"]
    assert "Новое сообщение откроет его снова" in closed.get_data(as_text=True)
    assert browser.post(f"{COMPANY}/{id}/reopen", headers=HTMX).status_code == 204
    enter_organization(HOME)
    assert db.session.get_one(Ticket, (HOME, id)).status == TicketStatus.open


@pytest.mark.parametrize("name", ["admin", "manager", "viewer", "stranger"])
def test_the_desk_is_there_for_staff_alone(app: Flask, who: People, name: str) -> None:
    id = opened(who.manager)
    browser = sign_in(app, getattr(who, name))
    for path in ("", "/list", f"/{id}", f"/{id}/messages"):
        assert browser.get(DESK + path, headers=HTMX).status_code == 404, path
    assert post(browser, f"{DESK}/{id}/messages", {"text": "слова"}).status_code == 404
    assert browser.post(f"{DESK}/{id}/change", data={"status": "closed"}, headers=HTMX).status_code == 404


def test_staff_without_an_organisation_have_their_desk_and_nothing_else(app: Flask, who: People) -> None:
    mine, theirs = opened(who.manager, "Наше дело"), opened(who.stranger, "Чужое дело")
    browser = sign_in(app, who.staff)
    home = browser.get("/dashboard/messengers")
    assert (home.status_code, home.location) == (303, DESK)
    page = browser.get(DESK).get_data(as_text=True)
    assert ["Наше дело" in page, "Чужое дело" in page, "Ромашка" in page] == [True, True, True]
    assert [word in page for word in ("Сделки", "Все воронки", "/dashboard/clients")] == [False, False, False]
    for path in ("/dashboard/deals", "/dashboard/clients", "/dashboard/integrations", "/dashboard/overview"):
        assert browser.get(path).status_code == 403, path
    narrowed = browser.get(f"{DESK}/list?words=ромаш", headers=HTMX).get_data(as_text=True)
    assert [f'data-ticket="{id}"' in narrowed for id in (mine, theirs)] == [True, False]


def test_staff_answer_and_the_company_is_told(app: Flask, who: People) -> None:
    id = opened(who.manager)
    tickets.answer(who.admin.actor, id, "И у меня")
    db.session.commit()
    browser = sign_in(app, who.staff)
    answer = post(browser, f"{DESK}/{id}/messages", {"text": "Смотрим"}, экран__png=PNG)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    wish = {"status": "in_progress", "department": "billing", "priority": "urgent"}
    assert browser.post(f"{DESK}/{id}/change", data=wish, headers=HTMX).status_code == 200
    enter_organization(HOME)
    ticket = db.session.get_one(Ticket, (HOME, id))
    assert {name: getattr(ticket, name).value for name in wish} == wish
    last = db.session.scalars(select(TicketMessage).order_by(TicketMessage.id.desc())).first()
    assert last is not None
    assert (last.text, last.role, last.author_name) == ("Смотрим", "support", who.staff.actor.name)
    told = db.session.scalars(select(Notification.user_id).where(Notification.subject_id == id)).all()
    assert sorted(told) == sorted(person.actor.user_id or 0 for person in (who.manager, who.admin))
    link = browser.get(f"{DESK}/{id}/files/{db.session.scalars(select(TicketFile.id)).one()}")
    assert app.test_client().get(link.location).get_data() == PNG


def test_a_member_who_is_staff_takes_no_role_to_the_desk(app: Flask, who: People) -> None:
    """An admin of their own company is nobody in another's but the one who answers its tickets."""
    organizations.invite(OTHER, who.staff.actor.user_id or 0, Role.admin)
    db.session.commit()
    id = opened(who.manager)
    browser = sign_in(app, who.staff, OTHER)
    assert "Стол поддержки" in browser.get(COMPANY).get_data(as_text=True)
    assert browser.get(f"{COMPANY}/{id}", headers=HTMX).status_code == 404
    assert post(browser, f"{DESK}/{id}/messages", {"text": "Смотрим"}, key="a key").status_code == 200
    page = browser.get(f"{DESK}?ticket={id}").get_data(as_text=True)
    assert ["Смотрим" in page, "Мои обращения" in page] == [True, True]


def test_an_older_run_of_messages_continues_above(app: Flask, who: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aiguro_web.pages.tickets.NEWEST", 2)
    id = opened(who.manager)
    for number in range(3):
        tickets.answer(who.manager.actor, id, f"Слова {number}")
    db.session.commit()
    browser = sign_in(app, who.manager)
    page = browser.get(f"{COMPANY}/{id}", headers=HTMX).get_data(as_text=True)
    assert ["Слова 0" in page, "Слова 1" in page, "Слова 2" in page] == [False, True, True]
    path = page.partition('id="ticket-older" hx-get="')[2].partition('"')[0].replace("&amp;", "&")
    older = browser.get(path, headers=HTMX).get_data(as_text=True)
    assert ["Описание" in older, "Слова 0" in older, "Слова 1" in older] == [True, True, False]
