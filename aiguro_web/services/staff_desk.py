"""AIGURO's support at its desk: the tickets of all organisations, and the way into one ticket's organisation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast

from sqlalchemy import TextClause, text

from ..errors import Forbidden, NotFound
from ..extensions import db, enter_organization
from ..models.ticket import Department, Priority, TicketStatus
from .access import Actor
from .ticket_lists import (
    ABSENT,
    COUNTED_MAX,
    NO_FUNNEL,
    RecentRow,
    TicketFilter,
    TicketPage,
    TicketRow,
    page_of,
    read_mark,
)

_LIST = text(
    """SELECT t.id, t.org_id, t.org_name, t.subject, t.department, t.status, t.priority, t.messages_count, t.created_at,
              t.updated_at, COALESCE(u.name, '') AS author, t.funnel_id, t.funnel_name
       FROM lookup_tickets(:status, :department, :priority, :before, :limit, :offset) t
       LEFT JOIN app_user u ON u.id = t.author_id ORDER BY t.id DESC"""
)
_OF_TICKET, _OF_FUNNEL = text("SELECT lookup_ticket(:id)"), text("SELECT lookup_funnel(:id)")
_TOTAL = text("SELECT lookup_ticket_total(:status, :department, :priority, :most)")
_RECENT = text(
    """SELECT t.id, t.org_id, t.org_name, t.subject, t.department, t.status, t.priority, t.messages_count, t.created_at,
              t.updated_at, COALESCE(u.name, '') AS author, t.funnel_id, t.funnel_name
       FROM lookup_desk(:status, :department, :priority, :words, :at, :before, :limit) t
       LEFT JOIN app_user u ON u.id = t.author_id ORDER BY t.updated_at DESC, t.id DESC"""
)
_TALLY = text("SELECT status, total, oldest FROM lookup_desk_tally(:department, :priority, :words, :most)")


@dataclass(frozen=True, slots=True)
class State:
    """How many tickets are in a state (up to COUNTED_MAX), and since when the one lies that nothing moved longest."""

    total: int
    oldest: datetime | None


def must_be_staff(who: Actor) -> None:
    """Raises Forbidden for everybody else."""
    if not (who.kind == "person" and who.staff):
        raise Forbidden("Это доступно только поддержке AIGURO")


def enter(who: Actor, ticket_id: int) -> Actor:
    """The same person inside the organisation of this ticket; whoever is inside of one already stays there.

    A company's member has one, so the desk opens for staff alone. Raises Forbidden, NotFound.
    """
    return _into(who, _OF_TICKET, ticket_id, ABSENT)


def enter_funnel(who: Actor, funnel_id: int) -> Actor:
    """As `enter`, for the organisation that has this funnel."""
    return _into(who, _OF_FUNNEL, funnel_id, NO_FUNNEL)


def _into(who: Actor, lookup: TextClause, id: int, absent: str) -> Actor:
    if who.org is not None:
        return who
    must_be_staff(who)
    org_id: int | None = db.session.scalar(lookup, {"id": id})
    if org_id is None:
        raise NotFound(absent)
    enter_organization(org_id)
    return replace(who, org=org_id)


def list_tickets(
    who: Actor, wanted: TicketFilter, *, limit: int, offset: int = 0, before_id: int | None = None
) -> list[TicketRow]:
    """Tickets of all organisations, newest first; a funnel is one organisation's (`enter_funnel`). Looks across
    tenants. Raises Forbidden."""
    must_be_staff(who)
    values = {**_values(wanted), "limit": limit, "offset": offset, "before": before_id}
    return [
        cast(TicketRow, {
            **row, "department": Department(row["department"]), "status": TicketStatus(row["status"]),
            "priority": Priority(row["priority"]),
        })
        for row in db.session.execute(_LIST, values).mappings()
    ]  # fmt: skip


def count_tickets(who: Actor, wanted: TicketFilter) -> int | None:
    """As ticket_lists.count_tickets, over all organisations. Looks across tenants. Raises Forbidden."""
    must_be_staff(who)
    total: int = db.session.execute(_TOTAL, {**_values(wanted), "most": wanted.most}).scalar_one()
    return None if wanted.most is not None and total > COUNTED_MAX else total


def list_recent(
    who: Actor, wanted: TicketFilter, *, limit: int, before: str | None = None, words: str = ""
) -> TicketPage:
    """As ticket_lists.list_recent, over all organisations or those whose name has these words. Looks across tenants.
    Raises Forbidden, Invalid."""
    must_be_staff(who)
    at, before_id = read_mark(before) if before is not None else (None, None)
    values = {**_values(wanted), "words": words or None, "limit": limit + 1, "at": at, "before": before_id}
    rows = [
        cast(RecentRow, {
            **row, "department": Department(row["department"]), "status": TicketStatus(row["status"]),
            "priority": Priority(row["priority"]), "last_role": None, "last_text": "",
        })
        for row in db.session.execute(_RECENT, values).mappings()
    ]  # fmt: skip
    return page_of(rows, limit)


def count_states(who: Actor, wanted: TicketFilter, words: str = "") -> dict[TicketStatus, State]:
    """As ticket_lists.count_states, over all organisations or those whose name has these words. Looks across tenants.
    Raises Forbidden."""
    must_be_staff(who)
    values = {**_values(wanted), "words": words or None, "most": COUNTED_MAX}
    return {TicketStatus(row.status): State(row.total, row.oldest) for row in db.session.execute(_TALLY, values)}


def _values(wanted: TicketFilter) -> dict[str, Any]:
    return {
        "status": wanted.status and wanted.status.value,
        "department": wanted.department and wanted.department.value,
        "priority": wanted.priority and wanted.priority.value,
    }
