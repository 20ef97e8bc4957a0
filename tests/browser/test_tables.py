"""The tables in a real browser: filter, order, editing in place, bulk acts with progress and undo, saved views."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.house import House

Window = Callable[..., Page]
SignIn = Callable[[Page, str], Page]
DEALS, CLIENTS = "/dashboard/deals/table", "/dashboard/clients"


@pytest.fixture
def manager(window: Window, sign_in: SignIn) -> Callable[..., Page]:
    return lambda size="desktop": sign_in(window(size), "manager@demo.example")


def names(page: Page) -> list[str]:
    return page.locator("tr[data-row] .data-name").all_inner_texts()


def test_a_filter_and_an_order_stand_in_the_address_and_come_back(house: House, manager) -> None:
    page = manager()
    page.goto(house.address + DEALS)
    first = names(page)
    page.get_by_role("link", name="Сумма").click()
    expect(page.locator("th[aria-sort=descending]")).to_contain_text("Сумма")
    assert names(page) != first
    page.get_by_text("Фильтр", exact=True).click()
    page.get_by_label("Сумма, ₽, от").fill("100000")
    page.keyboard.press("Tab")
    expect(page.locator(".chip")).to_contain_text("от 100 000 ₽")
    expect(page).to_have_url(re.compile(r"price=100000"))
    expect(page.get_by_label("Сумма, ₽, до")).to_be_visible()  # the open menu stays open
    page.keyboard.press("Escape")
    filtered = names(page)
    page.reload()
    assert names(page) == filtered
    page.locator("#table-search").fill("никого тут нет")
    expect(page.get_by_role("heading", name="По этому отбору ничего нет")).to_be_visible()
    page.go_back()
    page.locator(".chip a").first.click()
    expect(page.locator("tr[data-row]").first).to_be_visible()


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_a_cell_is_edited_in_place_and_what_is_refused_is_taken_back(house: House, manager, size: str) -> None:
    page = manager(size)
    page.allow(["status of 400", "Status Error Code 400"])
    page.goto(house.address + DEALS)
    row = page.locator("tr[data-row]").nth(2)
    price = row.locator("td[data-label='Сумма']")
    price.get_by_role("button").click()
    editor = price.get_by_role("textbox")
    expect(editor).to_be_focused()
    editor.fill("77 700")
    editor.press("Enter")
    expect(price).to_contain_text("77 700 ₽")
    price.get_by_role("button").click()
    editor.fill("много")
    editor.press("Enter")
    expect(page.locator(".toast-bad")).to_contain_text("нужно число")
    expect(price.get_by_role("button")).to_contain_text("77 700 ₽")
    price.get_by_role("button").click()
    editor.press("Escape")
    expect(editor).to_have_count(0)
    stage = row.locator("td[data-label='Этап']")
    stage.get_by_role("button").click()
    stage.get_by_role("combobox").select_option(index=0)
    expect(stage.get_by_role("button")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_chosen_rows_are_tagged_at_once_and_it_is_undone(house: House, manager, size: str) -> None:
    page = manager(size)
    page.goto(house.address + DEALS)
    tag = f"метка {time.time():.0f}"
    for number in (0, 1):
        page.locator("[data-pick]").nth(number).check()
    expect(page.locator("#bulk")).to_contain_text("Выбрано: 2")
    page.locator("#bulk").get_by_role("button", name="Метка").click()
    page.get_by_role("textbox", name="Метка").last.fill(tag)
    page.get_by_role("button", name="Добавить").click()
    act = page.locator(".act", has_text=tag)
    expect(act).to_contain_text("Готово: 2")
    expect(page.locator("#bulk")).to_be_hidden()
    page.goto(f"{house.address}{DEALS}?tag={tag}")
    expect(page.locator("tr[data-row]")).to_have_count(2)
    page.locator(".act", has_text=tag).get_by_role("button", name="Отменить").click()
    expect(page.locator(".act", has_text=tag)).to_contain_text("Возвращено: 2")
    expect(page.get_by_role("heading", name="По этому отбору ничего нет")).to_be_visible()


def test_all_that_match_are_chosen_and_a_refresh_keeps_the_choice(house: House, manager) -> None:
    page = manager()
    page.goto(house.address + CLIENTS)
    page.locator("#pick-page").check()
    shown = page.locator("tr[data-row]").count()
    expect(page.locator("#bulk")).to_contain_text(f"Выбрано: {shown}")
    with page.expect_response(lambda answer: "live=1" in answer.url):
        page.evaluate("htmx.trigger('#table-data', 'live')")
    expect(page.locator("[data-pick]:checked")).to_have_count(shown)
    page.get_by_role("button", name="Снять выбор").click()
    expect(page.locator("[data-pick]:checked")).to_have_count(0)


def test_a_view_is_saved_and_opened(house: House, manager) -> None:
    page = manager()
    page.goto(f"{house.address}{DEALS}?price=200000..&sort=-price")
    shown = names(page)
    name = f"Крупные {time.time():.0f}"
    page.get_by_text("Виды", exact=True).click()
    page.get_by_role("button", name="Сохранить этот вид").click()
    page.get_by_role("textbox", name="Название").fill(name)
    page.get_by_role("button", name="Сохранить", exact=True).click()
    expect(page.locator(".toast-good")).to_contain_text(name)
    page.goto(house.address + DEALS)
    page.get_by_text("Виды", exact=True).click()
    page.get_by_role("link", name=name).click()
    expect(page).to_have_url(re.compile("price=200000"))
    assert names(page) == shown


def test_a_row_opens_its_chat_and_an_export_is_downloaded(house: House, manager) -> None:
    page = manager()
    page.goto(house.address + DEALS)
    page.locator("tr[data-row]").nth(1).locator("td.narrow").last.click()
    expect(page.locator("#drawer")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_text("Экспорт", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Excel").click()
    assert download.value.suggested_filename.endswith(".xlsx")
    assert download.value.path().read_bytes().startswith(b"PK")


def test_a_client_is_added_and_the_same_phone_is_warned_about(house: House, manager) -> None:
    page = manager("phone")
    page.allow(["status of 422", "Status Error Code 422"])
    page.goto(house.address + CLIENTS)
    phone = f"+7912{time.time_ns() % 10**7:07d}"
    for name in ("Первая Новая", "Вторая Новая"):
        page.get_by_role("button", name="Новый клиент").click()
        page.get_by_role("textbox", name="Имя", exact=True).fill(name)
        page.get_by_role("textbox", name="Телефон").fill(phone)
        page.get_by_role("button", name="Добавить").click()
        if name.startswith("Первая"):
            expect(page.locator(".data-name", has_text=name)).to_be_visible()
    expect(page.get_by_role("alert").filter(has_text="уже есть")).to_contain_text("Первая Новая")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_all_by_the_filter_is_not_chosen_any_more_under_another_filter(house: House, manager) -> None:
    page = manager()
    page.goto(house.address + CLIENTS)
    page.locator("#pick-page").check()
    expect(page.locator("#bulk")).to_be_visible()
    page.get_by_role("link", name="Клиент", exact=True).click()
    expect(page.locator("th[aria-sort]")).to_contain_text("Клиент")
    expect(page.locator("#bulk")).to_be_visible()  # another order of the same rows
    page.locator("#table-search").fill("а")
    expect(page).to_have_url(re.compile("search="))
    expect(page.locator("#bulk")).to_be_hidden()
    expect(page.locator("[data-pick]:checked")).to_have_count(0)
