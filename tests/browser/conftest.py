"""A real browser (Debian's Chromium through Playwright) and the product as `make run` starts it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, sync_playwright

from .house import ARGS, SIZES, House, enter, opened


@pytest.fixture(scope="session")
def house() -> Iterator[House]:
    with opened() as found:
        yield found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as play:
        yield play.chromium.launch(executable_path=shutil.which("chromium"), args=ARGS)


@pytest.fixture
def window(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens windows of separate people; at the end none of them may have written an error to its console."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []
    allowed: list[str] = []

    def open_window(size: str = "desktop", **options: object) -> Page:
        options = {"viewport": SIZES[size], "has_touch": size == "phone", "locale": "ru-RU", **options}
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: errors.append(f"{page.url}: {error}"))
        page.on("console", lambda told: errors.append(f"{page.url}: {told.text}") if told.type == "error" else None)
        page.allow = allowed.extend  # a test that breaks something on purpose names what the console will say of it
        return page

    yield open_window
    for context in contexts:
        context.close()
    assert [error for error in errors if not any(words in error for words in allowed)] == []


@pytest.fixture(scope="session")
def signed_in(house: House, browser: Browser) -> Callable[[str], StorageState | None]:
    """The cookies of a person, for `window(storage_state=…)`: each of them signs in once. '' is nobody."""
    known: dict[str, StorageState] = {}

    def state(email: str) -> StorageState | None:
        if email and email not in known:
            context = browser.new_context(locale="ru-RU")
            enter(house, context.new_page(), email)
            known[email] = context.storage_state()
            context.close()
        return known.get(email)

    return state


@pytest.fixture
def sign_in(house: House, signed_in: Callable[[str], StorageState | None]) -> Callable[[Page, str], Page]:
    """Open the dialogs as this person. The form itself is used once each: it counts tries, and an address has few."""

    def come(page: Page, email: str) -> Page:
        state = signed_in(email)
        assert state is not None
        page.context.add_cookies(state["cookies"])
        page.goto(f"{house.address}/dashboard/messengers")
        return page if "/login" not in page.url else enter(house, page, email)  # somebody signed out since

    return come
