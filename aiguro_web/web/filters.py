"""Jinja filters: money, moments in the organisation's time zone, Russian plurals, ids of elements, phones."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import phonenumbers
from flask import Flask, g

NARROW, WIDE = "\u202f", "\u00a0"  # no-break spaces: between groups of digits, between words
ZONE = "Europe/Moscow"
MONTHS = (
    *("января", "февраля", "марта", "апреля", "мая", "июня"),
    *("июля", "августа", "сентября", "октября", "ноября", "декабря"),
)


def init_app(app: Flask) -> None:
    """Give the filters to every template; `plural` and `dom_id` are functions too."""
    app.jinja_env.filters.update(
        money=money, ago=ago, clock=clock, day=day, moment=moment, iso=iso, plural=plural, dom_id=dom_id, phone=phone
    )
    app.jinja_env.globals.update(plural=plural, dom_id=dom_id)


def money(value: Decimal | int | float | str | None) -> str:
    """«12 500 ₽», «12 500,50 ₽»; nothing is 0 ₽."""
    try:
        amount = Decimal(str(value or 0)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    except InvalidOperation:
        return ""
    whole, _, cents = f"{abs(amount):,.2f}".partition(".")
    text = whole.replace(",", NARROW) + (f",{cents}" if cents != "00" else "")
    return f"{'−' if amount < 0 else ''}{text}{WIDE}₽"


def plural(number: int, one: str, few: str, many: str, *, only_word: bool = False) -> str:
    """«1 диалог», «2 диалога», «5 диалогов»."""
    last, tens = abs(number) % 10, abs(number) % 100
    if last == 1 and tens != 11:
        word = one
    elif last in (2, 3, 4) and tens not in (12, 13, 14):
        word = few
    else:
        word = many
    return word if only_word else f"{number}{WIDE}{word}"


def ago(value: datetime | None, now: datetime | None = None) -> str:
    """How long ago, shortly: «только что», «5 мин», «3 ч», «вчера», «12 марта», «12.03.2025»."""
    if value is None:
        return ""
    then, today = _local(value), _local(now or datetime.now(UTC))
    seconds = (today - then).total_seconds()
    if seconds < 60:
        return "только что"
    if seconds < 3600:
        return f"{int(seconds // 60)}{WIDE}мин"
    if then.date() == today.date():
        return f"{int(seconds // 3600)}{WIDE}ч"
    days = (today.date() - then.date()).days
    if days == 1:
        return "вчера"
    return _date(then) if then.year == today.year else f"{then:%d.%m.%Y}"


def clock(value: datetime | None) -> str:
    """«13:15»."""
    return f"{_local(value):%H:%M}" if value else ""


def day(value: datetime | None, now: datetime | None = None) -> str:
    """«Сегодня», «Вчера», «12 марта», «12 марта 2025»."""
    if value is None:
        return ""
    then, today = _local(value), _local(now or datetime.now(UTC))
    days = (today.date() - then.date()).days
    if days in (0, 1):
        return ("Сегодня", "Вчера")[days]
    return _date(then) if then.year == today.year else f"{_date(then)} {then.year}"


def moment(value: datetime | None) -> str:
    """«12 марта 2025, 13:15»: for a title."""
    return f"{_date(_local(value))} {_local(value).year}, {clock(value)}" if value else ""


def iso(value: datetime | None) -> str:
    """ISO 8601 in UTC, for `<time datetime>`."""
    return _aware(value).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if value else ""


def dom_id(row: Any, noun: str, part: str = "") -> str:
    """The stable id of a row's element: `dialog-5f0c…`, by uuid where there is one, else by id."""
    names = ("uuid", "id")
    found = [row.get(name) if isinstance(row, Mapping) else getattr(row, name, None) for name in names]
    identity = found[0] or found[1]
    return "-".join(str(piece) for piece in (noun, identity, part) if piece)


@lru_cache(maxsize=4096)
def phone(value: str | None) -> str:
    """«+7 912 345-67-89»; what is no number stays as it was written."""
    if not value:
        return ""
    try:
        number = phonenumbers.parse(value, "RU")
    except phonenumbers.NumberParseException:
        return value
    if not phonenumbers.is_possible_number(number):
        return value
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def _date(value: datetime) -> str:
    return f"{value.day}{WIDE}{MONTHS[value.month - 1]}"


def _aware(value: datetime) -> datetime:
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _local(value: datetime) -> datetime:
    return _aware(value).astimezone(_zone(g.get("timezone") or ZONE))


@lru_cache(maxsize=128)
def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo(ZONE)
