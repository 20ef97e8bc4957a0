"""Importing clients in a real window: a file is chosen, looked at, run, and taken back."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import House

Window = Callable[..., Page]
SignIn = Callable[[Page, str], Page]


def table(size: str) -> bytes:
    """As Russian Excel writes it; each size has phones of its own."""
    code = {"desktop": 1, "phone": 2}[size]
    rows = [f"Импортов {size} {n};8 (93{code}) 000-00-{n:02};i{n}@{size}.example" for n in range(12)]
    return ("ФИО;Телефон;Почта\r\n" + "\r\n".join([*rows, "Лишний;12;", rows[0]])).encode("cp1251")


def choose(page: Page, house: House, content: bytes, name: str = "клиенты.csv") -> None:
    page.goto(f"{house.address}/dashboard/clients/imports")
    page.locator("input[type=file]").set_input_files({"name": name, "mimeType": "text/csv", "buffer": content})


def fits(page: Page) -> bool:
    """Nothing sticks out sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_a_file_is_chosen_looked_at_run_and_taken_back(
    house: House, window: Window, sign_in: SignIn, size: str
) -> None:
    page = sign_in(window(size), "manager@demo.example")
    choose(page, house, table(size))
    start = page.get_by_role("button", name="Начать импорт")
    expect(start).to_be_visible()
    counts = page.get_by_role("list", name="Итог по строкам")
    expect(counts).to_have_text(re.compile(r"12\s*Новые\s*1\s*Уже есть\s*1\s*Отклонены"))
    page.get_by_role("button", name=re.compile("^Отклонены")).click()
    expect(page.locator("#import-rows")).to_contain_text("Телефон: это не похоже на номер телефона")
    with page.expect_download() as download:
        page.get_by_role("link", name="Скачать отклонённые").click()
    with open(download.value.path(), encoding="utf-8-sig") as saved:
        assert saved.read().startswith("ФИО;Телефон;Почта;Причина\nЛишний;12;;")
    assert fits(page)

    page.get_by_label("Дополнить").check()
    start.click()
    expect(page.get_by_text("Импорт завершён")).to_be_visible()
    expect(counts).to_have_text(re.compile(r"12\s*Добавлены\s*0\s*Обновлены\s*1\s*Пропущены"))
    assert fits(page)
    page.get_by_role("button", name="Отменить импорт").click()
    page.locator("#confirm [value=yes]").click()
    expect(page.get_by_text("Импорт отменён")).to_be_visible()
    expect(counts).to_have_text(re.compile(r"12\s*Отменены\s*0\s*Оставлены"))


def test_columns_are_chosen_by_a_person_and_the_file_is_looked_at_anew(
    house: House, window: Window, sign_in: SignIn
) -> None:
    page = sign_in(window(), "manager@demo.example")
    choose(page, house, "Кто;Где\nЗагадочный;z@z.example\nДругой;d@z.example\n".encode())
    expect(page.get_by_role("button", name="Отклонены 1")).to_be_visible()  # these words name no field: not titles
    page.get_by_text("Столбцы файла").click()
    page.get_by_label("Первая строка — заголовки").check()
    page.get_by_label("Столбец 1").select_option(label="Заметка")
    page.get_by_role("button", name="Проверить заново").click()
    expect(page.get_by_role("button", name="Отклонены 0")).to_be_visible()
    expect(page.get_by_role("button", name="Новые 2")).to_be_visible()
    expect(page.locator("#import-rows")).to_contain_text("Загадочный")


def test_an_excel_file_is_refused_with_the_way_to_make_a_csv(house: House, window: Window, sign_in: SignIn) -> None:
    page = sign_in(window(), "manager@demo.example")
    page.allow(["422"])
    choose(page, house, b"PK\x03\x04 a workbook", "клиенты.xlsx")
    expect(page.get_by_role("alert")).to_contain_text("Сохранить как")
    expect(page.locator("input[type=file]")).to_be_enabled()


def test_a_viewer_sees_imports_and_can_start_none(house: House, window: Window, sign_in: SignIn) -> None:
    viewer = sign_in(window(), "viewer@demo.example")
    viewer.goto(f"{house.address}/dashboard/clients/imports")
    expect(viewer.get_by_role("heading", name="Прошлые импорты")).to_be_visible()
    assert viewer.locator("input[type=file]").count() == 0
    stranger = sign_in(window(), "admin@other.example")
    stranger.goto(f"{house.address}/dashboard/clients/imports")
    expect(stranger.get_by_text("Импортов ещё не было")).to_be_visible()
