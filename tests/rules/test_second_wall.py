"""The services' own filter: with row-level security off, another organisation's rows are still not there."""

from __future__ import annotations

import inspect
import os
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
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
from aiguro_web.models.inbound_update import UpdateStatus
from aiguro_web.models.message import MessageStatus
from aiguro_web.models.messenger_connection import ConnectionStatus
from aiguro_web.services import (
    access,
    connections,
    deliveries,
    dialog_lists,
    dialogs,
    first_contact,
    funnels,
    inbound,
    inbox,
    journal,
    message_lists,
    messages,
    outbox,
    webchat,
)
from aiguro_web.services.access import Actor
from tests import databases
from tests.people import HOME, OTHER

from . import rows
from .conftest import House, close_house, open_house

Call = Callable[[Actor, rows.Rows], Any]


@dataclass(frozen=True)
class Parcel:
    updates: list[rows.News]
    payload: str = "{}"
    update_id: str = "1"
    error: str = ""


def piece(of: rows.Rows) -> deliveries.Piece:
    out = of["outbox"]
    return deliveries.Piece(out["id"], out["message_id"], 0, "слова", "1", "telegram", b"", bot(of))


def bot(of: rows.Rows) -> int:
    found: int = of["messenger_connection"]["id"]
    return found


def chat(of: rows.Rows) -> Any:
    return of["dialog"]["uuid"]


def face(of: rows.Rows) -> str:
    return str(of["client_identity"]["external_id"])


class Head:
    """What a caller that was fooled could hand over as its dialog."""

    def __init__(self, of: rows.Rows) -> None:
        self.id, self.uuid = of["dialog"]["id"], of["dialog"]["uuid"]


