"""The Flask extensions, created unbound; `create_app` binds them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, cast

import psycopg
from flask_babel import Babel
from flask_login import LoginManager
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from psycopg.rows import namedtuple_row
from sqlalchemy import ARRAY, BigInteger, ColumnElement, Connection, any_, event, literal
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, SessionTransaction
from sqlalchemy.pool import Pool

from . import deadlines, pipelines
from .models import Base

db: SQLAlchemy = SQLAlchemy(metadata=Base.metadata, disable_autonaming=True, session_options={"autoflush": False})
migrate = Migrate(compare_type=True)
login = LoginManager()
babel = Babel()

_SET_ORG = "SELECT set_config('app.org_id', %s, true)"


def enter_organization(org_id: int | None) -> None:
    """Put the session behind the wall of one organisation (None: of none), now and in its later transactions."""
    session = db.session()
    session.info["org_id"] = org_id
    if session.in_transaction():
        session.connection().exec_driver_sql(_SET_ORG, (str(org_id or ""),))


def among(column: Any, ids: Collection[int]) -> ColumnElement[bool]:
    """`column IN (ids)` with one parameter, however many there are: a statement takes 65,535 at most."""
    return cast(ColumnElement[bool], column == any_(literal(list(ids), ARRAY(BigInteger))))


def run_hot(statement: str, values: Mapping[str, Any]) -> Any:
    """The one row of `statement` (psycopg's `%(name)s`), or None, in the session's own transaction, prepared.

    For the few statements that a budget of performance.md asks it for: SQLAlchemy's own way costs some 150 µs more.
    """
    connection: Any = db.session.connection().connection.driver_connection
    try:
        with connection.cursor(row_factory=namedtuple_row) as cursor:
            return cursor.execute(statement, values, prepare=True).fetchone()
    except psycopg.OperationalError as error:
        _renew_if_lost(connection)
        raise _placed(error, connection, statement) from None


def read_hot(org_id: int, statement: str, values: Mapping[str, Any]) -> pipelines.Row | None:
    """The first row of `statement`, its values as PostgreSQL writes them, for a request that reads with this one
    statement: in a transaction of its own behind the wall of `org_id`, without a session (another 200 µs)."""
    if not reads_alone():
        connection: Any = db.session.connection().connection.driver_connection
        try:
            return pipelines.ask(connection, statement, values)
        except psycopg.OperationalError as error:
            _renew_if_lost(connection)
            raise _placed(error, connection, statement) from None
    pooled = db.engine.raw_connection()
    driver: Any = pooled.driver_connection
    try:
        return pipelines.ask(driver, statement, values, org_id=org_id)
    except psycopg.OperationalError as error:
        if driver.closed:
            pooled.invalidate()
            db.engine.dispose()
        raise _placed(error, driver, statement) from None
    finally:
        pooled.close()  # back into the pool, which rolls back what was not committed


def reads_alone() -> bool:
    """Whether `read_hot` would now read in a transaction of its own, which sees exactly what is committed."""
    return not db.session().in_transaction() and _shared is None


def share(connection: Connection | None) -> None:
    """Everything happens on this connection, or (None) on pooled ones again: for tests that roll back."""
    global _shared
    _shared = connection


_shared: Connection | None = None


def _renew_if_lost(connection: Any) -> None:
    """What SQLAlchemy does for its own calls: when the server went away, every pooled connection is dead."""
    if connection.closed:
        db.session().invalidate()
        db.engine.dispose()


def _placed(error: psycopg.OperationalError, connection: Any, statement: str) -> Exception:
    """The error; what libpq itself refused over a connection that lives (no SQLSTATE) as SQLAlchemy would raise it, so
    that it is told from a lost connection (web/faults.py)."""
    return error if error.sqlstate or connection.closed else OperationalError(statement, None, error)


@event.listens_for(db.session, "after_begin")
def _raise_wall(session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    """Row-level security reads `app.org_id`; it is local to the transaction, so a pooled connection forgets it."""
    org_id: Any = session.info.get("org_id")
    if org_id and not transaction.nested:
        # Straight through the driver: this runs before every transaction.
        driver: Any = connection.connection.driver_connection
        try:
            driver.execute(_SET_ORG, (str(org_id),), prepare=True)
        except psycopg.OperationalError:
            if driver.closed:
                connection.invalidate()
                db.engine.dispose()
            raise


@event.listens_for(Pool, "checkout")
def _watched(connection: Any, record: Any, proxy: Any) -> None:
    """A thread's deadline also ends its statement."""
    deadlines.use(connection)


@event.listens_for(Pool, "checkin")
def _unwatched(connection: Any, record: Any) -> None:
    deadlines.leave()
