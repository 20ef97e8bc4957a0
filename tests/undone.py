"""Whatever happens within is undone at its end: for walks that really write, call after call, over the same rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from flask import Flask
from sqlalchemy import Connection

from aiguro_web.extensions import db, share


@contextmanager
def undone(app: Flask) -> Iterator[Connection]:
    """Every session of the application works on this one connection; its commits become savepoints. Unlike the `app`
    fixture it leaves no application context open: each request has its own."""
    with app.app_context():
        connection = db.engine.connect()
        sessions = db.session.session_factory.class_
        db.session.configure(join_transaction_mode="create_savepoint")
    outer = connection.begin()
    share(connection)
    try:
        with patch.object(sessions, "get_bind", lambda self, *a, **k: connection):
            yield connection
    finally:
        share(None)
        outer.rollback()
        connection.close()
        with app.app_context():
            db.session.configure(join_transaction_mode="conditional_savepoint")
