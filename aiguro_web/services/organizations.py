"""Organisations and who belongs to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, TypedDict, cast

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from ..errors import Conflict, Forbidden
from ..extensions import db, enter_organization
from ..models import Membership, Organization, Role
from . import connections, journal
from .access import Actor, system

NO_ACCESS = "Нет доступа к организации"  # for a removed member, one switched off, one archived alike


class MembershipRow(TypedDict):
    """One organisation of a user; `removed_at` marks a tombstone."""

    org_id: int
    gid: str | None
    display_name: str
    role: Role
    timezone: str
    locale: str
    removed_at: datetime | None


class OrganizationRow(TypedDict):
    """An organisation as its members see it."""

    id: int
    gid: str | None
    display_name: str
    is_active: bool


_MEMBERSHIPS = text(
    "SELECT org_id, gid, display_name, role, timezone, locale, removed_at FROM lookup_memberships(:user_id)"
)


def list_memberships(user_id: int, *, removed: bool = False) -> list[MembershipRow]:
    """The organisations of a user, oldest first; with `removed`, tombstones too. Looks across tenants."""
    rows = db.session.execute(_MEMBERSHIPS, {"user_id": user_id}).mappings()
    found = [membership(row) for row in rows]
    return [row for row in found if removed or row["removed_at"] is None]


def membership(row: Mapping[Any, Any]) -> MembershipRow:
    """A row of `lookup_memberships` as the product knows it; what else stands in it is left."""
    names = MembershipRow.__annotations__
    return cast(MembershipRow, {name: row[name] for name in names} | {"role": Role(row["role"])})


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
    """Found an organisation and enter it. A `gid` that exists is answered with the existing one. Raises Conflict where
    that one was archived."""
    org_id, _ = _get_or_create(display_name, gid)
    return db.session.get_one(Organization, org_id)


def _get_or_create(display_name: str, gid: str | None) -> tuple[int, bool]:
    """The organisation, entered, and whether it is new. Of two founders at once one waits for the other's commit and
    gets that one's organisation."""
    known = find_by_gid(gid) if gid is not None else None
    if known is None:
        org_id = db.session.scalar(text("SELECT nextval(pg_get_serial_sequence('organization', 'id'))"))
        enter_organization(org_id)  # the wall lets in the row of this id alone
        row = insert(Organization).values(id=org_id, display_name=display_name, gid=gid)
        made = db.session.scalar(row.on_conflict_do_nothing(index_elements=["gid"]).returning(Organization.id))
        if made is not None:
            return made, True
        known = find_by_gid(gid) if gid is not None else None
    if known is None:
        raise Conflict("Организация удалена. Восстановить её может поддержка AIGURO", code="organization_archived")
    enter_organization(known)
    return known, False


def found(
    who: Actor, *, gid: str, proven_gid: str | None, is_admin: bool, display_name: str
) -> tuple[OrganizationRow, bool]:
    """Get or create the organisation that the identity provider calls `gid`; whether it is new.

    Only the one that the caller's token proves (`proven_gid`). Whoever founds it becomes its admin, since somebody
    must be; who comes later is what their token says (`is_admin`), else a manager. A member stays what they are, a
    removed one stays out. Raises Forbidden, Conflict.
    """
    if who.user_id is None or proven_gid is None or gid != proven_gid:
        raise Forbidden("Токен не подтверждает эту организацию")
    org_id, created = _get_or_create(display_name, gid)
    join(org_id, who.user_id, Role.admin if created or is_admin else Role.manager)
    member = db.session.get_one(Membership, (org_id, who.user_id))
    organization = db.session.get_one(Organization, org_id)
    if member.removed_at is not None or not organization.is_active:
        raise Forbidden(NO_ACCESS)
    if created:
        journal.note(replace(who, org=org_id, role=member.role), "found", "organization", org_id, gid=gid)
    return _row(organization), created


def list_own(who: Actor) -> list[OrganizationRow]:
    """The caller's own organisations, oldest first. Looks across tenants, by the caller's memberships alone."""
    rows = list_memberships(who.user_id) if who.user_id is not None else []
    return [
        OrganizationRow(id=row["org_id"], gid=row["gid"], display_name=row["display_name"], is_active=True)
        for row in rows  # the lookup leaves out those switched off
    ]


def get_own(who: Actor) -> OrganizationRow:
    """The organisation that the caller acts in. Raises Forbidden, also for one that was archived meanwhile."""
    who.must("read")
    return _row(_open(who))


def archive(who: Actor) -> None:
    """Close the organisation: nobody gets in any more, its messengers are let go. Its rows stay; `restore` opens it
    again. Raises Forbidden."""
    who.must("manage")
    organization = _open(who, held=True)
    organization.archived_at = db.session.scalar(select(func.now()))
    connections.remove_all(who)
    journal.note(who, "archive", "organization", organization.id)


def restore(org_id: int) -> Organization | None:
    """Open an archived organisation again, for a shell; its messengers have to be connected anew. None if absent."""
    enter_organization(org_id)
    organization = db.session.get(Organization, org_id)
    if organization is not None and organization.archived_at is not None:
        organization.archived_at = None
        journal.note(system(org_id), "restore", "organization", org_id)
    return organization


def _open(who: Actor, *, held: bool = False) -> Organization:
    """The caller's organisation, `held` against another change of it at once. Raises Forbidden."""
    query = select(Organization).where(Organization.id == who.home, Organization.archived_at.is_(None))
    organization = db.session.scalar(query.with_for_update() if held else query)
    if organization is None:
        raise Forbidden(NO_ACCESS)
    return organization


def _row(organization: Organization) -> OrganizationRow:
    return OrganizationRow(
        id=organization.id,
        gid=organization.gid,
        display_name=organization.display_name,
        is_active=organization.is_active,
    )


def get_home(org_id: int) -> Organization:
    """The organisation that the session has entered."""
    return db.session.get_one(Organization, org_id)


def exists(org_id: int) -> bool:
    """Whether that organisation is there, for those who may look into any: AIGURO's staff. Enters it."""
    enter_organization(org_id)
    query = select(Organization.id).where(Organization.id == org_id, Organization.archived_at.is_(None))
    return db.session.scalar(query) is not None
