"""The open chat in a real browser: files, canned answers, colleagues, taking over, the drawer, deep links."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from aiguro_web.demo import files
from tests.browser.conftest import House

Window = Callable[..., Page]
SignIn = Callable[[Page, str], Page]
PHOTO = {"name": "кухня.png", "mimeType": "image/png", "buffer": files.MADE["photo"](0, "")[1]}


def field(page: Page):
    return page.get_by_role("textbox", name="Сообщение клиенту")


def client_writes(house: House, page: Page, words: str) -> None:
    page.goto(house.chat)
    page.get_by_role("textbox", name="Сообщение").fill(words)
    page.get_by_role("button", name="Отправить").click()
    expect(page.locator("#messages")).to_contain_text(words)


def open_dialog(page: Page, words: str) -> str:
    """Its uuid."""
    page.locator(".row-link", has_text=words).first.click()
    expect(page.locator("#messages")).to_contain_text(words)
    return page.locator("#open-dialog").input_value()


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_pictures_are_shown_and_voices_played(house: House, window: Window, sign_in: SignIn, size: str) -> None:
    page = sign_in(window(size), "manager@demo.example")
    page.goto(f"{house.address}/dashboard/messengers?queue=open")
    page.locator(".row-link", has_text="Про ступени голосом").click()
    sound = page.locator("audio.sound")
    expect(sound).to_be_visible()
    sound.evaluate("sound => sound.play()")
    page.wait_for_function("() => document.querySelector('audio.sound').currentTime > 0.1")
    page.goto(f"{house.address}/dashboard/messengers?queue=open&search=Елена")
    page.locator(".row-link").first.click()
    picture = page.locator(".picture img").first
    picture.scroll_into_view_if_needed()
    page.wait_for_function("() => document.querySelector('.picture img').naturalWidth === 640")
    picture.click()
    expect(page.get_by_role("dialog").locator("#picture img")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#picture")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_manager_sends_a_picture_and_the_visitor_sees_it(house: House, window: Window, sign_in: SignIn) -> None:
    visitor, page = window(), sign_in(window(), "manager@demo.example")
    words = f"Пришлите фото {time.time():.0f}"
    client_writes(house, visitor, words)
    open_dialog(page, words)
    page.set_input_files("#compose-file", [PHOTO])
    expect(page.locator("#compose-files")).to_contain_text("кухня.png")
    field(page).fill("Вот кухня")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#messages .picture")).to_have_count(1)
    expect(page.locator("#compose-files li")).to_have_count(0)
    expect(visitor.locator("#messages")).to_contain_text("Вот кухня")
    visitor.wait_for_function("() => document.querySelector('.file.image img')?.naturalWidth === 640")


def test_a_canned_answer_is_found_filled_and_asked_about(house: House, window: Window, sign_in: SignIn) -> None:
    visitor, page = window(), sign_in(window(), "manager@demo.example")
    words = f"Когда ответите? {time.time():.0f}"
    client_writes(house, visitor, words)
    open_dialog(page, words)
    field(page).press("/")
    page.get_by_role("combobox", name="Поиск готового ответа").fill("перезв")
    expect(page.locator("#canned-options").get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(field(page)).to_have_value(re.compile(r"^Посетитель, уточню у мастера и напишу вам здесь до \{время\}\.$"))
    page.keyboard.press("Control+Enter")
    expect(page.locator("#confirm")).to_contain_text("Не заполнено: {время}")
    page.get_by_role("button", name="Отмена").click()
    field(page).press("End")
    field(page).fill(field(page).input_value().replace("{время}", "18:00"))
    page.keyboard.press("Control+Enter")
    expect(visitor.locator("#messages")).to_contain_text("напишу вам здесь до 18:00")


def test_a_canned_answer_is_kept_in_the_modal(window: Window, sign_in: SignIn) -> None:
    page = sign_in(window(), "manager@demo.example")
    page.locator(".row-link").first.click()
    page.locator("#canned-open").click()
    page.get_by_role("button", name="Все ответы").click()
    page.get_by_role("button", name="Новый ответ").click()
    page.get_by_label("Название").fill("Замер")
    page.get_by_label("Текст").fill("Ждём {имя}")
    page.get_by_role("button", name="Сохранить").click()
    expect(page.locator("#modal")).to_contain_text("ответ с таким названием уже есть")
    page.get_by_label("Название").fill(name := f"Новый {time.time():.0f}")
    page.get_by_role("button", name="Сохранить").click()
    expect(page.locator(".canned-list")).to_contain_text(name)
    page.allow(["422"])


def test_two_managers_see_each_other_and_only_one_takes_the_dialog(
    house: House, window: Window, sign_in: SignIn
) -> None:
    visitor = window()
    words = f"Кто возьмёт? {time.time():.0f}"
    client_writes(house, visitor, words)
    first, second = (sign_in(window(), name) for name in ("manager@demo.example", "admin@demo.example"))
    uuid = open_dialog(first, words)
    open_dialog(second, words)
    expect(first.locator("#presence")).to_contain_text("смотрит")
    field(second).press_sequentially("пишу", delay=30)
    expect(first.locator("#presence")).to_contain_text("печатает…")
    first.get_by_role("button", name="Взять", exact=True).click()
    expect(second.get_by_role("button", name="Взять", exact=True)).to_have_count(0)
    refused = second.evaluate(
        """uuid => fetch(`/dashboard/messengers/${uuid}/take`, {method: "POST", headers: {"HX-Request": "true",
           "X-CSRFToken": document.querySelector("meta[name=csrf-token]").content}}).then((answer) => answer.status)""",
        uuid,
    )
    assert refused == 409
    second.allow(["409"])
    second.locator(".row-link").nth(1).click()
    expect(first.locator("#presence .watcher")).to_have_count(0)


def test_a_dialog_is_given_back_with_a_plain_word_and_taken_again(
    house: House, window: Window, sign_in: SignIn
) -> None:
    visitor, page = window(), sign_in(window(), "manager@demo.example")
    words = f"Верните ассистента {time.time():.0f}"
    client_writes(house, visitor, words)
    open_dialog(page, words)
    page.get_by_role("button", name="Взять", exact=True).click()
    page.get_by_role("button", name="Вернуть ассистенту").click()
    expect(page.locator("#confirm")).to_contain_text("ассистент не ответит")
    page.locator("#confirm").get_by_role("button", name="Вернуть").click()
    expect(page.locator("#chat-head")).to_contain_text("модель не подключена")
    page.get_by_role("button", name="Взять", exact=True).click()
    expect(page.locator("#chat-head")).not_to_contain_text("модель не подключена")
    for words, other in (("Вернуть ассистенту", "Взять"), ("Взять", "Вернуть ассистенту")) * 2:
        button = page.get_by_role("button", name=words, exact=True)
        button.focus()  # the button that has the focus must not keep its old words
        button.click()
        if words != "Взять":
            page.locator("#confirm").get_by_role("button", name="Вернуть").click()
        expect(page.get_by_role("button", name=other, exact=True)).to_be_visible()


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_the_chat_works_in_the_drawer_of_another_screen(
    house: House, window: Window, sign_in: SignIn, size: str
) -> None:
    visitor, page = window(), sign_in(window(size), "manager@demo.example")
    words = f"Из ящика {size} {time.time():.0f}"
    client_writes(house, visitor, words)
    uuid = open_dialog(page, words)
    page.goto(f"{house.address}/dashboard/support")
    page.evaluate("uuid => htmx.ajax('get', `/dashboard/messengers/${uuid}/drawer`, '#drawer-body')", uuid)
    drawer = page.get_by_role("dialog", name="Посетитель сайта")
    expect(drawer.locator("#messages")).to_contain_text(words)
    field(page).fill("черновик")
    client_writes(house, visitor, "ещё слово")
    expect(drawer.locator("#messages")).to_contain_text("ещё слово", timeout=3000)
    expect(field(page)).to_have_value("черновик")
    field(page).fill("ответ из ящика")
    page.keyboard.press("Control+Enter")
    expect(visitor.locator("#messages")).to_contain_text("ответ из ящика")
    shown = drawer.locator("#client").is_visible()
    drawer.locator(".chat-card-open").click()
    expect(drawer.locator("#client")).to_be_visible(visible=not shown)
    if not shown:
        drawer.locator(".client-close").click()
    drawer.get_by_role("button", name="Закрыть окно").click()
    expect(page.locator("#drawer-body #chat")).to_have_count(0)


def test_deep_links_open_what_they_name(house: House, window: Window, sign_in: SignIn) -> None:
    page = sign_in(window(), "manager@demo.example")
    page.locator(".row-link").first.click()
    name = page.locator("#chat-head h2").inner_text()
    uuid = page.locator("#open-dialog").input_value()
    page.goto(f"{house.address}/dashboard/messengers?uuid={uuid}")
    expect(page.locator("#chat-head h2")).to_have_text(name)
    page.goto(f"{house.address}/dashboard/messengers?queue=open&search={name}")
    expect(page.locator(".row-name").first).to_have_text(name)
    expect(page.locator("#search")).to_have_value(name)
