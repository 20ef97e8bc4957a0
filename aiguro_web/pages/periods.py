"""The period of a page's address, in whole days of the organisation's zone, and the one that it is compared with.

`period` is today | week | month | quarter (1, 7, 30, 90 days up to today) or own, with `from` and `to`, both included.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from ..services.deal_filters import Span
from ..services.overview import Step
from . import deal_filters

DAYS = {"today": 1, "week": 7, "month": 30, "quarter": 90}
OWN, USUAL = "own", "week"
DAYS_MAX = 366
BY_WEEKS = 100  # a longer chart goes by weeks
FEWEST = 7  # days of a chart


@dataclass(frozen=True, slots=True)
class Period:
    """`first` and `last` are its days; `previous` is as long and ends where it begins. A period that is not over yet is
    compared with as much of the previous one as has passed of it: up to `cut`. `clipped`: more was asked for."""

    name: str
    zone: str
    first: date
    last: date
    current: Span
    previous: Span
    today: date
    cut: datetime | None
    clipped: bool

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def before(self) -> tuple[date, date]:
        """The previous period's days."""
        return self.first - timedelta(days=self.days), self.first - timedelta(days=1)

    @property
    def step(self) -> Step:
        return "week" if self.days > BY_WEEKS else "day"

    @property
    def drawn_from(self) -> date:
        """The first day of the chart: a single day is drawn with the week before it."""
        return min(self.first, self.last - timedelta(days=FEWEST - 1)) if self.step == "day" else self.first

    @property
    def query(self) -> dict[str, str]:
        """Its part of an address."""
        if self.name != OWN:
            return {"period": self.name}
        return {"period": OWN, "from": self.first.isoformat(), "to": self.last.isoformat()}


def read(args: Mapping[str, str], zone: str, now: datetime) -> Period:
    """The period of a query; a week where there is none that can be read."""
    today = now.astimezone(ZoneInfo(zone)).date()
    name = args.get("period", USUAL)
    asked = _own(args, today) if name == OWN else None
    if asked is None:
        name = name if name in DAYS else USUAL
        asked = (today - timedelta(days=DAYS[name] - 1), today)
    first, last = max(asked[0], asked[1] - timedelta(days=DAYS_MAX - 1)), asked[1]
    length = timedelta(days=(last - first).days + 1)
    current, previous = _span(first, last, zone), _span(first - length, first - timedelta(days=1), zone)
    cut = None
    if last == today:
        cut = _earlier(now, length, zone)
        previous = Span(previous.start, cut)
    return Period(name, zone, first, last, current, previous, today, cut, first > asked[0])


def _own(args: Mapping[str, str], today: date) -> tuple[date, date] | None:
    try:
        first, last = sorted(date.fromisoformat(args.get(name, "")) for name in ("from", "to"))
    except ValueError:
        return None
    if not (first.year >= 2000 and first <= today):
        return None
    return first, min(last, today)  # nothing has happened yet in the days to come


def _span(first: date, last: date, zone: str) -> Span:
    found = deal_filters.span(deal_filters.days(first, last), zone)
    assert found is not None
    return found


def _earlier(now: datetime, length: timedelta, zone: str) -> datetime:
    """The same hour by the wall clock, so many days before."""
    local = now.astimezone(ZoneInfo(zone)).replace(tzinfo=None) - length
    return local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
