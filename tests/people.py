"""The same five in every test: admin, manager, viewer, a stranger (admin of another organisation), AIGURO's staff."""

from __future__ import annotations

from dataclasses import dataclass

from aiguro_web.extensions import db
from aiguro_web.models import Role, User
from aiguro_web.services import api_tokens, funnels, organizations, users
from aiguro_web.services.access import Actor

HOME, OTHER = 1, 2
PASSWORD = "a password of the tests"


@dataclass(frozen=True)
class Person:
    """Who they are, and the bearer token that proves it."""

    email: str
    actor: Actor
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


@dataclass(frozen=True)
class People:
    admin: Person
    manager: Person
    viewer: Person
    stranger: Person
    staff: Person


ROLES: dict[str, tuple[int | None, Role | None]] = {
    "admin": (HOME, Role.admin),
    "manager": (HOME, Role.manager),
    "viewer": (HOME, Role.viewer),
    "stranger": (OTHER, Role.admin),
    "staff": (None, None),
}
NAMES = {"admin": "Анна Админ", "manager": "Михаил Менеджер", "viewer": "Вера Зритель", "stranger": "Сергей Чужой",
         "staff": "Света Поддержка"}  # fmt: skip


def found() -> None:
    """Into the template: two organisations with a funnel each, and the people."""
    for org_id, name in ((HOME, "Ромашка"), (OTHER, "Чужие")):
        organizations.create(name, gid=f"org_{org_id}")
        funnels.create(Actor("system", org_id), "Продажи")
        db.session.commit()
    for who, (member_of, role) in ROLES.items():
        user = users.add_local(f"{who}@test.example", NAMES[who], PASSWORD, staff=who == "staff")
        db.session.flush()
        if member_of is not None and role is not None:
            organizations.invite(member_of, user.id, role)
        db.session.commit()


def sign_in(email: str, password: str) -> User:
    """The three steps that the doors take, in one transaction. Raises Invalid."""
    account = users.find_account(email)
    return users.admit(account, users.verify(account, password))


def load() -> People:
    """The people of the database at hand, with fresh tokens."""
    found: dict[str, Person] = {}
    for who, (org_id, role) in ROLES.items():
        user = users.find_by_email(f"{who}@test.example")
        assert user is not None
        actor = Actor("person", org_id, user.id, user.name, user.email, role, user.is_staff)
        found[who] = Person(user.email, actor, api_tokens.issue(user.id, name="test").token)
    db.session.commit()
    return People(**found)
