"""What a visitor wrote is never lost by their page: slow networks, twins, refusals, reloads."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.house import House
from tests.browser.test_main_job import answer, row, say

Window = Callable[..., Page]
SignIn = Callable[[Page, str], Page]
REFUSED = "refused-on-purpose"


def mine(page: Page):
    """The visitor's messages that the server has."""
    return page.locator("#messages > li.user[id^=message-]")


def refuse(page: Page, words: str, status: int, **headers: str) -> list[str]:
    """The server answers `status` to messages that are `words`; gives the list of the keys that came."""
    keys: list[str] = []

    def answer(route: Route) -> None:
        wish = route.request.post_data_json if route.request.method == "POST" else None
        if wish is None or wish["text"] != words:
            return route.continue_()
        keys.append(wish["key"])
        return route.fulfill(status=status, headers=headers, body=json.dumps({"detail": REFUSED}))

    page.route("**/messages*", answer)
    page.allow([f"status of {status}"])
    return keys


def outbox(page: Page) -> list[dict[str, object]]:
    found: list[dict[str, object]] = page.evaluate(
        "JSON.parse(localStorage.getItem(Object.keys(localStorage).find((name) => name.endsWith(':outbox'))) ?? '[]')"
    )
    return found


def test_two_equal_messages_on_a_slow_network_are_both_sent(house: House, window: Window) -> None:
    page = window()
    page.goto(house.chat)
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        first = route.request.method == "POST" and not waiting
        waiting.append(route) if first else route.continue_()

    page.route("**/messages", hold)
    say(page, "да")
    expect(page.locator("#messages > li.pending")).to_have_count(1)
    say(page, "да")
    expect(page.locator("#messages > li.pending")).to_have_count(2)
    waiting[0].continue_()
    expect(mine(page)).to_have_count(2)
    expect(page.locator("#messages > li.pending, #messages > li.failed")).to_have_count(0)
    page.reload()
    expect(mine(page)).to_have_count(2)


def test_a_history_with_the_same_words_does_not_empty_what_waits(house: House, window: Window) -> None:
    page = window()
    page.goto(house.chat)
    say(page, "да")
    expect(mine(page)).to_have_count(1)
    page.context.route(
        "**/messages", lambda route: route.abort() if route.request.method == "POST" else route.continue_()
    )
    page.allow(["ERR_FAILED"])
    say(page, "да")
    expect(page.locator("#messages > li.failed")).to_have_count(1)
    page.reload()
    expect(mine(page)).to_have_count(1)
    expect(page.locator("#messages > li.pending, #messages > li.failed")).to_have_count(1)
    page.context.unroute("**/messages")
    expect(mine(page)).to_have_count(2, timeout=8000)
    assert outbox(page) == []


def test_a_message_that_arrived_without_an_answer_is_recognised_after_a_reload(house: House, window: Window) -> None:
    page = window()
    page.goto(house.chat)
    words = f"Ответ потерян {time.time():.0f}"

    def lose(route: Route) -> None:
        if route.request.method == "POST":
            route.fetch()
            return route.abort()
        return route.continue_()

    page.context.route("**/messages", lose)
    page.allow(["ERR_FAILED"])
    say(page, words)
    expect(page.locator("#messages > li.failed")).to_have_count(1)
    page.reload()
    expect(mine(page)).to_have_count(1)
    expect(mine(page)).to_contain_text(words)
    expect(page.locator("#messages > li.failed, #messages > li.pending")).to_have_count(0)
    assert outbox(page) == []


def test_a_refused_message_is_marked_and_the_next_ones_go_on(house: House, window: Window) -> None:
    page = window()
    page.goto(house.chat)
    keys = refuse(page, REFUSED, 400)
    say(page, REFUSED)
    failed = page.locator("#messages > li.failed")
    expect(failed).to_have_count(1)
    say(page, "следующее")
    expect(mine(page)).to_have_count(1)
    page.reload()
    expect(mine(page)).to_have_count(1)
    expect(failed).to_contain_text(REFUSED)
    assert len(keys) == 1  # only a person asks again

    page.unroute_all()
    failed.get_by_role("button", name="Повторить").click()
    expect(mine(page)).to_have_count(2)
    expect(failed).to_have_count(0)


