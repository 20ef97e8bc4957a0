"""What happened with a client, over all their dialogs, newest first: messages, stage moves, edits, notes, files,
imports, merges. What those brought who were merged into them counts as theirs.

A page is one statement. Each kind is read by its own index as far as a page needs, and then they are put in one order.
"""

from __future__ import annotations

import uuid as uuids
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypedDict, cast

from sqlalchemy import text

from ..errors import Invalid
from ..extensions import db
from . import client_lists
from .access import Actor
from .transcript import preview

Kind = Literal["messages", "moves", "edits", "notes", "files"]
KINDS: tuple[Kind, ...] = ("messages", "moves", "edits", "notes", "files")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class EventRow(TypedDict):
    """`kind` is one of: message, move, dialog (an act on one), client (an act on the client), note, file, import.

    `act` is who wrote (a message's role), the stage (a move) or the journal's verb; `words` a message's first words, a
    note, a file's name; `data` what the journal has. `actor` is '' where it is not known.
    """

    key: str
    at: datetime
    kind: str
    act: str
    actor: str
    words: str
    data: dict[str, Any]
    dialog: uuids.UUID | None


@dataclass(frozen=True, slots=True)
class EventPage:
    """`next` continues the timeline, None at its end."""

    rows: list[EventRow]
    next: str | None


# Each gives: at (µs), rank and id (its place among what happened at the same time), kind, act, actor, words, data.
_MICRO = "(extract(epoch FROM {}) * 1000000)::bigint"
_BEHIND = "(({at}), {rank}, {id}) < (:at, :rank, :last)"


def _part(rank: int, at: str, number: str, columns: str, rest: str, *, order: str = "") -> str:
    behind = _BEHIND.format(at=at, rank=rank, id=number)
    kept = order or f"{at} DESC, {number} DESC"
    named = f"{at} AS at, {rank} AS rank, {number} AS id, {columns}"
    return f"SELECT {named} {rest} AND {behind} ORDER BY {kept} LIMIT :limit"


_MESSAGE = _part(
    1, "m.position", "m.id",
    "'message' AS kind, m.role::text AS act, m.author_name AS actor, left(m.text, 400) AS words, "
    "jsonb_build_object('media', m.media) AS data",
    "FROM message m "
    "WHERE m.org_id = :org AND m.dialog_id = t.id AND m.role <> 'system' AND m.position <= :at",
    order="m.position DESC, m.id DESC",
)  # fmt: skip
_FILE = _part(
    2, "m.position", "a.id",
    "'file' AS kind, m.role::text AS act, m.author_name AS actor, a.name AS words, "
    "jsonb_build_object('size', a.size, 'type', a.content_type, 'id', a.id, 'message', m.id) AS data",
    "FROM message m CROSS JOIN LATERAL (SELECT * FROM attachment WHERE org_id = :org AND message_id = m.id OFFSET 0) a "
    "WHERE m.org_id = :org AND m.dialog_id = t.id AND m.position <= :at",
    order="m.position DESC, a.id DESC",
)  # fmt: skip
# The first entry of a dialog is its beginning, not a move.
_MOVE = _part(
    3, _MICRO.format("e.entered_at"), "e.id",
    "'move' AS kind, s.name::text AS act, e.actor_name AS actor, '' AS words, jsonb_build_object('first', NOT EXISTS ("
    "SELECT FROM stage_entry f WHERE f.org_id = :org AND f.dialog_id = t.id AND f.id < e.id)) AS data",
    "FROM stage_entry e JOIN stage s ON s.org_id = e.org_id AND s.id = e.stage_id "
    "WHERE e.org_id = :org AND e.dialog_id = t.id",
)  # fmt: skip
_OF_DIALOG = _part(
    4, _MICRO.format("j.created_at"), "j.id",
    "'dialog' AS kind, j.act::text, j.actor_name AS actor, '' AS words, j.data",
    "FROM journal_entry j WHERE j.org_id = :org AND j.subject = 'dialog' AND j.subject_id = t.id "
    "AND j.act NOT IN ('move_to_stage', 'create')",
)  # fmt: skip
_OF_CLIENT = _part(
    5, _MICRO.format("j.created_at"), "j.id",
    "'client' AS kind, j.act::text, j.actor_name AS actor, '' AS words, j.data",
    "FROM journal_entry j WHERE j.org_id = :org AND j.subject = 'client' AND j.subject_id = t.id "
    "AND j.act NOT IN ('add_note', 'change_note')",
)  # fmt: skip
_NOTE = _part(
    6, _MICRO.format("n.created_at"), "n.id",
    "'note' AS kind, '' AS act, n.author_name AS actor, n.text AS words, '{}'::jsonb AS data",
    "FROM client_note n WHERE n.org_id = :org AND n.client_id = t.id",
)  # fmt: skip
_IMPORT = _part(
    7, _MICRO.format("r.handled_at"), "i.id",
    "'import' AS kind, r.verdict::text AS act, i.author_name AS actor, i.file_name AS words, "
    "jsonb_build_object('number', r.number) AS data",
    "FROM client_import_row r JOIN client_import i ON i.org_id = r.org_id AND i.id = r.import_id "
    "WHERE r.org_id = :org AND r.client_id = t.id AND r.handled_at IS NOT NULL AND r.outcome <> 'skipped'",
)  # fmt: skip
_PARTS: dict[Kind, tuple[tuple[str, str], ...]] = {  # (of which rows, what of each)
    "messages": (("talk", _MESSAGE),),
    "files": (("talk", _FILE),),
    "moves": (("talk", _MOVE),),
    "edits": (("talk", _OF_DIALOG), ("family", _OF_CLIENT), ("family", _IMPORT)),
    "notes": (("family", _NOTE),),
}
_UUID = {"talk": "t.uuid", "family": "NULL::uuid"}
_WHOLE = """
    WITH RECURSIVE family AS (
        SELECT CAST(:id AS bigint) AS id
        UNION
        SELECT g.id FROM family f JOIN client g ON g.org_id = :org AND g.merged_into = f.id),
    talk AS (
        SELECT d.id, d.uuid FROM family f JOIN dialog d ON d.org_id = :org AND d.client_id = f.id AND d.listed)
    SELECT * FROM ({parts}) x ORDER BY at DESC, rank DESC, id DESC LIMIT :limit
"""


