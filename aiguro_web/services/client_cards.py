"""A client's card, as the screens show it: who they are, their deals, what colleagues wrote down, who may be the same.

Each reading is one statement: the lists inside come as JSON and are given their types here.
"""

from __future__ import annotations

import uuid as uuids
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypedDict, cast

from sqlalchemy import select, text

from ..errors import NotFound
from ..extensions import among, db
from ..models import Client
from . import search
from .access import Actor
from .client_lists import SILENT_DAYS
from .clients import UNDO_DAYS
from .inbox import CardRow

NOTES_SHOWN = 100
DEALS_SHOWN = 50
DUPLICATES_SHOWN = 5


class NoteRow(TypedDict):
    id: int
    author_id: int | None
    author_name: str
    text: str
    created_at: datetime
    updated_at: datetime


class DealRow(TypedDict):
    """A dialog in the list of a client's own; `manager` is the member's name, else the text that was set."""

    uuid: uuids.UUID
    funnel: str
    stage: str
    channel: str
    status: str
    outcome: str | None
    price: Decimal
    last_message: str
    last_activity: datetime


class NameRow(TypedDict):
    """Something to choose: a stage by its code, a member by their id."""

    value: str
    name: str


class DuplicateRow(TypedDict):
    """Somebody with the same phone or e-mail."""

    id: int
    name: str
    phone: str
    email: str


class MergeRow(TypedDict):
    id: int
    gone_id: int
    gone_name: str
    author_name: str
    created_at: datetime


class Card(TypedDict):
    """`manager_id` is None where `manager` is a mere text; `merged_into` is whom this one left for."""

    id: int
    name: str
    phone: str
    email: str
    status: str
    type: str
    source: str
    manager: str
    manager_id: int | None
    created_at: datetime
    last_activity: datetime
    deleted_at: datetime | None
    merged_into: int | None
    is_test: bool
    notes: list[NoteRow]
    deals: list[DealRow]
    deals_more: bool
    members: list[NameRow]
    duplicates: list[DuplicateRow]
    merges: list[MergeRow]


class Deal(TypedDict):
    """What can be changed of the open dialog beside its chat."""

    stage: str
    stages: list[NameRow]
    manager: str
    manager_id: int | None
    tags: list[str]
    description: str


class Pane(TypedDict):
    """What stands beside a chat."""

    client: Card
    deal: Deal


# Whom the members' list names; who is responsible now stays in it also after having left.
_MEMBERS = """
    SELECT json_agg(json_build_object('value', u.id::text, 'name', COALESCE(NULLIF(u.name, ''), u.email))
                    ORDER BY lower(COALESCE(NULLIF(u.name, ''), u.email)), u.id)
    FROM app_user u WHERE EXISTS (
        SELECT FROM membership b WHERE b.org_id = :org AND b.user_id = u.id AND b.removed_at IS NULL AND u.is_active)
"""
_DEALS = f"""
    SELECT json_agg(x ORDER BY x.last_activity DESC) FROM (
        SELECT d.uuid, f.display_name AS funnel, s.name AS stage, d.channel, d.status, d.outcome, d.price,
               d.last_message, d.last_activity
        FROM (SELECT * FROM dialog WHERE org_id = :org AND client_id = c.id AND listed
              ORDER BY last_activity DESC, id DESC LIMIT {DEALS_SHOWN + 1}) d
        JOIN funnel f ON f.org_id = d.org_id AND f.id = d.funnel_id
        JOIN stage s ON s.org_id = d.org_id AND s.id = d.stage_id) x
"""
# By index alone (migration 0019): the digits of a phone whatever stands between them, an e-mail as it is kept.
_DUPLICATES = f"""
    SELECT json_agg(json_build_object('id', x.id, 'name', x.name, 'phone', x.phone, 'email', x.email) ORDER BY x.id)
    FROM (
        SELECT o.* FROM client o WHERE o.org_id = :org AND o.phone = c.phone AND o.phone <> '' AND o.id <> c.id
               AND o.deleted_at IS NULL AND NOT o.is_test
        UNION
        SELECT o.* FROM client o WHERE o.org_id = :org AND o.email = c.email AND o.email <> '' AND o.id <> c.id
               AND o.deleted_at IS NULL AND NOT o.is_test
        LIMIT {DUPLICATES_SHOWN}) x
"""
_CARD = f"""
    SELECT c.id, c.name, c.phone, c.email, c.status, c.source, c.created_at, c.last_activity, c.deleted_at,
           c.merged_into, c.is_test, c.manager_id,
           COALESCE((SELECT COALESCE(NULLIF(u.name, ''), u.email) FROM app_user u WHERE u.id = c.manager_id),
                    c.manager_text) AS manager,
           CASE WHEN c.last_activity < now() - interval '{SILENT_DAYS} days' THEN 'неактивный'
                WHEN EXISTS (SELECT FROM dialog w WHERE w.org_id = :org AND w.client_id = c.id AND w.outcome = 'won'
                             AND w.listed) THEN 'постоянный' ELSE 'новый' END AS type,
           (SELECT json_agg(x ORDER BY x.id DESC) FROM (
                SELECT id, author_id, author_name, text, created_at, updated_at FROM client_note
                WHERE org_id = :org AND client_id = c.id ORDER BY id DESC LIMIT {NOTES_SHOWN}) x) AS notes,
           ({_DEALS}) AS deals, ({_MEMBERS}) AS members, ({_DUPLICATES}) AS duplicates,
           (SELECT json_agg(x ORDER BY x.id DESC) FROM (
                SELECT m.id, m.gone_id, g.name AS gone_name, m.author_name, m.created_at FROM client_merge m
                JOIN client g ON g.org_id = m.org_id AND g.id = m.gone_id
                WHERE m.org_id = :org AND m.kept_id = c.id AND m.undone_at IS NULL AND g.merged_into = c.id
                ORDER BY m.id DESC LIMIT 20) x) AS merges
    FROM client c WHERE c.org_id = :org AND c.id = :id AND NOT c.is_test
"""
_DEAL = """
    SELECT s.code AS stage, d.manager_id, d.tags, d.description,
           COALESCE((SELECT COALESCE(NULLIF(u.name, ''), u.email) FROM app_user u WHERE u.id = d.manager_id),
                    d.manager_text) AS manager,
           (SELECT json_agg(json_build_object('value', o.code, 'name', o.name) ORDER BY o.position) FROM stage o
            WHERE o.org_id = :org AND o.funnel_id = d.funnel_id AND (o.archived_at IS NULL OR o.id = d.stage_id))
               AS stages
    FROM dialog d JOIN stage s ON s.org_id = d.org_id AND s.id = d.stage_id
    WHERE d.org_id = :org AND d.uuid = :uuid
"""


