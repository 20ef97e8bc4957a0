"""Jinja filters."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest
from babel.messages.mofile import write_mo
from flask import Flask, g, render_template_string
from flask_babel import Babel, force_locale

from aiguro_web.web import filters

from .apps import small_app
from .catalogue import read_english

NOW = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)


@pytest.fixture(scope="module")
def translations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The English catalogue as it stands in the source, with the words of `test_plural_in_english`."""
    folder = tmp_path_factory.mktemp("translations")
    catalogue = read_english()
    catalogue.add(("диалог", "диалогов"), ("dialog", "dialogs"))
    target = folder / "en" / "LC_MESSAGES" / "messages.mo"
    target.parent.mkdir(parents=True)
    with target.open("wb") as file:
        write_mo(file, catalogue)
    return folder


@pytest.fixture(autouse=True)
def here(translations: Path) -> Iterator[Flask]:
    app = small_app()
    Babel(app, default_locale="ru", default_translation_directories=str(translations))
    with app.test_request_context():
        g.pop("timezone", None)
        yield app


@pytest.fixture
def english(here: Flask) -> Iterator[None]:
    with force_locale("en"):
        yield


def plain(text: str) -> str:
    return text.replace(filters.WIDE, " ").replace(filters.NARROW, " ")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("12500"), "12 500 ₽"),
        (Decimal("12500.50"), "12 500,50 ₽"),
        (Decimal("1234567.995"), "1 234 568 ₽"),
        (0, "0 ₽"),
        (None, "0 ₽"),
        (-1500, "−1 500 ₽"),
        ("999", "999 ₽"),
        ("дорого", ""),
    ],
)
def test_money(value: Decimal | int | str | None, text: str) -> None:
    assert plain(filters.money(value)) == text
    assert " " not in filters.money(value)


@pytest.mark.parametrize(
    ("number", "word"),
    [(0, "диалогов"), (1, "диалог"), (2, "диалога"), (5, "диалогов"), (11, "диалогов"), (12, "диалогов")]
    + [(21, "диалог"), (22, "диалога"), (101, "диалог"), (111, "диалогов"), (1014, "диалогов")],
)
def test_plural(number: int, word: str) -> None:
    assert plain(filters.plural(number, "диалог", "диалога", "диалогов")) == f"{number} {word}"
    assert filters.plural(number, "диалог", "диалога", "диалогов", only_word=True) == word


@pytest.mark.parametrize(
    ("before", "text"),
    [
        (timedelta(seconds=-5), "только что"),
        (timedelta(seconds=59), "только что"),
        (timedelta(minutes=5), "5 мин"),
        (timedelta(hours=3), "3 ч"),
        (timedelta(hours=14), "вчера"),
        (timedelta(days=11), "12 ноября"),
        (timedelta(days=400), "19.10.2025"),
    ],
)
def test_ago(before: timedelta, text: str) -> None:
    assert plain(filters.ago(NOW - before, NOW)) == text


def test_moments_are_shown_in_the_organisations_time_zone() -> None:
    late = datetime(2026, 11, 22, 22, 30, tzinfo=UTC)
    assert filters.clock(late) == "01:30"
    assert filters.day(late, NOW) == "Сегодня"
    g.timezone = "Asia/Vladivostok"
    assert filters.clock(late) == "08:30"
    g.timezone = "America/New_York"
    assert (filters.clock(late), filters.day(late, NOW)) == ("17:30", "Вчера")
    g.timezone = "No/Such"
    assert filters.clock(late) == "01:30"


def test_days() -> None:
    assert plain(filters.day(NOW - timedelta(days=5), NOW)) == "18 ноября"
    assert plain(filters.day(NOW - timedelta(days=400), NOW)) == "19 октября 2025"
    assert plain(filters.moment(NOW)) == "23 ноября 2026, 13:15"
    assert filters.iso(NOW) == "2026-11-23T10:15:00Z"
    assert filters.clock(datetime(2026, 1, 1, 9, 0)) == "12:00"


@pytest.mark.parametrize(
    ("before", "text"),
    [
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=5), "5 min"),
        (timedelta(hours=3), "3 h"),
        (timedelta(hours=14), "yesterday"),
        (timedelta(days=11), "November 12"),
        (timedelta(days=400), "Oct 19, 2025"),
    ],
)
def test_ago_in_english(english: None, before: timedelta, text: str) -> None:
    assert plain(filters.ago(NOW - before, NOW)) == text


def test_days_in_english(english: None) -> None:
    assert filters.day(NOW, NOW) == "Today"
    assert filters.day(NOW - timedelta(days=1), NOW) == "Yesterday"
    assert plain(filters.day(NOW - timedelta(days=5), NOW)) == "November 18"
    assert plain(filters.day(NOW - timedelta(days=400), NOW)) == "October 19, 2025"
    assert plain(filters.moment(NOW)) == "November 23, 2026, 13:15"


@pytest.mark.parametrize(("number", "word"), [(0, "dialogs"), (1, "dialog"), (2, "dialogs"), (21, "dialogs")])
def test_plural_in_english(english: None, number: int, word: str) -> None:
    assert plain(filters.plural(number, "диалог", "диалога", "диалогов")) == f"{number} {word}"
    assert filters.plural(number, "диалог", "диалога", "диалогов", only_word=True) == word


def test_money_in_english_has_a_decimal_point(english: None) -> None:
    assert plain(filters.money(Decimal("12500.50"))) == "12 500.50 ₽"
    assert plain(filters.money(12500)) == "12 500 ₽"


def test_a_language_without_dates_of_its_own_gets_russian_ones() -> None:
    with force_locale("de"):
        assert plain(filters.day(NOW - timedelta(days=5), NOW)) == "18 ноября"


def test_every_month_is_named_in_both_languages() -> None:
    days = [datetime(2025, month, 2, 12, tzinfo=UTC) for month in range(1, 13)]
    russian = [plain(filters.day(each, datetime(2025, 6, 20, tzinfo=UTC))) for each in days]
    assert russian[0] == "2 января"
    assert russian[11] == "2 декабря"
    with force_locale("en"):
        assert plain(filters.day(days[0], datetime(2025, 6, 20, tzinfo=UTC))) == "January 2"
    assert len(set(russian)) == 12


def test_nothing_is_shown_as_nothing() -> None:
    for show in (filters.ago, filters.clock, filters.day, filters.moment, filters.iso):
        assert show(None) == ""
    assert filters.phone(None) == filters.phone("") == ""


def test_ids_of_elements_are_stable() -> None:
    assert filters.dom_id({"uuid": "5f", "id": "7"}, "dialog") == "dialog-5f"
    assert filters.dom_id({"id": 7}, "client", "name") == "client-7-name"
    assert filters.dom_id(SimpleNamespace(id=3), "funnel") == "funnel-3"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("+79123456789", "+7 912 345-67-89"),
        ("89123456789", "+7 912 345-67-89"),
        ("+4915112345678", "+49 1511 2345678"),
        ("доб. 12", "доб. 12"),
        ("12", "12"),
    ],
)
def test_phone(value: str, text: str) -> None:
    assert plain(filters.phone(value)) == text


def test_templates_know_them(here: Flask) -> None:
    text = render_template_string(
        "{{ 5|money }}|{{ plural(2, 'этап', 'этапа', 'этапов') }}|"
        "{{ row|dom_id('x') }}|{{ at|clock }}|{{ dom_id(row, 'y') }}",
        row={"id": 1},
        at=NOW,
    )
    assert plain(text) == "5 ₽|2 этапа|x-1|13:15|y-1"
