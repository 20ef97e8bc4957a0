"""Who waits for an answer, the longest first: the overview's queue."""

from __future__ import annotations

import uuid as uuids
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict, cast

from sqlalchemy import and_, func, literal_column, select

from ..extensions import db
from ..models import Client, Dialog, Stage, User
from .access import Actor
from .deal_filters import DealFilter, conditions


class WaitingRow(TypedDict):
    """A dialog that waits for a person."""

    uuid: uuids.UUID
    client_name: str
    channel: str
    stage_name: str
    last_message: str
    unanswered_since: datetime
    manager_name: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """Those who wait longest, and how many wait."""

    rows: list[WaitingRow]
    total: int


def list_waiting(who: Actor, funnel_id: int | None, limit: int) -> Waiting:
    """At most `limit` of them. Raises Forbidden."""
    d, c, s, u = Dialog, Client, Stage, User
    # The words of ix_dialog_waiting: a bound value would not be recognised as its condition.
    own = [
        *conditions(who, DealFilter(funnel_id=funnel_id, waiting=True)), d.unanswered_since.is_not(None),
        literal_column("dialog.status = 'active'"),
    ]  # fmt: skip
    total = select(func.count()).select_from(d).where(*own).scalar_subquery()
    first = (
        select(d.org_id, d.id, d.uuid, d.client_id, d.stage_id, d.manager_id, d.channel, d.last_message,
               d.manager_text, d.unanswered_since)
        .where(*own).order_by(d.unanswered_since, d.id).limit(limit).subquery("first")
    )  # fmt: skip
    name = func.coalesce(func.nullif(u.name, ""), u.email, first.c.manager_text)
    query = (
        select(
            first.c.uuid, c.name.label("client_name"), first.c.channel, s.name.label("stage_name"),
            first.c.last_message, first.c.unanswered_since, name.label("manager_name"), total.label("total"),
        )
        .join(c, and_(c.org_id == first.c.org_id, c.id == first.c.client_id))
        .join(s, and_(s.org_id == first.c.org_id, s.id == first.c.stage_id))
        .outerjoin(u, u.id == first.c.manager_id)
        .order_by(first.c.unanswered_since, first.c.id)
    )  # fmt: skip
    found = [dict(row) for row in db.session.execute(query).mappings()]
    totals = [int(row.pop("total")) for row in found]
    return Waiting([cast(WaitingRow, row) for row in found], totals[0] if totals else 0)
