"""The pages of the tables: filters in the address, rows behind rows, editors, bulk acts, views, exports, new clients."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask, g
from flask.testing import FlaskClient
from sqlalchemy import func, select, text
from werkzeug.test import TestResponse

from aiguro_web.extensions import db, enter_organization
from aiguro_web.models import BulkAct, Client, JournalEntry, SavedView, Stage
from aiguro_web.pages import client_columns, deal_filters
from aiguro_web.services import clients
from tests.doors import sign_in
from tests.people import HOME, People, Person
from tests.services.test_deal_lists import deals

HTMX = {"HX-Request": "true"}
DEALS, CLIENTS = "/dashboard/deals/table", "/dashboard/clients"


class Browser:
    """A person's. The tests' application context outlives a request, and Flask-Login remembers somebody there."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str, **options: Any) -> TestResponse:
        g.pop("_login_user", None)
        return self.client.get(path, **options)

    def post(self, path: str, **options: Any) -> TestResponse:
        g.pop("_login_user", None)
        return self.client.post(path, **options)


@pytest.fixture
def enter(app: Flask, who: People, monkeypatch: pytest.MonkeyPatch) -> Callable[[Person], Browser]:
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", False)
    return lambda person: Browser(sign_in(app, person))


def names(html: str) -> list[str]:
    return re.findall(r'class="data-name clip"[^>]*>([^<]+)<', html)


def test_the_table_shows_sorts_filters_and_says_how_many(enter, who: People) -> None:
    deals(who, 4, price=lambda n: Decimal(n * 1000))
    db.session.commit()
    browser = enter(who.viewer)
    page = browser.get(DEALS).text
    assert names(page) == ["Клиент 3", "Клиент 2", "Клиент 1", "Клиент 0"]
    assert "4\u00a0сделки" in page
    assert 'aria-sort="descending"' in page
    assert names(browser.get(f"{DEALS}?sort=price").text)[0] == "Клиент 0"
    part = browser.get(f"{DEALS}/rows?price_from=1000&price_to=2000&status=&created_from=", headers=HTMX)
    assert names(part.text) == ["Клиент 2", "Клиент 1"]
    assert part.headers["HX-Push-Url"] == f"{DEALS}?price=1000..2000&funnel=0"
    assert "Сумма, ₽: от 1\u202f000\u00a0₽ до 2\u202f000\u00a0₽" in part.text
    assert "Здесь будут сделки" not in browser.get(f"{DEALS}?search=никого").text


def test_the_rows_go_on_where_the_page_ended(enter, who: People) -> None:
    deals(who, 53)
    db.session.commit()
    browser = enter(who.viewer)
    page = browser.get(DEALS).text
    assert len(names(page)) == 50
    more = re.search(r'id="rows-more" hx-get="([^"]+)"', page)
    assert more is not None
    rest = browser.get(more[1].replace("&amp;", "&"), headers=HTMX).text
    assert names(rest) == ["Клиент 2", "Клиент 1", "Клиент 0"]
    assert "rows-more" not in rest


def test_a_viewer_sees_no_control_that_writes_and_a_stranger_sees_nothing(enter, who: People) -> None:
    made = deals(who, 1)
    uuid = made[0].uuid
    db.session.commit()
    viewer = enter(who.viewer)
    for path in (DEALS, CLIENTS):
        page = viewer.get(path).text
        assert "Клиент 0" in page
        for words in ("data-pick", "cell-edit", "data-act=", "Экспорт", "Импорт"):
            assert words not in page, (path, words)
    for path in (f"{DEALS}/{uuid}/cell", f"{DEALS}/bulk", f"{CLIENTS}/bulk", f"{CLIENTS}/new", f"{DEALS}/export"):
        assert viewer.get(path, headers=HTMX).status_code == 403, path
    assert viewer.post(f"{DEALS}/bulk", data={"act": "tag", "tag": "а", "all": "1"}).status_code == 403
    stranger = enter(who.stranger)
    assert "Клиент 0" not in stranger.get(DEALS).text + stranger.get(CLIENTS).text


