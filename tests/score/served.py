"""The product as gunicorn serves it, with probes: what a request cost, and (asked for by a header) one thing broken.

    X-Score-Seconds: 1     the request's time limit is that
    X-Score-Explain: 1     every statement is explained; `X-Score-Scans` names the large tables that it reads whole
    X-Score-Break: WORD    one of BREAKS: a rule of the product does not hold for this request

Every answer says in `X-Score-Statements` how many statements reached the driver.
"""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from typing import Any

import psycopg
import requests

from aiguro_web import create_app, deadlines, pipelines
from aiguro_web.services.access import Actor
from aiguro_web.web import conditional, idempotency, paging

BREAKS = (
    "etag",
    "link",
    "location",
    "idempotency",
    "deadline",
    "filter",
    "rights",
    "remote",
    "nul",
    "queries",
    "log",
    "retry_after",
)
LARGE = frozenset(os.environ.get("SCORE_LARGE", "").split(","))
_EXPLAINED = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b", re.IGNORECASE)
_here = threading.local()


class Probe:
    """What one request is asked to show, and what it has cost."""

    def __init__(self, environ: dict[str, Any]) -> None:
        self.broken = environ.get("HTTP_X_SCORE_BREAK", "")
        self.explain = "HTTP_X_SCORE_EXPLAIN" in environ
        self.seconds = float(environ.get("HTTP_X_SCORE_SECONDS", 1e9))
        self.statements = 0
        self.scans: set[str] = set()


def probe() -> Probe:
    return getattr(_here, "probe", None) or Probe({})


def broken(word: str) -> bool:
    return probe().broken == word


def _scans(plan: dict[str, Any]) -> Iterable[str]:
    if plan.get("Node Type") in ("Seq Scan", "Parallel Seq Scan") and plan.get("Relation Name") in LARGE:
        yield plan["Relation Name"]
    for part in plan.get("Plans", ()):
        yield from _scans(part)


def _watch_statements() -> None:
    execute, ask = psycopg.Cursor.execute, pipelines.ask

    def explain(connection: Any, text: str, values: Any) -> None:
        now = probe()
        if not now.explain or not _EXPLAINED.match(text):
            return
        with psycopg.Cursor(connection) as cursor:
            cursor.row_factory = psycopg.rows.tuple_row
            row = execute(cursor, "EXPLAIN (FORMAT JSON) " + text, values, prepare=False).fetchone()
        plan = row[0] if isinstance(row[0], list) else json.loads(row[0])
        now.scans.update(_scans(plan[0]["Plan"]))

    def counted(cursor: Any, query: Any, params: Any = None, **options: Any) -> Any:
        now = probe()
        now.statements += 1
        if isinstance(query, str):
            query = _unfiltered(query)
            explain(cursor.connection, query, params)
        return execute(cursor, query, params, **options)

    def asked(connection: Any, statement: str, values: Any, **options: Any) -> Any:
        now = probe()
        now.statements += 1
        statement = _unfiltered(statement)
        if now.explain:
            org = options.get("org_id")
            if org is not None:
                connection.execute("SELECT set_config('app.org_id', %s, true)", (str(org),))
            explain(connection, statement, values)
            connection.rollback() if org is not None else None
        return ask(connection, statement, values, **options)

    psycopg.Cursor.execute = counted  # type: ignore[method-assign]
    pipelines.ask = asked


def _unfiltered(query: str) -> str:
    """Broken: no statement asks for its organisation any more."""
    if not broken("filter") or "org_id" not in query:
        return query
    return re.sub(r"((?:\w+\.)?org_id) = (%\(\w+\)s)(::\w+)?", r"(\1 IS NOT NULL OR \2::bigint IS NULL)", query)


def _break_rules() -> None:
    finish, once, within = conditional.finish, idempotency.once, deadlines.within
    must = Actor.must

    def headers(*given: Any, original: Callable[..., dict[str, str]] = paging.headers, **more: Any) -> dict[str, str]:
        return {} if broken("link") else original(*given, **more)

    conditional.finish = lambda response, environ: response if broken("etag") else finish(response, environ)
    idempotency.once = lambda route, given, work: work() if broken("idempotency") else once(route, given, work)
    deadlines.within = lambda seconds: (
        nullcontext() if broken("deadline") else within(min(seconds, probe().seconds))
    )  # fmt: skip
    paging.headers = headers
    Actor.must = lambda self, act: None if broken("rights") else must(self, act)  # type: ignore[method-assign]


class Probed:
    """WSGI: a probe around each request, and the breaks that lie at the product's edge."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        now = _here.probe = Probe(environ)
        if broken("remote"):
            requests.get(f"{os.environ['TELEGRAM_API_URL']}/bottoken/getMe", timeout=20)
        if broken("log"):
            print(
                json.dumps({"event": "who", "token": environ.get("HTTP_AUTHORIZATION")}), file=os.sys.stderr, flush=True
            )  # type: ignore[attr-defined]
        if broken("nul") and "%00" in environ.get("QUERY_STRING", ""):
            start_response("500 Internal Server Error", [("Content-Type", "text/html")])
            return [b"<h1>boom</h1>"]

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            away = {"location": "location", "retry_after": "retry-after"}.get(now.broken, "-")
            kept = [(name, value) for name, value in headers if name.lower() != away]
            told = now.statements + (
                len(str(kept)) + int(environ.get("HTTP_X_SCORE_EXTRA", 0)) if broken("queries") else 0
            )
            kept += [("X-Score-Statements", str(told)), ("X-Score-Scans", ",".join(sorted(now.scans)))]
            return start_response(status, kept, exc_info)

        return self.app(environ, start)


_watch_statements()
_break_rules()
app = create_app()
app.wsgi_app = Probed(app.wsgi_app)  # type: ignore[method-assign]
