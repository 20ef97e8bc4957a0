"""Merging two clients, and taking it back."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from aiguro_web.errors import Conflict, Forbidden, Invalid, NotFound
from aiguro_web.extensions import db, enter_organization
from aiguro_web.models import Client, ClientIdentity, ClientMerge, ClientNote, Dialog, Message
from aiguro_web.services import (
    access,
    client_cards,
    client_merges,
    client_notes,
    client_timelines,
    clients,
    dialogs,
    erasure,
)
from tests import people
from tests.people import HOME, People
from tests.services.test_client_deletion import age, erase
from tests.services.test_clients import bot, hear, shown, tally_is_true
from tests.services.test_inbound import Face, News

__all__ = ["bot"]  # a fixture


@pytest.fixture
def pair(bot: int) -> tuple[int, int]:
    """Two who wrote, each in a chat of their own: the one who stays and the duplicate."""
    other = News("2", "2", "второй", chat_id="501", person=Face("501", "Оля"))
    hear(bot, News("1", "1", "первый", person=Face(name="Ольга")), other)
    found = db.session.scalars(select(Client.id).order_by(Client.id)).all()
    return found[0], found[1]


def of(client_id: int) -> dict[str, list[int]]:
    """What belongs to them."""
    db.session.flush()
    return {
        name: list(db.session.scalars(select(table.id).where(table.client_id == client_id).order_by(table.id)))
        for name, table in client_merges.MOVED.items()
    }


def fields(client_id: int) -> tuple[Any, ...]:
    db.session.expire_all()
    client = db.session.scalars(select(Client).where(Client.id == client_id)).one()
    return client.name, client.phone, client.email, client.manager_id, client.manager_text, client.status.value


def test_everything_of_the_duplicate_becomes_the_others(pair: tuple[int, int], who: People) -> None:
    kept, gone = pair
    client_notes.add(who.manager.actor, gone, "о дубликате")
    before, moved = of(kept), of(gone)
    client_merges.merge(who.manager.actor, kept, gone)
    assert of(kept) == {name: sorted(before[name] + moved[name]) for name in before}
    assert of(gone) == {"dialogs": [], "identities": [], "notes": []}
    assert shown(who) == [kept]
    assert tally_is_true()
    assert client_cards.find_kept(who.viewer.actor, gone) == kept
    assert client_cards.find_kept(who.viewer.actor, kept) is None
    assert [row["gone_id"] for row in client_cards.get_card(who.viewer.actor, kept)["merges"]] == [gone]


def test_chosen_and_missing_fields_are_taken_over(pair: tuple[int, int], who: People) -> None:
    kept, gone = pair
    clients.change(who.manager.actor, gone, {"phone": "+79001234567", "email": "olga@example.com", "manager": "Пётр"})
    clients.change(who.manager.actor, kept, {"email": "other@example.com"})
    client_merges.merge(who.manager.actor, kept, gone, {"name": gone, "email": kept})
    assert fields(kept) == ("Оля", "+79001234567", "other@example.com", None, "Пётр", "active")


def test_an_undo_puts_back_exactly_what_was_moved(bot: int, pair: tuple[int, int], who: People) -> None:
    kept, gone = pair
    client_notes.add(who.manager.actor, gone, "о дубликате")
    clients.change(who.manager.actor, gone, {"phone": "+79001234567"})
    mine, theirs, was = of(kept), of(gone), fields(kept)
    merge = client_merges.merge(who.manager.actor, kept, gone, {"name": gone})
    hear(bot, News("3", "3", "после объединения", chat_id="501"))
    new_note = client_notes.add(who.manager.actor, kept, "после объединения")
    client_merges.undo(who.manager.actor, kept, merge)
    assert of(gone) == theirs
    assert of(kept) == {**mine, "notes": [new_note]}
    assert fields(kept) == was
    assert fields(gone)[:2] == ("Оля", "+79001234567")
    assert shown(who) == [gone, kept]
    assert tally_is_true()
    told = [row["words"] for row in client_timelines.list_events(who.viewer.actor, gone, kind="messages").rows]
    assert told == ["после объединения", "второй"]


def test_a_dialog_begun_after_the_merge_goes_back_with_its_person(bot: int, pair: tuple[int, int], who: People) -> None:
    kept, gone = pair
    uuid = db.session.scalars(select(Dialog.uuid).where(Dialog.client_id == gone)).one()
    merge = client_merges.merge(who.manager.actor, kept, gone)
    dialogs.close(who.manager.actor, uuid)
    hear(bot, News("3", "3", "новый диалог", chat_id="501"))
    assert len(of(kept)["dialogs"]) == 3
    client_merges.undo(who.manager.actor, kept, merge)
    assert (len(of(kept)["dialogs"]), len(of(gone)["dialogs"])) == (1, 2)


def test_what_was_edited_since_stays(pair: tuple[int, int], who: People) -> None:
    kept, gone = pair
    clients.change(who.manager.actor, gone, {"phone": "+79001234567"})
    merge = client_merges.merge(who.manager.actor, kept, gone, {"name": gone})
    clients.change(who.manager.actor, kept, {"name": "Ольга Петровна"})
    client_merges.undo(who.manager.actor, kept, merge)
    assert fields(kept)[:2] == ("Ольга Петровна", "")


def test_a_person_who_writes_after_the_merge_goes_on_in_their_dialog(
    bot: int, pair: tuple[int, int], who: People
) -> None:
    kept, gone = pair
    client_merges.merge(who.manager.actor, kept, gone)
    hear(bot, News("3", "3", "ещё", chat_id="501"))
    assert len(db.session.scalars(select(Client.id)).all()) == 2
    assert len(of(kept)["dialogs"]) == 2


def test_what_cannot_be_merged_is_refused(pair: tuple[int, int], who: People) -> None:
    kept, gone = pair
    manager = who.manager.actor
    with pytest.raises(Conflict):
        client_merges.merge(manager, kept, kept)
    with pytest.raises(Forbidden):
        client_merges.merge(who.viewer.actor, kept, gone)
    with pytest.raises(NotFound):
        client_merges.merge(who.stranger.actor, kept, gone)
    for choose in ({"password": kept}, {"name": 12345}):
        with pytest.raises(Invalid):
            client_merges.merge(manager, kept, gone, choose)
    client_merges.merge(manager, kept, gone)
    for one, other in ((kept, gone), (gone, kept)):
        with pytest.raises(NotFound):
            client_merges.merge(manager, one, other)
    third = clients.create(manager, {"name": "Третья"})
    clients.delete(manager, third)
    with pytest.raises(NotFound):
        client_merges.merge(manager, kept, third)


def test_an_undo_happens_once_and_only_where_it_belongs(pair: tuple[int, int], who: People) -> None:
    kept, gone = pair
    manager = who.manager.actor
    merge = client_merges.merge(manager, kept, gone)
    with pytest.raises(NotFound):
        client_merges.undo(manager, gone, merge)
    with pytest.raises(Forbidden):
        client_merges.undo(who.viewer.actor, kept, merge)
    with pytest.raises(NotFound):
        client_merges.undo(who.stranger.actor, kept, merge)
    client_merges.undo(manager, kept, merge)
    for _ in range(2):
        with pytest.raises((Conflict, NotFound)):
            client_merges.undo(manager, kept, merge)


def test_merges_of_merged_ones_are_undone_in_turn(pair: tuple[int, int], who: People) -> None:
    first, second = pair
    manager = who.manager.actor
    third = clients.create(manager, {"name": "Третья"})
    mine = of(first)
    one = client_merges.merge(manager, second, first)
    two = client_merges.merge(manager, third, second)
    assert client_cards.find_kept(manager, first) == third
    with pytest.raises(NotFound):
        client_merges.undo(manager, second, one)  # who took them is gone: first that one comes back
    client_merges.undo(manager, third, two)
    client_merges.undo(manager, second, one)
    assert of(first) == mine
    assert sorted(shown(who)) == sorted([first, second, third])


def test_a_merged_client_is_not_restored_past_the_merge(pair: tuple[int, int], who: People) -> None:
    kept, gone = pair
    client_merges.merge(who.manager.actor, kept, gone)
    with pytest.raises(Conflict):
        clients.restore(who.manager.actor, gone)


def test_erasing_the_duplicate_in_time_takes_nothing_that_was_moved(pair: tuple[int, int], who: People) -> None:
    kept, gone = pair
    client_notes.add(who.manager.actor, gone, "о дубликате")
    client_merges.merge(who.manager.actor, kept, gone)
    held = of(kept)
    db.session.execute(
        update(Client).where(Client.id == gone).values(deleted_at=Client.deleted_at - timedelta(days=31))
    )
    erase()
    assert db.session.scalars(select(Client.id)).all() == [kept]
    assert of(kept) == held
    assert len(db.session.scalars(select(Message.id).where(Message.role == "user")).all()) == 2
    assert db.session.scalars(select(ClientMerge.id)).all() == []


def test_erasing_the_kept_one_erases_both(pair: tuple[int, int], who: People) -> None:
    kept, gone = pair
    client_merges.merge(who.manager.actor, kept, gone)
    erasure.order(who.admin.actor, kept)
    erase()
    for table in (Client, Dialog, Message, ClientIdentity, ClientNote, ClientMerge):
        assert db.session.scalars(select(table.id)).all() == [], table


def test_a_deletion_of_the_kept_one_is_undone_with_what_was_merged(pair: tuple[int, int], who: People) -> None:
    kept, gone = pair
    merge = client_merges.merge(who.manager.actor, kept, gone)
    clients.delete(who.manager.actor, kept)
    with pytest.raises(NotFound):
        client_merges.undo(who.manager.actor, kept, merge)
    clients.restore(who.manager.actor, kept)
    assert len(client_cards.get_card(who.viewer.actor, kept)["deals"]) == 2
    client_merges.undo(who.manager.actor, kept, merge)
    age(0)
    assert len(client_cards.get_card(who.viewer.actor, gone)["deals"]) == 1


def test_of_two_merges_at_once_one_happens(committed_app: Flask) -> None:
    with committed_app.app_context():
        who = people.load()
        enter_organization(HOME)
        first, second = (clients.create(who.manager.actor, {"name": name}) for name in ("А", "Б"))
        db.session.commit()
        db.session.remove()
    told: list[str] = []
    start = threading.Barrier(2)

    def act(kept: int, gone: int) -> None:
        with committed_app.app_context():
            enter_organization(HOME)
            start.wait()
            try:
                client_merges.merge(who.manager.actor, kept, gone)
                db.session.commit()
                told.append("merged")
            except NotFound:
                told.append("absent")
            finally:
                db.session.remove()

    threads = [threading.Thread(target=act, args=ids) for ids in ((first, second), (second, first))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(told) == ["absent", "merged"]
    with committed_app.app_context():
        enter_organization(HOME)
        assert (
            len(
                client_cards.find_alike(access.system(HOME), "А", 0)
                + client_cards.find_alike(access.system(HOME), "Б", 0)
            )
            == 1
        )
