"""The overview's page: every number of it opens a list of that length; periods, changes, the empty company, a viewer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from aiguro_web.extensions import db, enter_organization
from aiguro_web.pages import deal_filters, overview_numbers, periods
from aiguro_web.services import deal_lists, funnels
from tests.doors import sign_in
from tests.people import HOME, People, Person
from tests.services.test_overview import NOW, at, began, enter

PAGE = "/dashboard/overview"
NUMBER = re.compile(r'<a[^>]*\shref="([^"]+)"[^>]*\sdata-number="(\d+)"')


@pytest.fixture
def today() -> Iterator[None]:
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.fixture
def story(app: Flask, who: People) -> None:
    """Dialogs at the edges of days and periods, in two funnels, some of them hidden."""
    enter_organization(HOME)
    funnels.create(who.admin.actor, "Другая")
    for moment in (at(25, "00:00"), at(24, "23:59"), at(19, "00:00"), at(18, "23:59"), at(12, "00:00"), at(11)):
        began(moment, channel="telegram", answer={"assistant": 10}, unanswered_since=moment)
        began(moment, stage=1, channel="", answer={"manager": 90}, handed_over_at=moment, price=Decimal("10.50"))
        began(moment, stage=2, channel="webchat", outcome="won", closed_at=moment + timedelta(hours=2))
        began(moment, stage=4, outcome="lost", closed_at=at(25, "13:00"))
        began(moment, is_test=True, unanswered_since=moment)
        began(moment, deleted_at=at(25), outcome="won", closed_at=moment)
    back = began(at(1), stage=1)
    for number, day in ((0, 20), (1, 21), (1, 25)):
        enter(back, number, at(day, "00:00"))
    db.session.commit()


def browser(app: Flask, person: Person) -> FlaskClient:
    return sign_in(app, person)


def numbers(page: str) -> list[tuple[str, int]]:
    return [(unescape(url), int(count)) for url, count in NUMBER.findall(page)]


@pytest.mark.parametrize("query", [
    "?funnel=0", "?period=today&funnel=0", "?period=month&funnel=0", "?period=quarter&funnel=0", "?funnel=1",
    "?period=own&from=2026-11-12&to=2026-11-18&funnel=0", "?period=own&from=2026-01-01&to=2026-11-25&funnel=0",
])  # fmt: skip
def test_every_number_opens_a_list_of_that_length(
    app: Flask, who: People, story: None, today: None, query: str
) -> None:
    found = numbers(browser(app, who.viewer).get(PAGE + query).text)
    assert len(found) > 30
    found = list(dict.fromkeys(found))
    assert sum(count for _, count in found) > 20
    enter_organization(HOME)
    for url, count in found:
        parts = urlsplit(url)
        assert parts.path == "/dashboard/deals/table"
        wanted = deal_filters.read(dict(parse_qsl(parts.query)), "Europe/Moscow", None)
        assert deal_lists.count(who.viewer.actor, wanted) == count, url


def test_a_list_opened_from_a_number_says_the_same_number(app: Flask, who: People, story: None, today: None) -> None:
    client = browser(app, who.viewer)
    url, count = max(numbers(client.get(PAGE + "?funnel=0").text), key=lambda one: one[1])
    answer = client.get(url)
    assert answer.status_code == 200
    assert len(set(re.findall(r'<tr[^>]* id="[^"]*([0-9a-f]{8}-[0-9a-f-]{27})', answer.text))) == count


def test_the_period_and_the_one_before_it_are_named(app: Flask, who: People, today: None) -> None:
    page = browser(app, who.manager).get(PAGE).text
    assert "19–25\u00a0ноября" in page or "19–25 ноября" in page
    assert "12–18" in page
    assert "до 13:15" in page
    own = browser(app, who.manager).get(PAGE + "?period=own&from=2025-12-01&to=2026-01-02").text
    assert "2025" in own
    assert 'value="2025-12-01"' in own


@pytest.mark.parametrize(
    "query", ["?period=own", "?period=own&from=x&to=y", "?period=nonsense", "?period=own&from=2027-01-01&to=2027-02-01"]
)
def test_a_period_that_cannot_be_read_is_a_week(query: str) -> None:
    found = periods.read(dict(parse_qsl(query[1:])), "Europe/Moscow", NOW)
    assert (found.name, found.first, found.last) == ("week", date(2026, 11, 19), date(2026, 11, 25))


def test_days_are_put_in_order_and_those_to_come_left_out() -> None:
    found = periods.read({"period": "own", "from": "2026-12-31", "to": "2026-11-20"}, "Europe/Moscow", NOW)
    assert (found.first, found.last) == (date(2026, 11, 20), date(2026, 11, 25))
    long = periods.read({"period": "own", "from": "2020-01-01", "to": "2026-11-25"}, "Europe/Moscow", NOW)
    assert long.clipped
    assert long.days == periods.DAYS_MAX
    assert long.step == "week"


def test_a_period_under_way_is_compared_up_to_this_hour_also_over_a_change_of_clocks() -> None:
    now = datetime(2026, 3, 29, 10, 0, tzinfo=UTC)  # 12:00 in Berlin, an hour after which it was 11:00 yesterday in UTC
    found = periods.read({"period": "today"}, "Europe/Berlin", now)
    assert found.cut == datetime(2026, 3, 28, 11, 0, tzinfo=UTC)
    assert found.previous.end == found.cut
    past = periods.read({"period": "own", "from": "2026-03-01", "to": "2026-03-02"}, "Europe/Berlin", now)
    assert past.cut is None
    assert past.previous.end == past.current.start


@pytest.mark.parametrize(("now", "before", "good", "words", "way", "tone"), [
    (12, 10, "up", "+20\u00a0%", "up", "good"),
    (8, 10, "up", "−20\u00a0%", "down", "bad"),
    (8, 10, "down", "−20\u00a0%", "down", "good"),
    (8, 10, "", "−20\u00a0%", "down", ""),
    (10, 10, "up", "без изменений", "same", ""),
    (5, 0, "up", "нет данных", "none", ""),
    (None, 5, "down", "нет данных", "none", ""),
])  # fmt: skip
def test_a_change_has_a_sign_and_a_meaning(
    app: Flask, now: float, before: float, good: overview_numbers.Good, words: str, way: str, tone: str
) -> None:
    with app.test_request_context():
        assert overview_numbers.change(now, before, good) == overview_numbers.Change(words, way, tone)


@pytest.mark.parametrize(("counts", "shares"), [
    ([1, 1, 1], [34, 33, 33]), ([2, 1], [67, 33]), ([0, 0], [0, 0]), ([5], [100]), ([1, 999], [0, 100]), ([], []),
])  # fmt: skip
def test_shares_sum_to_100(counts: list[int], shares: list[int]) -> None:
    assert overview_numbers.whole_percents(counts) == shares


@pytest.mark.parametrize(("seconds", "words"), [
    (None, "—"), (0, "0 сек"), (59.6, "60 сек"), (61, "1 мин"), (3600, "1 ч"), (7800, "2 ч 10 мин"), (86400 * 3, "3 дня"),
])  # fmt: skip
def test_how_long_is_said_shortly(app: Flask, seconds: float | None, words: str) -> None:
    with app.test_request_context():
        assert overview_numbers.lasting(seconds).replace("\u00a0", " ") == words


def test_an_admin_of_an_empty_company_hears_what_to_do_next(app: Flask, who: People) -> None:
    assert "Подключить мессенджер" in browser(app, who.admin).get(PAGE).text


def test_a_viewer_of_an_empty_company_hears_whom_to_wait_for(app: Flask, who: People) -> None:
    page = browser(app, who.viewer).get(PAGE).text
    assert "Подключить мессенджер" not in page
    assert "Диалогов пока нет" in page


def test_fragments_come_alone_and_name_their_period(app: Flask, who: People, story: None, today: None) -> None:
    client = browser(app, who.viewer)
    page = client.get(PAGE + "/numbers?period=month&funnel=0", headers={"HX-Request": "true"}).text
    assert page.lstrip().startswith('<div class="ov-numbers" id="overview-numbers"')
    assert "period=month" in page
    waiting = client.get(PAGE + "/waiting?funnel=0", headers={"HX-Request": "true"}).text
    assert waiting.lstrip().startswith('<section class="ov-part ov-waiting"')
    assert "13 дн." in waiting


def test_the_dashboard_begins_with_the_overview(app: Flask, who: People) -> None:
    answer = browser(app, who.viewer).get("/dashboard")
    assert answer.status_code in (302, 303, 308)
    assert answer.headers["Location"].endswith(PAGE)
