"""Jinja filters."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from flask import Flask, g, render_template_string

from aiguro_web.web import filters

from .apps import small_app

NOW = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)


@pytest.fixture(autouse=True)
def here() -> Iterator[Flask]:
    app = small_app()
    with app.test_request_context():
        g.pop("timezone", None)
        yield app


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
