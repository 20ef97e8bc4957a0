"""Writing the journal: who did what."""

from __future__ import annotations

from typing import Any

from ..extensions import db
from ..models import JournalEntry
from .access import Actor


def note(who: Actor, act: str, subject: str, subject_id: int, **data: Any) -> None:
    """Add an entry to the current transaction; `data` is what changed, without secrets and message texts."""
    db.session.add(
        JournalEntry(
            org_id=who.home,
            actor_kind=who.kind,
            actor_id=who.user_id,
            actor_name=who.name,
            act=act,
            subject=subject,
            subject_id=subject_id,
            data=data,
        )
    )
