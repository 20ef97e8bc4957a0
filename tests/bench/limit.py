"""The limit: a bare WSGI function under the same gunicorn, returning JSON that PostgreSQL built itself.

One prepared statement a request, no wall, no tokens, no log, no limits: only stored answers could be faster.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterable
from typing import Any

import psycopg

from aiguro_web.services import dialog_lists

ORG, FUNNEL, BOT = (int(os.environ[name]) for name in ("BENCH_ORG", "BENCH_FUNNEL", "BENCH_CONNECTION"))
_local = threading.local()

LIST = dialog_lists._list_query("org_id = %(org)s AND listed AND funnel_id = %(funnel)s", "NULL", dialog_lists.NEWEST)

MESSAGES = """
    SELECT COALESCE(json_agg(r), '[]')::text FROM (
        SELECT id::text, text, role, created_at AS timestamp, created_at AS time, status, error, author_name AS author,
               stage_number, edited_at IS NOT NULL AS edited, '[]'::json AS attachments
        FROM message WHERE org_id = %(org)s
          AND dialog_id = (SELECT id FROM dialog WHERE org_id = %(org)s AND uuid = %(uuid)s)
        ORDER BY position DESC, sequence DESC, id DESC LIMIT 50) r
"""
INBOUND = """
    WITH kept AS (
        INSERT INTO inbound_update (org_id, connection_id, external_id, status, payload)
        VALUES (%(org)s, %(bot)s, %(update)s, 'done', %(payload)s)
        ON CONFLICT DO NOTHING RETURNING id
    ), d AS (
        SELECT d.id FROM dialog d JOIN client_identity i ON i.org_id = d.org_id AND i.id = d.identity_id
        WHERE d.org_id = %(org)s AND i.org_id = %(org)s AND i.connection_id = %(bot)s AND i.external_id = %(chat)s
          AND d.status = 'active' AND d.listed FOR UPDATE OF d
    ), m AS (
        INSERT INTO message (org_id, dialog_id, connection_id, role, text, external_id, sequence, position)
        SELECT %(org)s, d.id, %(bot)s, 'user', %(text)s, %(chat)s || ':' || %(message)s, %(message)s::bigint,
               (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
        FROM d, kept RETURNING dialog_id
    )
    UPDATE dialog SET messages_count = messages_count + 1, unread = unread + 1, last_message = left(%(text)s, 200),
           last_role = 'user', last_activity = now(), unanswered_since = COALESCE(unanswered_since, now()),
           updated_at = now()
    FROM m WHERE dialog.org_id = %(org)s AND dialog.id = m.dialog_id
"""

# A manager's message: stored, counted, queued for delivery, its job and all in one commit.
WRITE = """
    WITH d AS (
        SELECT id FROM dialog WHERE org_id = %(org)s AND uuid = %(uuid)s AND deleted_at IS NULL FOR UPDATE
    ), m AS (
        INSERT INTO message (org_id, dialog_id, connection_id, role, text, status, position)
        SELECT %(org)s, d.id, %(bot)s, 'manager', %(text)s, 'queued', (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
        FROM d RETURNING id, dialog_id, text, role, status, created_at
    ), o AS (
        INSERT INTO outbox (org_id, dialog_id, message_id, part, lane, text)
        SELECT %(org)s, dialog_id, id, 1, 0, text FROM m
    ), j AS (
        INSERT INTO procrastinate_jobs (queue_name, task_name, lock, args)
        SELECT 'deliveries', 'deliver', 'bench:' || dialog_id, jsonb_build_object('org_id', 0, 'dialog_id', 0) FROM m
    ), c AS (
        UPDATE dialog SET messages_count = messages_count + 1, unread = 0, last_message = left(%(text)s, 200),
               last_role = 'manager', last_activity = now(), unanswered_since = NULL, updated_at = now()
        FROM m WHERE dialog.org_id = %(org)s AND dialog.id = m.dialog_id
    )
    SELECT row_to_json(m)::text FROM m
"""

# The columns of a funnel with kept counts and sums, and the newest cards of each: what the board's page shows.
BOARD = """
    SELECT json_agg(c)::text FROM (
        SELECT s.id, s.code, s.name, t.dialogs, t.amount, k.cards
        FROM stage s,
             LATERAL (SELECT sum(dialogs) AS dialogs, sum(amount) AS amount FROM dialog_tally
                      WHERE org_id = s.org_id AND funnel_id = s.funnel_id AND stage_id = s.id AND status = 'active') t,
             LATERAL (SELECT json_agg(r) AS cards FROM (
                 SELECT d.id, d.uuid, (SELECT name FROM client WHERE org_id = d.org_id AND id = d.client_id) AS name,
                        d.channel, left(d.last_message, 140) AS last_message, d.last_role, d.last_activity,
                        d.unanswered_since, d.unread, d.ai, d.unsubscribed, d.price, d.close_ratio, d.tags,
                        (SELECT name FROM app_user WHERE id = d.manager_id) AS manager
                 FROM dialog d WHERE d.org_id = %(org)s AND d.funnel_id = s.funnel_id AND d.stage_id = s.id
                   AND d.status = 'active' AND d.listed
                 ORDER BY d.last_activity DESC, d.id DESC LIMIT 84) r) k
        WHERE s.org_id = %(org)s AND s.funnel_id = %(funnel)s ORDER BY s.position) c
"""

StartResponse = Callable[[str, list[tuple[str, str]]], Any]


def connection() -> psycopg.Connection[Any]:
    if getattr(_local, "connection", None) is None:
        _local.connection = psycopg.connect(os.environ["BENCH_ADMIN"], autocommit=True, options="-c timezone=UTC")
    return _local.connection


def app(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    path = environ["PATH_INFO"]
    if path.startswith("/list/"):
        values = {"org": ORG, "funnel": FUNNEL, "limit": int(path[6:]), "offset": 0}
        body = connection().execute(LIST, values, prepare=True).fetchone()[0].encode()
    elif path == "/board":
        body = connection().execute(BOARD, {"org": ORG, "funnel": FUNNEL}, prepare=True).fetchone()[0].encode()
    elif path.startswith("/messages/"):
        body = connection().execute(MESSAGES, {"org": ORG, "uuid": path[10:]}, prepare=True).fetchone()[0].encode()
    elif path.startswith("/message/"):
        wish = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        values = {"org": ORG, "uuid": path[9:], "bot": BOT, "text": wish["text"]}
        body = connection().execute(WRITE, values, prepare=True).fetchone()[0].encode()
    else:
        update = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        message = update["message"]
        values = {
            "org": ORG, "bot": BOT, "update": str(update["update_id"]), "payload": json.dumps(update),
            "chat": str(message["chat"]["id"]), "message": str(message["message_id"]), "text": message["text"],
        }  # fmt: skip
        connection().execute(INBOUND, values, prepare=True)
        body = b""
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
