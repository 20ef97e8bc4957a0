"""Every screen, in both themes and sizes: nothing that axe finds, nothing to scroll sideways, no error in the console."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.databases import ROOT

from .house import House
from .screens import SCREENS, Screen

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
NARROW = {"width": 360, "height": 740}


def violations(page: Page) -> list[str]:
    """What axe finds on the page as it stands, one line for each element."""
    page.evaluate(AXE.read_text("utf-8"))
    found: dict[str, Any] = page.evaluate("rules => axe.run(document, {runOnly: {type: 'tag', values: rules}})", RULES)
    return [
        f"{rule['id']}: {' '.join(node['target'])} {node['failureSummary'].splitlines()[-1].strip()}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


def sideways(page: Page) -> int:
    """Pixels by which the page is wider than its window."""
    return page.evaluate("document.scrollingElement.scrollWidth - document.documentElement.clientWidth")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)
def test_a_screen_is_accessible_and_fits(
    house: House,
    window: Callable[..., Page],
    signed_in: Callable[[str], Any],
    screen: Screen,
    size: str,
    theme: str,
) -> None:
    page = window(size, color_scheme=theme, storage_state=signed_in(screen.email))
    if screen.name == "absent":
        page.allow(["404"])
    screen.open(house, page)
    assert violations(page) == []
    if size == "phone":
        page.set_viewport_size(NARROW)
    assert sideways(page) == 0


def test_what_axe_must_find_is_found(house: House, window: Callable[..., Page]) -> None:
    page = window()
    page.goto(f"{house.address}/login")
    page.evaluate("document.querySelector('label').remove(); document.documentElement.removeAttribute('lang')")
    assert len(violations(page)) >= 2


def test_what_sticks_out_is_found(house: House, window: Callable[..., Page]) -> None:
    page = window("phone")
    page.goto(f"{house.address}/login")
    page.evaluate("document.body.append(Object.assign(document.createElement('pre'), {textContent: 'x'.repeat(900)}))")
    page.evaluate("document.querySelector('pre:last-of-type').style.whiteSpace = 'pre'")
    assert sideways(page) > 0
