"""Messages as the chat lays them out: where a day breaks, where another voice begins, where older ones continue."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from flask_babel import gettext, to_user_timezone

from ..services import messages
from ..services.access import Actor
from ..services.transcript import MessageRow

PAGE = 50
OLDER = 100
NEWEST = 30  # a refresh brings these; who missed more gets the list anew
PAUSE = timedelta(minutes=10)  # after it the same voice is named again


@dataclass(frozen=True)
class Run:
    """Messages in reading order; `older` is the message before which more can be fetched."""

    uuid: UUID
    messages: list[dict[str, Any]]
    older: int | None


def read(who: Actor, uuid: UUID, limit: int = PAGE, before_id: int | None = None) -> Run:
    """The newest `limit` messages, or those before `before_id`. One more is read, to know what stands above."""
    rows = messages.list_messages(who, uuid, limit=limit + 1, before_id=before_id)
    above = rows.pop() if len(rows) > limit else None
    laid = _lay_out(reversed(rows), above)
    return Run(uuid, laid, laid[0]["id"] if above else None)


def lay_out_one(who: Actor, uuid: UUID, message: MessageRow) -> Run:
    """One message, laid out as among its neighbours."""
    above = messages.list_messages(who, uuid, limit=1, before_id=message["id"])
    return Run(uuid, _lay_out([message], above[0] if above else None), None)


def _lay_out(rows: Iterable[MessageRow], above: MessageRow | None) -> list[dict[str, Any]]:
    laid = []
    for row in rows:
        day = above is None or _day(row) != _day(above)
        laid.append({**row, "day": day, "first": day or above is None or _new_voice(row, above)})
        above = row
    return laid


def _day(row: MessageRow) -> Any:
    return to_user_timezone(row["created_at"]).date()


def _new_voice(row: MessageRow, above: MessageRow) -> bool:
    same = (row["role"], row["author_name"]) == (above["role"], above["author_name"])
    return not same or row["created_at"] - above["created_at"] > PAUSE


def waiting(since: datetime) -> str:
    """How long a client waits, shortly: «< 1 мин», «5 мин», «3 ч», «2 дн.»."""
    minutes = int((datetime.now(UTC) - since).total_seconds() // 60)
    if minutes < 1:
        return str(gettext("< 1 мин"))
    if minutes < 60:
        return str(gettext("%(number)s мин", number=minutes))
    if minutes < 60 * 24:
        return str(gettext("%(number)s ч", number=minutes // 60))
    return str(gettext("%(number)s дн.", number=minutes // (60 * 24)))
