"""The filter of deals in an address: read from its query, and written back into links.

`funnel`, `stage`, `client`, `manager` (0: nobody) are ids; `status` active | closed | any (active without it);
`outcome` won | lost; `channel` (none: without a messenger); `tag`; `ai` on | off; `waiting`, `unsubscribed`,
`handed_over` yes | no; `answered` assistant | people | nobody; `created`, `closed`, `active` two days of the
organisation's zone, both included (`2026-11-01..2026-11-30`, either may be missing); `entered` a stage and such days
(`7:2026-11-01..`); `price` from..to; `search` words. What cannot be read filters nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, cast
from zoneinfo import ZoneInfo

from ..models.dialog import DialogStatus, Outcome
from ..services.deal_filters import Answered, DealFilter, Span
from ..web import tenancy

NAMES = (
    "funnel", "stage", "client", "manager", "status", "outcome", "channel", "tag", "ai", "waiting", "unsubscribed",
    "handed_over", "answered", "created", "closed", "active", "entered", "price", "search",
)  # fmt: skip
ANY = "any"
NO_CHANNEL = "none"
SWITCHES = {"on": True, "off": False, "yes": True, "no": False}
WORDS_MAX = 100


def read(args: Mapping[str, str], zone: str, funnel_id: int | None) -> DealFilter:
    """The filter of a query; `funnel_id` is that of the funnel switch, where the query has none; `zone` names the
    organisation's time zone."""
    args = {name: args[name] for name in NAMES if name in args}  # a request's own answers an absent name slowly
    status = args.get("status", DialogStatus.active.value)
    return DealFilter(
        funnel_id=_id(args, "funnel") if "funnel" in args else funnel_id,
        stage_id=_id(args, "stage"),
        client_id=_id(args, "client"),
        status=_one_of(DialogStatus, status) if status != ANY else None,
        outcome=_one_of(Outcome, args.get("outcome", "")),
        manager=0 if args.get("manager") == "0" else _id(args, "manager"),
        channel="" if args.get("channel") == NO_CHANNEL else args.get("channel", "")[:16] or None,
        tag=args.get("tag", "")[:WORDS_MAX] or None,
        ai=SWITCHES.get(args.get("ai", "")),
        waiting=SWITCHES.get(args.get("waiting", "")),
        unsubscribed=SWITCHES.get(args.get("unsubscribed", "")),
        handed_over=SWITCHES.get(args.get("handed_over", "")),
        answered=cast(Answered | None, _word(args, "answered", ("assistant", "people", "nobody"))),
        created=span(args.get("created", ""), zone),
        closed=span(args.get("closed", ""), zone),
        active=span(args.get("active", ""), zone),
        entered=_entered(args.get("entered", ""), zone),
        price=_prices(args.get("price", "")),
        words=args.get("search", "").strip()[:WORDS_MAX] or None,
    )


def is_readable(args: Mapping[str, str]) -> bool:
    """Whether `read` makes a filter of every part, so that none of it is left out: what acts on all that match must
    know that."""
    return all(name in _READABLE and _READABLE[name](text) for name, text in args.items())


def are_days(text: str) -> bool:
    """Whether `span` reads all of it."""
    found = read_days(text)
    return found is not None and all(day is None or 1970 <= day.year <= 2999 for day in found)


def query(args: Mapping[str, str], **changes: str | int | None) -> dict[str, str]:
    """The filter's part of a query with `changes` (None takes a name out), for `url_for(…, **query(…))`."""
    kept: dict[str, Any] = {name: args[name] for name in NAMES if args.get(name)} | changes
    return {name: str(value) for name, value in kept.items() if value is not None}


def days(first: date | None, last: date | None) -> str:
    """How days stand in an address: `2026-11-01..2026-11-30`, both included."""
    return f"{first.isoformat() if first else ''}..{last.isoformat() if last else ''}"


def read_days(text: str) -> tuple[date | None, date | None] | None:
    """The days of `days`; None where there are none."""
    first, dots, last = text.partition("..")
    try:
        found = (date.fromisoformat(first) if first else None, date.fromisoformat(last) if last else None)
    except ValueError:
        return None
    return found if dots and any(found) else None


def span(text: str, zone: str) -> Span | None:
    """From the beginning of the first day to the end of the last one, in that zone."""
    found = read_days(text)
    if found is None:
        return None
    first, last = found
    return Span(_midnight(first, zone), _midnight(last + timedelta(days=1), zone) if last and last < date.max else None)


def _midnight(day: date | None, zone: str) -> datetime | None:
    if day is None or not 1970 <= day.year <= 2999:
        return None
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def _id(args: Mapping[str, str], name: str) -> int | None:
    return tenancy.read_id(args.get(name, ""))


def _word(args: Mapping[str, str], name: str, words: tuple[str, ...]) -> str | None:
    return args.get(name) if args.get(name) in words else None


def _one_of(kind: Any, text: str) -> Any:
    return kind(text) if text in list(kind) else None


def _entered(text: str, zone: str) -> tuple[int, Span] | None:
    stage, _, when = text.partition(":")
    stage_id = tenancy.read_id(stage)
    return (stage_id, span(when, zone) or Span()) if stage_id is not None else None


def _prices(text: str) -> tuple[Decimal | None, Decimal | None] | None:
    low, dots, high = text.partition("..")
    found = (_amount(low), _amount(high))
    return found if dots and found != (None, None) else None


def _amount(text: str) -> Decimal | None:
    try:
        amount = Decimal(text.replace(",", "."))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and abs(amount) < Decimal(10) ** 15 else None


def _is_entered(text: str) -> bool:
    stage, _, when = text.partition(":")
    return tenancy.read_id(stage) is not None and (not when or are_days(when))


def _are_prices(text: str) -> bool:
    low, dots, high = text.partition("..")
    return bool(dots and (low or high)) and all(not end or _amount(end) is not None for end in (low, high))


def _is_id(text: str) -> bool:
    return tenancy.read_id(text) is not None


def _is_id_or_0(text: str) -> bool:
    return text == "0" or _is_id(text)


def _is_switch(text: str) -> bool:
    return text in SWITCHES


_READABLE: dict[str, Callable[[str], bool]] = {
    "funnel": _is_id_or_0, "stage": _is_id, "client": _is_id, "manager": _is_id_or_0,
    "status": lambda text: text == ANY or text in list(DialogStatus), "outcome": lambda text: text in list(Outcome),
    "channel": lambda text: 0 < len(text) <= 16, "tag": lambda text: 0 < len(text) <= WORDS_MAX,
    "ai": _is_switch, "waiting": _is_switch, "unsubscribed": _is_switch, "handed_over": _is_switch,
    "answered": lambda text: text in ("assistant", "people", "nobody"),
    "created": are_days, "closed": are_days, "active": are_days, "entered": _is_entered, "price": _are_prices,
    "search": lambda text: 0 < len(text.strip()) <= WORDS_MAX,
}  # fmt: skip
