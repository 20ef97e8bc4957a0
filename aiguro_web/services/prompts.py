"""Versions of an assistant's prompt: each one is kept, byte for byte."""

from __future__ import annotations

from sqlalchemy import func, select

from ..extensions import db
from ..models import Assistant, PromptVersion
from .access import Actor


def add_version(who: Actor, assistant: Assistant) -> int:
    """Keep the assistant's present prompt as its next version; the caller holds the assistant's row. Its number."""
    query = select(func.coalesce(func.max(PromptVersion.number), 0)).where(
        PromptVersion.org_id == who.home, PromptVersion.assistant_id == assistant.id
    )
    number = (db.session.scalar(query) or 0) + 1
    db.session.add(
        PromptVersion(
            org_id=who.home,
            assistant_id=assistant.id,
            number=number,
            prompt=assistant.prompt,
            author_id=who.user_id,
            author_name=who.name,
        )
    )
    db.session.flush()  # the next one counts it
    return number
