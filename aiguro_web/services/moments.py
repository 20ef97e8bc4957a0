"""Moments: what an answer had seen when it was built, and whether anything newer has been committed since.

A moment is PostgreSQL's snapshot (`xmin:xmax:xip,xip`); each row whose change matters carries the transaction that
wrote it last (`changed`). See docs/decisions/0010.
"""

from __future__ import annotations

from functools import lru_cache

from ..extensions import read_hot, reads_alone
from .access import Actor

COLUMN = "pg_current_snapshot()::text AS seen"  # of the statement that builds an answer

_NEWER = (
    "EXISTS (SELECT FROM {table} WHERE {where} changed >= CAST(%(floor)s AS xid8) "
    "AND NOT pg_visible_in_snapshot(changed, CAST(%(seen)s AS pg_snapshot)))"
)
ABOVE = ("app_user",)  # tables above organisations


def named(snapshot: bytes | None) -> str:
    """The moment of COLUMN's value."""
    return (snapshot or b"").decode()


def nothing_newer(who: Actor, moment: str, *tables: str) -> bool:
    """Whether no row of this organisation in `tables` was changed after `moment`, in whichever order transactions
    committed."""
    who.must("read")
    if not reads_alone():  # a transaction that has written itself sees more than what is committed
        return False
    values = {"org": who.home, "floor": moment.partition(":")[0], "seen": moment}
    row = read_hot(who.home, _statement(tables), values)
    return row is not None and row["same"] == b"t"


@lru_cache(maxsize=64)
def _statement(tables: tuple[str, ...]) -> str:
    newer = [_NEWER.format(table=table, where="" if table in ABOVE else "org_id = %(org)s AND") for table in tables]
    return f"SELECT NOT ({' OR '.join(newer)}) AS same"
