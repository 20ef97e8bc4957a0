"""The Flask extensions, created unbound; `create_app` binds them."""

from __future__ import annotations

from typing import Any

from flask_babel import Babel
from flask_login import LoginManager
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from sqlalchemy import Connection, event
from sqlalchemy.orm import Session, SessionTransaction

from .models import Base

db: SQLAlchemy = SQLAlchemy(metadata=Base.metadata, disable_autonaming=True, session_options={"autoflush": False})
migrate = Migrate(compare_type=True)
csrf = CSRFProtect()
login = LoginManager()
babel = Babel()

_SET_ORG = "SELECT set_config('app.org_id', %s, true)"


def enter_organization(org_id: int | None) -> None:
    """Put the session behind the wall of one organisation (None: of none), now and in its later transactions."""
    session = db.session()
    session.info["org_id"] = org_id
    if session.in_transaction():
        session.connection().exec_driver_sql(_SET_ORG, (str(org_id or ""),))


@event.listens_for(db.session, "after_begin")
def _raise_wall(session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    """Row-level security reads `app.org_id`; it is local to the transaction, so a pooled connection forgets it."""
    org_id: Any = session.info.get("org_id")
    if org_id and not transaction.nested:
        # Straight through the driver: this runs before every transaction.
        connection.connection.driver_connection.execute(_SET_ORG, (str(org_id),), prepare=True)  # type: ignore[union-attr]
