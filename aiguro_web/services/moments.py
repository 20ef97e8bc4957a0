"""Moments: what an answer had seen when it was built, and whether anything newer has been committed since.

A moment is PostgreSQL's snapshot (`xmin:xmax:xip,xip`) in letters that an ETag may have; each row whose change matters
carries the transaction that wrote it last (`changed`). See docs/decisions/0010.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ..extensions import read_hot, reads_alone
from .access import Actor

COLUMN = "pg_current_snapshot()::text AS seen"  # of the statement that builds an answer

_MOMENT = re.compile(r"([0-9]{1,18})-([0-9]{1,18})-((?:[0-9]{1,18}(?:x[0-9]{1,18}){0,200})?)")
_NEWER = (
    "EXISTS (SELECT FROM {table} WHERE {where} changed >= CAST(%(floor)s AS xid8) "
    "AND NOT pg_visible_in_snapshot(changed, CAST(%(seen)s AS pg_snapshot)))"
)
ABOVE = ("app_user",)  # tables above organisations


def named(snapshot: bytes | None) -> str:
    """The moment of COLUMN's value."""
    return (snapshot or b"").decode().replace(":", "-").replace(",", "x")


def nothing_newer(who: Actor, moment: str, *tables: str) -> bool:
    """Whether no row of this organisation in `tables` was changed after `moment`, in whichever order transactions
    committed. A caller may send anything as a moment: what cannot be one is never confirmed."""
    who.must("read")
    snapshot = _snapshot(moment)
    if snapshot is None or not reads_alone():
        return False
    values = {"org": who.home, "floor": snapshot.partition(":")[0], "seen": snapshot}
    row = read_hot(who.home, _statement(tables), values)
    return row is not None and row["same"] == b"t"


@lru_cache(maxsize=64)
def _statement(tables: tuple[str, ...]) -> str:
    newer = [_NEWER.format(table=table, where="" if table in ABOVE else "org_id = %(org)s AND") for table in tables]
    return f"SELECT NOT ({' OR '.join(newer)}) AS same"


def _snapshot(moment: str) -> str | None:
    found = _MOMENT.fullmatch(moment)
    if found is None:
        return None
    least, behind = int(found[1]), int(found[2])
    between = [int(each) for each in found[3].split("x")] if found[3] else []
    if not 0 < least <= behind or between != sorted(set(between)):
        return None
    if between and not least <= between[0] <= between[-1] < behind:
        return None
    return f"{least}:{behind}:{','.join(map(str, between))}"