def pane(who: Actor, card: CardRow) -> Pane:
    """What stands beside the chat of `card` (inbox.get_card): the client and the deal. Raises NotFound."""
    client = get_card(who, card["client_id"], trial=True)
    row = db.session.execute(text(_DEAL), {"org": who.home, "uuid": card["uuid"]}).mappings().one_or_none()
    if row is None:
        raise NotFound("Диалог не найден")
    return {"client": client, "deal": cast(Deal, {**row, "stages": row["stages"] or []})}


def _is_to_be_undone(deleted_at: datetime) -> bool:
    """Who is erased, or was ordered to be, is older than that (erasure.order)."""
    return deleted_at > datetime.now(UTC) - timedelta(days=UNDO_DAYS)


def get_card(who: Actor, client_id: int, *, deleted: bool = False, trial: bool = False) -> Card:
    """All of the card but its timeline; with `deleted` also of a client who is hidden, but for the erased. With
    `trial` also of a trial dialog's made-up client. Raises NotFound."""
    who.must("read")
    query = _CARD if not trial else _CARD.replace(" AND NOT c.is_test\n", "\n")
    row = db.session.execute(text(query), {"org": who.home, "id": client_id}).mappings().one_or_none()
    if row is None or (row["deleted_at"] is not None and not (deleted and _is_to_be_undone(row["deleted_at"]))):
        raise NotFound("Клиент не найден")
    deals = [cast(DealRow, _typed(found)) for found in row["deals"] or []]
    return cast(Card, {
        **row,
        "notes": [cast(NoteRow, _typed(found)) for found in row["notes"] or []],
        "deals": deals[:DEALS_SHOWN], "deals_more": len(deals) > DEALS_SHOWN,
        "members": row["members"] or [], "duplicates": row["duplicates"] or [],
        "merges": [cast(MergeRow, _typed(found)) for found in row["merges"] or []],
    })  # fmt: skip


def find_kept(who: Actor, client_id: int) -> int | None:
    """Whom a merged client went into, along the whole way; None where they are here, or gone for another reason."""
    who.must("read")
    way = """
        WITH RECURSIVE way AS (
            SELECT id, merged_into, deleted_at FROM client WHERE org_id = :org AND id = :id
            UNION
            SELECT n.id, n.merged_into, n.deleted_at
            FROM way w JOIN client n ON n.org_id = :org AND n.id = w.merged_into)
        SELECT id FROM way WHERE merged_into IS NULL AND id <> :id
    """
    found: int | None = db.session.scalar(text(way), {"org": who.home, "id": client_id})
    return found


def find_alike(who: Actor, words: str, but: int, limit: int = 20) -> list[DuplicateRow]:
    """Clients whom these words find (search.client_ids), without the client `but`: to choose one from."""
    ids = [number for number in search.client_ids(who, words) if number != but]
    known = (Client.org_id == who.home, among(Client.id, ids), Client.deleted_at.is_(None), ~Client.is_test)
    query = select(Client.id, Client.name, Client.phone, Client.email).where(*known)
    found = db.session.execute(query.order_by(Client.last_activity.desc(), Client.id.desc()).limit(limit))
    return [cast(DuplicateRow, dict(row)) for row in found.mappings()]


def _typed(found: dict[str, Any]) -> dict[str, Any]:
    """JSON knows neither moments nor money nor uuids."""
    return {name: _KINDS[name](value) if name in _KINDS else value for name, value in found.items()}


_KINDS: dict[str, Callable[[Any], Any]] = {
    "created_at": datetime.fromisoformat, "updated_at": datetime.fromisoformat,
    "last_activity": datetime.fromisoformat, "uuid": uuids.UUID, "price": lambda value: Decimal(str(value)),
}  # fmt: skip
