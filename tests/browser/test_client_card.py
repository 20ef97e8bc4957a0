"""A client's card in a browser: fields in place and refused, notes, a merge and its undo, an erasure; desktop and phone."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.databases import ROOT

from .conftest import House

SignIn = Callable[[Page, str], Page]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"


def violations(page: Page) -> list[str]:
    page.evaluate(AXE.read_text())
    found = page.evaluate(
        "axe.run(document.querySelector('dialog[open]') ?? document.querySelector('main'), {resultTypes: ['violations']}).then((r) => r.violations.map((v) => v.id))"
    )
    return list(found)


def saved(page: Page, label: str, value: str) -> None:
    """Type into a field of the card and wait until it is confirmed."""
    field = page.locator("#card").get_by_label(label, exact=True)
    if field.input_value() == value:
        return
    with page.expect_response(re.compile(r"/fields")) as told:
        field.fill(value)
        field.press("Enter")
    assert told.value.status == 200


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_a_day_with_a_clients_card(house: House, window: Callable[..., Page], sign_in: SignIn, size: str) -> None:
    page = sign_in(window(size), "admin@demo.example")
    page.allow(["422"])
    page.goto(f"{house.address}/dashboard/clients/{3 if size == 'desktop' else 5}")
    card = page.locator("#card")

    # A field: saved by Enter, taken back by Escape, and by a refusal with the reason beside it.
    name = card.get_by_label("Имя", exact=True)
    saved(page, "Имя", f"Проба {size}")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Проба {size}")
    name.fill("передумал")
    name.press("Escape")
    expect(name).to_have_value(f"Проба {size}")
    mail = card.get_by_label("Почта", exact=True)
    before = mail.input_value()
    mail.fill("не почта")
    mail.press("Enter")
    expect(card.get_by_role("alert")).to_contain_text("«не почта» не сохранено")
    expect(mail).to_have_value(before)
    card.get_by_label("Состояние").select_option("inactive")
    expect(card.get_by_label("Состояние")).to_have_value("inactive")

    # A note; what is being typed survives a refresh.
    note = card.get_by_label("Новая заметка для коллег")
    note.fill("Перезвонить в пятницу")
    page.evaluate("document.dispatchEvent(new CustomEvent('refresh', {detail: {names: ['*']}}))")
    page.wait_for_load_state("networkidle")
    expect(note).to_have_value("Перезвонить в пятницу")
    card.get_by_role("button", name="Добавить").click()
    expect(card.locator(".note-text").first).to_have_text("Перезвонить в пятницу")
    expect(note).to_have_value("")
    expect(page.locator("#timeline")).to_contain_text("Перезвонить в пятницу")
    page.get_by_role("group", name="Что показать в истории").get_by_role("button", name="Заметки").click()
    expect(page.locator("#events .event-move")).to_have_count(0)
    expect(page.locator("#events .event-note").first).to_contain_text("Перезвонить в пятницу")

    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_a_duplicate_is_merged_and_parted_again(
    house: House, window: Callable[..., Page], sign_in: SignIn, size: str
) -> None:
    page = sign_in(window(size), "admin@demo.example")
    kept, gone = (7, 8) if size == "desktop" else (9, 10)
    page.goto(f"{house.address}/dashboard/clients/{gone}")
    saved(page, "Имя", f"Двойник {size}")
    page.goto(f"{house.address}/dashboard/clients/{kept}")
    dialogs = page.locator(".deal-row").count()
    page.get_by_role("button", name="Объединить").click()
    page.get_by_label("Найти дубликат").fill(f"двойник {size}")
    page.locator(".found-row").first.click()
    modal = page.locator("#modal")
    modal.locator("input[name=name][value=gone]").check()
    assert violations(page) == []
    modal.get_by_role("button", name="Объединить").click()
    expect(modal).to_be_hidden()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Двойник {size}")
    expect(page.locator(".deal-row")).not_to_have_count(dialogs)
    page.locator("#toasts").get_by_role("button", name="Отменить").click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text(f"Двойник {size}")
    expect(page.locator(".deal-row")).to_have_count(dialogs)


def test_an_erased_client_is_gone_for_good(house: House, window: Callable[..., Page], sign_in: SignIn) -> None:
    page = sign_in(window(), "admin@demo.example")
    page.allow(["422", "404"])
    page.goto(f"{house.address}/dashboard/clients/12")
    page.get_by_label("Ещё действия").click()
    page.get_by_role("button", name="Стереть навсегда…").click()
    modal = page.locator("#modal")
    word = modal.get_by_label("Введите «стереть»")
    word.fill("да")
    modal.get_by_role("button", name="Стереть навсегда").click()
    expect(modal.get_by_role("alert")).to_be_visible()
    word.fill("стереть")
    modal.get_by_role("button", name="Стереть навсегда").click()
    page.wait_for_url(re.compile(r"/dashboard/clients$"))

    def status() -> int:
        return page.request.get(f"{house.address}/dashboard/clients/12").status

    for _ in range(100):  # the worker takes what is left within a moment
        if status() == 404:
            break
        page.wait_for_timeout(100)
    assert status() == 404


def test_beside_a_chat_the_deal_changes_in_place(house: House, window: Callable[..., Page], sign_in: SignIn) -> None:
    page = sign_in(window(), "manager@demo.example")
    page.goto(f"{house.address}/dashboard/messengers?queue=open")
    page.locator(".row-link").first.click()
    pane = page.locator("#client")
    price = pane.get_by_label("Сумма")
    with page.expect_response(re.compile(r"/terms")) as told:
        price.fill("123 456")
        price.press("Enter")
    assert told.value.status == 204
    expect(price).to_have_value(re.compile(r"^123\s456$"))
    stage = pane.get_by_label("Этап")
    other = stage.locator("option:not([selected])").first.get_attribute("value")
    stage.select_option(other)
    expect(page.locator("#messages")).to_contain_text("Этап:")
    expect(stage).to_have_value(other or "")
