"""A working day: a manager at work, an admin who watches it live, a stranger who sees none of it, a viewer who only reads."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Locator, Page, StorageState, expect

from .house import SIZES, House
from .test_board import FIRST, LAST, SECOND, card, column, count, drag, new_deal
from .test_imports import choose
from .test_main_job import LIVE, answer, row, say
from .test_support import write_ticket

Window = Callable[..., Page]
Show = Callable[..., Page]
MANAGER, ADMIN = "manager@demo.example", "admin@demo.example"
VIEWER, STRANGER = "viewer@demo.example", "admin@other.example"
BOARD, CLIENTS, TALKS = "/dashboard/deals?funnel=1", "/dashboard/clients", "/dashboard/messengers"
TABLE, SUPPORT, OVERVIEW = "/dashboard/deals/table", "/dashboard/support", "/dashboard/overview?funnel=1"
# What writes stands in one of these; a person's own bell, views and way out are theirs whatever their role.
WRITES = "[hx-post], [hx-put], [hx-patch], [hx-delete], form[method=post i], [data-move], [data-files-url], [type=file]"
OWN = re.compile(
    r"/((?:table|clients)/columns|logout|language|theme|notifications|views|presence|profile|organisation)\b"
)


@dataclass
class Day:
    """What a manager made of it: words that nobody else has, and where they stand."""

    name: str  # the client whose card was filled in
    deals: list[str] = field(default_factory=list)
    uuid: str = ""
    client: str = ""
    ticket: str = ""
    order: str = ""  # the import

    @property
    def addresses(self) -> list[str]:
        return [
            f"{TALKS}?uuid={self.uuid}", f"{TALKS}/{self.uuid}/messages", f"/dashboard/deals/{self.uuid}/closing",
            f"{CLIENTS}/{self.client}", f"{SUPPORT}?ticket={self.ticket}", f"{CLIENTS}/imports/{self.order}",
            f"{CLIENTS}/imports/{self.order}/rows?part=created",
        ]  # fmt: skip

    @property
    def words(self) -> list[str]:
        return [self.name, *self.deals]


@pytest.fixture
def show(house: House, window: Window, signed_in: Callable[[str], StorageState | None]) -> Show:
    """A screen in a window of its own, of which a reload would be noticed."""

    def open_(path: str, email: str, size: str = "desktop") -> Page:
        page = window(size, storage_state=signed_in(email))
        page.goto(house.address + path)
        page.wait_for_load_state("networkidle")
        page.evaluate("window.neverLeft = true")
        return page

    return open_


# ---- What a manager does.


def waiting(page: Page) -> int:
    return int(page.locator("#queue-unanswered .tab-count").inner_text())


def answer_from_the_queue(page: Page, visitors: dict[str, Page]) -> str:
    """Answer each of them, and see them leave the queue. The last one's dialog stays open: its uuid."""
    uuid, before = "", waiting(page)
    for number, (question, visitor) in enumerate(visitors.items(), 1):
        while not row(page, question).is_visible():
            page.locator("#rows-more").scroll_into_view_if_needed()
        uuid = row(page, question).get_attribute("data-uuid") or ""
        row(page, question).click()
        expect(page.locator("#messages")).to_contain_text(question)
        answer(page, f"Отвечаем: {question}")
        expect(visitor.locator("#messages")).to_contain_text(f"Отвечаем: {question}")
        expect(page.locator(f"#dialogs [data-uuid='{uuid}']")).to_have_count(0)
        expect(page.locator("#queue-unanswered .tab-count")).to_have_text(str(before - number))
        if number < len(visitors) and page.locator(".chat-back").is_visible():
            page.locator(".chat-back").click()
            expect(page.locator("#rows")).to_be_visible()
    return uuid


def fill_in_the_client(page: Page, name: str, phone: str) -> str:
    """Name and phone beside the chat, each kept when Enter is pressed; the client's id."""
    pane = page.locator("#client")
    if not pane.is_visible():
        page.locator(".chat-card-open").click()
    for label, value in (("Имя", name), ("Телефон", phone)):
        place = pane.get_by_label(label, exact=True)
        with page.expect_response(re.compile("/fields")) as told:
            place.fill(value)
            place.press("Enter")
        assert told.value.status == 200
    expect(pane.get_by_label("Телефон")).to_have_value(f"+7 {phone[2:5]} {phone[5:8]}-{phone[8:10]}-{phone[10:]}")
    expect(pane.get_by_role("heading", level=2)).to_have_text(name)
    link = pane.get_by_role("link", name="Вся карточка").get_attribute("href") or ""
    page.goto(page.url)  # what is kept is there after a reload
    expect(page.locator("#chat-head h2")).to_have_text(name)
    return link.rsplit("/", 1)[1]