def test_columns_are_chosen_and_stay_chosen(enter, who: People) -> None:
    deals(who, 1)
    db.session.commit()
    browser = enter(who.manager)
    part = browser.post(f"{DEALS}/columns", data={"column": ["price", "funnel"]}, headers=HTMX).text
    for page in (part, browser.get(DEALS).text):
        heads = re.findall(r'<th scope="col"[^>]*>(?:<a[^>]*>)?([^<]+)', page)
        assert heads == ["Клиент", "Сумма", "Воронка"]


@pytest.mark.parametrize(("field", "control"), [
    ("stage", "<select"), ("manager", "<select"), ("price", 'name="price"'), ("chance", 'name="close_ratio"'),
])  # fmt: skip
def test_a_cell_is_edited_through_the_deals_own_addresses(enter, who: People, field: str, control: str) -> None:
    uuid = deals(who, 1)[0].uuid
    db.session.commit()
    browser = enter(who.manager)
    editor = browser.get(f"{DEALS}/{uuid}/cell?field={field}", headers=HTMX).text
    assert control in editor
    assert f"/dashboard/deals/{uuid}/" in editor
    assert browser.get(f"{DEALS}/{uuid}/cell?field=id", headers=HTMX).status_code == 400


def test_a_bulk_act_takes_the_chosen_rows_or_all_of_the_filter(enter, who: People) -> None:
    made = [dialog.id for dialog in deals(who, 3)]
    db.session.commit()
    browser = enter(who.manager)
    assert "3\u00a0сделки" in browser.get(f"{DEALS}/bulk?act=tag&rows=3", headers=HTMX).text
    for form, total in (
        ({"ids": f"{made[0]},{made[2]},x"}, 2),
        ({"all": "1", "query": "search=" + quote("клиент 1")}, 1),
    ):
        assert browser.post(f"{DEALS}/bulk", data={"act": "tag", "tag": "опт", **form}, headers=HTMX).status_code == 204
        assert db.session.scalars(select(BulkAct.total).order_by(BulkAct.id.desc()).limit(1)).one() == total
    assert "Выполняется" in browser.get("/dashboard/bulk", headers=HTMX).text
    stage = db.session.scalars(select(Stage.name).where(Stage.org_id == HOME).limit(1)).one()
    assert stage in browser.get(f"{DEALS}/bulk?act=move&rows=1", headers=HTMX).text


def test_a_view_is_saved_opened_renamed_and_deleted_and_a_shared_one_is_seen_by_others(enter, who: People) -> None:
    db.session.commit()
    manager, viewer = enter(who.manager), enter(who.viewer)
    form = {"name": "Дорогие", "query": "price=1000..&columns=client,price", "shared": "y"}
    assert manager.post("/dashboard/views/deals", data=form, headers=HTMX).status_code == 204
    assert manager.post("/dashboard/views/deals", data=form, headers=HTMX).status_code == 409
    assert viewer.post("/dashboard/views/deals", data=form | {"name": "Мой"}, headers=HTMX).status_code == 403
    assert f"{DEALS}?price=1000..&amp;columns=client,price" in viewer.get(DEALS).text
    enter_organization(HOME)
    view_id = db.session.scalars(select(SavedView.id)).one()
    assert viewer.post(f"/dashboard/views/{view_id}", data={"name": "х"}, headers=HTMX).status_code == 403
    assert manager.post(f"/dashboard/views/{view_id}", data={"name": "Крупные"}, headers=HTMX).status_code == 204
    assert "Крупные" in manager.get("/dashboard/views/deals", headers=HTMX).text
    assert "Крупные" not in viewer.get("/dashboard/views/deals", headers=HTMX).text
    assert viewer.post(f"/dashboard/views/{view_id}/delete", headers=HTMX).status_code == 404
    assert manager.post(f"/dashboard/views/{view_id}/delete", headers=HTMX).status_code == 204


