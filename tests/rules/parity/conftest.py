"""A house of its own for what both doors write: its rows are changed."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests import databases
from tests.fakes.telegram import FakeTelegram

from ..conftest import House, close_house, open_house


@pytest.fixture(scope="module")
def _doors(worker_id: str) -> Iterator[House]:
    with databases.clone(f"parity_{worker_id}_{os.getpid()}") as urls:
        house = open_house(urls)
        yield house
        close_house(house)


@pytest.fixture(scope="module")
def telegram(_doors: House) -> Iterator[FakeTelegram]:
    with FakeTelegram() as fake:
        _doors.app.config["TELEGRAM_API_URL"] = fake.url
        yield fake


@pytest.fixture
def house(_doors: House, telegram: FakeTelegram) -> House:
    _doors.rest()
    return _doors