def carry_by_touch(page: Page, name: str, to: Locator) -> None:
    """A long press takes the card; held at the edge of the screen, it makes the board scroll to its last stage."""
    x, y = at_rest(page, card(page, name))
    touch = page.context.new_cdp_session(page)

    def finger(kind: str, *at: float) -> None:
        points = [{"x": at[0], "y": at[1]}] if at else []
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    finger("touchStart", x, y)
    page.wait_for_timeout(400)
    finger("touchMove", x + 10, y + 4)
    expect(page.locator("#zones")).to_be_visible()
    edge = SIZES["phone"]["width"] - 12
    for part in (0.4, 0.7, 1.0):
        finger("touchMove", x + (edge - x) * part, y + 20)
    expect(to).to_be_in_viewport(ratio=0.95)
    target, _ = at_rest(page, to)
    for step in (0, 4):
        finger("touchMove", target + step, y + 20)
    expect(to.locator(".deal", has_text=name)).to_be_attached()
    finger("touchEnd")


def at_rest(page: Page, what: Locator) -> tuple[float, float]:
    """Where to touch it, once nothing scrolls."""
    box = None
    while box != (box := what.bounding_box()):
        page.wait_for_timeout(150)
    assert box
    return box["x"] + 60, box["y"] + 20


def carry_by_keys(page: Page, name: str) -> None:
    card(page, name).locator("a").focus()
    for key in ("Space", "ArrowRight", "Space"):
        page.keyboard.press(key)


def move_deals(page: Page, colleague: Page, names: list[str]) -> list[int]:
    """Two by hand and one by keys; ms from the server's answer until the colleague's board has each."""
    touch = page.evaluate("navigator.maxTouchPoints > 0")
    stages, times = (LAST if touch else SECOND, LAST, SECOND), []
    for number, (name, stage) in enumerate(zip(names, stages, strict=True)):
        to, before = column(page, stage), count(page, stage)
        with page.expect_response(re.compile("/move"), timeout=20_000) as told:
            if number == 2:
                carry_by_keys(page, name)
            else:
                card(page, name).scroll_into_view_if_needed()
                at_rest(page, card(page, name))
                (carry_by_touch if touch else drag)(page, name, to)
        assert told.value.status == 200
        began = time.perf_counter()
        there = """([stage, name]) => [...document.querySelectorAll(`.column[data-name="${stage}"] .deal-name`)]
                   .some((place) => place.textContent === name)"""
        colleague.wait_for_function(there, arg=[stage, name], timeout=5000)
        times.append(round((time.perf_counter() - began) * 1000))
        for seen in (page, colleague):
            expect(column(seen, stage).locator(".deal", has_text=name)).to_be_attached()
            expect(column(seen, stage).locator(".column-count")).to_contain_text(str(before + 1))
    return times


def open_a_ticket(page: Page, house: House, subject: str) -> str:
    page.goto(house.address + SUPPORT)
    write_ticket(page, subject)
    page.get_by_role("button", name="Отправить", exact=True).click()
    expect(page.locator("#ticket-head")).to_contain_text(subject)
    expect(page).to_have_url(re.compile(r"ticket=\d+"))
    return page.url.rsplit("ticket=", 1)[1]


def import_clients(page: Page, house: House, name: str) -> str:
    """Three people from a file, looked at before they are added."""
    tail = time.time_ns() % 10**6
    rows = [f"{name} {number};8 902 {number}{tail:06d}" for number in (1, 2, 3)]
    choose(page, house, "\n".join(["Имя;Телефон", *rows, f"{name} 4;не телефон"]).encode())
    expect(page.get_by_role("list", name="Итог по строкам")).to_have_text(
        re.compile(r"3\s*Новые.*1\s*Отклонены", re.DOTALL)
    )
    page.get_by_role("button", name="Начать импорт").click()
    expect(page.get_by_text("Импорт завершён")).to_be_visible()
    order = page.url.rsplit("/", 1)[1]
    page.goto(f"{house.address}{CLIENTS}?search={name}")
    expect(page.locator("tr[data-row] .data-name")).to_have_count(4)  # and the one whose card was filled in
    return order


# ---- What others see of it.


def sees_none_of_it(page: Page, house: House, day: Day) -> None:
    """Not on the board that was open all day, nor on any other screen, by search, or at the addresses themselves."""
    assert [words for words in day.words if words in page.locator("main").inner_text()] == []
    for path in (BOARD, TABLE, CLIENTS, f"{TALKS}?queue=open", SUPPORT, f"{CLIENTS}/imports", OVERVIEW):
        answered = page.request.get(house.address + path)
        assert answered.ok
        assert [words for words in day.words if words in answered.text()] == [], path
    page.goto(f"{house.address}{CLIENTS}?search={day.name}")
    expect(page.get_by_role("heading", name="По этому отбору никого нет")).to_be_visible()
    page.locator("[data-palette]").click()
    for words in day.words:
        page.locator("#palette-words").fill(words)
        expect(page.locator("#palette-found h3")).to_have_text("Ничего не нашлось")
    found = {path: page.request.get(house.address + path).status for path in day.addresses}
    assert set(found.values()) == {404}, found


