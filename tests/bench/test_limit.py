"""The bench's limit asks what the product asks: it must not fall behind the product's own statements."""

from __future__ import annotations

import importlib

import psycopg
import pytest

from tests import databases
from tests.people import HOME


def test_the_limits_statements_run_on_the_products_tables(urls, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BENCH_ORG", "BENCH_FUNNEL", "BENCH_CONNECTION"):
        monkeypatch.setenv(name, str(HOME))
    limit = importlib.import_module("tests.bench.limit")
    values = {"org": HOME, "funnel": HOME, "limit": 5, "offset": 0, "uuid": "00000000-0000-0000-0000-000000000000"}
    news = {"bot": HOME, "update": "1", "payload": "{}", "chat": "1", "message": "1", "text": "слово"}
    with psycopg.connect(databases.plain(urls.admin)) as connection:
        assert connection.execute(limit.LIST, values).fetchone()[0] == "[]"
        assert connection.execute(limit.MESSAGES, values).fetchone()[0] == "[]"
        connection.execute(
            "INSERT INTO messenger_connection (org_id, id, messenger_type, account_id, secret_encrypted, key) "
            "OVERRIDING SYSTEM VALUE VALUES (1, 1, 'telegram', 'bench', '', 'bench')"
        )
        connection.execute(limit.INBOUND, {**values, **news})
        connection.rollback()
