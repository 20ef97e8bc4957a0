"""The wall of the database: with the application's filter taken away, row-level security still holds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Table, create_engine, text
from sqlalchemy.exc import ProgrammingError

from aiguro_web.models import Base
from tests.people import HOME, OTHER

from . import rows
from .conftest import House
from .test_walls import LOOKUP_TABLES

TABLES = [*rows.tenant_tables(), Base.metadata.tables["organization"]]


def key(table: Table) -> str:
    """The column that names the organisation."""
    return "org_id" if "org_id" in table.c else "id"


@pytest.fixture(params=["app", "owner"])
def connection(house: House, request: pytest.FixtureRequest) -> Iterator[Connection]:
    """The application's role, or the owner of the tables, whom FORCE holds too: inside the first organisation."""
    engine = create_engine(getattr(house.urls, request.param))
    with engine.connect() as found:
        rows.enter(found, HOME)
        yield found
        found.rollback()
    engine.dispose()


def count(connection: Connection, table: Table, org: int) -> int:
    found = connection.scalar(text(f"SELECT count(*) FROM {table} WHERE {key(table)} = :org"), {"org": org})
    assert found is not None
    return found


@pytest.mark.parametrize("table", TABLES, ids=str)
def test_another_organisations_rows_are_not_seen(house: House, connection: Connection, table: Table) -> None:
    with house.admin.connect() as admin:
        assert count(admin, table, OTHER) > 0, "nothing to see: the test is empty"
    assert count(connection, table, HOME) > 0
    if connection.engine.url.username == "aiguro_owner" and table.name in LOOKUP_TABLES:
        return  # the owner is a member of aiguro_lookup, which it gives the named functions to
    assert count(connection, table, OTHER) == 0
    rows.enter(connection, None)
    assert connection.scalar(text(f"SELECT count(*) FROM {table}")) == 0


@pytest.mark.parametrize("table", TABLES, ids=str)
def test_a_row_cannot_be_put_into_another_organisation(house: House, connection: Connection, table: Table) -> None:
    if key(table) == "id":
        copied = {"id": 999_999, "display_name": "чужая"}
    else:
        with house.admin.connect() as admin:
            found = admin.execute(text(f"SELECT * FROM {table} WHERE org_id = :org LIMIT 1"), {"org": OTHER})
            copied = {name: value for name, value in found.mappings().one().items() if table.c[name].computed is None}
    with pytest.raises(ProgrammingError, match="row-level security"):
        connection.execute(table.insert().values(copied))


@pytest.mark.parametrize("table", TABLES, ids=str)
def test_a_row_cannot_be_moved_to_another_organisation(connection: Connection, table: Table) -> None:
    with pytest.raises(ProgrammingError, match="row-level security"):
        connection.execute(text(f"UPDATE {table} SET {key(table)} = 999999 WHERE {key(table)} = :org"), {"org": HOME})


@pytest.mark.parametrize("table", TABLES, ids=str)
def test_another_organisations_rows_are_neither_changed_nor_deleted(connection: Connection, table: Table) -> None:
    where, other = f"WHERE {key(table)} = :org", {"org": OTHER}
    assert connection.execute(text(f"UPDATE {table} SET {key(table)} = {key(table)} {where}"), other).rowcount == 0
    assert connection.execute(text(f"DELETE FROM {table} {where}"), other).rowcount == 0


def test_the_tables_cannot_be_emptied(house: House) -> None:
    engine = create_engine(house.urls.app)
    with engine.connect() as connection, pytest.raises(ProgrammingError, match="permission denied"):
        connection.execute(text("TRUNCATE message CASCADE"))
    engine.dispose()


def test_without_the_wall_these_tests_would_fail(house: House) -> None:
    """What stops them is row-level security, not the query."""
    with house.admin.connect() as admin:
        rows.enter(admin, HOME)
        assert all(count(admin, table, OTHER) > 0 for table in TABLES)
