"""Looking at the loaded demo from inside one organisation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from aiguro_web.extensions import db, enter_organization
from aiguro_web.models import Role
from aiguro_web.services import users
from aiguro_web.services.access import Actor


@contextmanager
def entered(org_id: int) -> Iterator[None]:
    """Inside, the session is behind the wall of that organisation; what it wrote is rolled back."""
    db.session.rollback()
    enter_organization(org_id)
    try:
        yield
    finally:
        db.session.rollback()
        enter_organization(None)
        db.session.rollback()


def actor(email: str, org_id: int, role: Role) -> Actor:
    """A demo person at work."""
    user = users.find_by_email(email)
    assert user is not None
    return Actor("person", org_id, user.id, user.label, user.email, role)
