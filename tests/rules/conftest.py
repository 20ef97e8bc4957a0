"""The house with both organisations' tables full: one committed database for the walks of this room."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, create_engine, text

from aiguro_web.embedded import Urls
from aiguro_web.extensions import db
from aiguro_web.services import signing
from aiguro_web.web import auth
from aiguro_web.webhooks import guard
from tests import databases, people
from tests.people import HOME, OTHER, People

from . import ids, rows


@dataclass(frozen=True)
class House:
    """`rows[org][table]` is a row of that organisation; `admin` is the superuser's engine, whom no wall holds."""

    app: Flask
    urls: Urls
    admin: Engine
    people: People
    rows: dict[int, rows.Rows]

    def fingerprint(self, org: int) -> dict[str, str]:
        """A digest of everything an organisation has, by table."""
        found: dict[str, str] = {}
        with self.admin.connect() as connection:
            for table in rows.tenant_tables():
                digest = f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t WHERE org_id = :org"
                found[table.name] = str(connection.scalar(text(digest), {"org": org}))
        return found

    def values(self, org: int, endpoint: str) -> dict[str, Any]:
        """The arguments of an address that name this organisation's rows."""
        own = self.rows[org]
        table = ids.TABLES.get(endpoint.partition(".")[0], "messenger_connection")
        key = own["messenger_connection" if endpoint.startswith("webhooks") else "webchat"]["key"]
        return {
            "org": org, "f": own["funnel"]["id"], "uuid": own["trial" if endpoint.startswith("api_trials") else "dialog"]["uuid"], "message_id": own["message"]["id"],
            "connection_id": own["messenger_connection"]["id"], "key": key,
            "ticket_message_id": own["ticket_message"]["id"], "ticket_file_id": own["ticket_file"]["id"],
            "act_id": own["bulk_act"]["id"], "client_id": own["client"]["id"], "other_id": own["client"]["id"],
            "note_id": own["client_note"]["id"], "merge_id": own["client_merge"]["id"], "view_id": own["saved_view"]["id"], "id": own[table]["id"], "code": own["assistant"]["code"],
        }  # fmt: skip

    def rest(self) -> None:
        """Nothing is remembered of earlier calls, or of another database: budgets are whole again."""
        self.app.extensions["limits"].limiter.reset()
        with self.app.app_context():
            auth.forget()
        guard.forget()
        signing.forget()


def open_house(urls: Urls) -> House:
    """Fill both organisations of a fresh clone."""
    app = databases.make_app(urls, WTF_CSRF_ENABLED=False)
    admin = create_engine(urls.admin)
    with admin.begin() as connection:
        rows.spread_ids(connection)
        filled = {org: rows.fill(connection, org) for org in (HOME, OTHER)}
    with app.app_context():
        house = House(app, urls, admin, people.load(), filled)
    house.rest()
    return house


def close_house(house: House) -> None:
    with house.app.app_context():
        db.session.remove()
        db.engine.dispose()
    house.admin.dispose()


@pytest.fixture(scope="session")
def _house(worker_id: str) -> Iterator[House]:
    with databases.clone(f"rules_{worker_id}_{os.getpid()}") as urls:
        house = open_house(urls)
        yield house
        close_house(house)


@pytest.fixture
def house(_house: House) -> House:
    _house.rest()
    return _house
