"""A migrated database without people, where the demo is loaded for real."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import flask_migrate
import psycopg
import pytest
from flask import Flask

from aiguro_web import demo
from aiguro_web.extensions import db
from tests import databases
from tests.conftest import _forget


@contextmanager
def fresh_database(name: str) -> Iterator[Flask]:
    """An application in its context on a database that only has its tables."""
    name = f"{name}_{os.getpid()}"
    with psycopg.connect(databases.plain(databases.server().admin_url()), autocommit=True) as admin:
        with databases._alone():
            admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            admin.execute(f'CREATE DATABASE "{name}" OWNER aiguro_owner')
        app = databases.make_app(databases.server().urls(name))
        try:
            with app.app_context():
                flask_migrate.upgrade()
                _forget(app)
                yield app
                db.session.remove()
                db.engine.dispose()
        finally:
            with databases._alone():
                admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture(scope="module")
def loaded() -> Iterator[Flask]:
    """The demo, loaded once for the module; its tests only read, or roll back."""
    with fresh_database("demo_loaded") as app:
        started = time.perf_counter()
        assert demo.load_once() is True
        app.extensions["demo_seconds"] = time.perf_counter() - started
        yield app


@pytest.fixture
def untouched() -> Iterator[Flask]:
    """A database of its own for what loads, breaks and loads again."""
    with fresh_database("demo_untouched") as app:
        yield app
