"""One statement as a transaction of its own, in one round trip: BEGIN, the wall, the statement, COMMIT.

libpq's pipeline through psycopg's own door to it (`psycopg.pq`): the three waits and cursors of the usual way cost a
list of 50 dialogs a tenth of its time on top (docs/decisions/0010). The thread waits in poll(), which lets others run.
"""

from __future__ import annotations

import re
import select
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from itertools import count
from typing import Any
from weakref import WeakKeyDictionary

from psycopg import pq
from psycopg.errors import InvalidSqlStatementName, error_from_result

Row = dict[str, bytes | None]
Step = tuple[str, Mapping[str, Any]]

BEGIN, COMMIT = "BEGIN", "COMMIT"
ENTER = "SELECT set_config('app.org_id', %(org)s::text, true)"
_NAMED = re.compile(r"%(?:\((\w+)\)s|(%))")
_numbers = count(1)  # a name is never used twice on a connection, whatever failed there
_FINE = (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK)

# What each connection has prepared: the name of a statement there.
_prepared: WeakKeyDictionary[Any, OrderedDict[str, bytes]] = WeakKeyDictionary()
PREPARED_MAX = 40  # on a connection; filters make many statements, of which few come often
ANSWER, GONE = "answer", "deallocated"


def ask(connection: Any, statement: str, values: Mapping[str, Any], *, org_id: int | None = None) -> Row | None:
    """The first row of `statement` (`%(name)s`), each value in PostgreSQL's own text form, or None.

    With `org_id`: in a transaction of its own, behind that organisation's wall; else within the connection's. Raises
    psycopg.Error; a connection that was lost is closed.
    """
    if org_id is None:
        return _row(_run(connection, [(statement, values)], None)[0])
    steps: list[Step] = [(BEGIN, {}), (ENTER, {"org": org_id}), (statement, values), (COMMIT, {})]
    known = _prepared.setdefault(connection, OrderedDict())
    try:
        results = _run(connection, steps, known)
    except InvalidSqlStatementName:  # psycopg deallocates everything that is prepared, ours too
        known.clear()
        results = _run(connection, steps, known)
    return _row(results[-2])


def _run(connection: Any, steps: list[Step], known: OrderedDict[str, bytes] | None) -> list[pq.abc.PGresult]:
    """The result of each step, in one round trip; `known` are the statements that are prepared (None: prepare none)."""
    libpq: pq.abc.PGconn = connection.pgconn
    libpq.enter_pipeline_mode()
    try:
        kinds = [kind for text, given in steps for kind in _send(libpq, known, text, given)]
        libpq.pipeline_sync()
        results = _receive(libpq)
        libpq.exit_pipeline_mode()
    except BaseException:
        connection.close()  # half of it may be on its way: nobody can use this connection any more
        raise
    failed = next((result for result in results if result.status not in _FINE), None)
    if failed is not None:
        if known is not None:
            _forget_unprepared(known, kinds, results)
            connection.rollback()
        raise error_from_result(failed)
    return [result for kind, result in zip(kinds, results, strict=True) if kind is ANSWER]


def _forget_unprepared(known: OrderedDict[str, bytes], kinds: list[str], results: list[pq.abc.PGresult]) -> None:
    """Preparing is no part of the transaction: what came before the failure stays prepared, what came after is not."""
    for kind, result in zip(kinds, results, strict=False):
        if kind is not ANSWER and result.status not in _FINE:
            known.pop(kind, None)


def _row(result: pq.abc.PGresult) -> Row | None:
    if result.ntuples == 0:
        return None
    return {(result.fname(n) or b"").decode(): result.get_value(0, n) for n in range(result.nfields)}


def _send(
    libpq: pq.abc.PGconn, known: OrderedDict[str, bytes] | None, text: str, given: Mapping[str, Any]
) -> list[str]:
    """What its results will be, in their order: ANSWER, or the text of a statement that is prepared first."""
    numbered, names = _numbered(text)
    values = [_as_text(given[each]) for each in names]
    if known is None:
        libpq.send_query_params(numbered, values)
        return [ANSWER]
    name = known.get(text)
    if name is not None:
        known.move_to_end(text)
        libpq.send_query_prepared(name, values)
        return [ANSWER]
    kinds = [text, ANSWER]
    if len(known) >= PREPARED_MAX:
        _, oldest = known.popitem(last=False)
        libpq.send_query_params(b"DEALLOCATE " + oldest, [])
        kinds.insert(0, GONE)
    name = known[text] = b"hot_%d" % next(_numbers)
    libpq.send_prepare(name, numbered)
    libpq.send_query_prepared(name, values)
    return kinds


def _receive(libpq: pq.abc.PGconn) -> list[pq.abc.PGresult]:
    """The results of everything that was sent, up to the end of the pipeline."""
    waiting = select.poll()
    waiting.register(libpq.socket, select.POLLIN)
    while libpq.flush():
        waiting.modify(libpq.socket, select.POLLIN | select.POLLOUT)
        waiting.poll()
        libpq.consume_input()
    waiting.modify(libpq.socket, select.POLLIN)
    results: list[pq.abc.PGresult] = []
    while True:
        while libpq.is_busy():
            waiting.poll()
            libpq.consume_input()
        result = libpq.get_result()
        if result is None:
            continue
        if result.status == pq.ExecStatus.PIPELINE_SYNC:
            return results
        results.append(result)


@lru_cache(maxsize=1024)
def _numbered(text: str) -> tuple[bytes, tuple[str, ...]]:
    """PostgreSQL's `$1` for each `%(name)s`, and whose values they are."""
    names: list[str] = []

    def number(found: re.Match[str]) -> str:
        name = found[1]
        if name is None:
            return "%"
        if name not in names:
            names.append(name)
        return f"${names.index(name) + 1}"

    return _NAMED.sub(number, text).encode(), tuple(names)


def _as_text(value: Any) -> bytes | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return b"t" if value else b"f"
    if isinstance(value, datetime):
        return value.isoformat().encode()
    return str(value).encode()