def test_a_refused_message_can_be_removed(house: House, window: Window) -> None:
    page = window()
    page.goto(house.chat)
    refuse(page, REFUSED, 413)
    say(page, REFUSED)
    page.locator("#messages > li.failed").get_by_role("button", name="Удалить").click()
    expect(page.locator("#messages > li")).to_have_count(0)
    assert outbox(page) == []


@pytest.mark.parametrize("status", [408, 409, 425, 429, 503])
def test_a_refusal_that_passes_is_tried_again_by_itself(house: House, window: Window, status: int) -> None:
    page = window()
    page.goto(house.chat)
    keys = refuse(page, REFUSED, status)
    say(page, REFUSED)
    expect(page.locator("#messages > li.failed")).to_have_count(1)
    page.unroute_all()
    expect(mine(page)).to_have_count(1, timeout=8000)
    assert len(set(keys)) == 1


def test_half_a_character_does_not_block_the_chat(house: House, window: Window) -> None:
    page = window()
    page.goto(house.chat)
    page.evaluate("document.getElementById('text').value = 'половина \\ud83d'")
    page.get_by_role("button", name="Отправить").click()
    expect(mine(page)).to_contain_text("половина \ufffd")


def test_what_cannot_be_seen_is_not_sent(house: House, window: Window) -> None:
    page = window()
    page.goto(house.chat)
    say(page, "\u200b\u3164")
    say(page, "\U0001faea")
    expect(mine(page)).to_have_count(1)
    expect(page.locator("#messages > li.failed")).to_have_count(0)


def test_two_tabs_of_a_visitor_keep_each_others_waiting_messages(house: House, window: Window) -> None:
    first = window()
    first.goto(house.chat)
    second = first.context.new_page()
    second.goto(house.chat)
    for page, words in ((first, "из первой"), (second, "из второй")):
        page.route("**/messages", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
        say(page, words)
        expect(page.locator("#messages > li.failed")).to_have_count(1)
    first.allow(["ERR_FAILED"])
    assert [entry["text"] for entry in outbox(first)] == ["из первой", "из второй"]
    first.unroute_all()
    first.locator("#messages > li.failed").get_by_role("button", name="Повторить").click()
    expect(mine(first)).to_have_count(1)
    assert [entry["text"] for entry in outbox(first)] == ["из второй"]


def test_without_a_place_for_a_stream_the_page_asks_instead(house: House, window: Window) -> None:
    page = window()
    page.route("**/live", lambda route: route.fulfill(status=503, headers={"Retry-After": "10"}))
    page.allow(["status of 503"])
    page.goto(house.chat)
    say(page, "Здравствуйте")
    expect(mine(page)).to_have_count(1)
    with page.expect_response("**/messages?after=*", timeout=8000) as asked:
        pass
    assert asked.value.ok


def test_an_answer_that_came_before_ones_own_message_is_not_skipped(
    house: House, window: Window, sign_in: SignIn
) -> None:
    page, manager = window(), sign_in(window(), "manager@demo.example")
    page.route("**/live", lambda route: route.fulfill(status=503))
    page.allow(["status of 503", "ERR_FAILED"])
    page.goto(house.chat)
    words = f"Порядок {time.time():.0f}"
    say(page, words)
    row(manager, words).click()
    expect(manager.locator("#messages")).to_contain_text(words)
    page.route("**/messages?after=*", lambda route: route.abort())
    answer(manager, "Ответ посередине")
    expect(manager.locator("#messages")).to_contain_text("Ответ посередине")
    say(page, "Ещё вопрос")
    expect(mine(page)).to_have_count(2)
    page.unroute("**/messages?after=*")
    expect(page.locator("#messages")).to_contain_text("Ответ посередине", timeout=8000)
    told = page.locator("#messages").inner_text()
    assert told.index("Ответ посередине") < told.index("Ещё вопрос")


def test_a_history_that_could_not_be_loaded_comes_later_by_itself(house: House, window: Window) -> None:
    page = window()
    page.goto(house.chat)
    say(page, "Здравствуйте")
    expect(mine(page)).to_have_count(1)
    page.route("**/messages?after=*", lambda route: route.abort())
    page.allow(["ERR_FAILED"])
    page.reload()
    expect(page.locator("#offline")).to_be_visible()
    page.unroute_all()
    expect(mine(page)).to_have_count(1, timeout=8000)
