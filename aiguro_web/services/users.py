"""People who sign in: known by (issuer, subject), never linked by e-mail; local ones have a password."""

from __future__ import annotations

from dataclasses import dataclass, field

from email_validator import EmailNotValidError, validate_email
from flask import current_app
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from ..errors import Conflict, Invalid
from ..extensions import db, run_hot
from ..models import Role, User
from ..models.text import one_line
from ..models.user import EMAIL_MAX, LOCAL_ISSUER, PERSON_NAME_MAX
from . import api_tokens, organizations, passwords
from .access import Actor
from .organizations import MembershipRow

WRONG = "Неверная почта или пароль"  # one sentence for unknown, wrong, switched off


def find(user_id: int) -> User | None:
    """The user of that id who may sign in."""
    return _usable(db.session.get(User, user_id))


def find_by_subject(issuer: str, subject: str) -> User | None:
    """The user whom the issuer calls `subject`, usable or not."""
    return db.session.scalar(select(User).where(User.issuer == issuer, User.subject == subject))


def find_by_email(email: str) -> User | None:
    """The local user of that address; people of an identity provider are never found by e-mail."""
    address = _folded(email)
    return find_by_subject(LOCAL_ISSUER, address) if address else None


def first_sight(issuer: str, subject: str, name: str = "", email: str = "") -> User:
    """The user of (issuer, subject), created if this is the first time; a known name or e-mail replaces the old one.

    Two requests at once give one user: the unique key decides, and the second one reads the first one's row.
    """
    user = find_by_subject(issuer, subject)
    if user is None:
        row = insert(User).values(issuer=issuer, subject=subject)
        db.session.execute(row.on_conflict_do_nothing(index_elements=["issuer", "subject"]))
        user = db.session.scalars(select(User).where(User.issuer == issuer, User.subject == subject)).one()
    name, email = clean_name(name), _folded(email)
    if name and name != user.name:
        user.name = name
    if email and email != user.email:
        user.email = email
    return user


def add_local(email: str, name: str, password: str, *, staff: bool = False, demo: bool = False) -> User:
    """A user with a password. Raises Invalid, Conflict when the address is taken."""
    try:
        address = validate_email(email, check_deliverability=False, test_environment=True).normalized.lower()
    except EmailNotValidError as error:
        raise Invalid("Некорректная почта", email="это не похоже на адрес почты") from error
    values = {"subject": address, "email": address, "name": clean_name(name), "is_staff": staff, "is_demo": demo}
    row = insert(User).values(issuer=LOCAL_ISSUER, password_hash=passwords.hash_new(password), **values)
    added = db.session.scalar(row.on_conflict_do_nothing(index_elements=["issuer", "subject"]).returning(User.id))
    if added is None:
        raise Conflict("Такой пользователь уже есть")
    return db.session.get_one(User, added)


@dataclass(frozen=True, slots=True)
class Account:
    """What a password is checked against; nothing where nobody may sign in."""

    user_id: int | None = None
    stored: str | None = field(default=None, repr=False)


def find_account(email: str) -> Account:
    """The first of three steps of signing in. Unknown, switched off and without a password look the same."""
    user = _usable(find_by_email(email))
    return Account(user.id, user.password_hash) if user is not None and user.password_hash else Account()


def verify(account: Account, password: str) -> str | None:
    """The second step, slow and without the database: call it while no connection is held.

    Gives the hash to keep instead of an outdated one. Raises Invalid (same words and same work for whoever may not
    sign in), Unavailable while too many others are at it.
    """
    if not passwords.matches(account.stored, password) or account.stored is None:
        raise Invalid(WRONG)
    return passwords.hash_new(password) if passwords.is_outdated(account.stored) else None


def admit(account: Account, renewed: str | None) -> User:
    """The third step: the user, if nothing changed meanwhile; keeps the renewed hash. Raises Invalid."""
    user = find(account.user_id) if account.user_id is not None else None
    if user is None or user.password_hash != account.stored:
        raise Invalid(WRONG)
    if renewed is not None:
        user.password_hash = renewed
    return user


def set_password(user: User, password: str) -> None:
    """Signs the user out everywhere. Raises Invalid when it is too short or too long."""
    user.password_hash = passwords.hash_new(password)
    end_sessions(user.id)


def end_sessions(user_id: int) -> None:
    """Every page's session of this user is over, in every browser."""
    db.session.execute(update(User).where(User.id == user_id).values(session_version=User.session_version + 1))


def recognize(
    issuer: str, subject: str, *, user_id: int | None, jti: str | None, org_gid: str | None, org_role: str | None
) -> Actor | None:
    """Whom a verified token means, outside of any organisation; None for those who may not sign in.

    First sight creates the user and the membership of an organisation that we know by the token's `org_gid`: Clerk's
    `admin` becomes admin, anything else manager. A tombstone stays a tombstone.
    """
    if user_id is not None:
        user = _usable(api_tokens.find_owner(jti or "", user_id))
        return _person(user) if user is not None else None
    user = _usable(first_sight(issuer, subject))
    if user is None:
        return None
    if org_gid is not None:
        _join_at_first_sight(user, org_gid, org_role)
    return _person(user)


def session_person(user_id: int) -> Actor | None:
    """Whom a page's session means, outside of any organisation; None for those who may not sign in any more."""
    user = find(user_id)
    return _person(user) if user is not None else None


def signed_in(user_id: int) -> tuple[Actor, list[MembershipRow]] | None:
    """As `session_person`, together with their organisations, by one statement: every page asks this first."""
    row = run_hot(_SIGNED_IN, {"user": user_id})
    if row is None or (row.is_demo and _in_production()):
        return None
    person = Actor("person", None, row.id, row.name, row.email, None, row.is_staff, row.session_version)
    return person, [organizations.membership({**one, "removed_at": None}) for one in row.memberships or []]


_SIGNED_IN = """
    SELECT u.id, u.name, u.email, u.is_staff, u.is_demo, u.session_version,
           (SELECT json_agg(m ORDER BY m.org_id) FROM lookup_memberships(u.id) m
            WHERE m.removed_at IS NULL) AS memberships
    FROM app_user u WHERE u.id = %(user)s AND u.is_active
"""


def list_demo_emails() -> list[str]:
    """The demo people, where they may sign in at all."""
    if _in_production():
        return []
    return list(db.session.scalars(select(User.email).where(User.is_demo, User.is_active).order_by(User.id)))


def clean_name(name: str) -> str:
    """A name as one line without control characters and direction overrides, cut to its column."""
    return one_line(name)[:PERSON_NAME_MAX].strip()


def _join_at_first_sight(user: User, gid: str, role: str | None) -> None:
    if any(row["gid"] == gid for row in organizations.list_memberships(user.id, removed=True)):
        return
    org_id = organizations.find_by_gid(gid)
    if org_id is not None:
        organizations.join(org_id, user.id, Role.admin if role == "admin" else Role.manager)


def _usable(user: User | None) -> User | None:
    """Demo people have a published password: production does not know them."""
    if user is None or not user.is_active or (user.is_demo and _in_production()):
        return None
    return user


def _in_production() -> bool:
    return bool(current_app.config["AIGURO_ENV"] == "production")


def _person(user: User) -> Actor:
    return Actor(
        "person", None, user_id=user.id, name=user.name, email=user.email, staff=user.is_staff,
        session_version=user.session_version,
    )  # fmt: skip


def _folded(email: str) -> str:
    """As stored; empty for what no address can be, so that it never reaches the database."""
    address = email.strip().lower()
    return address if len(address) <= EMAIL_MAX and address.isprintable() else ""
