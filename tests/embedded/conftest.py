"""Instances and servers; one cluster is built for all the tests of this room."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aiguro_web import embedded

from .servers import new_instance, plant


@pytest.fixture
def instance() -> Iterator[Path]:
    with new_instance() as path:
        yield path


@pytest.fixture(scope="session")
def built() -> Iterator[Path]:
    """An instance whose cluster is there already, and stopped before and after each test."""
    with new_instance() as path:
        embedded.start(path, durable=False).stop()
        yield path


@pytest.fixture(scope="session")
def running(built: Path) -> Iterator[Path]:
    """An instance whose server runs through all the tests."""
    with new_instance() as path:
        plant(built, path)
        server = embedded.start(path, durable=False)
        yield path
        server.stop()


@pytest.fixture
def server(running: Path) -> Iterator[embedded.Server]:
    joined = embedded.start(running, durable=False)
    yield joined
    joined.stop()
