"""What the tables of deals and of clients share: columns and their choice, orders, filters, chips, exports."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import Response, g, request, session, stream_with_context, url_for
from flask_babel import gettext, lazy_gettext

from ..errors import Invalid
from ..models.bulk_act import BULK_ROWS_MAX
from ..models.saved_view import ViewScreen
from ..services import exports
from ..services.bulk_acts import BulkRow
from ..services.saved_views import ViewRow
from ..web import tenancy
from .deal_filters import read_days

ROWS = 50
ROWS_MAX = 300  # a refresh brings back as many as were shown, up to this
COLUMNS = "columns"  # in the session: what this person wants to see of each table
SORT = "sort"
NOBODY = ("0", lazy_gettext("Никто"))
TYPES = {"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


@dataclass(frozen=True)
class Column:
    """`sort` is its order's name, `first` the sign of the direction that a first press means."""

    name: str
    title: Any
    sort: str = ""
    first: str = ""
    kind: str = ""
    fixed: bool = False
    shown: bool = True


@dataclass(frozen=True)
class Head:
    """A column's head; `part` is the fragment of `url`; `direction` as aria-sort says it, '' for another order."""

    column: Column
    url: str
    part: str
    direction: str


@dataclass(frozen=True)
class Field:
    """A part of the filter: `kind` choice, days, amounts or words; two values where it has two ends."""

    kind: str
    name: str
    label: Any
    values: tuple[str, str]
    options: Sequence[tuple[str, Any]] = ()


@dataclass(frozen=True)
class Chip:
    """A filter that is on; `url` is the table without it."""

    words: str
    url: str


@dataclass(frozen=True)
class Table:
    """What templates/tables/* show. `query` is the filter and the order as the address has them."""

    screen: ViewScreen
    blueprint: str
    query: dict[str, str]
    sort: str
    columns: list[Column]
    every: Sequence[Column]
    fields: list[Field]
    chips: list[Chip]
    words: str
    placeholder: str
    rows: Sequence[Any]
    next: str | None
    total: int | None
    views: list[ViewRow] = field(default_factory=list)
    acts: list[BulkRow] = field(default_factory=list)

    @property
    def heads(self) -> list[Head]:
        return [self._head(column) for column in self.columns]

    def _head(self, column: Column) -> Head:
        if not column.sort:
            return Head(column, "", "", "")
        sign = "-" if self.sort.startswith("-") else ""
        current = self.sort.lstrip("-") == column.sort
        turned = ("" if sign else "-") if current else column.first
        direction = ("descending" if sign else "ascending") if current else ""
        order = {SORT: turned + column.sort}
        return Head(column, self.url("index", **order), self.url("part", **order), direction)

    def url(self, view: str, **changes: Any) -> str:
        """One of this table's addresses with its query."""
        return url_for(f"{self.blueprint}.{view}", **{**self.query, **changes})

    @property
    def saved(self) -> str:
        """What a saved view keeps: the query, and the columns."""
        return urlencode({**self.query, COLUMNS: ",".join(column.name for column in self.columns)})

    @property
    def hidden(self) -> dict[str, str]:
        """What the filter's form carries along without showing it."""
        shown = {one.name for one in self.fields} | {"search"}
        return {name: value for name, value in self.query.items() if name not in shown}


def chosen_columns(screen: ViewScreen, every: Sequence[Column]) -> list[Column]:
    """Those that this person wants to see: of `?columns=`, which is kept, else as kept in this browser."""
    kept: dict[str, str] = session.get(COLUMNS) or {}
    asked = request.args.get(COLUMNS)
    if asked is not None and asked != kept.get(screen.value):
        kept = {**kept, screen.value: asked[:200]}
        session[COLUMNS] = kept
    names = kept[screen.value].split(",") if screen.value in kept else None
    return [one for one in every if one.fixed or (one.shown if names is None else one.name in names)]


def keep_columns(screen: ViewScreen, names: Iterable[str]) -> None:
    """Remember a choice of columns in this browser."""
    session[COLUMNS] = {**(session.get(COLUMNS) or {}), screen.value: ",".join(names)[:200]}


def row_count() -> int:
    """How many rows are asked for: a refresh says how many are shown."""
    return min(max(tenancy.read_id(request.args.get("shown", "")) or ROWS, ROWS), ROWS_MAX)


def canonical(args: Mapping[str, str], two_ended: Iterable[str]) -> dict[str, str]:
    """A filter as its form sends it, made short: `created_from` and `_to` become `created`, what is empty goes."""
    found = {name: value.strip() for name, value in args.items()}
    for name in two_ended:
        if f"{name}_from" in found or f"{name}_to" in found:
            low, high = found.pop(f"{name}_from", ""), found.pop(f"{name}_to", "")
            found[name] = f"{low}..{high}" if low or high else ""
    return {name: value for name, value in found.items() if value}


def two_ends(text: str) -> tuple[str, str]:
    """The values of a field with two ends."""
    low, _, high = text.partition("..")
    return low, high


def address(view: str, query: Mapping[str, Any]) -> str:
    """A view's address with this query."""
    return url_for(view, **dict(query))


def days_words(text: str) -> str:
    """«с 1.11.2026 по 30.11.2026»."""
    first, last = read_days(text) or (None, None)
    if first is not None and first == last:
        return f"{first:%d.%m.%Y}"
    said = [gettext("с %(day)s", day=f"{first:%d.%m.%Y}")] if first else []
    said += [gettext("по %(day)s", day=f"{last:%d.%m.%Y}")] if last else []
    return " ".join(said)


def export(name: str, cells: Sequence[tuple[Any, Callable[..., exports.Cell]]], rows: Iterator[Any]) -> Response:
    """The file, streamed: what `rows` gives is read after the view's own transaction."""
    to: exports.Format = "xlsx" if request.args.get("to") == "xlsx" else "csv"
    zone = ZoneInfo(g.get("timezone") or "UTC")

    def local(moment: datetime | None) -> datetime | None:
        return moment.astimezone(zone) if moment is not None else None

    lines = ([get(row, local) for _, get in cells] for row in rows)
    body = exports.write(to, [str(title) for title, _ in cells], lines)
    response = Response(stream_with_context(body), mimetype=TYPES[to])
    day = f"{datetime.now(zone):%Y-%m-%d}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}-{day}.{to}"'
    response.headers["X-Accel-Buffering"] = "no"
    return response


def listed_ids(text: str) -> list[int]:
    """The chosen rows: `1,2,3`. Raises Invalid for too many."""
    parts = text.split(",", BULK_ROWS_MAX)
    if len(parts) > BULK_ROWS_MAX:
        raise Invalid(f"За один раз не больше {BULK_ROWS_MAX} строк", ids="выберите меньше строк")
    found = (tenancy.read_id(part) for part in parts)
    return [number for number in found if number is not None]
