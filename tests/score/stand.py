"""What the score is measured on: a fresh database, companies that know nothing of each other, a fake Telegram, a server."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psycopg
from flask import Flask
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import IntegrityError

from aiguro_web import seeding
from aiguro_web.extensions import db
from aiguro_web.models import Base, Role
from aiguro_web.services import api_tokens, organizations, users
from tests import databases, given
from tests.fakes.telegram import FakeTelegram
from tests.identity import issuing
from tests.rules import rows
from tests.worker.processes import free_port

ORIGIN = "https://front.example"
GROWN = ("ticket", "ticket_message", "file", "journal_entry", "outbox", "inbound_update", "attachment")
Rows = dict[str, dict[str, Any]]
_SHOWN = ("display_name", "name", "text", "subject", "description", "author_name", "prompt")
_UNTOUCHED = {"idempotency_key", "journal_entry", "outbox", "inbound_update"}
# Counters that the product keeps by itself, and rows that only it puts together.
_COUNTED = (
    "UPDATE dialog d SET messages_count = (SELECT count(*) FROM message m WHERE m.dialog_id = d.id) WHERE org_id = :org",
    "UPDATE ticket t SET messages_count = (SELECT count(*) FROM ticket_message m WHERE m.ticket_id = t.id) WHERE org_id = :org",
    "INSERT INTO funnel_file (org_id, funnel_id, file_id) SELECT org_id, :funnel, id FROM file WHERE org_id = :org ON CONFLICT DO NOTHING",
)


class Clerk:
    """Publishes the keys of tests/identity/issuing.py, and issues tokens."""

    def __init__(self) -> None:
        published = json.dumps(issuing.jwk_set()).encode()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(published)

            def log_message(self, format: str, *args: Any) -> None:
                """Silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self) -> Clerk:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def token(self, user: int, gid: str) -> str:
        """Of a session of that person, active in the organisation that Clerk calls `gid`."""
        return issuing.sign(issuing.claims_v1(iss=self.url, sub=f"clerk-{user}", org_id=gid))


@dataclass
class Company:
    """One organisation, who calls in its name, and its rows. `tokens` by role."""

    org: int
    user: int
    tokens: dict[str, str]
    rows: Rows
    second: Rows = field(default_factory=dict)


