"""A house whose rows of tests/given.py are known, for calls that nobody means well."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests import databases, given
from tests.people import HOME
from tests.rules.conftest import House, close_house, open_house


@pytest.fixture(scope="session")
def hostile_house(worker_id: str) -> Iterator[House]:
    with databases.clone(f"hostile_{worker_id}_{os.getpid()}") as urls:
        made = open_house(urls)
        made.app.config["TELEGRAM_API_URL"] = "http://127.0.0.1:9"  # nobody: no test calls the real one
        with made.admin.begin() as connection:
            made.rows[HOME] = given.fresh(connection, HOME, 1)
        yield made
        close_house(made)


@pytest.fixture
def house(hostile_house: House) -> House:
    hostile_house.rest()
    return hostile_house
