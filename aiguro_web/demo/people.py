"""Who signs in to the demo. The names are made up; the password is the setting DEMO_PASSWORD."""

from __future__ import annotations

from flask import current_app

from ..models import Role, User
from ..services import organizations, users
from ..services.access import Actor

DEMO, OTHER = 1, 2  # organisations

# Letter in the talks, address, name, organisation, role
PEOPLE: tuple[tuple[str, str, str, int | None, Role | None], ...] = (
    ("Р", "admin@demo.example", "Анна Воронцова", DEMO, Role.admin),
    ("М", "manager@demo.example", "Илья Крылов", DEMO, Role.manager),
    ("", "viewer@demo.example", "Софья Лебедева", DEMO, Role.viewer),
    ("Р", "admin@other.example", "Роман Титов", OTHER, Role.admin),
    ("", "staff@aiguro.example", "Ксения Орлова", None, None),
)


def add_staff() -> User:
    """AIGURO's own person, a member of nothing."""
    return next(_add(address, name, staff=True) for _, address, name, org_id, _ in PEOPLE if org_id is None)


def add_members(org_id: int) -> dict[str, User]:
    """The people of one organisation, by their letter in the talks; who never writes is left out."""
    speaking: dict[str, User] = {}
    for letter, address, name, member_of, role in PEOPLE:
        if member_of == org_id and role is not None:
            user = _add(address, name)
            organizations.invite(org_id, user.id, role)
            if letter:
                speaking[letter] = user
    return speaking


def as_admin(org_id: int, user: User) -> Actor:
    """The admin, acting in their organisation."""
    return Actor("person", org_id, user.id, user.label, user.email, Role.admin)


def _add(address: str, name: str, *, staff: bool = False) -> User:
    return users.add_local(address, name, current_app.config["DEMO_PASSWORD"], staff=staff, demo=True)