class Stand:
    """The database with its companies; `serve` starts the product on it."""

    def __init__(self, urls: Any, telegram: FakeTelegram, clerk: Clerk, files: str, *, dialogs: int) -> None:
        self.urls, self.telegram, self.clerk, self.files = urls, telegram, clerk, f"file://{files}"
        self.app: Flask = databases.make_app(urls, FILES_URL=self.files)
        self.admin: Engine = create_engine(urls.admin, pool_size=20)
        self.lock = threading.Lock()
        self.numbers = itertools.count(1)
        with self.admin.begin() as connection:
            rows.spread_ids(connection)
        self.other = self.company()  # whom nobody who asks belongs to
        self.big = self._grow(dialogs)
        self.address, self.log = "", Path(os.devnull)

    def company(self, org: int | None = None, endpoint: str = "") -> Company:
        """A new one (or one more caller of `org`), with three rows in every table, fit for that operation."""
        with self.lock, self.app.app_context():
            number = next(self.numbers)
            if org is None:
                org = organizations.create(f"Компания {number}", gid=f"gid_{number}_{os.getpid()}").id
                db.session.commit()
            tokens, caller = {}, 0
            for role in Role:
                user = users.first_sight("score", f"caller-{number}-{role.value}")
                db.session.flush()
                organizations.invite(org, user.id, role)
                tokens[role.value] = api_tokens.issue(user.id).token
                caller = user.id if role is Role.admin else caller
            db.session.commit()
            db.session.remove()
        made = Company(org, caller, tokens, self.fresh(org, endpoint))
        made.second = self.fresh(org)
        if endpoint == "api_organizations.index":
            with self.lock, self.app.app_context():
                organizations.invite(self.big.org, caller, Role.viewer)
                db.session.commit()
        self._add_children(org, made.rows)
        return made

    def fresh(self, org: int, endpoint: str = "") -> Rows:
        """One more row in every table of the organisation, such that the operation can succeed with them."""
        with self.lock, self.admin.begin() as connection:
            return given.prepare(connection, endpoint, given.fresh(connection, org, next(self.numbers)))

    def _add_children(self, org: int, own: Rows) -> None:
        """Two more rows of every table beside `own`, where nothing forbids that: lists with pages."""
        for _ in range(2):
            with self.lock, self.admin.begin() as connection:
                rows.enter(connection, org)
                connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
                for table in rows.tenant_tables():
                    number = next(self.numbers)
                    with patch.object(rows, "mark", lambda org, n=number: f"org{org}n{n}-"):
                        with contextlib.suppress(IntegrityError), connection.begin_nested():
                            apart = {"identity_id": None} if table.name == "dialog" else {}  # one open dialog each
                            rows.add(connection, table, org, own, **apart)
                number = next(self.numbers)
                dialogs = rows.Base.metadata.tables["dialog"]
                with patch.object(rows, "mark", lambda org, n=number: f"org{org}n{n}-"):
                    rows.add(connection, dialogs, org, own, is_test=True, ai=True, identity_id=None)
        with self.admin.begin() as connection:
            for statement in _COUNTED:
                connection.execute(text(statement), {"org": org, "funnel": own["funnel"]["id"]})

    def _grow(self, dialogs: int) -> Company:
        """A company with so many dialogs; it and four others with as many tickets, files and entries."""
        seeded = seeding.seed(self.urls.owner, dialogs, 3)
        big = self.company(seeded.org)
        crowd = [self.company() for _ in range(4)]
        with self.admin.begin() as connection:
            rows.enter(connection, big.org)
            query = "SELECT * FROM {} WHERE org_id = :org AND {} ORDER BY id LIMIT 1"
            dialog = _one(connection, query.format("dialog", "funnel_id = :key"), org=big.org, key=seeded.big_funnel)
            big.rows["dialog"] = dialog
            for table, key, value in (
                ("funnel", "id", dialog["funnel_id"]), ("client", "id", dialog["client_id"]), ("stage", "id", dialog["stage_id"]),
                ("message", "dialog_id", dialog["id"]), ("client_identity", "id", dialog["identity_id"]),
            ):  # fmt: skip
                big.rows[table] = _one(connection, query.format(table, f"{key} = :key"), org=big.org, key=value)
            move = "UPDATE {} SET funnel_id = :funnel WHERE id = :id"
            for table in ("messenger_connection", "ticket"):
                connection.execute(
                    text(move.format(table)), {"funnel": dialog["funnel_id"], "id": big.rows[table]["id"]}
                )
            stage = text("UPDATE assistant SET funnel_id = :funnel, stage_id = NULL WHERE id = :id")
            connection.execute(stage, {"funnel": dialog["funnel_id"], "id": big.rows["assistant"]["id"]})
            trial = text("UPDATE dialog SET funnel_id = :funnel, stage_id = :stage WHERE id = :id")
            connection.execute(
                trial, {"funnel": dialog["funnel_id"], "stage": dialog["stage_id"], "id": big.rows["trial"]["id"]}
            )
            given.prepare(connection, "api_download.download", big.rows)
            _multiply(connection, "message", big.rows["message"], 2000)
        for company in (big, *crowd):
            with self.admin.begin() as connection:
                rows.enter(connection, company.org)
                for table in GROWN:
                    _multiply(connection, table, company.rows[table], max(2000, dialogs // 2))
        with self.admin.begin() as connection:
            for table in (*GROWN, "message", "dialog", "client"):
                connection.execute(text(f"ANALYZE {table}"))
        return big

    @contextlib.contextmanager
    def serve(self, **env: str) -> Iterator[None]:
        """gunicorn with the product; `address` and `log` are known from then on."""
        port = free_port()
        with tempfile.TemporaryDirectory(prefix="aiguro-score-") as folder:
            self.address, self.log = f"http://127.0.0.1:{port}", Path(folder) / "log"
            settings = {
                **os.environ, "AIGURO_ENV": "test", "AIGURO_INSTANCE": str(databases.INSTANCE), "PORT": str(port), "HOST": "127.0.0.1",
                "DATABASE_URL": self.urls.app, "DATABASE_OWNER_URL": self.urls.owner, "SECRET_KEY": databases.SECRET,
                "TELEGRAM_API_URL": self.telegram.url, "PUBLIC_URL": self.address, "CORS_ORIGINS": ORIGIN, "TRUSTED_PROXIES": "1",
                "FILES_URL": self.files, "CLERK_ISSUER": self.clerk.url,
                "CLERK_AUTHORIZED_PARTIES": issuing.PARTY, "SCORE_LARGE": ",".join((*GROWN, "dialog", "message", "client")), **env,
            }  # fmt: skip
            command = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "tests.score.served:app"]
            with self.log.open("wb") as log:
                server = subprocess.Popen(command, cwd=databases.ROOT, env=settings, stdout=log, stderr=log)
            try:
                self._wait(server)
                yield
            finally:
                server.terminate()
                server.wait(20)

    def _wait(self, server: subprocess.Popen[bytes]) -> None:
        import urllib.request

        for _ in range(300):
            if server.poll() is not None:
                break
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{self.address}/healthz", timeout=2).close()
                return
            time.sleep(0.1)
        raise SystemExit(f"the server did not start:\n{self.log.read_text(errors='replace')[-3000:]}")

    @contextlib.contextmanager
    def locked(self, mode: str = "ACCESS EXCLUSIVE", *, but: tuple[str, ...] = ()) -> Iterator[None]:
        """Every table of every company is held by somebody else: whoever asks for one waits. In the mode `SHARE ROW
        EXCLUSIVE` only who writes."""
        names = [name for name in ("organization", *(table.name for table in rows.tenant_tables())) if name not in but]
        with psycopg.connect(databases.plain(self.urls.admin)) as connection:
            connection.execute("SET lock_timeout = '5s'")
            connection.execute(f"LOCK TABLE {', '.join(names)} IN {mode} MODE")
            yield
            connection.rollback()

    @contextlib.contextmanager
    def away(self) -> Iterator[None]:
        """The database takes nobody in, and has put everybody out."""
        name = self.admin.url.database
        with psycopg.connect(databases.plain(databases.server().admin_url()), autocommit=True) as connection:
            connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
            try:
                connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
                yield
            finally:
                connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
                self.admin.dispose()
                with self.app.app_context():
                    db.engine.dispose()

    def touch(self, org: int) -> None:
        """Change what people see of every row of that organisation."""
        tables = [*rows.tenant_tables(), rows.Base.metadata.tables["organization"]]
        with self.admin.begin() as connection:
            for table in tables:
                names = [name for name in _SHOWN if name in table.c]
                if not names or table.name in _UNTOUCHED:
                    continue
                sets = [f"{name} = left({name} || '~', 60)" for name in names]
                sets += ["updated_at = clock_timestamp()"] if "updated_at" in table.c else []
                key = "id" if table.name == "organization" else "org_id"
                connection.execute(text(f"UPDATE {table.name} SET {', '.join(sets)} WHERE {key} = :org"), {"org": org})

    def waiting(self) -> int:
        """How many of the product's connections are at work or hold a transaction open."""
        query = text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'aiguro_app' "
            "AND state <> 'idle'"
        )
        with self.admin.connect() as connection:
            return int(connection.scalar(query) or 0)

    def close(self) -> None:
        with self.app.app_context():
            db.session.remove()
            db.engine.dispose()
        self.admin.dispose()


