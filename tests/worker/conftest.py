"""One house for the tests that talk through it: web, worker, a fake Telegram that calls back, the company inside."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator

import pytest

from tests import databases
from tests.fakes.telegram import FakeTelegram
from tests.worker.company import Bot, Company
from tests.worker.processes import HERE, Running, running

_chats = itertools.count(7_000_000_000)  # beyond 32 bits, as the real ones are


@pytest.fixture(scope="package")
def telegram() -> Iterator[FakeTelegram]:
    with FakeTelegram(allow_http=True) as fake:
        yield fake


@pytest.fixture(scope="package")
def company(worker_id: str, telegram: FakeTelegram) -> Iterator[Company]:
    """The company of `house`."""
    with databases.clone(f"house_{worker_id}_{os.getpid()}") as urls:
        app = databases.make_app(urls)
        with running(urls, telegram_url=telegram.url, public_url=HERE) as house:
            made = Company(app, urls, telegram)
            made.house = house
            yield made


@pytest.fixture
def house(company: Company) -> Running:
    return company.house


@pytest.fixture
def bot(company: Company) -> Bot:
    """A bot of this test alone."""
    return company.connect()


@pytest.fixture
def chat() -> int:
    """A client of this test alone."""
    return next(_chats)
