"""Loading the demo, once, in one transaction: a crash on the way leaves nothing behind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from flask import current_app
from sqlalchemy import func, select, text

from ..errors import Conflict
from ..extensions import db, enter_organization
from ..models import Organization, User
from . import answers, clients, company, lines, people, tickets, writing

SEED = 2024
LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('aiguro demo', 0))")
FOUNDED = timedelta(days=40)  # ago


def load_once() -> bool:
    """Load the demo into a database without organisations and commit; False where there is one already.

    Raises Conflict in production, where the published password must never work.
    """
    if current_app.config["AIGURO_ENV"] == "production":
        raise Conflict("Демо-данные не загружаются в рабочей среде")
    try:
        db.session.execute(LOCK)  # two first runs at once
        empty = _is_empty()
        if empty:
            _load()
        db.session.commit()
    except BaseException:
        db.session.rollback()
        raise
    finally:
        enter_organization(None)
    return empty


def _is_empty() -> bool:
    """Whether no organisation was ever founded and kept: each of the ids given so far is looked for behind its wall."""
    given, called = db.session.execute(text("SELECT last_value, is_called FROM organization_id_seq")).one()
    for org_id in range(1, given + 1 if called else 1):
        enter_organization(org_id)
        if db.session.scalar(select(Organization.id).where(Organization.id == org_id)) is not None:
            return False
    return True


def _load() -> None:
    now = db.session.scalars(select(func.clock_timestamp())).one().astimezone(UTC)
    chance = Random(SEED)  # noqa: S311 - the same demo every time, no secret
    staff = people.add_staff()
    _found(people.DEMO, "Демо", now)
    speaking = people.add_members(people.DEMO)
    funnels = _fill(people.DEMO, speaking, (lines.FURNITURE, lines.REPAIR), clients.DEMO, now, chance)
    tickets.add(people.DEMO, speaking, staff, funnels[0], now)
    db.session.flush()  # before the wall of another organisation
    _found(people.OTHER, "Другая компания", now)
    _fill(people.OTHER, people.add_members(people.OTHER), (lines.OTHER,), clients.OTHER, now, chance)


def _found(org_id: int, name: str, now: datetime) -> None:
    """An organisation with that very id, also where a run that failed has used the number up."""
    enter_organization(org_id)
    db.session.add(Organization(id=org_id, display_name=name, created_at=now - FOUNDED))
    db.session.flush()  # the memberships point to it
    while db.session.scalars(text("SELECT nextval(pg_get_serial_sequence('organization', 'id'))")).one() < org_id:
        pass


def _fill(
    org_id: int,
    speaking: dict[str, User],
    products: tuple[lines.ProductLine, ...],
    known: tuple[clients.Person, ...],
    now: datetime,
    chance: Random,
) -> list[int]:
    """Funnels, connections, clients and talks of one organisation; the ids of its funnels."""
    admin = people.as_admin(org_id, speaking["Р"])
    answers.add(admin)
    desks = [company.open_desk(admin, product, now - FOUNDED) for product in products]
    telegram = company.add_former_bot(admin, now) if org_id == people.DEMO else None
    writing.write(org_id, desks, telegram, known, speaking, now, chance)
    return [desk.funnel_id for desk in desks]
