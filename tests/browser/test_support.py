"""Support in real windows: a company opens a ticket with a picture, AIGURO's staff answer, it comes by itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.house import House

Window = Callable[..., Page]
SignIn = Callable[[Page, str], Page]


@pytest.fixture
def picture(tmp_path: Path, window: Window, house: House) -> Path:
    """A screenshot, as people attach them."""
    page, path = window("phone"), tmp_path / "снимок экрана.png"
    page.goto(f"{house.address}/login")
    page.screenshot(path=str(path))
    return path


@pytest.fixture
def desk(house: House, window: Window) -> Page:
    """Support at its desk; who belongs to no organisation lands there by signing in."""
    page = window()
    page.goto(f"{house.address}/login")
    page.fill("input[name=email]", "staff@aiguro.example")
    page.fill("input[name=password]", house.password)
    page.get_by_role("button", name="Войти", exact=True).click()
    page.wait_for_url("**/dashboard/desk")
    return page


def open_support(page: Page, house: House) -> Page:
    page.goto(f"{house.address}/dashboard/support")
    return page


def write_ticket(page: Page, subject: str, *files: Path) -> None:
    page.get_by_role("button", name="Новое обращение").click()
    page.get_by_label("Тема", exact=True).fill(subject)
    page.get_by_label("Описание", exact=True).fill("Всё подробно")
    page.locator("#new-ticket input[type=file]").set_input_files(files)


def say(page: Page, words: str) -> None:
    page.locator("#ticket-answer textarea").fill(words)
    page.keyboard.press("Control+Enter")


def row(page: Page, subject: str):
    return page.locator(".ticket-row", has_text=subject)


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_a_ticket_with_a_picture_is_answered_live_closed_and_opened_again(
    house: House, window: Window, sign_in: SignIn, picture: Path, desk: Page, size: str
) -> None:
    subject = f"Картинка ({size}, {time.time():.0f})"
    manager = open_support(sign_in(window(size), "manager@demo.example"), house)
    write_ticket(manager, subject, picture)
    expect(manager.locator(".drop-file")).to_contain_text("снимок экрана.png")
    manager.get_by_role("button", name="Отправить", exact=True).click()
    expect(manager.locator("#modal")).to_be_hidden()
    expect(manager.locator("#ticket-head")).to_contain_text(subject)
    image = manager.get_by_role("img", name="снимок экрана.png")
    expect(image).to_be_visible()
    manager.wait_for_function("image => image.complete && image.naturalWidth > 100", arg=image.element_handle())

    row(desk, subject).click()  # it came to the desk by itself
    expect(desk.locator("#ticket-head")).to_contain_text("Демо")
    say(desk, "Уже смотрим")
    expect(manager.locator("#ticket-messages")).to_contain_text("Уже смотрим", timeout=3000)
    expect(manager.locator("#ticket-head")).to_contain_text("Ждёт вас")
    say(manager, "Спасибо!")
    expect(desk.locator("#ticket-messages")).to_contain_text("Спасибо!", timeout=3000)
    expect(desk.locator("#ticket-status")).to_have_value("open")

    manager.get_by_role("button", name="Закрыть", exact=True).first.click()
    expect(desk.locator("#ticket-status")).to_have_value("closed", timeout=3000)
    manager.get_by_role("button", name="Открыть снова").click()
    expect(desk.locator("#ticket-status")).to_have_value("open", timeout=3000)
    assert manager.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_nothing_typed_or_chosen_is_lost(
    house: House, window: Window, sign_in: SignIn, picture: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "вирус.exe"
    bad.write_bytes(b"MZ\x90\x00" * 99)
    page = window()
    page.allow(["422"])
    open_support(sign_in(page, "manager@demo.example"), house)
    subject = f"Без потерь {time.time():.0f}"
    write_ticket(page, subject, picture, bad)
    page.get_by_role("button", name="Отправить", exact=True).click()
    expect(page.locator("#new-ticket-problems")).to_contain_text("вирус.exe")
    expect(page.get_by_label("Тема", exact=True)).to_have_value(subject)
    expect(page.locator(".drop-file")).to_have_count(2)
    page.locator(".drop-file", has_text="вирус.exe").get_by_role("button", name="Убрать файл").click()
    page.get_by_role("button", name="Отправить", exact=True).dblclick()
    expect(page.locator("#ticket-head")).to_contain_text(subject)
    expect(row(page, subject)).to_have_count(1)

    page.locator("#ticket-answer textarea").fill("Черновик ответа")
    page.reload()
    expect(page.locator("#ticket-answer textarea")).to_have_value("Черновик ответа")
    page.keyboard.press("Tab")
    say(page, "Черновик ответа")
    expect(page.locator("#ticket-messages")).to_contain_text("Черновик ответа")
    expect(page.locator("#ticket-answer textarea")).to_have_value("")


def test_a_viewer_only_reads_and_another_organisation_sees_nothing(
    house: House, window: Window, sign_in: SignIn
) -> None:
    viewer = open_support(sign_in(window(), "viewer@demo.example"), house)
    row(viewer, "Закрывающие документы").click()
    expect(viewer.locator("#ticket-messages")).to_contain_text("Всё получили")
    expect(viewer.locator(".ticket-silent")).to_contain_text("только для просмотра")
    expect(viewer.get_by_role("button", name="Новое обращение")).to_have_count(0)
    number = viewer.locator("#ticket-open").input_value()
    stranger = window()
    stranger.allow(["404"])
    open_support(sign_in(stranger, "admin@other.example"), house)
    expect(row(stranger, "Закрывающие документы")).to_have_count(0)
    assert stranger.goto(f"{house.address}/dashboard/support?ticket={number}").status == 404
    assert stranger.goto(f"{house.address}/dashboard/desk").status == 404
