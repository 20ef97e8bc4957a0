"""Jinja filters: money, moments (the organisation's zone, the request's language), plurals, ids of elements, phones."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, tzinfo
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import phonenumbers
from babel.dates import format_date
from babel.numbers import get_decimal_symbol
from flask import Flask, g
from flask_babel import get_locale, gettext, ngettext

NARROW, WIDE = "\u202f", "\u00a0"  # no-break spaces: between groups of digits, between words
ZONE = "Europe/Moscow"
RUSSIAN = "ru"  # the language that texts in the code are written in
# CLDR patterns: a day of this year, any day, any day where there is little room.
DATES = {
    RUSSIAN: (f"d{WIDE}MMMM", f"d{WIDE}MMMM y", "dd.MM.y"),
    "en": (f"MMMM{WIDE}d", f"MMMM{WIDE}d, y", f"MMM{WIDE}d, y"),
}
NEAR, ANY, SHORT = range(3)


def init_app(app: Flask) -> None:
    """Give the filters to every template; `plural` and `dom_id` are functions too."""
    app.jinja_env.filters.update(
        money=money, ago=ago, clock=clock, day=day, moment=moment, iso=iso, plural=plural, dom_id=dom_id, phone=phone
    )
    app.jinja_env.globals.update(plural=plural, dom_id=dom_id)


def money(value: Decimal | int | float | str | None) -> str:
    """«12 500 ₽», «12 500,50 ₽»; nothing is 0 ₽. The decimal sign is the language's."""
    try:
        amount = Decimal(str(value or 0)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    except InvalidOperation:
        return ""
    whole, _, cents = f"{abs(amount):,.2f}".partition(".")
    text = whole.replace(",", NARROW) + (get_decimal_symbol(_language()) + cents if cents != "00" else "")
    return f"{'−' if amount < 0 else ''}{text}{WIDE}₽"


def plural(number: int, one: str, few: str, many: str, *, only_word: bool = False) -> str:
    """«1 диалог», «2 диалога», «5 диалогов»; in other languages what the catalogue has for (one, many)."""
    last, tens = abs(number) % 10, abs(number) % 100
    if _language() != RUSSIAN:
        word = ngettext(one, many, number)
    elif last == 1 and tens != 11:
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
    seconds = int((today - then).total_seconds())
    if seconds < 60:
        return str(gettext("только что"))
    if seconds < 3600:
        return _unbroken(gettext("%(number)s мин", number=seconds // 60))
    if then.date() == today.date():
        return _unbroken(gettext("%(number)s ч", number=seconds // 3600))
    if (today.date() - then.date()).days == 1:
        return str(gettext("вчера"))
    return _date(then, NEAR if then.year == today.year else SHORT)


def clock(value: datetime | None) -> str:
    """«13:15»."""
    return f"{_local(value):%H:%M}" if value else ""


def day(value: datetime | None, now: datetime | None = None) -> str:
    """«Сегодня», «Вчера», «12 марта», «12 марта 2025»."""
    if value is None:
        return ""
    then, today = _local(value), _local(now or datetime.now(UTC))
    days = (today.date() - then.date()).days
    if days == 0:
        return str(gettext("Сегодня"))
    if days == 1:
        return str(gettext("Вчера"))
    return _date(then, NEAR if then.year == today.year else ANY)


def moment(value: datetime | None) -> str:
    """«12 марта 2025, 13:15»: for a title."""
    return f"{_date(_local(value), ANY)}, {clock(value)}" if value else ""


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


def _date(value: datetime, form: int) -> str:
    return _written(value.date(), form, _language())


@lru_cache(maxsize=4096)
def _written(value: date, form: int, language: str) -> str:
    return format_date(value, DATES[language][form], locale=language)


def _language() -> str:
    """The request's language, for Flask-Babel; Russian where there is none that dates can be written in."""
    locale = get_locale()
    return locale.language if locale is not None and locale.language in DATES else RUSSIAN


def _unbroken(text: str) -> str:
    return text.replace(" ", WIDE)


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
