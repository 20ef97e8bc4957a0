"""Fixtures of every room: an application on a clone of the migrated template, and the five people."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests import databases, people


@pytest.fixture(scope="session")
def urls(worker_id: str) -> Iterator[object]:
    """A database of this test process alone."""
    with databases.clone(f"test_{worker_id}_{os.getpid()}") as found:
        yield found


@pytest.fixture(scope="session")
def worker_id(request: pytest.FixtureRequest) -> str:
    return str(getattr(request.config, "workerinput", {}).get("workerid", "master"))


@pytest.fixture(scope="session")
def _app(urls) -> Flask:
    return databases.make_app(urls)


@pytest.fixture
def app(_app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """Whatever a test commits is rolled back at its end: commits become savepoints of one outer transaction.

    What needs real commits (jobs, live events, several connections) takes `committed_app`.
    """
    from aiguro_web.extensions import db, enter_organization, share

    with _app.app_context():
        connection = db.engine.connect()
        outer = connection.begin()
        session_class = db.session.session_factory.class_
        monkeypatch.setattr(session_class, "get_bind", lambda self, *a, **k: connection)
        db.session.configure(join_transaction_mode="create_savepoint")
        share(connection)
        _forget(_app)
        yield _app
        db.session.remove()
        share(None)
        outer.rollback()
        connection.close()
        db.session.configure(join_transaction_mode="conditional_savepoint")
        enter_organization(None)
        db.session.remove()


@pytest.fixture
def committed_app(worker_id: str) -> Iterator[Flask]:
    """An application on a clone of its own, where commits are real."""
    with databases.clone(f"committed_{worker_id}_{os.getpid()}") as found:
        made = databases.make_app(found)
        with made.app_context():
            _forget(made)
            yield made
            from aiguro_web.extensions import db

            db.session.remove()
            db.engine.dispose()


def _forget(app: Flask) -> None:
    """What the process remembers of another test's database."""
    from aiguro_web.services import signing
    from aiguro_web.web import auth
    from aiguro_web.webhooks import guard

    auth.forget()
    guard.forget()
    signing.forget()
    app.extensions["limits"].limiter.storage.reset()


@pytest.fixture
def who(app: Flask) -> people.People:
    """The five people in the rolled-back database."""
    return people.load()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()
