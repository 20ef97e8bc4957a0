"""The services' own filter: with row-level security off, another organisation's rows are still not there."""

from __future__ import annotations

import inspect
import os
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError

from aiguro_web import services
from aiguro_web.errors import AppError
from aiguro_web.extensions import db, enter_organization
from aiguro_web.models import Client
from aiguro_web.services import (
    access,
    connections,
    dialog_lists,
    funnels,
    inbox,
)
from aiguro_web.services.access import Actor
from tests import databases
from tests.people import HOME, OTHER

from . import rows
from .calls import CALLS, DELIVERS, OF_A_PERSON, RECEIVES, TAKE_A_ROW
from .conftest import House, close_house, open_house


@pytest.fixture(scope="module")
def open_field(worker_id: str) -> Iterator[House]:
    """A house whose first wall is down."""
    with databases.clone(f"field_{worker_id}_{os.getpid()}") as urls:
        house = open_house(urls)
        with house.admin.begin() as connection:
            for table in [*rows.tenant_tables(), "organization"]:
                connection.execute(text(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"))
        yield house
        close_house(house)


def actor_for(house: House, name: str) -> Actor:
    room, _, function = name.partition(".")
    if function in DELIVERS:
        return access.system(HOME)
    person = house.people.admin.actor
    return access.client(HOME) if function in RECEIVES and room != "dialogs" else person


def absent(of: rows.Rows) -> rows.Rows:
    """The same rows under names that nobody has."""
    strange = {"uuid": UUID(int=7), "external_id": "nobody", "thread_id": "nobody"}
    return {
        table: {
            name: 2**53 if name == "id" or name == "message_id" else strange.get(name, value)
            for name, value in row.items()
        }
        for table, row in of.items()
    }


def outcome(house: House, name: str, of: rows.Rows) -> str:
    """What the call gives or raises, as words; everything it did is undone unless it could commit."""
    who = actor_for(house, name)
    with house.app.app_context():
        enter_organization(who.org)
        try:
            found = CALLS[name](who, of)
            words = f"gave {found!r}"
            db.session.commit()
        except (AppError, IntegrityError) as refusal:
            db.session.rollback()
            words = f"raised {type(refusal).__name__} {getattr(refusal, 'detail', '')}"
        finally:
            db.session.remove()
    return words


@pytest.mark.parametrize("name", sorted(CALLS))
def test_another_organisations_rows_are_as_if_they_did_not_exist(open_field: House, name: str) -> None:
    foreign = open_field.rows[OTHER]
    before = open_field.fingerprint(OTHER)
    said = outcome(open_field, name, foreign)
    assert open_field.fingerprint(OTHER) == before
    assert rows.mark(OTHER) not in said
    assert "Forbidden" not in said, "the actor lacks the right: nothing was tried"
    if not name.startswith(("journal.", "outbox.wake_again", "stages.add_stage")):  # they name what they wrote
        assert said == outcome(open_field, name, absent(foreign))


def test_a_service_without_its_filter_is_found(open_field: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def leak(who: Actor, of: rows.Rows) -> Any:
        return db.session.scalar(select(Client.name).where(Client.id == of["client"]["id"]))

    def spoil(who: Actor, of: rows.Rows) -> Any:
        db.session.execute(update(Client).where(Client.id == of["client"]["id"]).values(source=func.random()))

    before = open_field.fingerprint(OTHER)
    monkeypatch.setitem(CALLS, "clients.get", leak)
    monkeypatch.setitem(CALLS, "clients.spoil", spoil)
    assert rows.mark(OTHER) in outcome(open_field, "clients.get", open_field.rows[OTHER])
    outcome(open_field, "clients.spoil", open_field.rows[OTHER])
    assert open_field.fingerprint(OTHER) != before


@pytest.mark.parametrize("name", sorted(name for name in CALLS if name.partition(".")[2].startswith(("get_", "find_"))))
def test_ones_own_rows_are_found(open_field: House, name: str) -> None:
    assert outcome(open_field, name, open_field.rows[HOME]).startswith("gave ") or name == "webchat.get_said"


def test_lists_and_counts_hold_only_ones_own(open_field: House) -> None:
    who = open_field.people.admin.actor
    with open_field.app.app_context():
        found = (
            dialog_lists.list_json(who, dialog_lists.DialogFilter(), limit=1000).body.decode(),
            inbox.list_cards(who, queue="open", limit=400).rows,
            funnels.list_funnels(who),
            connections.list_connections(who),
        )
        counts = inbox.count_queues(who)
        total = dialog_lists.list_json(who, dialog_lists.DialogFilter(ai=False), limit=1).total
    assert rows.mark(OTHER) not in repr(found)
    assert rows.mark(HOME) in repr(found)
    assert (counts["open"], counts["unanswered"], total) == (1, 0, 1)


def test_every_service_of_an_actor_is_tried_here() -> None:
    known = set(CALLS) | TAKE_A_ROW | OF_A_PERSON
    found = set()
    for module in pkgutil.iter_modules(services.__path__):
        room = import_module(f"{services.__name__}.{module.name}")
        for name, function in inspect.getmembers(room, inspect.isfunction):
            own = function.__module__ == room.__name__ and not name.startswith("_")
            if own and next(iter(inspect.signature(function).parameters), "") == "who":
                found.add(f"{module.name}.{name}")
    assert found == known
