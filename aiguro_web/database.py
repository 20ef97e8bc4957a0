"""Which PostgreSQL the process uses, and that the app's role there has no power over the wall."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import text

from . import embedded
from .config import BadConfig
from .extensions import db

STATEMENT_TIMEOUT = 30_000  # ms: a request's own limit (contract.md §1)
IDLE_TIMEOUT = 60_000  # ms within an open transaction: nobody holds one across the network

POWERS = text(
    """
    SELECT r.rolsuper OR r.rolbypassrls OR EXISTS (
        SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'public' AND c.relkind = 'r' AND c.relname = 'dialog'
          AND pg_has_role(r.rolname, c.relowner, 'USAGE'))
    FROM pg_roles r WHERE r.rolname = current_user
    """
)


def prepare(config: dict[str, Any]) -> None:
    """Fill in the embedded server's addresses where none are given, and the engine's options."""
    if not config["DATABASE_URL"]:
        server = embedded.start(Path(config["AIGURO_INSTANCE"]))
        config["DATABASE_URL"], config["DATABASE_OWNER_URL"] = server.app_url, server.owner_url
    config["SQLALCHEMY_DATABASE_URI"] = config["DATABASE_URL"]
    options = f"-c statement_timeout={STATEMENT_TIMEOUT} -c idle_in_transaction_session_timeout={IDLE_TIMEOUT}"
    config["SQLALCHEMY_ENGINE_OPTIONS"] = {
        "pool_size": config["DATABASE_POOL"],
        "max_overflow": config["DATABASE_POOL"],
        "pool_timeout": 5,
        "pool_pre_ping": False,  # a dead connection is a 503 once, and the whole pool is renewed
        "connect_args": {
            "options": f"{options} -c timezone=UTC -c plan_cache_mode=force_generic_plan",
            "connect_timeout": 5,
            "application_name": "aiguro",
        },
    }


def refuse_privileged_role(app: Flask) -> None:
    """The app's role must be neither superuser, nor BYPASSRLS, nor the owner of the tables. Raises BadConfig."""
    with app.app_context(), db.engine.connect() as connection:
        if connection.scalar(POWERS):
            raise BadConfig(
                "DATABASE_URL names a role that could go around row-level security: use one that is neither a "
                "superuser, nor BYPASSRLS, nor the owner (DATABASE_OWNER_URL is for migrations)"
            )
