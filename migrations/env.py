"""Runs the migrations as the owner of the database, then lets the app's role in (and only in)."""

from __future__ import annotations

from alembic import context
from flask import current_app
from sqlalchemy import NullPool, create_engine, make_url, text

from aiguro_web.models import Base

config = current_app.config
APP_ROLE = make_url(config["DATABASE_URL"]).username
GRANTS = """
GRANT USAGE ON SCHEMA public TO "{role}";
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO "{role}";
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO "{role}";
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO "{role}";
REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM "{role}";
"""


def include_name(name: str | None, kind: str, parents: object) -> bool:
    """procrastinate's tables are its own affair."""
    return not (kind == "table" and (name or "").startswith("procrastinate_"))


def run() -> None:
    # Not pooled: a run that fails must close its connection, which holds the lock.
    engine = create_engine(config["DATABASE_OWNER_URL"] or config["DATABASE_URL"], poolclass=NullPool)
    with engine.connect() as connection:
        # A migration that waits for a lock makes every request behind it wait too: better to fail and be tried again.
        connection.execute(text("SET lock_timeout = '5s'"))
        connection.execute(text("SET statement_timeout = '15min'"))
        connection.execute(text("SELECT pg_advisory_lock(4243)"))  # several machines may start at once
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            include_name=include_name,
            compare_type=True,
            compare_server_default=False,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        if make_url(config["DATABASE_OWNER_URL"] or config["DATABASE_URL"]).username != APP_ROLE:
            connection.exec_driver_sql(GRANTS.format(role=APP_ROLE))
        connection.commit()
    engine.dispose()


run()
