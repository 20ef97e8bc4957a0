"""The overview in a browser: its chart, a number that changes by itself and opens its list, periods, the queue."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.databases import ROOT

from .conftest import House

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
DRAWN = "#trend-plot[data-drawn] canvas"


@pytest.fixture
def open_overview(house: House, sign_in: Callable[[Page, str], Page]) -> Callable[..., Page]:
    def enter(page: Page, email: str = "manager@demo.example", query: str = "") -> Page:
        sign_in(page, email)
        page.goto(f"{house.address}/dashboard/overview{query}")
        expect(page.locator(DRAWN)).to_be_visible()
        return page

    return enter


@pytest.mark.parametrize("size", ["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_screen_fits_and_is_accessible(
    window: Callable[..., Page], open_overview: Callable[..., Page], size: str, scheme: str
) -> None:
    page = open_overview(window(size, color_scheme=scheme))
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run('#main').then(r => r.violations.map(v => v.id + ' ' + v.nodes[0].html))")
    assert found == []
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]  # type: ignore[index]
    assert page.locator(".ov-tile").count() == 8
    page.get_by_text("Таблицей").click()
    expect(page.locator("#trend-table tbody tr")).to_have_count(7)


def test_a_number_opens_its_list_and_periods_keep_the_address(
    window: Callable[..., Page], open_overview: Callable[..., Page]
) -> None:
    page = open_overview(window())
    page.locator("#period-month").click()
    expect(page.locator("#period-month")).to_have_attribute("aria-current", "true")
    expect(page).to_have_url(re.compile("period=month"))
    expect(page.locator(f"{DRAWN}")).to_be_visible()
    expect(page.locator("#trend-plot")).to_have_attribute("data-drawn", "30")
    page.locator("#period-own").click()
    page.locator("#own-from").fill("2026-01-01")
    expect(page).to_have_url(re.compile("from=2026-01-01"))
    page.go_back()
    page.goto(page.url.split("?")[0] + "?period=month")
    won = page.locator("#tile-6 .ov-tile-link")
    count = int(won.get_attribute("data-number") or 0)
    assert count > 0
    won.click()
    page.wait_for_url("**/deals/table**")
    expect(page.locator("tbody tr[id]")).to_have_count(count)


def test_a_number_changes_by_itself_and_the_chart_stays(
    window: Callable[..., Page], open_overview: Callable[..., Page], house: House
) -> None:
    page = open_overview(window())
    tile = page.locator("#tile-1 .ov-tile-link")
    before = int(tile.get_attribute("data-number") or 0)
    page.evaluate("window.drawing = document.querySelector('#trend-plot canvas')")
    visitor = window()
    visitor.goto(house.chat)
    visitor.get_by_role("textbox").last.fill("Здравствуйте, сколько стоит стол?")
    visitor.keyboard.press("Enter")
    expect(tile).to_have_attribute("data-number", str(before + 1), timeout=8000)
    expect(page.locator(DRAWN)).to_be_visible()
    page.locator("#trend-plot").hover()
    expect(page.locator(".ov-tip")).to_contain_text("Новые")
    page.locator("[data-theme-toggle]").click()
    expect(page.locator(DRAWN)).to_have_count(1)


def test_the_queue_opens_the_dialog_of_who_waits_longest(
    window: Callable[..., Page], open_overview: Callable[..., Page]
) -> None:
    page = open_overview(window("phone"), "viewer@demo.example")
    first = page.locator(".ov-queue a").first
    name = first.locator("b").inner_text()
    first.click()
    page.wait_for_url("**/messengers?**uuid=**")
    expect(page.locator("#chat")).to_contain_text(name)
