"""A house of its own, and the description that is fuzzed."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests import databases, given
from tests.fakes.telegram import FakeTelegram
from tests.people import HOME
from tests.rules.conftest import House, close_house, open_house


@pytest.fixture(scope="session")
def fuzzed(worker_id: str) -> Iterator[House]:
    with databases.clone(f"fuzz_{worker_id}_{os.getpid()}") as urls, FakeTelegram() as telegram:
        made = open_house(urls)
        made.app.config["TELEGRAM_API_URL"] = telegram.url
        with made.admin.begin() as connection:
            made.rows[HOME] = given.fresh(connection, HOME, 1)
        yield made
        close_house(made)
