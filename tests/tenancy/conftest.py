"""A house whose organisations each have, besides their row in every table, one that is put away."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from flask import Flask

from tests import databases, given
from tests.people import HOME, OTHER
from tests.rules import rows
from tests.rules.conftest import House, close_house, open_house

AWAY = ("deleted_at", "archived_at")  # the columns that put a row away


@pytest.fixture(scope="module")
def house(worker_id: str) -> Iterator[House]:
    """`rows[org]` as in tests/rules, with the organisation's own row."""
    with databases.clone(f"tenancy_{worker_id}_{os.getpid()}") as urls:
        made = open_house(urls)
        made.app.config["TELEGRAM_API_URL"] = "http://127.0.0.1:9"  # nobody: no test calls the real one
        with made.admin.begin() as connection:
            for number, org in enumerate((HOME, OTHER), 1):
                made.rows[org] = given.fresh(connection, org, number)
        _prepared.clear()
        for endpoint in given.PREPARED:
            rows_for(made, endpoint)
        yield made
        close_house(made)


_prepared: dict[str, rows.Rows] = {}


def rows_for(house: House, endpoint: str) -> rows.Rows:
    """Rows at home with which this operation can succeed."""
    if endpoint not in given.PREPARED:
        return house.rows[HOME]
    if endpoint not in _prepared:
        with house.admin.begin() as connection:
            _prepared[endpoint] = given.prepare(
                connection, endpoint, given.fresh(connection, HOME, 100 + len(_prepared))
            )
    return _prepared[endpoint]


@pytest.fixture
def app(house: House) -> Flask:
    house.rest()
    return house.app


def put_away(house: House, table: str, number: int) -> rows.Rows:
    """Fresh rows at home of which that of `table` is put away."""
    with house.admin.begin() as connection:
        made = given.fresh(connection, HOME, number)
        known = rows.Base.metadata.tables[table]
        column = next(column for column in known.c if column.name in AWAY)
        statement = known.update().where(known.c.id == made[table]["id"]).values({column.name: rows.text("now()")})
        connection.execute(statement)
        if table == "dialog":
            connection.execute(
                known.update().where(known.c.id == made["trial"]["id"]).values({column.name: rows.text("now()")})
            )
    return made
