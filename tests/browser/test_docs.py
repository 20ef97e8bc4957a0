"""The description of the API in a browser: it reads without a script, and finds and copies with one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.house import SIZES, House

Window = Callable[..., Page]
SEND = "#messagesCreate"
SIDEWAYS = """() => [...document.querySelectorAll('main *')].filter((one) => !one.closest('pre')
  && one.getBoundingClientRect().right > innerWidth + 1).map((one) => one.outerHTML.slice(0, 80))"""


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_sticks_out(house: House, window: Window, size: str, theme: str) -> None:
    page = window(size, color_scheme=theme)
    page.goto(f"{house.address}/api/docs")
    assert page.evaluate(SIDEWAYS) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size]["width"]
    assert page.evaluate("document.documentElement.dataset.bsTheme") == theme


def test_without_a_script_a_phone_reaches_an_operation(house: House, window: Window) -> None:
    page = window("phone", java_script_enabled=False)
    page.goto(f"{house.address}/api/docs")
    page.get_by_role("link", name="Разделы", exact=True).click()
    page.locator(f"#nav a[href='{SEND}']").click()
    expect(page.locator("#nav")).to_be_hidden()
    expect(page.locator(f"{SEND} h3")).to_be_in_viewport()
    expect(page.locator("[data-find]")).to_be_hidden()


def test_words_find_an_operation_and_escape_shows_all_again(house: House, window: Window) -> None:
    page = window()
    page.goto(f"{house.address}/api/docs")
    page.keyboard.press("/")
    page.keyboard.type("post message клиенту")
    expect(page.locator("article:visible h3")).to_have_text(["Написать клиенту"])
    expect(page.locator("#nav li:visible")).to_have_count(1)
    page.keyboard.type(" такого нет")
    expect(page.locator("[data-nothing]")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#start .docs-guide")).to_be_visible()


def test_a_link_leads_to_an_operation_and_its_example_is_copied(house: House, window: Window) -> None:
    page = window(permissions=["clipboard-read", "clipboard-write"])
    page.goto(f"{house.address}/api/docs{SEND}")
    expect(page.locator(f"{SEND} h3")).to_be_in_viewport()
    expect(page.locator("#nav [aria-current]")).to_contain_text("Написать клиенту")
    page.locator(f"{SEND} .docs-copy").click()
    expect(page.locator(f"{SEND} .docs-copy")).to_have_text("Скопировано")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith('curl -X POST "$AIGURO/api/organization/1/funnel/')
    assert page.locator("pre[data-server]").inner_text().startswith(f"export AIGURO={house.address}")
