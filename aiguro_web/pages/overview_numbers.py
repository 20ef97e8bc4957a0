"""The overview's numbers as its templates show them: with their change, and the address of the list behind each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_skeleton
from flask import url_for
from flask_babel import get_locale, gettext

from ..services.overview_flow import Counts, Flow, Point
from ..services.overview_stages import StageRow, Stages
from ..web import filters
from ..web.filters import WIDE, money, plural
from . import deal_filters
from .periods import Period

Good = Literal["up", "down", ""]  # which way is good; '' where neither is


@dataclass(frozen=True, slots=True)
class Change:
    """Against the previous period: `words` «+14 %», `way` up | down | same | none, `tone` good | bad | ''."""

    words: str
    way: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Number:
    """A count and the list of as many deals; `text` is what is shown where that is not the count itself."""

    name: str
    count: int
    url: str
    text: str = ""
    change: Change | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Tile(Number):
    """A number that stands for itself; `more` is another one beside it."""

    more: Number | None = None


@dataclass(frozen=True, slots=True)
class StageLine:
    """A row of the stages: those who stand there now, with their share in whole percents; those who came; how many of
    the new went on to the next one. `of_funnel` begins a funnel where there are several."""

    of_funnel: str
    name: str
    now: Number
    share: int
    width: int
    amount: Decimal
    entered: Number
    reached: Number
    conversion: str | None  # the share of those who reached the stage before


@dataclass(frozen=True, slots=True)
class Day:
    """A day or week of the chart."""

    words: str
    short: str
    new: Number
    won: Number
    lost: Number


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses of the lists of one period and funnel."""

    period: Period
    funnel_id: int | None

    def to(self, **names: str | int) -> str:
        """The table of deals with this filter (pages/deal_filters.py); of any status unless it is said."""
        return table(self.funnel_id, **{"status": deal_filters.ANY, **names})

    @property
    def days(self) -> str:
        return deal_filters.days(self.period.first, self.period.last)


def table(funnel_id: int | None, **names: str | int) -> str:
    """The table of deals of that funnel, or of all."""
    query: dict[str, Any] = {"funnel": funnel_id or 0, **names}
    return url_for("deal_table.index", **query)


def tiles(flow: Flow, stages: Stages, links: Links) -> list[Tile]:
    """The numbers at the top, in their order."""
    return [*_began(flow.now, flow.before, links), *_ended(flow.now, flow.before, stages, links)]


def _began(now: Counts, before: Counts, links: Links) -> list[Tile]:
    began = {"created": links.days}
    share = gettext("%(share)s от новых", share=percent(now.assistant, now.new)) if now.new else ""
    by_people = gettext("%(share)s от новых", share=percent(now.people, now.new)) if now.new else ""
    nobody = Number(gettext("Без ответа"), now.nobody, links.to(**began, answered="nobody"))
    return [
        Tile(gettext("Новые диалоги"), now.new, links.to(**began), change=change(now.new, before.new, "up")),
        Tile(gettext("Ответил ассистент"), now.assistant, links.to(**began, answered="assistant"),
             change=change(now.assistant, before.assistant), note=share),
        Tile(gettext("Ответили люди"), now.people, links.to(**began, answered="people"),
             change=change(now.people, before.people), note=by_people),
        Tile(gettext("Первый ответ, медиана"), now.new, links.to(**began), text=lasting(now.first_answer),
             change=change(now.first_answer, before.first_answer, "down"), more=nobody),
    ]  # fmt: skip


def _ended(now: Counts, before: Counts, stages: Stages, links: Links) -> list[Tile]:
    closed = {"closed": links.days}
    handed = gettext("%(share)s от новых", share=percent(now.handed_over, now.new)) if now.new else ""
    open_now = Number(gettext("Сделки в работе"), stages.dialogs, links.to(status="active"))
    return [
        Tile(gettext("Передано людям"), now.handed_over, links.to(created=links.days, handed_over="yes"), note=handed,
             change=points(now.handed_over, now.new, before.handed_over, before.new)),
        Tile(gettext("Выиграно"), now.won, links.to(**closed, outcome="won"), note=money(now.won_amount),
             change=change(now.won, before.won, "up")),
        Tile(gettext("Проиграно"), now.lost, links.to(**closed, outcome="lost"), note=money(now.lost_amount),
             change=change(now.lost, before.lost, "down")),
        Tile(gettext("Прогноз"), stages.dialogs, links.to(status="active"), text=money(round(stages.expected)),
             more=open_now),
    ]  # fmt: skip


def stage_lines(stages: Stages, flow: Flow, links: Links) -> list[StageLine]:
    """The stages funnel by funnel. Shares are of everything that is shown, and sum to 100."""
    rows = stages.rows
    several = len({row["funnel_id"] for row in rows}) > 1
    shares = whole_percents([row["dialogs"] for row in rows])
    most = max((row["dialogs"] for row in rows), default=0)
    found = []
    for number, (row, share) in enumerate(zip(rows, shares, strict=True)):
        begins = number == 0 or rows[number - 1]["funnel_id"] != row["funnel_id"]
        before = None if begins else rows[number - 1]
        found.append(_stage_line(row, before, row["funnel_name"] if begins and several else "", share, most, links))
    return found


