"""Bearer tokens that this server issues: for a password, from the shell, from the settings page."""

from __future__ import annotations

import secrets as random
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypedDict

from sqlalchemy import delete, func, or_, select, update

from ..errors import Forbidden, NotFound
from ..extensions import db
from ..models import ApiToken, User
from . import signing
from .access import Actor

ISSUER = "aiguro"
PASSWORD_LIFE = timedelta(hours=12)  # `POST /api/token`
LIFE = timedelta(days=30)  # made by a person for a program
LIFE_MAX = timedelta(days=365)
NAME_MAX = 100


@dataclass(frozen=True, slots=True)
class Issued:
    """A new token. It can be read here and never again."""

    id: int
    token: str
    expires_in: int


class TokenRow(TypedDict):
    """A token of the list: when it was made and used, not what it is."""

    id: int
    name: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


def issue(user_id: int, *, name: str = "", life: timedelta = LIFE, org_id: int | None = None) -> Issued:
    """Make a token of that user. `org_id` is the organisation it prefers where a call names none."""
    now = int(time.time())
    expires_in = int(min(life, LIFE_MAX).total_seconds())
    jti = random.token_urlsafe(24)
    row = ApiToken(
        user_id=user_id, jti=jti, name=name[:NAME_MAX], expires_at=datetime.fromtimestamp(now + expires_in, UTC)
    )
    db.session.add(row)
    db.session.flush()  # the answer names its id
    claims = {"iss": ISSUER, "sub": str(user_id), "jti": jti, "iat": now, "nbf": now, "exp": now + expires_in}
    if org_id is not None:
        claims["org"] = org_id
    return Issued(row.id, signing.sign(claims), expires_in)


def find_owner(jti: str, user_id: int) -> User | None:
    """The owner of a token that is neither revoked nor over; notes its use, to the minute."""
    alive = (ApiToken.jti == jti, ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
    found = db.session.execute(
        select(User, ApiToken.id, ApiToken.last_used_at)
        .join(ApiToken, ApiToken.user_id == User.id)
        .where(*alive, ApiToken.expires_at > func.now())
    ).one_or_none()
    if found is None:
        return None
    user, token_id, used_at = found
    if used_at is None or datetime.now(UTC) - used_at > timedelta(minutes=1):
        _note_use(token_id)
    return user


def list_tokens(who: Actor) -> list[TokenRow]:
    """The caller's own tokens that still work, newest first."""
    columns = (ApiToken.id, ApiToken.name, ApiToken.created_at, ApiToken.expires_at, ApiToken.last_used_at)
    rows = db.session.execute(
        select(*columns)
        .where(ApiToken.user_id == _person(who), ApiToken.revoked_at.is_(None), ApiToken.expires_at > func.now())
        .order_by(ApiToken.id.desc())
    )
    return [TokenRow(**row) for row in rows.mappings()]  # type: ignore[typeddict-item]


def revoke(who: Actor, token_id: int) -> None:
    """End one of the caller's own tokens, for every process within a minute. Raises NotFound."""
    ended = db.session.scalar(
        update(ApiToken)
        .where(ApiToken.id == token_id, ApiToken.user_id == _person(who), ApiToken.revoked_at.is_(None))
        .values(revoked_at=func.now())
        .returning(ApiToken.id)
    )
    if ended is None:
        raise NotFound("Токен не найден")


def delete_expired() -> int:
    """Remove the rows of tokens that are over anyway; how many."""
    result = db.session.execute(delete(ApiToken).where(ApiToken.expires_at < func.now() - timedelta(days=1)))
    return int(result.rowcount)  # type: ignore[attr-defined]


def _note_use(token_id: int) -> None:
    """One writer a minute: whoever comes second finds the condition gone."""
    minute_ago = func.now() - timedelta(minutes=1)
    db.session.execute(
        update(ApiToken)
        .where(ApiToken.id == token_id, or_(ApiToken.last_used_at.is_(None), ApiToken.last_used_at < minute_ago))
        .values(last_used_at=func.now())
        .execution_options(synchronize_session=False)
    )


def _person(who: Actor) -> int:
    if who.user_id is None:
        raise Forbidden("Токены есть только у людей")
    return who.user_id
