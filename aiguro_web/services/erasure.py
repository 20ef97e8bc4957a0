"""Erasing clients for good, once their 30 days of undo are over: nothing here names them any more.

The bytes of their files follow by themselves: a task of the storage deletes what no row names (tasks/files.py).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, delete, func, or_, select, text, update

from ..extensions import among, db
from ..models import Client, Dialog, InboundUpdate, JournalEntry, Message
from . import journal
from .access import Actor
from .clients import UNDO_DAYS

BATCH = 2000  # rows of one transaction
_UNDO = text(f"interval '{UNDO_DAYS} days'")


def list_overdue() -> list[tuple[int, int]]:
    """(organisation, client) whose time is over, a thousand at a time. Looks across tenants."""
    query = text("SELECT org_id, id FROM lookup_overdue_clients(:days)")
    return [(row.org_id, row.id) for row in db.session.execute(query, {"days": UNDO_DAYS})]


def forget_payloads(who: Actor, after_id: int = 0) -> int | None:
    """What messengers told before the time of undo, as it came: that an update was here stays known, its words not.

    Walks through the organisation's updates from `after_id` on; gives where to go on, None at the end. All that an
    overdue client ever wrote is as old, whoever their chat belongs to by now.
    """
    who.must("manage")
    here = (InboundUpdate.org_id == who.home, InboundUpdate.id > after_id)
    part = select(InboundUpdate.id, InboundUpdate.created_at).where(*here).order_by(InboundUpdate.id).limit(BATCH)
    seen = part.subquery()
    last, rows, newest_is_old = db.session.execute(
        select(func.max(seen.c.id), func.count(), func.bool_and(seen.c.created_at < func.now() - _UNDO))
    ).one()
    if not rows:
        return None
    db.session.execute(
        update(InboundUpdate)
        .where(*here, InboundUpdate.id <= last, InboundUpdate.payload.is_not(None))
        .where(InboundUpdate.created_at < func.now() - _UNDO)
        .values(payload=None, error="")
    )
    return last if rows == BATCH and newest_is_old else None


def erase_messages(who: Actor, client_id: int) -> bool:
    """Some of an overdue client's messages, with what hangs on them. Gives whether there may be more."""
    who.must("manage")
    of = select(Dialog.id).join(Client, (Client.org_id == Dialog.org_id) & (Client.id == Dialog.client_id))
    theirs = of.where(Dialog.org_id == who.home, *_overdue(who, client_id))
    some = select(Message.id).where(Message.org_id == who.home, Message.dialog_id.in_(theirs)).limit(BATCH)
    taken = some.cte("taken")  # once: a sub-select might be asked again
    gone: Any = db.session.execute(
        delete(Message).where(Message.org_id == who.home, Message.id.in_(select(taken.c.id)))
    )
    return bool(gone.rowcount == BATCH)


def erase(who: Actor, client_id: int) -> None:
    """An overdue client, their dialogs and faces, and what the journal says of them besides that it happened. Nothing
    where they are gone already or were restored."""
    who.must("manage")
    if db.session.scalar(select(Client.id).where(*_overdue(who, client_id)).with_for_update()) is None:
        return
    theirs = (Dialog.org_id == who.home, Dialog.client_id == client_id)
    ids = list(db.session.scalars(select(Dialog.id).where(*theirs)))
    about = or_(
        (JournalEntry.subject == "client") & (JournalEntry.subject_id == client_id),
        (JournalEntry.subject == "dialog") & among(JournalEntry.subject_id, ids),
    )
    db.session.execute(update(JournalEntry).where(JournalEntry.org_id == who.home, about).values(data={}))
    db.session.execute(delete(Dialog).where(*theirs))
    db.session.execute(delete(Client).where(Client.org_id == who.home, Client.id == client_id))  # and their identities
    journal.note(who, "erase", "client", client_id)


def _overdue(who: Actor, client_id: int) -> tuple[ColumnElement[bool], ...]:
    """As long as a restoring is still possible, these are not true."""
    return (Client.org_id == who.home, Client.id == client_id, Client.deleted_at < func.now() - _UNDO)
