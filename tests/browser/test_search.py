"""The palette, the bell and the keys, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from .conftest import House

Window = Callable[..., Page]
SignIn = Callable[[Page, str], Page]
MANAGER, ADMIN = "manager@demo.example", "admin@demo.example"


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_words_are_typed_and_enter_opens_what_was_found(
    house: House, window: Window, sign_in: SignIn, size: str
) -> None:
    page = sign_in(window(size), MANAGER)
    page.goto(f"{house.address}/dashboard/clients")
    if size == "phone":
        page.locator("[data-palette]").click()
    else:
        page.keyboard.press("Control+k")
    field, chosen = page.locator("#palette-words"), page.locator("#palette-found [aria-selected=true]")
    expect(field).to_be_focused()
    expect(page.get_by_role("option", name="Сделки", exact=True)).to_be_visible()
    page.keyboard.type("доставкой")
    expect(page.locator("#palette-found mark").first).to_contain_text(re.compile("доставк", re.IGNORECASE))
    expect(chosen).to_have_count(1)
    first = chosen.get_attribute("id")
    page.keyboard.press("ArrowDown")
    expect(chosen).not_to_have_id(first or "")
    expect(field).to_have_attribute("aria-activedescendant", chosen.get_attribute("id") or "")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/dashboard/messengers\?uuid=.*message=\d+"))
    page.goto(f"{house.address}/dashboard/support")
    page.locator("[data-palette]").click()
    expect(page.get_by_role("option", name="доставкой", exact=True)).to_be_visible()  # looked for before
    page.keyboard.type("ююю")
    expect(page.locator("#palette-found h3")).to_have_text("Ничего не нашлось")
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()
    overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert overflow <= 0


def test_keys_go_to_screens_in_any_layout_and_the_sheet_lists_them(
    house: House, window: Window, sign_in: SignIn
) -> None:
    page = sign_in(window(), MANAGER)
    page.goto(f"{house.address}/dashboard/clients")
    page.evaluate("""for (const [key, code] of [["п", "KeyG"], ["ы", "KeyS"]])
                     document.body.dispatchEvent(new KeyboardEvent("keydown", {key, code, bubbles: true}))""")
    page.wait_for_url("**/dashboard/support**")
    page.keyboard.press("?")
    sheet = page.locator("#keys")
    expect(sheet).to_contain_text("Обзор")
    expect(sheet).to_contain_text("Поиск по всему")
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    page.keyboard.press("Control+k")
    page.keyboard.type("g s?")
    expect(page.locator("#palette-words")).to_have_value("g s?")
    expect(sheet).to_be_hidden()


def test_an_assignment_shows_at_the_bell_and_in_the_title_at_once(
    house: House, window: Window, sign_in: SignIn
) -> None:
    mine, theirs = sign_in(window(), MANAGER), sign_in(window(), ADMIN)
    mine.goto(f"{house.address}/dashboard/support")
    expect(mine.locator("#counts[data-waiting]")).to_have_count(1)
    expect(mine).to_have_title(re.compile(r"^\(\d+\) "))
    before = int(mine.locator("#counts").get_attribute("data-unread") or 0)
    theirs.goto(f"{house.address}/dashboard/messengers?queue=open")
    uuid, me = theirs.locator("#dialogs [data-uuid]").first.get_attribute("data-uuid"), _id_of(mine)
    status = theirs.evaluate("""async ([url, managers]) => {
        const token = document.querySelector('meta[name="csrf-token"]').content;
        const given = [];
        for (const manager of managers) given.push((await fetch(url, {method: "POST", body: new URLSearchParams({manager}),
            headers: {"X-CSRFToken": token, "HX-Request": "true"}})).status);
        return given;
    }""", [f"{house.address}/dashboard/deals/{uuid}/assign", ["", me]])  # fmt: skip
    assert all(code < 300 for code in status), status
    expect(mine.locator("#counts")).to_have_attribute("data-unread", str(before + 1))
    mine.locator("#bell > summary").click()
    expect(mine.locator(".bell-new").first).to_contain_text("назначает вам диалог")
    mine.get_by_role("button", name="Прочитать все").click()
    expect(mine.locator("#counts")).to_have_attribute("data-unread", "0")
    expect(mine.locator(".bell-new")).to_have_count(0)
    mine.locator(".bell-item").first.click()
    mine.wait_for_url(f"**/dashboard/messengers?uuid={uuid}")


def _id_of(page: Page) -> str:
    found = re.search(r"me-(\d+)", page.locator("#counts").get_attribute("data-live") or "")
    assert found
    return found[1]
