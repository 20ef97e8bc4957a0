"""The pages of imports: a file goes in, rejected rows come out, and nobody without the right changes anything."""

from __future__ import annotations

import io

import pytest
from flask import Flask

from aiguro_web.extensions import db, enter_organization
from aiguro_web.services import client_imports
from tests.doors import sign_in
from tests.people import HOME, People, Person

HTMX = {"HX-Request": "true"}
IMPORTS = "/dashboard/clients/imports"


@pytest.fixture(autouse=True)
def _without_csrf(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", False)


def upload(app: Flask, person: Person, content: bytes, name: str = "a.csv"):
    return sign_in(app, person).post(IMPORTS, data={"file": (io.BytesIO(content), name)}, headers=HTMX)


def test_a_file_goes_in_and_leads_to_its_import(app: Flask, who: People) -> None:
    answer = upload(app, who.manager, "Имя\nАнна\n".encode())
    enter_organization(HOME)
    (order,) = client_imports.list_imports(who.manager.actor)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, f"{IMPORTS}/{order['id']}")
    assert (order["file_name"], order["state"], order["author_name"]) == ("a.csv", "reading", "Михаил Менеджер")


def test_an_excel_file_or_none_comes_back_with_the_reason(app: Flask, who: People) -> None:
    for content, words in ((b"PK\x03\x04", "Сохранить как"), (b"", "Файл пуст")):
        answer = upload(app, who.manager, content)
        assert answer.status_code == 422
        assert words in answer.text


def test_a_viewer_may_look_and_not_upload(app: Flask, who: People) -> None:
    assert upload(app, who.viewer, b"name\nx\n").status_code == 403
    page = sign_in(app, who.viewer).get(IMPORTS)
    assert page.status_code == 200
    assert 'type="file"' not in page.text


def test_a_state_that_was_seen_is_not_sent_again(app: Flask, who: People) -> None:
    upload(app, who.manager, b"name\nx\n")
    enter_organization(HOME)
    (order,) = client_imports.list_imports(who.manager.actor)
    db.session.rollback()
    browser = sign_in(app, who.manager)
    first = browser.get(f"{IMPORTS}/{order['id']}/state", headers=HTMX)
    assert first.status_code == 200
    seen = first.text.partition("seen=")[2].partition('"')[0]
    assert browser.get(f"{IMPORTS}/{order['id']}/state?seen={seen}", headers=HTMX).status_code == 204


def test_the_example_opens_in_excel(app: Flask, who: People) -> None:
    answer = sign_in(app, who.viewer).get(f"{IMPORTS}/example.csv")
    assert answer.data.startswith(b"\xef\xbb\xbf")
    assert answer.data.decode("utf-8-sig").startswith("Имя;Телефон;")
