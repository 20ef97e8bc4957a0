"""Every screen and place of the product as a person opens it: walked by the accessibility test and by `make screens`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page

from .house import House

MANAGER, ADMIN, STAFF = "manager@demo.example", "admin@demo.example", "staff@aiguro.example"


@dataclass(frozen=True)
class Screen:
    """`open` brings a signed-in page there; `email` is who looks, '' nobody."""

    name: str
    open: Callable[[House, Page], None]
    email: str = MANAGER


def _at(path: str, ready: str = "main") -> Callable[[House, Page], None]:
    def go(house: House, page: Page) -> None:
        page.goto(house.address + path)
        page.locator(ready).first.wait_for()

    return go


def _then(path: str, *presses: str, ready: str) -> Callable[[House, Page], None]:
    """Open a page, press things one after the other, and wait for what opens."""

    def go(house: House, page: Page) -> None:
        _at(path)(house, page)
        for press in presses:
            page.locator(press).locator("visible=true").first.click()
        page.locator(ready).first.wait_for()

    return go


def _key(path: str, keys: str, ready: str) -> Callable[[House, Page], None]:
    def go(house: House, page: Page) -> None:
        _at(path)(house, page)
        page.wait_for_load_state("networkidle")
        page.keyboard.press(keys)
        page.locator(ready).first.wait_for()

    return go


def _first(path: str, link: str, ready: str) -> Callable[[House, Page], None]:
    """Open the page behind the first link of the main part whose address matches."""

    def go(house: House, page: Page) -> None:
        _at(path)(house, page)
        page.locator("main a[href]").first.wait_for(state="attached")
        hrefs = page.locator("main a[href]").evaluate_all("links => links.map(a => a.getAttribute('href'))")
        found = next(href for href in hrefs if re.search(link, href))
        _at(found, ready)(house, page)

    return go


DEALS, CLIENTS, TALKS = "/dashboard/deals", "/dashboard/clients", "/dashboard/messengers"
SCREENS = (
    Screen("login", _at("/login", "form"), ""),
    Screen("overview", _at("/dashboard/overview")),
    Screen("deals", _at(DEALS)),
    Screen("deals-table", _at(f"{DEALS}/table")),
    Screen("messengers", _first(f"{TALKS}?queue=open", r"uuid=\w", "#messages")),
    Screen("messengers-list", _at(f"{TALKS}?queue=open", ".row-link")),
    Screen("clients", _at(CLIENTS)),
    Screen("client", _first(CLIENTS, r"/dashboard/clients/\d", "main h1")),
    Screen("clients-import", _at(f"{CLIENTS}/imports")),
    Screen("support", _at("/dashboard/support")),
    Screen("ticket", _first("/dashboard/support", r"ticket=\d|/support/\d", "main h2")),
    Screen("integrations", _at("/dashboard/integrations", ".connection"), ADMIN),
    Screen("search", _key(DEALS, "Control+k", "dialog[open] input")),
    Screen("shortcuts", _key(DEALS, "?", "dialog[open]")),
    Screen("absent", _at("/dashboard/messengers?uuid=00000000-0000-4000-8000-000000000000", "h1")),
)
