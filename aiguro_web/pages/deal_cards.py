"""The board as the page lays it out. What was made of a card is kept: most cards have not changed since the last look.

A kept card is found by everything that is written in it, so it cannot be stale, nor another organisation's.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any

from flask import current_app, g, render_template
from flask_babel import get_locale
from markupsafe import Markup

from ..services import deal_board
from ..services.deal_board import Column

KEPT = 10_000  # cards; some 1.5 KB each
COLUMNS_KEPT = 100  # columns; some 100 KB each
FRESH = 60  # seconds for which «5 мин» stays true enough


@dataclass(frozen=True)
class Laid:
    """A column with its cards; `digest` changes with anything in it."""

    column: Column
    cards: Markup
    digest: str


@dataclass(frozen=True)
class Section:
    """A funnel's columns."""

    funnel_id: int
    name: str
    columns: list[Laid]


def lay_out(columns: Iterable[Column]) -> list[Section]:
    """Funnel by funnel."""
    laid = [Laid(column, make(column.cards), _digest(column)) for column in columns]
    return [
        Section(number, found[0].column.funnel_name, found)
        for number, found in ((number, list(run)) for number, run in groupby(laid, lambda one: one.column.funnel_id))
    ]


def columns(changed: Iterable[Laid], **more: Any) -> str:
    """The HTML of `_columns.html` for these; `more` is what the template takes besides, the same on every call but for
    `kept` and `can`."""
    language, zone = str(get_locale()), g.get("timezone") or ""
    key = (language, zone, repr(more["kept"]), more["can"]["write"])
    made = []
    for laid in changed:
        place = (laid.column.stage_id, laid.digest, *key)
        html = _columns.get(place)
        if html is None:
            html = render_template("deals/_columns.html", changed=[laid], **more)
            if len(_columns) >= COLUMNS_KEPT:
                _columns.clear()
            _columns[place] = html
        made.append(html)
    return "".join(made)


_columns: dict[tuple[Any, ...], str] = {}


def make(cards: Iterable[str]) -> Markup:
    """The cards' HTML."""
    language, zone, moment = str(get_locale()), g.get("timezone") or "", int(time.time() // FRESH)
    made = [_made(card, language, zone, moment) for card in cards]
    return Markup("".join(made))  # noqa: S704 - Jinja escaped what is in them


@lru_cache(maxsize=KEPT)
def _made(card: str, language: str, zone: str, moment: int) -> str:
    """`language` and `zone` are the request's, `moment` the minute: the card's words depend on them."""
    template = current_app.jinja_env.get_template("deals/_card.html")
    return template.render(deal=deal_board.read_card(card))


def _digest(column: Column) -> str:
    moment = int(time.time() // FRESH)
    head = (column.name, column.dialogs, column.amount, column.next, moment, str(get_locale()))
    return hashlib.blake2b("\n".join([repr(head), *column.cards]).encode(), digest_size=6).hexdigest()