def test_an_export_is_the_list_in_its_order_and_no_cell_is_a_formula(enter, who: People) -> None:
    made = deals(who, 3, price=lambda n: Decimal("10.50") * n)
    clients.change(who.manager.actor, made[1].client_id, {"name": '=HYPERLINK("http://x")'})
    db.session.commit()
    browser = enter(who.manager)
    answer = browser.get(f"{DEALS}/export?to=csv&sort=-price&price=1..")
    text = answer.data.decode("utf-8-sig")
    assert answer.data.startswith(b"\xef\xbb\xbf")
    rows = [line.split(";") for line in text.splitlines()]
    assert [row[0] for row in rows] == ["Клиент", "Клиент 2", '"\'=HYPERLINK(""http://x"")"']
    assert rows[1][7] == "21,00"
    book = browser.get(f"{DEALS}/export?to=xlsx")
    assert book.headers["Content-Type"].startswith("application/vnd.openxmlformats")
    with zipfile.ZipFile(io.BytesIO(book.data)) as file:
        sheet = file.read("xl/worksheets/sheet1.xml").decode()
    assert sheet.count("<row ") == 4
    assert "<f>" not in sheet
    assert "=HYPERLINK" in sheet
    enter_organization(HOME)
    noted = select(JournalEntry.data).where(JournalEntry.act == "export").order_by(JournalEntry.id)
    assert [data["rows"] for data in db.session.scalars(noted)] == [2, 3]


def test_clients_are_filtered_sorted_and_exported(enter, who: People) -> None:
    deals(who, 3)
    db.session.commit()
    browser = enter(who.manager)
    assert names(browser.get(f"{CLIENTS}?sort=-name").text) == ["Клиент 2", "Клиент 1", "Клиент 0"]
    assert names(browser.get(f"{CLIENTS}?search={quote('клиент 1')}").text) == ["Клиент 1"]
    assert "3\u00a0клиента" in browser.get(CLIENTS).text
    assert "По этому отбору никого нет" in browser.get(f"{CLIENTS}?status=inactive").text
    lines = browser.get(f"{CLIENTS}/export?sort=name").data.decode("utf-8-sig").splitlines()
    assert [line.split(";")[0] for line in lines] == ["Имя", "Клиент 0", "Клиент 1", "Клиент 2"]
    assert browser.get(f"{CLIENTS}/rows?before=x", headers=HTMX).status_code == 400


def test_clients_by_name_go_on_where_the_page_ended(enter, who: People) -> None:
    deals(who, 52)
    db.session.commit()
    browser = enter(who.viewer)
    page = browser.get(f"{CLIENTS}?sort=name").text
    more = re.search(r'id="rows-more" hx-get="([^"]+)"', page)
    assert more is not None
    rest = names(browser.get(more[1].replace("&amp;", "&"), headers=HTMX).text)
    assert sorted(names(page) + rest) == sorted(f"Клиент {number}" for number in range(52))


def test_a_new_client_is_added_and_who_is_there_already_is_named_first(enter, who: People) -> None:
    browser = enter(who.manager)
    form = {"name": "Новая", "phone": "8 912 123-45-67", "email": "new@x.example", "manager": ""}
    assert browser.post(f"{CLIENTS}/new", data=form, headers=HTMX).status_code == 204
    again = browser.post(f"{CLIENTS}/new", data=form | {"name": "Двойник", "email": ""}, headers=HTMX)
    assert again.status_code == 422
    assert "Новая" in again.text
    assert "Всё равно создать" in again.text
    form |= {"name": "Двойник", "anyway": "y"}
    assert browser.post(f"{CLIENTS}/new", data=form, headers=HTMX).status_code == 204
    wrong = browser.post(f"{CLIENTS}/new", data={"name": "Х", "phone": "12"}, headers=HTMX)
    assert wrong.status_code == 422
    assert "field-error" in wrong.text
    enter_organization(HOME)
    assert db.session.scalar(select(func.count()).select_from(Client)) == 2