# Every function of the services that finds rows by what its caller names, called with another organisation's names.
CALLS: dict[str, Call] = {
    "connections.list_connections": lambda who, of: connections.list_connections(who, of["funnel"]["id"]),
    "connections.get_connection": lambda who, of: connections.get_connection(who, bot(of)),
    "connections.create": lambda who, of: connections.create(
        who, funnel_id=of["funnel"]["id"], messenger_type="webchat"
    ),
    "connections.set_active": lambda who, of: connections.set_active(who, bot(of), False),
    "connections.remove": lambda who, of: connections.remove(who, bot(of)),
    "connections.get_wiring": lambda who, of: connections.get_wiring(who, bot(of)),
    "connections.is_connected_anew": lambda who, of: connections.is_connected_anew(who, bot(of)),
    "connections.set_health": lambda who, of: connections.set_health(who, bot(of), ConnectionStatus.broken, "чужое"),
    "connections.heard": lambda who, of: connections.heard(who, bot(of), 99),
    "funnels.list_funnels": lambda who, of: [
        row for row in funnels.list_funnels(who) if row["id"] == of["funnel"]["id"]
    ],
    "funnels.get_funnel": lambda who, of: funnels.get_funnel(who, of["funnel"]["id"]),
    "funnels.add_stage": lambda who, of: funnels.add_stage(who, of["funnel"]["id"], "этап", "code", 99),
    "dialog_lists.list_json": lambda who, of: dialog_lists.list_json(
        who, dialog_lists.DialogFilter(of["funnel"]["id"]), limit=9
    ),
    "dialog_lists.get_json": lambda who, of: dialog_lists.get_json(who, chat(of)),
    "inbox.list_cards": lambda who, of: inbox.list_cards(who, queue="open", funnel_id=of["funnel"]["id"]),
    "inbox.get_card": lambda who, of: inbox.get_card(who, chat(of)),
    "inbox.find_uuid": lambda who, of: inbox.find_uuid(who, of["dialog"]["thread_id"]),
    "inbox.count_queues": lambda who, of: inbox.count_queues(who, of["funnel"]["id"]),
    "dialogs.find_head": lambda who, of: dialogs.find_head(who, chat(of)),
    "dialogs.lock_dialog": lambda who, of: dialogs.lock_dialog(who, chat(of)),
    "dialogs.take": lambda who, of: dialogs.take(who, chat(of)),
    "dialogs.release": lambda who, of: dialogs.release(who, chat(of)),
    "dialogs.close": lambda who, of: dialogs.close(who, chat(of)),
    "dialogs.reopen": lambda who, of: dialogs.reopen(who, chat(of)),
    "dialogs.mark_read": lambda who, of: dialogs.mark_read(who, chat(of)),
    "message_lists.list_json": lambda who, of: message_lists.list_json(who, chat(of), of["funnel"]["id"], limit=9),
    "message_lists.get_json": lambda who, of: message_lists.get_json(
        who, chat(of), of["funnel"]["id"], of["message"]["id"]
    ),
    "messages.write": lambda who, of: messages.write(who, chat(of), text="чужое"),
    "messages.list_messages": lambda who, of: messages.list_messages(who, chat(of)),
    "messages.get_message": lambda who, of: messages.get_message(who, chat(of), of["message"]["id"]),
    "messages.send_again": lambda who, of: messages.send_again(who, chat(of), of["message"]["id"]),
    "deliveries.claim": lambda who, of: deliveries.claim(who, of["dialog"]["id"], lambda kind, words: [words]),
    "deliveries.find_connection": lambda who, of: deliveries.find_connection(who, of["dialog"]["id"]),
    "deliveries.sent": lambda who, of: deliveries.sent(who, piece(of), "1"),
    "deliveries.refused": lambda who, of: deliveries.refused(who, piece(of), "чужое", unsubscribed=True, broken=True),
    "deliveries.unknown": lambda who, of: deliveries.unknown(who, piece(of), "чужое"),
    "deliveries.later": lambda who, of: deliveries.later(who, piece(of), "чужое", 5, True),
    "outbox.receipt": lambda who, of: outbox.receipt(who, Head(of), 2**60, MessageStatus.read),  # type: ignore[arg-type]
    "outbox.queue_again": lambda who, of: outbox.queue_again(who, Head(of), of["message"]["id"]),  # type: ignore[arg-type]
    "outbox.call_off": lambda who, of: outbox.call_off(who, Head(of)),  # type: ignore[arg-type]
    "outbox.mark": lambda who, of: outbox.mark(who, of["message"]["id"], chat(of), MessageStatus.read),
    "outbox.wake_again": lambda who, of: outbox.wake_again(who, of["dialog"]["id"]),
    "inbound.keep": lambda who, of: inbound.keep(who, bot(of), "99", UpdateStatus.done, None),
    "inbound.receive": lambda who, of: inbound.receive(who, bot(of), "telegram", rows.News(face(of))),
    "inbound.take": lambda who, of: inbound.take(who, bot(of), "telegram", Parcel([rows.News(face(of))])),
    "first_contact.find_open_dialog": lambda who, of: first_contact.find_open_dialog(who, bot(of), face(of)),
    "webchat.get_face": lambda who, of: webchat.get_face(who, bot(of)),
    "webchat.find_visitor": lambda who, of: webchat.find_visitor(who, bot(of), face(of)),
    "webchat.list_said": lambda who, of: webchat.list_said(who, bot(of), face(of)),
    "webchat.get_said": lambda who, of: webchat.get_said(who, bot(of), face(of), "1"),
    "webchat.seen": lambda who, of: webchat.seen(who, bot(of), face(of), 2**60),
    "journal.note": lambda who, of: journal.note(who, "look", "dialog", of["dialog"]["id"]),
}
# These get a row that their caller has found by one of the above, or make one of the caller's own organisation.
TAKE_A_ROW = {
    "first_contact.begin", "first_contact.greet", "dialogs.one_at_a_time", "dialogs.stage_number", "dialogs.start", "dialogs.take_over", "outbox.queue", "funnels.create",
}  # fmt: skip
OF_A_PERSON = {"api_tokens.list_tokens", "api_tokens.revoke"}  # above organisations: tests/identity
DELIVERS = {
    "is_connected_anew",
    "get_wiring",
    "find_connection",
    "set_health",
    "claim",
    "sent",
    "refused",
    "unknown",
    "later",
    "wake_again",
}
RECEIVES = {"heard", "keep", "receive", "take", "find_open_dialog", "receipt", "seen"}


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
    if not name.startswith(("journal.", "outbox.wake_again", "funnels.add_stage")):  # they name what they wrote
        assert said == outcome(open_field, name, absent(foreign))


def test_a_service_without_its_filter_is_found(open_field: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def leak(who: Actor, of: rows.Rows) -> Any:
        return db.session.scalar(select(Client.name).where(Client.id == of["client"]["id"]))

    def spoil(who: Actor, of: rows.Rows) -> Any:
        db.session.execute(update(Client).where(Client.id == of["client"]["id"]).values(notes=func.random()))

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
