"""One statement, one round trip: the wall holds, errors leave the connection as it was, nothing that was prepared is lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.pq import TransactionStatus

from aiguro_web import pipelines
from tests import databases
from tests.people import HOME, OTHER

NAMES = "SELECT string_agg(name, ',' ORDER BY id) AS names, count(*) AS n FROM funnel WHERE id > %(least)s"


@pytest.fixture
def connection(worker_id: str) -> Iterator[psycopg.Connection[Any]]:
    with databases.clone(f"pipeline_{worker_id}") as urls:
        with psycopg.connect(databases.plain(urls.app)) as found:
            yield found


def idle(connection: psycopg.Connection[Any]) -> bool:
    return connection.info.transaction_status is TransactionStatus.IDLE


def test_a_statement_sees_its_organisation_and_leaves_nothing_behind(connection: psycopg.Connection[Any]) -> None:
    for org in (HOME, OTHER, HOME):
        row = pipelines.ask(connection, NAMES, {"least": 0}, org_id=org)
        assert row == {"names": "Продажи".encode(), "n": b"1"}
        assert idle(connection)
    bare = connection.execute("SELECT current_setting('app.org_id', true), count(*) FROM funnel").fetchone()
    assert bare == ("", 0)


def test_values_go_in_as_they_are(connection: psycopg.Connection[Any]) -> None:
    query = (
        "SELECT %(text)s::text AS text, %(none)s::text AS none, %(yes)s::boolean AS yes, %(uuid)s::uuid AS uuid, "
        "%(at)s::timestamptz AT TIME ZONE 'UTC' AS at, %(text)s::text LIKE '100%%' AS like"
    )
    values = {
        "text": "100% 'ё' \\ %s",
        "none": None,
        "yes": True,
        "uuid": UUID(int=7),
        "at": datetime(2026, 1, 2, tzinfo=UTC),
    }
    assert pipelines.ask(connection, query, values, org_id=HOME) == {
        "text": "100% 'ё' \\ %s".encode(), "none": None, "yes": b"t", "uuid": str(UUID(int=7)).encode(),
        "at": b"2026-01-02 00:00:00", "like": b"t",
    }  # fmt: skip


def test_no_row_is_none(connection: psycopg.Connection[Any]) -> None:
    assert pipelines.ask(connection, "SELECT 1 WHERE false", {}, org_id=HOME) is None


BROKEN = [
    "SELECT 1 / (%(least)s - 1)",
    "SELECT no_such_column",
    "SELEKT",
    "SELECT %(least)s::bigint FROM no_such_table",
]


@pytest.mark.parametrize("statement", BROKEN)
def test_an_error_is_psycopgs_and_the_connection_goes_on(connection: psycopg.Connection[Any], statement: str) -> None:
    for _ in range(2):
        with pytest.raises(psycopg.ProgrammingError if "/" not in statement else psycopg.DataError):
            pipelines.ask(connection, statement, {"least": 1}, org_id=HOME)
        assert idle(connection)
        assert pipelines.ask(connection, NAMES, {"least": 0}, org_id=HOME) is not None


def prepared(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute(
        "SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'hot_%'", prepare=False
    ).fetchone()
    connection.rollback()
    assert row is not None
    return int(row[0])


def test_what_fails_each_time_is_prepared_once(connection: psycopg.Connection[Any]) -> None:
    for _ in range(30):
        with pytest.raises(psycopg.DataError):
            pipelines.ask(connection, BROKEN[0], {"least": 1}, org_id=HOME)
    assert prepared(connection) <= 4


def test_no_more_is_prepared_than_there_is_room_for(connection: psycopg.Connection[Any]) -> None:
    for number in range(3 * pipelines.PREPARED_MAX):
        row = pipelines.ask(connection, f"SELECT {number} AS n, %(least)s::text AS least", {"least": 1}, org_id=HOME)
        assert row == {"n": str(number).encode(), "least": b"1"}
    assert prepared(connection) <= pipelines.PREPARED_MAX
    assert pipelines.ask(connection, "SELECT 0 AS n, %(least)s::text AS least", {"least": 1}, org_id=HOME) is not None


def test_what_psycopg_deallocates_is_prepared_again(connection: psycopg.Connection[Any]) -> None:
    """It does so after a rolled back savepoint, for its own sake."""
    pipelines.ask(connection, NAMES, {"least": 0}, org_id=HOME)
    connection.execute("DEALLOCATE ALL")
    connection.commit()
    assert pipelines.ask(connection, NAMES, {"least": 0}, org_id=HOME) is not None
    with pytest.raises(ZeroDivisionError), connection.transaction():
        connection.execute("SELECT 1", prepare=True)
        raise ZeroDivisionError
    assert pipelines.ask(connection, NAMES, {"least": 0}, org_id=HOME) is not None


def test_within_a_transaction_it_is_part_of_it(connection: psycopg.Connection[Any]) -> None:
    connection.execute("SELECT set_config('app.org_id', %s, true)", [str(HOME)])
    connection.execute("INSERT INTO funnel (org_id, name, display_name) VALUES (%s, 'вторая', 'вторая')", [HOME])
    row = pipelines.ask(connection, NAMES, {"least": 0})
    assert row is not None
    assert row["n"] == b"2"
    connection.rollback()
    row = pipelines.ask(connection, NAMES, {"least": 0}, org_id=HOME)
    assert row is not None
    assert row["n"] == b"1"


def test_a_lost_connection_is_an_operational_error(connection: psycopg.Connection[Any]) -> None:
    with psycopg.connect(connection.info.dsn.replace("aiguro_app", "postgres"), autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(%s)", [connection.info.backend_pid])
    with pytest.raises(psycopg.OperationalError):
        pipelines.ask(connection, NAMES, {"least": 0}, org_id=HOME)
    assert connection.closed


def test_a_question_that_cannot_be_sent_takes_its_connection_along(connection: psycopg.Connection[Any]) -> None:
    many = {f"p{number}": number for number in range(70_000)}
    statement = "SELECT " + ", ".join(f"%({name})s::int" for name in many)
    with pytest.raises(psycopg.OperationalError):
        pipelines.ask(connection, statement, many, org_id=HOME)
    assert connection.closed


def test_a_long_statement_can_be_cancelled(connection: psycopg.Connection[Any]) -> None:
    import threading

    timer = threading.Timer(0.3, lambda: connection.cancel_safe(timeout=2))
    timer.start()
    with pytest.raises(psycopg.errors.QueryCanceled):
        pipelines.ask(connection, "SELECT pg_sleep(%(n)s)", {"n": 20}, org_id=HOME)
    assert idle(connection)


def test_a_big_answer_and_a_big_question_pass(connection: psycopg.Connection[Any]) -> None:
    text = "ё" * 3_000_000
    row = pipelines.ask(connection, "SELECT %(text)s::text AS text", {"text": text}, org_id=HOME)
    assert row is not None
    assert row["text"] == text.encode()