@pytest.mark.parametrize("query", [
    None, "x" * 9000, "&".join(f"tag=а{n}" for n in range(50)), "stage=abc", "unknown=1", "price=1..много", "tag=a&tag=b",
    "created=2026-13-01..", "created=2026-11-01..x", "entered=1:x", "status=odd", "manager=x" * 300, "stage",
])  # fmt: skip
def test_a_filter_that_cannot_be_read_wholly_acts_on_nothing(enter, who: People, query: str | None) -> None:
    deals(who, 1)
    db.session.commit()
    browser = enter(who.manager)
    for screen, act in ((DEALS, {"act": "tag", "tag": "а"}), (CLIENTS, {"act": "delete"})):
        form = act | {"all": "1"} | ({"query": query} if query is not None else {})
        answer = browser.post(f"{screen}/bulk", data=form, headers=HTMX)
        assert answer.status_code == 400, (screen, answer.text)
    enter_organization(HOME)
    assert db.session.scalar(select(func.count()).select_from(BulkAct)) == 0


def test_every_filter_that_the_screens_make_can_be_read() -> None:
    made = {
        "funnel": "0", "stage": "1", "client": "2", "manager": "0", "status": "any", "outcome": "won",
        "channel": "none", "tag": "опт", "ai": "off", "waiting": "yes", "unsubscribed": "no", "handed_over": "yes",
        "answered": "people", "created": "2026-11-01..", "closed": "..2026-11-01", "active": "2026-11-01..2026-11-02",
        "entered": "7:2026-11-01..", "price": "..5,5", "search": "8-912",
    }  # fmt: skip
    assert set(made) == set(deal_filters.NAMES)
    assert deal_filters.is_readable(made)
    theirs = {name: made[name] for name in client_columns.NAMES if name in made}
    assert client_columns.is_readable(theirs | {"status": "inactive", "type": "новый"})


def test_more_rows_than_the_question_said_and_more_ids_than_an_act_takes_are_refused(enter, who: People) -> None:
    deals(who, 3)
    db.session.commit()
    browser = enter(who.manager)
    assert 'name="total" value="2"' in browser.get(f"{DEALS}/bulk?act=tag&rows=2", headers=HTMX).text
    form = {"act": "tag", "tag": "а", "all": "1", "query": "funnel=0", "total": "2"}
    assert browser.post(f"{DEALS}/bulk", data=form, headers=HTMX).status_code == 409
    many = {"act": "tag", "tag": "а", "ids": ",".join(["1"] * 50_001)}
    assert browser.post(f"{DEALS}/bulk", data=many, headers=HTMX).status_code == 400
    assert browser.post(f"{DEALS}/bulk", data=form | {"total": "3"}, headers=HTMX).status_code == 204


def test_an_act_without_a_job_can_be_taken_up_again_on_the_page(enter, who: People) -> None:
    made = [dialog.id for dialog in deals(who, 1)]
    db.session.commit()
    browser = enter(who.manager)
    browser.post(f"{DEALS}/bulk", data={"act": "tag", "tag": "а", "ids": str(made[0])}, headers=HTMX)
    assert "Продолжить" not in browser.get("/dashboard/bulk", headers=HTMX).text
    enter_organization(HOME)
    act_id = db.session.scalars(select(BulkAct.id)).one()
    db.session.execute(text("UPDATE procrastinate_jobs SET status = 'failed' WHERE lock LIKE 'bulk:%'"))
    db.session.commit()
    assert f"/dashboard/bulk/{act_id}/resume" in browser.get("/dashboard/bulk", headers=HTMX).text
    assert browser.post(f"/dashboard/bulk/{act_id}/resume", headers=HTMX).status_code == 204
    assert "Продолжить" not in browser.get("/dashboard/bulk", headers=HTMX).text