def list_events(
    who: Actor, client_id: int, *, kind: Kind | None = None, before: str | None = None, limit: int = 40
) -> EventPage:
    """A page of the timeline, of one kind or of all; `before` is a page's `next`. Raises NotFound, Invalid."""
    client_lists.must_exist(who, client_id)
    wanted = [part for name in ((kind,) if kind else KINDS) for part in _PARTS[name]]
    parts = " UNION ALL ".join(
        f"(SELECT p.*, {_UUID[of]} AS dialog FROM {of} t CROSS JOIN LATERAL ({part}) p)" for of, part in wanted
    )
    at, rank, last = _cursor(before)
    given = {"org": who.home, "id": client_id, "at": at, "rank": rank, "last": last, "limit": limit + 1}
    found = list(db.session.execute(text(_WHOLE.format(parts=parts)), given).mappings())
    rows = [_event(row) for row in found[:limit]]
    end = found[limit - 1] if len(found) > limit else None
    return EventPage(rows, f"{end['at']}.{end['rank']}.{end['id']}" if end else None)


def moment_of(before: str | None) -> datetime | None:
    """When that happened behind which a page continues. Raises Invalid."""
    return EPOCH + timedelta(microseconds=_cursor(before)[0]) if before else None


def _event(row: Any) -> EventRow:
    return cast(EventRow, {
        "key": f"{row['kind']}-{row['id']}", "at": EPOCH + timedelta(microseconds=row["at"]), "kind": row["kind"],
        "act": row["act"], "actor": row["actor"], "data": row["data"] or {}, "dialog": row["dialog"],
        "words": preview(row["words"], row["data"].get("media", "")) if row["kind"] == "message" else row["words"],
    })  # fmt: skip


_LAST = (2**62, 99, 2**62)  # behind it stands everything
_FIRST_MOMENT = 253_402_300_799 * 1_000_000  # the year 9999


def _cursor(before: str | None) -> tuple[int, int, int]:
    if before is None:
        return _LAST
    parts = before.split(".")
    if len(before) > 60 or len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):
        raise Invalid("Неверное продолжение списка", before="возьмите его из ответа")
    at, rank, last = (int(part) for part in parts)
    if at > _FIRST_MOMENT or rank > 99 or last > _LAST[2]:
        raise Invalid("Неверное продолжение списка", before="возьмите его из ответа")
    return at, rank, last