def _one(connection: Connection, query: str, **values: Any) -> dict[str, Any]:
    return dict(connection.execute(text(query), values).mappings().one())


def _multiply(connection: Connection, name: str, row: dict[str, Any], times: int) -> None:
    """So many more rows like this one; what must differ is numbered."""
    table = Base.metadata.tables[name]
    given_ = [column for column in table.c if column.name != "id" and column.computed is None]
    picked = []
    for column in given_:
        distinct = column.unique or any(column.name in index.columns for index in table.indexes if index.unique)
        distinct = distinct or column.name in ("position", "external_id", "client_key", "sequence", "part")
        kind = str(column.type).upper()
        if distinct and row[column.name] is not None and column.name != "org_id" and not column.foreign_keys:
            picked.append(
                f"left({column.name}, 20) || '-' || n" if "CHAR" in kind or kind == "TEXT" else f"{column.name} + n"
            )
        else:
            picked.append(column.name)
    names = ", ".join(column.name for column in given_)
    connection.execute(
        text(
            f"INSERT INTO {name} ({names}) SELECT {', '.join(picked)} FROM {name}, generate_series(1, :times) n WHERE id = :id"
        ),
        {"times": times, "id": row["id"]},
    )


@contextlib.contextmanager
def stand(name: str, *, dialogs: int = 20_000) -> Iterator[Stand]:
    """All of it, gone at the end."""
    with (
        databases.clone(f"{name}_{os.getpid()}") as urls, FakeTelegram(tokens={"token": "score_bot"}) as telegram,
        Clerk() as clerk, tempfile.TemporaryDirectory(prefix="aiguro-score-files-") as files,
    ):  # fmt: skip
        made = Stand(urls, telegram, clerk, files, dialogs=dialogs)
        try:
            yield made
        finally:
            made.close()