def _stage_line(
    row: StageRow, before: StageRow | None, of_funnel: str, share: int, most: int, links: Links
) -> StageLine:
    stage, since = row["id"], deal_filters.days(links.period.first, None)
    came, went = f"{stage}:{links.days}", f"{stage}:{since}"
    entered = Number(gettext("Вошло"), row["entered"], links.to(entered=came),
                     change=change(row["entered"], row["entered_before"]))  # fmt: skip
    reached = Number(gettext("Дошли"), row["reached"], links.to(created=links.days, entered=went))
    return StageLine(
        of_funnel=of_funnel,
        name=row["name"],
        now=Number(row["name"], row["dialogs"], links.to(status="active", stage=stage)),
        share=share,
        width=round(100 * row["dialogs"] / most) if most else 0,
        amount=row["amount"],
        entered=entered,
        reached=reached,
        conversion=percent(row["reached"], before["reached"]) if before is not None and before["reached"] else None,
    )


def sold(flow: Flow, links: Links) -> Number:
    """How many of the new are won by now, and their share."""
    url = links.to(created=links.days, outcome="won")
    return Number(gettext("Выиграно"), flow.now.sold, url, note=percent(flow.now.sold, flow.now.new))


def channels(flow: Flow, links: Links) -> list[tuple[Number, int]]:
    """The new dialogs by channel, most first, with the width of each bar in percent."""
    by_size = sorted(flow.channels.items(), key=lambda one: (-one[1], one[0]))
    most = by_size[0][1] if by_size else 0
    return [
        (Number(channel, count, links.to(created=links.days, channel=channel or deal_filters.NO_CHANNEL)),
         round(100 * count / most) if most else 0)
        for channel, count in by_size
    ]  # fmt: skip


def trend(flow: Flow, links: Links) -> list[Day]:
    """Every day or week of the chart, also where nothing happened."""
    period, zone = links.period, ZoneInfo(links.period.zone)
    known = {point.start.astimezone(zone).date(): point for point in flow.points}
    step = timedelta(days=7 if period.step == "week" else 1)
    day = period.drawn_from - timedelta(days=period.drawn_from.weekday() if period.step == "week" else 0)
    found = []
    while day <= period.last:
        found.append(_day(known.get(day), day, day + step - timedelta(days=1), links))
        day += step
    return found


def _day(point: Point | None, first: date, last: date, links: Links) -> Day:
    first, last = max(first, links.period.drawn_from), min(last, links.period.last)
    days = deal_filters.days(first, last)
    new, won, lost = (point.new, point.won, point.lost) if point is not None else (0, 0, 0)
    return Day(
        spelled(first, last, links.period.today),
        str(format_skeleton("MMMd", first, locale=_language())),
        Number("new", new, links.to(created=days)),
        Number("won", won, links.to(closed=days, outcome="won")),
        Number("lost", lost, links.to(closed=days, outcome="lost")),
    )


def change(now: float | None, before: float | None, good: Good = "") -> Change:
    """By how many percent it grew."""
    if not before or now is None:
        return Change(gettext("нет данных"), "none")
    grown = round(100 * (now - before) / before)
    return _told(grown, f"{WIDE}%", good)


def points(now: int, of_now: int, before: int, of_before: int, good: Good = "") -> Change:
    """By how many percentage points a share grew."""
    if not of_now or not of_before:
        return Change(gettext("нет данных"), "none")
    return _told(round(100 * now / of_now - 100 * before / of_before), WIDE + gettext("п. п."), good)


def _told(grown: int, unit: str, good: Good) -> Change:
    if grown == 0:
        return Change(gettext("без изменений"), "same")
    way = "up" if grown > 0 else "down"
    tone = ("good" if way == good else "bad") if good else ""
    return Change(f"{'+' if grown > 0 else '−'}{abs(grown)}{unit}", way, tone)


def percent(part: int, whole: int) -> str:
    """«34 %»; nothing of nothing is 0 %."""
    return f"{_part(part, whole) or 0}{WIDE}%"


def _part(part: int, whole: int) -> int | None:
    return round(100 * part / whole) if whole else None


def whole_percents(counts: Sequence[int]) -> list[int]:
    """Shares in whole percents that sum to 100: what is left by rounding down goes to the largest remainders."""
    total = sum(counts)
    if total <= 0:
        return [0] * len(counts)
    found = [100 * count // total for count in counts]
    by_remainder = sorted(range(len(counts)), key=lambda one: (-(100 * counts[one] % total), one))
    for number in by_remainder[: 100 - sum(found)]:
        found[number] += 1
    return found


def lasting(seconds: float | None) -> str:
    """«40 сек», «5 мин», «2 ч 10 мин», «3 дня»; «—» where there is none."""
    if seconds is None:
        return "—"
    if seconds < 60:
        return _unbroken(gettext("%(number)s сек", number=round(seconds)))
    minutes = round(seconds / 60)
    if minutes < 60:
        return _unbroken(gettext("%(number)s мин", number=minutes))
    if minutes < 60 * 24:
        hours = gettext("%(number)s ч", number=minutes // 60)
        rest = gettext("%(number)s мин", number=minutes % 60) if minutes % 60 else ""
        return _unbroken(f"{hours} {rest}".strip())
    return plural(round(minutes / 60 / 24), "день", "дня", "дней")


def spelled(first: date, last: date, today: date) -> str:
    """«25 ноября», «19–25 ноября», «28 октября – 3 ноября»; with the year where it is not this one."""
    this_year = first.year == last.year == today.year
    language = _language()
    form = filters.DATES[language][filters.NEAR if this_year else filters.ANY]
    ends = [format_date(one, form, locale=language) for one in (first, last)]
    if first == last:
        return ends[0]
    if language == filters.RUSSIAN and (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{ends[1]}"
    return " – ".join(ends)


def _language() -> str:
    locale = get_locale()
    return locale.language if locale is not None and locale.language in filters.DATES else filters.RUSSIAN


def _unbroken(words: str) -> str:
    return str(words).replace(" ", WIDE)
