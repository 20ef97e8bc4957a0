"""Members of the organisation, and how a text names one of them."""

from __future__ import annotations

from typing import Any, TypedDict, cast

from sqlalchemy import Select, func, or_, select

from ..extensions import db
from ..models import Membership, User
from .access import Actor

# What the front-end shows for an empty field and sends back as if somebody had typed it (contract.md §2).
CLEARING = frozenset({"", "не указано", "не назначено"})
_ID_DIGITS = 18  # below 2^63


class MemberRow(TypedDict):
    """`name` is what colleagues see: the name, else the e-mail."""

    id: int
    name: str
    email: str
    role: str


def is_clearing(text: str) -> bool:
    """Whether this text means: empty the field. Also with «» around it."""
    return text.strip().strip("«»").strip().lower() in CLEARING


def resolve(who: Actor, text: str, current: int | None = None) -> tuple[int | None, str]:
    """The member whom a text names by id, e-mail or unique name: (id, ''). For nobody's name: (None, the text); for a
    clearing one (None, '').

    `current` is the member who stands there now: their own name coming back means them, even where it is another one's
    too, or they have left.
    """
    who.must("read")
    words = text.strip()
    if is_clearing(words):
        return None, ""
    found = list(db.session.scalars(_named(who, words, current)))
    if current in found:
        return current, ""
    return (found[0], "") if len(found) == 1 else (None, words)


def _named(who: Actor, words: str, current: int | None) -> Select[*tuple[Any, ...]]:
    """Everybody whom the words could mean; those who left count only as the current one."""
    folded = words.lower()
    by_name = or_(func.lower(User.name) == folded, User.email == folded)
    by_id = User.id == (int(words) if words.isascii() and words.isdigit() and len(words) <= _ID_DIGITS else 0)
    working = Membership.removed_at.is_(None) & User.is_active
    return (
        select(User.id)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.org_id == who.home, by_name | by_id, working | (User.id == (current or 0)))
    )


def find_actor(org_id: int, user_id: int) -> Actor | None:
    """This person as they act now, for work that goes on without them; None for who does not work here any more."""
    query = (
        select(User.id, User.name, User.email, User.is_staff, Membership.role)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.org_id == org_id, User.id == user_id, Membership.removed_at.is_(None), User.is_active)
    )
    row = db.session.execute(query).one_or_none()
    if row is None:
        return None
    return Actor("person", org_id, row.id, row.name, row.email, row.role, row.is_staff)


def list_members(who: Actor) -> list[MemberRow]:
    """Who works here, by name."""
    who.must("read")
    label = func.coalesce(func.nullif(User.name, ""), User.email)
    query = (
        select(User.id, label.label("name"), User.email, Membership.role)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.org_id == who.home, Membership.removed_at.is_(None), User.is_active)
        .order_by(func.lower(label), User.id)
    )
    return [cast(MemberRow, dict(row)) for row in db.session.execute(query).mappings()]
