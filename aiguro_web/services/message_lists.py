"""The messages of a dialog for the JSON contract: built by PostgreSQL itself, the second hottest read."""

from __future__ import annotations

import uuid as uuids
from dataclasses import dataclass
from typing import Any

from ..errors import NotFound
from ..extensions import read_hot, run_hot
from .access import Actor

# One message of the contract (seed §8.2). schemas/messages.py declares the same shape; a test holds them equal. `time`
# is the same instant as `timestamp` in the organisation's zone, with its offset.
_MESSAGE = """
    json_build_object(
        'id', m.id::text, 'text', m.text, 'role', m.role,
        'timestamp', to_char(m.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'time', to_char(m.created_at AT TIME ZONE o.timezone, 'YYYY-MM-DD"T"HH24:MI:SS') ||
                CASE WHEN z.shift < interval '0' THEN '-' ELSE '+' END ||
                to_char(CASE WHEN z.shift < interval '0' THEN -z.shift ELSE z.shift END, 'HH24:MI'),
        'status', m.status, 'error', m.error, 'author', m.author_name, 'stage_number', m.stage_number,
        'edited', m.edited_at IS NOT NULL,
        'attachments', CASE WHEN m.media = '' THEN '[]'::json ELSE (
            SELECT COALESCE(json_agg(json_build_object('id', a.id::text, 'name', a.name, 'content_type', a.content_type,
                                                       'size', a.size) ORDER BY a.id), '[]')
            FROM attachment a WHERE a.org_id = %(org)s AND a.message_id = m.id) END)
"""
_SHIFT = (
    "CROSS JOIN LATERAL (SELECT (m.created_at AT TIME ZONE o.timezone) - (m.created_at AT TIME ZONE 'UTC') AS shift) z"
)
_ORDER = "position DESC, sequence DESC, id DESC"
_LIST = f"""
    SELECT d.messages_count AS total, l.body, l.rows, l.last
    FROM dialog d JOIN organization o ON o.id = d.org_id
    CROSS JOIN LATERAL (
        SELECT COALESCE(json_agg({_MESSAGE} ORDER BY m.position DESC, m.sequence DESC, m.id DESC), '[]')::text AS body,
               count(*) AS rows,
               (array_agg(ARRAY[m.position, m.sequence, m.id] ORDER BY m.position, m.sequence, m.id))[1:1] AS last
        FROM (SELECT * FROM message WHERE org_id = %(org)s AND dialog_id = d.id {{more}}
              ORDER BY {_ORDER} LIMIT %(limit)s OFFSET %(offset)s) m {_SHIFT}) l
    WHERE d.org_id = %(org)s AND d.uuid = %(uuid)s AND d.deleted_at IS NULL AND d.funnel_id = %(funnel)s
"""
_LIST_FIRST = _LIST.format(more="")
_LIST_BEHIND = _LIST.format(more="AND (position, sequence, id) < (%(p)s, %(s)s, %(i)s)")
_ONE = f"""
    SELECT ({_MESSAGE})::text AS body FROM dialog d
    JOIN organization o ON o.id = d.org_id
    JOIN message m ON m.org_id = d.org_id AND m.dialog_id = d.id
    {_SHIFT}
    WHERE d.org_id = %(org)s AND d.uuid = %(uuid)s AND d.deleted_at IS NULL AND d.funnel_id = %(funnel)s
      AND m.id = %(id)s
"""

Key = tuple[int, int, int]  # (position, sequence, id): the order of a dialog


@dataclass(frozen=True, slots=True)
class JsonPage:
    """`body` is a JSON array, newest first; `last` is the key that the next page begins behind."""

    body: bytes
    rows: int
    total: int
    last: Key | None


def list_json(
    who: Actor, uuid: uuids.UUID, funnel_id: int, *, limit: int, offset: int = 0, after: Key | None = None
) -> JsonPage:
    """Messages of a dialog of this funnel. Raises NotFound."""
    who.must("read")
    values: dict[str, Any] = {"org": who.home, "uuid": uuid, "funnel": funnel_id, "limit": limit, "offset": offset}
    if after is not None:
        values |= dict(zip(("p", "s", "i"), after, strict=True))
    row = read_hot(who.home, _LIST_BEHIND if after is not None else _LIST_FIRST, values)
    if row is None:
        raise NotFound("Диалог не найден")
    last = (row["last"] or b"").strip(b"{}").split(b",")  # an array of one key
    key = (int(last[0]), int(last[1]), int(last[2])) if len(last) == 3 else None
    return JsonPage(row["body"] or b"[]", int(row["rows"] or 0), int(row["total"] or 0), key)


def get_json(who: Actor, uuid: uuids.UUID, funnel_id: int, message_id: int) -> bytes:
    """One message in the contract's shape. Raises NotFound."""
    who.must("read")
    values = {"org": who.home, "uuid": uuid, "funnel": funnel_id, "id": message_id}
    row = run_hot(_ONE, values)
    if row is None:
        raise NotFound("Сообщение не найдено")
    return str(row.body).encode()
