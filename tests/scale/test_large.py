"""A company of 200,000 dialogs: no call of the JSON API reads a large table from end to end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, create_engine, text

from aiguro_web import seeding
from aiguro_web.extensions import db
from aiguro_web.models import Role
from aiguro_web.services import organizations, signing
from aiguro_web.web import auth
from aiguro_web.web.operation import operations
from tests import databases, given, people
from tests.rules import rows

DIALOGS = 200_000
LARGE = 20_000  # rows of a table that nobody may read whole
READ = 2_000  # rows that a call may read one after another all the same: a company's funnels, people, connections
LIVES = ("api_organizations.archive",)  # it takes the company away from the calls after it

# Rows of the other tables that grow with the years, for the first organisation.
GROW = (
    """INSERT INTO ticket (org_id, author_id, subject, department, messages_count)
       SELECT :org, :user, 'тикет ' || n, 'technical', 1 FROM generate_series(1, 50000) n""",
    """INSERT INTO ticket_message (org_id, ticket_id, role, text) SELECT org_id, id, 'user', 'слова' FROM ticket
       WHERE org_id = :org""",
    """INSERT INTO journal_entry (org_id, actor_kind, act, subject, subject_id)
       SELECT :org, 'person', 'look', 'dialog', n FROM generate_series(1, 50000) n""",
    """INSERT INTO stage_entry (org_id, dialog_id, stage_id, entered_at)
       SELECT org_id, id, stage_id, now() FROM dialog WHERE org_id = :org""",
    """INSERT INTO outbox (org_id, dialog_id, message_id, part, lane, text, status)
       SELECT org_id, dialog_id, id, 1, 0, 'слова', 'sent' FROM message WHERE org_id = :org ON CONFLICT DO NOTHING""",
    """INSERT INTO inbound_update (org_id, connection_id, external_id, status)
       SELECT :org, :connection, n, 'done' FROM generate_series(1, 50000) n""",
    """INSERT INTO app_user (issuer, subject, email) SELECT 'clerk', n, n || '@people.example'
       FROM generate_series(1, 30000) n""",
)
SCANS = """SELECT relname, seq_tup_read FROM pg_stat_user_tables
           WHERE schemaname = 'public' AND n_live_tup > :large ORDER BY relname"""


@dataclass
class Company:
    app: Flask
    admin: Engine
    org: int
    token: str
    own: rows.Rows
    funnel: int

    def read_whole(self, call: dict[str, Any], status: int) -> dict[str, int]:
        """The large tables of which this call read more than READ rows without an index, and how many."""
        before = self._scans()
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = self.app.test_client().open(headers=headers, **call)
        assert answer.status_code < status, (call, answer.get_data(as_text=True)[:300])
        after = self._scans()
        return {name: read - before[name] for name, read in after.items() if read - before[name] > READ}

    def _scans(self) -> dict[str, int]:
        with self.app.app_context():
            db.session.remove()
            db.engine.dispose()  # a server process tells its numbers when it ends
        with self.admin.connect() as connection:
            for _ in range(50):
                query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'aiguro'"
                if connection.scalar(text(query)) == 0:
                    break
            found = connection.execute(text(SCANS), {"large": LARGE})
            return {row.relname: row.seq_tup_read for row in found}


@pytest.fixture(scope="module")
def company(worker_id: str) -> Iterator[Company]:
    with databases.clone(f"large_{worker_id}_{os.getpid()}") as urls:
        app = databases.make_app(urls)
        seeded = seeding.seed(urls.owner, DIALOGS, 4, messages_each=1)
        admin = create_engine(urls.admin)
        with admin.begin() as connection:
            rows.spread_ids(connection)
            own = given.fresh(connection, seeded.org, 1)
            values = {"org": seeded.org, "user": own["app_user"]["id"], "connection": own["messenger_connection"]["id"]}
            for statement in GROW:
                connection.execute(text(statement), values)
        with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM (ANALYZE)"))
        with app.app_context():
            auth.forget()
            signing.forget()
            who = people.load().admin
            organizations.invite(seeded.org, who.actor.user_id or 0, Role.admin)
            db.session.commit()
        yield Company(app, admin, seeded.org, who.token, own, seeded.big_funnel)
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
        admin.dispose()


def test_no_operation_reads_a_large_table_whole(company: Company) -> None:
    found, tried = {}, 0
    for operation in operations(company.app):
        if operation.endpoint in LIVES or operation.guard == "public" and operation.method == "GET":
            continue
        with company.admin.begin() as connection:
            own = given.fresh(connection, company.org, tried + 2)
            own = given.prepare(connection, operation.endpoint, own)
        made = given.call(company.app, operation, own, company.org).arguments()
        read = company.read_whole(made, 410)  # some are refused by the state of a made-up row: 409
        tried += 1
        if read:
            found[operation.endpoint] = read
    assert found == {}
    assert tried > 40


QUERIES = (
    "?limit=50", "?limit=50&page=600", "?limit=50&cursor=", "?limit=50&stage=closing", "?limit=50&status=closed",
    "?limit=50&ai=true", "?limit=50&sort=-last_activity", "?limit=50&sort=created_at", "?limit=50&q=Анна",
    "?limit=50&updated_since=2020-01-01T00:00:00Z", "?limit=50&manager=1",
)  # fmt: skip


@pytest.mark.parametrize("query", QUERIES)
def test_no_filter_of_the_dialogs_reads_them_whole(company: Company, query: str) -> None:
    path = f"/api/organization/{company.org}/funnel/{company.funnel}/dialogs{query}"
    assert company.read_whole({"path": path.partition("?")[0], "query_string": path.partition("?")[2]}, 400) == {}


@pytest.mark.parametrize("query", ["?limit=50", "?limit=50&cursor=", "?limit=50&q=Анна", "?limit=50&status=active",
                                   "?limit=50&sort=-last_activity", "?limit=50&page=3000"])  # fmt: skip
def test_no_filter_of_the_clients_reads_them_whole(company: Company, query: str) -> None:
    path = f"/api/organization/{company.org}/clients"
    assert company.read_whole({"path": path, "query_string": query[1:]}, 400) == {}


def test_a_sequential_scan_is_found(company: Company) -> None:
    from aiguro_web.web.body import respond
    from aiguro_web.web.operation import Api

    door = Api("whole", __name__, tag="Проба", guard=auth.bearer)

    def index(org: str) -> Any:
        return respond({"n": db.session.scalar(text("SELECT count(*) FROM app_user WHERE name LIKE '%слово%'"))})

    door.get("/organization/<org>/whole", summary="Проба")(index)
    company.app._got_first_request = False
    company.app.register_blueprint(door)
    assert "app_user" in company.read_whole({"path": f"/api/organization/{company.org}/whole"}, 400)
