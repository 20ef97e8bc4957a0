"""Lists of dialogs: for the JSON contract (built by PostgreSQL itself, the hottest read) and for the managers' page."""

from __future__ import annotations

import uuid as uuids
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from ..errors import NotFound
from ..extensions import read_hot, run_hot
from ..models.dialog import DialogStatus
from . import funnels, moments
from .access import Actor

# One dialog of the JSON contract (§2). schemas/dialogs.py declares the same shape; a test holds them equal. Sub-selects
# by primary key instead of joins: their plan stays good for a tenant of any size (performance.md, the plan trap).
_UTC = "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
_DIALOG_JSON = f"""
    WITH d AS MATERIALIZED (SELECT * FROM dialog WHERE {{where}} ORDER BY {{order}} LIMIT %(limit)s OFFSET %(offset)s),
    t AS MATERIALIZED (  -- once for each client of the page, however many of its dialogs are theirs
        SELECT g.client_id, o.close_ratio, o.messages_count FROM (SELECT DISTINCT client_id FROM d) g
        CROSS JOIN LATERAL (
            SELECT COALESCE(max(o.close_ratio) FILTER (WHERE o.status = 'active'), 0) AS close_ratio,
                   COALESCE(sum(o.messages_count), 0)::int AS messages_count
            FROM dialog o WHERE o.org_id = %(org)s AND o.client_id = g.client_id AND o.listed OFFSET 0) o)
    SELECT d.id::text AS id, d.uuid, d.thread_id, d.client_id, d.funnel_id::text AS funnel_id,
           {_UTC.format("d.created_at")} AS created_at, {_UTC.format("d.updated_at")} AS updated_at,
           {_UTC.format("d.created_at")} AS created, {_UTC.format("d.last_activity")} AS "lastActivity",
           {_UTC.format("d.last_activity")} AS last_activity,
           d.status, d.outcome, d.lost_reason, d.messages_count, d.last_message, d.close_ratio,
           COALESCE(CASE WHEN d.manager_id IS NOT NULL THEN (
                        SELECT COALESCE(NULLIF(u.name, ''), u.email) FROM app_user u WHERE u.id = d.manager_id) END,
                    NULLIF(d.manager_text, '')) AS manager,
           d.ai, d.unsubscribed, s.code AS stage, s.name AS stage_name, d.description, d.tags, d.price, d.channel,
           c.name, c.phone, c.email,
           json_build_object('id', c.id, 'name', c.name, 'phone', c.phone, 'email', c.email, 'manager', c.manager,
                             'status', c.status, 'close_ratio', t.close_ratio, 'messages_count', t.messages_count)
               AS client
    FROM d
    CROSS JOIN LATERAL (SELECT code, name FROM stage WHERE org_id = %(org)s AND id = d.stage_id OFFSET 0) s
    CROSS JOIN LATERAL (
        SELECT k.id, k.name, k.phone, k.email, k.status,
               COALESCE(CASE WHEN k.manager_id IS NOT NULL THEN (
                            SELECT COALESCE(NULLIF(u.name, ''), u.email) FROM app_user u WHERE u.id = k.manager_id) END,
                        NULLIF(k.manager_text, '')) AS manager
        FROM client k WHERE k.org_id = %(org)s AND k.id = d.client_id OFFSET 0) c
    JOIN t ON t.client_id = d.client_id
    ORDER BY {{order_again}}
"""
_LIST_JSON = (
    "SELECT COALESCE(json_agg(r), '[]')::text AS body, count(*) AS rows, min(r.id::bigint) AS last, {total} AS total, "
    f"{moments.COLUMN} "
    "FROM ({rows}) r"
)
COUNTED_MAX = 10_000
NEWEST = "-id"
# By the name in the contract, where `-` is descending; the id decides between equals.
ORDERS = {
    "-id": ("id DESC",), "id": ("id",),
    "-last_activity": ("last_activity DESC", "id DESC"), "last_activity": ("last_activity", "id"),
    "-created_at": ("created_at DESC", "id DESC"), "created_at": ("created_at", "id"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class DialogFilter:
    """Which dialogs; None means any."""

    funnel_id: int | None = None
    stage: str | None = None
    status: DialogStatus | None = None
    ai: bool | None = None
    manager_id: int | None = None
    updated_since: datetime | None = None
    manager_text: str | None = None  # as it was set, or the address of one who left; '' means nobody
    words: str | None = None
    client_id: int | None = None

    @property
    def counted(self) -> bool:
        """Whether the kept tally knows the exact number."""
        others = (self.ai, self.manager_id, self.updated_since, self.manager_text, self.words, self.client_id)
        return all(value is None for value in others)


@dataclass(frozen=True, slots=True)
class JsonPage:
    """`body` is a JSON array; `last` is the id that the next page begins behind; `total` None when unknown; `seen` the
    moment at which it was so (see `unchanged`)."""

    body: bytes
    rows: int
    last: int | None
    total: int | None
    seen: str


_OF_TEXT = (
    "(manager_text = CAST(%(text)s AS text) AND manager_text <> '' OR manager_id = ANY(ARRAY("
    "SELECT u.id FROM app_user u JOIN membership m ON m.user_id = u.id "
    "WHERE m.org_id = %(org)s AND u.email = lower(CAST(%(text)s AS text)))))"
)
_OF_NOBODY = "manager_id IS NULL AND manager_text = ''"
# Asked once, not for each row: a funnel that was deleted has no list any more.
_OF_FUNNEL = (
    "funnel_id = %(funnel)s AND EXISTS (SELECT FROM funnel f "
    "WHERE f.org_id = %(org)s AND f.id = %(funnel)s AND f.archived_at IS NULL)"
)
_OF_CLIENT = (
    "EXISTS (SELECT FROM client w WHERE w.org_id = %(org)s AND w.id = dialog.client_id AND "
    "(w.name ILIKE %(words)s OR w.phone ILIKE %(words)s OR w.email ILIKE %(words)s))"
)


def _escaped(words: str) -> str:
    """`%` and `_` mean themselves."""
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _conditions(who: Actor, wanted: DialogFilter) -> tuple[str, dict[str, Any]]:
    where = ["org_id = %(org)s", "listed"]
    values: dict[str, Any] = {"org": who.home}
    for name, value, condition in (
        ("funnel", wanted.funnel_id, _OF_FUNNEL),
        ("status", wanted.status, "status = %(status)s"),
        ("ai", wanted.ai, "ai = %(ai)s"),
        ("manager", wanted.manager_id, "manager_id = %(manager)s"),
        ("client", wanted.client_id, "client_id = %(client)s"),
        ("since", wanted.updated_since, "updated_at >= %(since)s"),
        ("text", wanted.manager_text, _OF_TEXT if wanted.manager_text else _OF_NOBODY),
        ("words", wanted.words and f"%{_escaped(wanted.words)}%", _OF_CLIENT),
        ("stage", wanted.stage, "stage_id IN (SELECT id FROM stage WHERE org_id = %(org)s AND code = %(stage)s)"),
    ):
        if value is not None:
            where.append(condition)
            values[name] = value
    return " AND ".join(where), values


def list_json(
    who: Actor,
    wanted: DialogFilter,
    *,
    limit: int,
    offset: int = 0,
    before_id: int | None = None,
    count: bool = True,
    sort: str = NEWEST,
) -> JsonPage:
    """Dialogs as the JSON contract wants them, in one of ORDERS; `before_id` needs the default one. Raises NotFound for
    a funnel that is not here."""
    who.must("read")
    where, values = _conditions(who, wanted)
    counted = where
    if before_id is not None:
        where += " AND id < %(before)s"
        values["before"] = before_id
    values |= {"limit": limit, "offset": offset}
    total = _total(wanted, counted) if count else "NULL::bigint"
    row = read_hot(who.home, _list_query(where, total, sort), values)
    assert row is not None
    rows = int(row["rows"] or 0)
    if rows == 0 and wanted.funnel_id is not None:
        funnels.get_funnel(who, wanted.funnel_id)
    return JsonPage(row["body"] or b"[]", rows, _number(row["last"]), _number(row["total"]), moments.named(row["seen"]))


def unchanged(who: Actor, moment: str) -> bool:
    """Whether no list of dialogs of the organisation could show anything else than at that moment (JsonPage.seen)."""
    return moments.nothing_newer(who, moment, "dialog", "client", "stage", "funnel", "app_user")


def _number(text: bytes | None) -> int | None:
    return None if text is None else int(text)


@lru_cache(maxsize=256)
def _list_query(where: str, total: str, sort: str) -> str:
    return _LIST_JSON.format(total=total, rows=_rows(where, sort))


def _rows(where: str, sort: str = NEWEST) -> str:
    columns = ORDERS[sort]
    again = ", ".join(f"d.{column}" for column in columns)
    return _DIALOG_JSON.format(where=where, order=", ".join(columns), order_again=again)


def _total(wanted: DialogFilter, where: str) -> str:
    """How many: exact by funnel, stage and status (kept tally); other filters are counted up to COUNTED_MAX."""
    if wanted.counted:
        kept = where.replace(" AND listed", "")
        return f"(SELECT COALESCE(sum(dialogs), 0)::bigint FROM dialog_tally WHERE {kept})"
    counted = f"SELECT count(*) FROM (SELECT FROM dialog WHERE {where} LIMIT {COUNTED_MAX + 1}) x"
    return f"(SELECT NULLIF(({counted}), {COUNTED_MAX + 1}))"


def get_json(who: Actor, uuid: uuids.UUID, funnel_id: int | None = None) -> bytes:
    """One dialog in the contract's shape. Raises NotFound."""
    who.must("read")
    where = "org_id = %(org)s AND uuid = %(uuid)s AND deleted_at IS NULL" + (
        "" if funnel_id is None else " AND funnel_id = %(funnel)s"
    )
    values = {"org": who.home, "uuid": uuid, "funnel": funnel_id, "limit": 1, "offset": 0}
    row = run_hot(f"SELECT row_to_json(r)::text AS body FROM ({_rows(where)}) r", values)
    if row is None:
        raise NotFound("Диалог не найден")
    return str(row.body).encode()
