"""Databases for tests: one template, migrated once by the real migrations, and clones of it."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from aiguro_web import embedded, live

ROOT = Path(__file__).resolve().parent.parent
INSTANCE = Path(os.environ.get("AIGURO_TEST_INSTANCE") or ROOT / "instance" / "test")
SECRET = "a secret of the tests, long enough for production"


def server() -> embedded.Server:
    """The tests' own server (embedded, not durable), joined by this process for life."""
    global _server
    if _server is None:
        _server = embedded.start(INSTANCE, durable=False)
    return _server


_server: embedded.Server | None = None


def plain(url: str) -> str:
    """A SQLAlchemy address as psycopg takes it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _stamp() -> str:
    digest = hashlib.sha256()
    for path in sorted((ROOT / "migrations").rglob("*.py")) + [Path(__file__), ROOT / "tests" / "people.py"]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


@contextmanager
def _alone() -> Iterator[None]:
    """One process at a time makes databases: xdist's workers start together."""
    INSTANCE.mkdir(parents=True, exist_ok=True)
    with (INSTANCE / "template.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def template() -> str:
    """The name of the migrated database with the people of tests/people.py, made where it is missing."""
    name = f"template_{_stamp()}"
    urls = server().urls(name)
    with _alone(), psycopg.connect(plain(server().admin_url()), autocommit=True) as admin:
        if admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            return name
        draft = f"{name}_draft"
        admin.execute(f'DROP DATABASE IF EXISTS "{draft}" WITH (FORCE)')
        admin.execute(f'CREATE DATABASE "{draft}" OWNER aiguro_owner')
        urls = server().urls(draft)
        _fill(urls)
        admin.execute(f'ALTER DATABASE "{draft}" RENAME TO "{name}"')
    return name


def _fill(urls: embedded.Urls) -> None:
    import flask_migrate

    from tests import people

    app = make_app(urls)
    with app.app_context():
        flask_migrate.upgrade()
        people.found()
        from aiguro_web.extensions import db

        db.engine.dispose()


def make_app(urls: embedded.Urls, **more: object):  # noqa: ANN201 - a Flask application
    """The application on a database of the tests."""
    from aiguro_web import create_app

    return create_app(
        {
            "AIGURO_ENV": "test",
            "AIGURO_INSTANCE": str(INSTANCE),
            "DATABASE_URL": urls.app,
            "DATABASE_OWNER_URL": urls.owner,
            "SECRET_KEY": SECRET,
            "TESTING": True,
            "WTF_CSRF_ENABLED": True,
            "ACCESS_LOG": False,
            **more,
        }
    )


@contextmanager
def clone(name: str) -> Iterator[embedded.Urls]:
    """A fresh copy of the template under `name`, dropped at the end."""
    source = template()
    with psycopg.connect(plain(server().admin_url()), autocommit=True) as admin:
        with _alone():
            admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}" OWNER aiguro_owner STRATEGY FILE_COPY')
        yield server().urls(name)
        live.forget()  # or its threads would look for this database for ever
        with _alone():
            admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
