"""A database of committed rows, and an organisation without any clients."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import Engine, create_engine, text

from aiguro_web import queue
from aiguro_web.extensions import db, enter_organization
from tests import databases, people
from tests.people import HOME, People


@pytest.fixture(scope="module")
def committed(worker_id: str) -> Iterator[tuple[Flask, Engine]]:
    """Real commits: the worker's pieces are transactions of their own. One database for all of these tests."""
    with databases.clone(f"imports_{worker_id}_{os.getpid()}") as urls:
        app, admin = databases.make_app(urls), create_engine(urls.admin)
        yield app, admin
        admin.dispose()
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


@pytest.fixture
def company(committed: tuple[Flask, Engine], monkeypatch: pytest.MonkeyPatch) -> Iterator[People]:
    """The people of an organisation without any clients."""
    app, admin = committed
    monkeypatch.setattr(queue, "_flask", app)
    with admin.begin() as connection:
        connection.execute(
            text("TRUNCATE client, client_tally, client_import, journal_entry, procrastinate_jobs CASCADE")
        )
    with app.app_context():
        found = people.load()
        enter_organization(HOME)
        yield found
        db.session.remove()
