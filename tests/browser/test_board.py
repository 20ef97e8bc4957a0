"""The board of deals in real windows: carrying cards by mouse, touch and keys, refusals taken back, two people in step."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from .house import House

Window = Callable[..., Page]
SignIn = Callable[[Page, str], Page]
FIRST, SECOND, LAST = "Квалификация", "Презентация", "Закрытие"


@pytest.fixture
def board(house: House, window: Window, sign_in: SignIn) -> Callable[..., Page]:
    """The board of the demo's first funnel in a window of its own."""

    def show(size: str = "desktop", email: str = "manager@demo.example") -> Page:
        page = sign_in(window(size), email)
        page.goto(f"{house.address}/dashboard/deals?funnel=1")
        page.wait_for_load_state("networkidle")
        return page

    return show


def column(page: Page, stage: str) -> Locator:
    return page.locator(f'.column[data-name="{stage}"]')


def card(page: Page, name: str) -> Locator:
    return page.locator("#board .deal", has=page.locator(".deal-name", has_text=re.compile(f"^{re.escape(name)}$")))


def count(page: Page, stage: str) -> int:
    return int(column(page, stage).locator(".column-count").inner_text().split()[-1])


def new_deal(page: Page, stage: str = FIRST) -> str:
    """A deal of this test alone."""
    name = f"Проба {time.time_ns()}"
    page.get_by_role("button", name="Новая сделка").click()
    page.get_by_label("Клиент").fill(name)
    page.get_by_label("Этап", exact=True).select_option(stage)
    page.get_by_label("Сумма, ₽").fill("5 000")
    page.get_by_role("button", name="Создать").click()
    expect(card(page, name)).to_be_visible()
    return name


def lift(page: Page, what: Locator) -> None:
    """Press a card with the mouse and begin to carry it."""
    what.scroll_into_view_if_needed()
    box = what.bounding_box()
    assert box
    page.mouse.move(box["x"] + 40, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + 30, steps=3)


def over(page: Page, what: Locator) -> None:
    box = what.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + min(box["height"] / 2, 200), steps=8)
    page.mouse.move(box["x"] + box["width"] / 2 + 2, box["y"] + min(box["height"] / 2, 200) + 2)


def drag(page: Page, name: str, to: Locator) -> None:
    lift(page, card(page, name).first)
    over(page, to)
    expect(to.locator(".deal", has_text=name)).to_be_attached()  # the card is there, under the hand
    page.mouse.up()


def test_a_card_dragged_by_mouse_moves_for_everybody_and_undo_brings_it_back(board: Callable[..., Page]) -> None:
    page, colleague = board(), board(email="admin@demo.example")
    name = new_deal(page)
    expect(card(colleague, name)).to_be_visible(timeout=4000)
    before = count(page, LAST)
    drag(page, name, column(page, LAST))
    expect(column(page, LAST).locator(".deal", has_text=name)).to_be_visible()
    expect(column(page, LAST).locator(".column-count")).to_contain_text(str(before + 1))
    expect(column(colleague, LAST).locator(".deal", has_text=name)).to_be_visible(timeout=4000)
    expect(column(colleague, LAST).locator(".column-count")).to_contain_text(str(before + 1))
    expect(page).not_to_have_url(re.compile("deal="))  # what ends a drag opens nothing
    page.get_by_role("button", name="Отменить").click()
    for seen in (page, colleague):
        expect(column(seen, FIRST).locator(".deal", has_text=name)).to_be_visible(timeout=4000)
        expect(column(seen, LAST).locator(".column-count")).to_contain_text(str(before))


def test_a_card_is_carried_by_keys_and_told_aloud(board: Callable[..., Page]) -> None:
    page = board()
    name = new_deal(page)
    says = page.locator("#board-says")
    card(page, name).locator("a").focus()
    page.keyboard.press("Space")
    expect(says).to_contain_text(f"Карточка взята: {name}")
    page.keyboard.press("ArrowRight")
    expect(says).to_contain_text(SECOND)
    page.keyboard.press("Escape")
    expect(says).to_contain_text(f"осталась на этапе «{FIRST}»")
    expect(column(page, FIRST).locator(".deal", has_text=name)).to_be_visible()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(says).to_contain_text(f"{name}: этап «{LAST}»")
    expect(column(page, LAST).locator(".deal", has_text=name).locator("a")).to_be_focused()
    page.reload()
    expect(column(page, LAST).locator(".deal", has_text=name)).to_be_visible()


