"""Answers of POSTs that are kept for 24 hours, so that a repeat with the same key gets the same answer."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from ..errors import Conflict, Mismatch
from ..extensions import db
from ..models import IdempotencyKey, PersonalIdempotencyKey
from .access import Actor

HOURS = 24
ABANDONED = 90  # seconds after which a call that neither ended nor failed was killed: no request lives as long


@dataclass(frozen=True, slots=True)
class Answer:
    """What the first call was answered."""

    status: int
    headers: dict[str, str]
    body: bytes
    body_hmac: bytes = field(repr=False)


def reserve(who: Actor, route: str, key: str, body_hmac: bytes) -> Answer | datetime:
    """Take the key for this call, whose caller commits before the work begins: the moment, by which `keep` and
    `release` know this reservation from a later one. Or the answer that is kept.

    An empty `body_hmac` stands for a body that is not read yet: `same` compares it later. Raises Conflict while the
    first call runs, Mismatch for another body.
    """
    table, of = _of(who, route, key)
    old = table.created_at < func.now() - text(f"interval '{HOURS} hours'")
    killed = table.status.is_(None) & (table.created_at < func.now() - text(f"interval '{ABANDONED} seconds'"))
    fresh = {"body_hmac": body_hmac, "created_at": func.now(), "status": None, "headers": None, "body": None}
    row = insert(table).values(**of, **fresh)
    names = [column.name for column in table.__mapper__.primary_key]
    taken = row.on_conflict_do_update(index_elements=names, set_=fresh, where=old | killed)
    since = db.session.scalar(taken.returning(table.created_at))
    if since is not None:
        return cast(datetime, since)
    known = db.session.execute(
        select(table.status, table.headers, table.body, table.body_hmac).where(*_named(table, of))
    ).one_or_none()
    if known is None or known.status is None:
        raise Conflict("Запрос с этим ключом ещё выполняется", headers={"Retry-After": "1"}, code="idempotency_running")
    answer = Answer(known.status, dict(known.headers or {}), bytes(known.body or b""), bytes(known.body_hmac))
    if body_hmac:
        same(answer, body_hmac)
    return answer


def same(answer: Answer, body_hmac: bytes) -> None:
    """Raises Mismatch unless the kept answer is to this body."""
    if not hmac.compare_digest(answer.body_hmac, body_hmac):
        raise Mismatch("Этот Idempotency-Key уже использован для другого запроса")


def keep(
    who: Actor, route: str, key: str, since: datetime | None, body_hmac: bytes,
    answer: tuple[int, dict[str, str], bytes],
) -> None:  # fmt: skip
    """Store the answer, in the transaction of the work itself: both are there, or neither. Raises Conflict when this
    call took so long that another one has taken over: then its work must not be committed either."""
    table, of = _of(who, route, key)
    status, headers, body = answer
    values: dict[str, Any] = {"status": status, "headers": headers, "body": body, "done_at": func.now()}
    own = (*_named(table, of), table.created_at == since)
    statement = update(table).where(*own).values(body_hmac=body_hmac, **values).returning(table.user_id)
    if db.session.execute(statement).one_or_none() is None:
        raise Conflict("Запрос с этим ключом уже выполнен ещё раз", code="idempotency_running")


def release(who: Actor, route: str, key: str, since: datetime | None) -> None:
    """The work was refused: nothing was done, the key may be used again."""
    table, of = _of(who, route, key)
    own = (*_named(table, of), table.created_at == since)
    db.session.execute(delete(table).where(*own, table.status.is_(None)))


def list_expired() -> list[int]:
    """The organisations that keep answers older than HOURS. Looks across tenants."""
    query = text("SELECT org_id FROM lookup_expired_answers(:hours)")
    return list(db.session.scalars(query, {"hours": HOURS}))


def delete_expired(who: Actor) -> None:
    """Forget what is older than HOURS, in this organisation or (outside of all) of people's own calls."""
    if who.org is None:
        table, mine = PersonalIdempotencyKey, []
    else:
        table, mine = IdempotencyKey, [IdempotencyKey.org_id == who.home]  # type: ignore[assignment]
    old = table.created_at < func.now() - text(f"interval '{HOURS} hours'")
    db.session.execute(delete(table).where(*mine, old))


def _of(who: Actor, route: str, key: str) -> tuple[Any, dict[str, Any]]:
    """The table, and the row's key there."""
    of: dict[str, Any] = {"user_id": who.user_id, "route": route, "key": key}
    if who.org is None:
        return PersonalIdempotencyKey, of
    return IdempotencyKey, {"org_id": who.org, **of}


def _named(table: Any, of: dict[str, Any]) -> list[Any]:
    return [getattr(table, name) == value for name, value in of.items()]
