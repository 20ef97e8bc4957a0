"""Organisations and who belongs to them."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from ..extensions import db, enter_organization
from ..models import Membership, Organization, Role


class MembershipRow(TypedDict):
    """One organisation of a user; `removed_at` marks a tombstone."""

    org_id: int
    gid: str | None
    display_name: str
    role: Role
    timezone: str
    locale: str
    removed_at: datetime | None


_MEMBERSHIPS = text(
    "SELECT org_id, gid, display_name, role, timezone, locale, removed_at FROM lookup_memberships(:user_id)"
)


def list_memberships(user_id: int, *, removed: bool = False) -> list[MembershipRow]:
    """The organisations of a user, oldest first; with `removed`, tombstones too. Looks across tenants."""
    rows = db.session.execute(_MEMBERSHIPS, {"user_id": user_id}).mappings()
    found = [MembershipRow(**{**row, "role": Role(row["role"])}) for row in rows]  # type: ignore[typeddict-item]
    return [row for row in found if removed or row["removed_at"] is None]


def find_by_gid(gid: str) -> int | None:
    """The organisation that the identity provider calls `gid`. Looks across tenants."""
    found: int | None = db.session.scalar(text("SELECT lookup_org_by_gid(:gid)"), {"gid": gid})
    return found


def join(org_id: int, user_id: int, role: Role) -> None:
    """Make the user a member at first sight. A member, or a removed one, stays as they are."""
    enter_organization(org_id)
    db.session.execute(insert(Membership).values(org_id=org_id, user_id=user_id, role=role).on_conflict_do_nothing())


def invite(org_id: int, user_id: int, role: Role) -> None:
    """Make the user a member with `role`, also one who was removed before."""
    enter_organization(org_id)
    statement = insert(Membership).values(org_id=org_id, user_id=user_id, role=role)
    db.session.execute(
        statement.on_conflict_do_update(index_elements=["org_id", "user_id"], set_={"role": role, "removed_at": None})
    )


def remove_member(org_id: int, user_id: int) -> None:
    """Leave a tombstone that only an invitation clears."""
    enter_organization(org_id)
    member = db.session.get(Membership, (org_id, user_id))
    if member is not None and member.removed_at is None:
        member.removed_at = db.session.scalar(select(func.now()))


def create(display_name: str, gid: str | None = None) -> Organization:
    """Found an organisation and enter it. A `gid` that exists is answered with the existing one."""
    if gid is not None and (known := find_by_gid(gid)) is not None:
        enter_organization(known)
        return db.session.get_one(Organization, known)
    org_id = db.session.scalar(text("SELECT nextval(pg_get_serial_sequence('organization', 'id'))"))
    enter_organization(org_id)
    db.session.add(Organization(id=org_id, display_name=display_name, gid=gid))
    db.session.flush()  # a second founder of the same gid must fail here, not at the commit
    return db.session.get_one(Organization, org_id)


def get_home(org_id: int) -> Organization:
    """The organisation that the session has entered."""
    return db.session.get_one(Organization, org_id)