def test_a_move_that_is_refused_or_lost_is_visibly_taken_back(board: Callable[..., Page]) -> None:
    page, colleague = board(), board(email="admin@demo.example")
    page.allow(["409", "net::ERR", "htmx:"])
    name = new_deal(page)
    expect(card(colleague, name)).to_be_visible(timeout=4000)

    def fail(route: Route) -> None:
        route.abort()

    page.route("**/move?*", fail)
    drag(page, name, column(page, SECOND))
    expect(page.locator(".toast-bad").last).to_contain_text("Нет связи")
    expect(column(page, FIRST).locator(".deal", has_text=name)).to_be_visible()
    page.unroute("**/move?*", fail)

    lift(page, card(page, name))  # while it is carried here, a colleague moves it
    over(page, column(page, SECOND))
    drag(colleague, name, column(colleague, LAST))
    expect(colleague.get_by_role("button", name="Отменить")).to_be_visible()  # the server has it
    expect(column(page, SECOND).locator(".deal", has_text=name)).to_be_visible()  # a refresh does not disturb the hand
    page.mouse.up()
    expect(page.locator(".toast-bad").last).to_contain_text("Сделку уже перенесли")
    expect(column(page, LAST).locator(".deal", has_text=name)).to_be_visible(timeout=4000)


def test_a_lost_deal_asks_why_and_a_won_one_does_not(board: Callable[..., Page]) -> None:
    page = board()
    page.allow(["422"])
    name = new_deal(page)
    drag(page, name, page.locator(".zone-lost"))
    expect(page.get_by_role("dialog")).to_contain_text(name)
    page.get_by_role("dialog").get_by_role("button", name="Закрыть сделку").click()
    expect(page.get_by_role("dialog")).to_contain_text("Напишите, почему")
    page.get_by_role("button", name="Выбрал других").click()
    page.get_by_role("dialog").get_by_role("button", name="Закрыть сделку").click()
    expect(card(page, name)).to_have_count(0)
    page.get_by_role("button", name="Отменить").click()
    expect(card(page, name)).to_be_visible()
    drag(page, name, page.locator(".zone-won"))
    expect(card(page, name)).to_have_count(0)
    expect(page.locator("#toasts")).to_contain_text("Сделка выиграна")


def test_a_card_opens_its_chat_in_the_drawer_with_an_address_of_its_own(board: Callable[..., Page]) -> None:
    page = board()
    first = page.locator("#board .deal-link").first
    name = first.locator(".deal-name").inner_text()
    first.click()
    drawer = page.locator("#drawer")
    expect(drawer).to_contain_text(name)
    expect(page).to_have_url(re.compile(r"deal=[\w-]{36}"))
    page.go_back()
    expect(drawer).not_to_be_visible()
    page.go_forward()
    expect(drawer).to_contain_text(name)
    page.reload()
    expect(drawer).to_contain_text(name)
    page.keyboard.press("Escape")
    expect(drawer).not_to_be_visible()
    expect(page).not_to_have_url(re.compile("deal="))


def test_a_viewer_carries_nothing(board: Callable[..., Page]) -> None:
    page = board(email="viewer@demo.example")
    name = page.locator("#board .deal-name").first.inner_text()
    before = count(page, LAST)
    lift(page, page.locator("#board .deal").first)
    over(page, column(page, LAST))
    page.mouse.up()
    card(page, name).first.locator("a").focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.reload()
    assert count(page, LAST) == before
    expect(page.get_by_role("button", name="Новая сделка")).to_have_count(0)


def test_a_phone_scrolls_by_a_swipe_and_carries_by_a_long_press(board: Callable[..., Page]) -> None:
    page = board("phone")
    name = new_deal(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    here = card(page, name)
    box = here.bounding_box()
    assert box
    x, y = box["x"] + 60, box["y"] + 20
    touch = page.context.new_cdp_session(page)

    def finger(kind: str, *at: float) -> None:
        points = [{"x": at[0], "y": at[1]}] if at else []
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    finger("touchStart", x, y)
    finger("touchMove", x, y + 40)
    finger("touchMove", x, y + 60)
    page.wait_for_timeout(400)
    expect(page.locator("#zones")).not_to_be_visible()  # a swipe is a scroll
    finger("touchEnd")
    finger("touchStart", x, y)
    page.wait_for_timeout(400)  # the long press takes it
    finger("touchMove", x + 4, y + 10)
    expect(page.locator("#zones")).to_be_visible()
    zone = page.locator(".zone-won").bounding_box()
    assert zone
    to = (zone["x"] + zone["width"] / 2, zone["y"] + zone["height"] / 2)
    for part in (0.3, 0.6, 0.9, 1.0):
        finger("touchMove", x + (to[0] - x) * part, y + (to[1] - y) * part)
    expect(page.locator(".zone-won .deal")).to_be_attached()
    finger("touchEnd")
    expect(page.locator("#toasts")).to_contain_text("Сделка выиграна")
    expect(card(page, name)).to_have_count(0)