def reads_and_writes_nothing(page: Page, house: House, day: Day) -> None:
    screens = {
        OVERVIEW: "Не отвечено", BOARD: day.deals[0], f"{TABLE}?search={day.name}": day.name,
        f"{TALKS}?uuid={day.uuid}": day.name, f"{CLIENTS}?search={day.name}": f"{day.name} 1",
        f"{CLIENTS}/{day.client}": day.name, f"{CLIENTS}/imports": "Прошлые импорты",
        f"{CLIENTS}/imports/{day.order}": "Импорт завершён", f"{SUPPORT}?ticket={day.ticket}": day.name,
    }  # fmt: skip
    for path, words in screens.items():
        page.goto(house.address + path)
        expect(page.locator("main")).to_contain_text(words)
        kept = page.locator(WRITES).evaluate_all("all => all.map(one => one.outerHTML.slice(0, 300))")
        assert [control for control in kept if not OWN.search(control)] == [], path
    token = page.locator("meta[name=csrf-token]").get_attribute("content") or ""
    found = {}
    for path, form in posts(day).items():
        sent = {"multipart": form} if path in (SUPPORT, f"{CLIENTS}/imports") else {"form": form}
        answered = page.request.post(house.address + path, headers={"X-CSRFToken": token}, **sent)
        found[path] = answered.status
    assert set(found.values()) == {403}, found


def posts(day: Day) -> dict[str, dict[str, object]]:
    """The ways in which a manager writes, with what they take."""
    deal, client, order = f"/dashboard/deals/{day.uuid}", f"{CLIENTS}/{day.client}", f"{CLIENTS}/imports/{day.order}"
    file = {"name": "a.csv", "mimeType": "text/csv", "buffer": b"\xd0\x98\xd0\xbc\xd1\x8f\n1\n"}
    return {
        f"{TALKS}/{day.uuid}/messages": {"text": "нельзя"}, f"{TALKS}/{day.uuid}/take": {},
        f"{TALKS}/{day.uuid}/assistant/on": {}, f"{deal}/move": {"stage": "closing"}, f"{deal}/terms": {"price": "1"},
        f"{deal}/assign": {"manager": ""}, f"{deal}/closing": {"outcome": "won"},
        "/dashboard/deals/new": {"name": "нельзя"}, f"{CLIENTS}/new": {"name": "нельзя"},
        f"{client}/fields": {"phone": "+79000000000"}, f"{client}/notes": {"text": "нельзя"}, f"{client}/delete": {},
        f"{CLIENTS}/imports": {"file": file}, f"{order}/undo": {}, f"{order}/remove": {},
        SUPPORT: {"subject": "нельзя", "description": "нельзя", "department": "general"},
        f"{SUPPORT}/{day.ticket}/change": {"status": "closed"},
    }  # fmt: skip


# ---- The day.


@pytest.mark.parametrize("size", SIZES)
def test_a_managers_day_is_watched_live_hidden_from_strangers_and_only_read_by_a_viewer(
    house: House, window: Window, show: Show, size: str
) -> None:
    manager = show(f"{TALKS}?queue=unanswered", MANAGER, size)
    board, numbers = show(BOARD, ADMIN, size), show(OVERVIEW, ADMIN, size)
    stranger = show(BOARD, STRANGER, size)
    tag = time.time_ns() % 10**9
    day = Day(f"День{tag}")
    queued, new = numbers.locator(".ov-all"), numbers.locator("#tile-1 .ov-tile-link")
    first, first_new = (int(place.get_attribute("data-number") or 0) for place in (queued, new))

    visitors = {f"Вопрос {tag} номер {number}": window(size) for number in range(1, 6)}
    for question, visitor in visitors.items():
        visitor.goto(house.chat)
        say(visitor, question)
        expect(row(manager, question)).to_be_attached()
    expect(queued).to_have_attribute("data-number", str(first + 5), timeout=8000)
    day.uuid = answer_from_the_queue(manager, visitors)
    expect(queued).to_have_attribute("data-number", str(first), timeout=8000)

    day.client = fill_in_the_client(manager, day.name, f"+7901{tag % 10**7:07d}")
    expect(card(board, day.name)).to_be_attached(timeout=3000)
    manager.goto(house.address + BOARD)
    day.deals = [new_deal(manager, FIRST) for _ in range(3)]
    expect(card(board, day.deals[-1])).to_be_attached(timeout=3000)
    times = move_deals(manager, board, day.deals)
    print(f"a colleague's board had the moves {times} ms after the server's answer ({size})")
    assert sorted(times)[1] <= LIVE
    expect(new).to_have_attribute("data-number", str(first_new + 8), timeout=8000)

    day.ticket = open_a_ticket(manager, house, f"Обращение {day.name}")
    day.order = import_clients(manager, house, day.name)
    for page in (board, numbers, stranger):
        assert page.evaluate("window.neverLeft") is True
    sees_none_of_it(stranger, house, day)
    reads_and_writes_nothing(show(SUPPORT, VIEWER, size), house, day)
    assert manager.evaluate("document.documentElement.scrollWidth <= innerWidth")
