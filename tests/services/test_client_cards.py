"""A client's card: what it shows, notes, the timeline."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event, select, text

from aiguro_web.errors import Forbidden, Invalid, NotFound
from aiguro_web.extensions import db
from aiguro_web.models import Attachment, ClientNote, Dialog, JournalEntry, Message
from aiguro_web.models.note import NOTE_MAX
from aiguro_web.services import (
    client_cards,
    client_notes,
    client_timelines,
    clients,
    dialog_moves,
    dialogs,
    inbox,
    messages,
)
from aiguro_web.services.dialog_moves import Terms
from tests.people import HOME, People
from tests.services.test_clients import bot, hear, the_client
from tests.services.test_inbound import Face, News

__all__ = ["bot"]  # a fixture


@pytest.fixture
def one(bot: int) -> int:
    return the_client(bot)


@pytest.fixture
def uuid(one: int) -> Any:
    return db.session.scalars(select(Dialog.uuid)).one()


def kinds(who: People, client_id: int, **options: Any) -> list[str]:
    rows = client_timelines.list_events(who.viewer.actor, client_id, **options).rows
    return [f"{row['kind']}:{row['act']}" for row in rows]


def statements(act: Any) -> int:
    seen: list[str] = []
    engine = db.session.connection().engine

    def note(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        act()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return len(seen)


def test_the_card_has_the_deals_and_who_may_be_the_same(one: int, uuid: Any, who: People) -> None:
    clients.change(who.manager.actor, one, {"phone": "8 900 123-45-67", "email": "olga@example.com"})
    same_phone = clients.create(who.manager.actor, {"name": "Ольга С.", "phone": "+79001234567"})
    same_mail = clients.create(who.manager.actor, {"name": "О. Смирнова", "email": "OLGA@example.com"})
    gone = clients.create(who.manager.actor, {"name": "Удалённая", "phone": "+79001234567"})
    clients.delete(who.manager.actor, gone)
    card = client_cards.get_card(who.viewer.actor, one)
    assert {row["id"] for row in card["duplicates"]} == {same_phone, same_mail}
    assert [(deal["uuid"], deal["stage"], deal["status"]) for deal in card["deals"]] == [
        (uuid, card["deals"][0]["stage"], "active")
    ]
    assert card["type"] == "новый"
    assert card["source"] == "" or card["source"] == "telegram"


def test_the_card_of_a_stranger_or_of_a_deleted_one_is_not_there(one: int, who: People) -> None:
    with pytest.raises(NotFound):
        client_cards.get_card(who.stranger.actor, one)
    clients.delete(who.manager.actor, one)
    with pytest.raises(NotFound):
        client_cards.get_card(who.viewer.actor, one)
    assert client_cards.get_card(who.viewer.actor, one, deleted=True)["deleted_at"] is not None


def test_the_pane_has_the_deal_beside_the_client(one: int, uuid: Any, who: People) -> None:
    dialog_moves.set_terms(who.manager.actor, uuid, Terms(tags=["срочно"], description="две пары"))
    pane = client_cards.pane(who.viewer.actor, inbox.get_card(who.viewer.actor, uuid))
    assert pane["client"]["id"] == one
    assert (pane["deal"]["tags"], pane["deal"]["description"]) == (["срочно"], "две пары")
    assert pane["deal"]["stage"] in [stage["value"] for stage in pane["deal"]["stages"]]


def test_a_card_costs_as_many_statements_with_many_deals(one: int, uuid: Any, who: People) -> None:
    def card() -> None:
        client_cards.get_card(who.viewer.actor, one)

    few = statements(card)
    db.session.execute(text("""INSERT INTO dialog (org_id, uuid, funnel_id, stage_id, client_id, thread_id, channel)
        SELECT d.org_id, gen_random_uuid(), d.funnel_id, d.stage_id, d.client_id, 'x' || n, ''
        FROM dialog d, generate_series(1, 60) n"""))  # fmt: skip
    for _ in range(3):
        client_notes.add(who.manager.actor, one, "заметка")
    assert statements(card) == few == 1
    found = client_cards.get_card(who.viewer.actor, one)
    assert len(found["deals"]) == client_cards.DEALS_SHOWN
    assert found["deals_more"]


def test_a_search_finds_by_name_and_digits_but_not_oneself(one: int, who: People) -> None:
    other = clients.create(who.manager.actor, {"name": "Ольга 100%", "phone": "+79005556677"})
    found = [row["id"] for row in client_cards.find_alike(who.viewer.actor, "ольга", one)]
    assert found == [other]
    assert [row["id"] for row in client_cards.find_alike(who.viewer.actor, "900 555", one)] == [other]
    assert client_cards.find_alike(who.viewer.actor, "%_", one) == []
    assert client_cards.find_alike(who.viewer.actor, " ", one) == []


def test_a_note_is_its_authors_and_an_admin_may_take_it_away(one: int, who: People) -> None:
    note = client_notes.add(who.manager.actor, one, "  любит пионы\r\n ")
    assert db.session.scalars(select(ClientNote.text)).one() == "любит пионы"
    client_notes.change(who.manager.actor, one, note, "любит розы")
    with pytest.raises(Forbidden):
        client_notes.change(who.admin.actor, one, note, "чужая рука")
    other = client_notes.add(who.admin.actor, one, "админ был здесь")
    with pytest.raises(Forbidden):
        client_notes.remove(who.manager.actor, one, other)
    client_notes.remove(who.admin.actor, one, note)
    assert [row["id"] for row in client_cards.get_card(who.viewer.actor, one)["notes"]] == [other]


@pytest.mark.parametrize("words", ["", "  \u200b ", "а" * (NOTE_MAX + 1)])
def test_a_note_needs_words(one: int, who: People, words: str) -> None:
    with pytest.raises(Invalid):
        client_notes.add(who.manager.actor, one, words)


def test_a_note_is_not_for_viewers_strangers_or_other_clients(one: int, who: People) -> None:
    with pytest.raises(Forbidden):
        client_notes.add(who.viewer.actor, one, "нельзя")
    with pytest.raises(NotFound):
        client_notes.add(who.stranger.actor, one, "нельзя")
    other = clients.create(who.manager.actor, {"name": "Пётр"})
    note = client_notes.add(who.manager.actor, other, "о Петре")
    with pytest.raises(NotFound):
        client_notes.remove(who.manager.actor, one, note)


def test_the_journal_has_no_words_of_notes(one: int, who: People) -> None:
    note = client_notes.add(who.manager.actor, one, "тайныеслова")
    client_notes.change(who.manager.actor, one, note, "тайныеслова 2")
    client_notes.remove(who.manager.actor, one, note)
    db.session.flush()
    kept = db.session.scalar(text("SELECT string_agg(j::text, '|') FROM journal_entry j"))
    assert "тайныеслова" not in kept
    acts = db.session.scalars(
        select(JournalEntry.act).where(JournalEntry.subject == "client").order_by(JournalEntry.id)
    )
    assert list(acts)[-3:] == ["add_note", "change_note", "remove_note"]


def test_the_timeline_has_everything_newest_first(bot: int, one: int, uuid: Any, who: People) -> None:
    manager = who.manager.actor
    messages.write(manager, uuid, text="Здравствуйте, чем помочь?")
    clients.change(manager, one, {"name": "Ольга Смирнова"})
    client_notes.add(manager, one, "перезвонить")
    dialog_moves.set_terms(manager, uuid, Terms(close_ratio=40))
    sent = db.session.scalars(select(Message.id).where(Message.role == "user")).first()
    db.session.add(
        Attachment(
            org_id=HOME, message_id=sent, name="счёт.pdf", content_type="application/pdf", size=7, storage_key="k"
        )
    )
    dialogs.close(manager, uuid)
    db.session.flush()
    rows = client_timelines.list_events(who.viewer.actor, one).rows
    assert [row["at"] for row in rows] == sorted((row["at"] for row in rows), reverse=True)
    assert {row["kind"] for row in rows} == {"message", "move", "dialog", "client", "note", "file"}
    assert {row["act"] for row in rows if row["kind"] == "message"} == {"user", "manager"}
    assert next(row["data"]["fields"] for row in rows if row["kind"] == "client" and row["act"] == "change") == ["name"]
    assert kinds(who, one, kind="notes") == ["note:"]
    assert kinds(who, one, kind="files") == ["file:user"]
    assert all(kind.startswith("move:") for kind in kinds(who, one, kind="moves"))


def test_the_timeline_can_be_read_on_without_gaps_or_repeats(one: int, uuid: Any, who: People) -> None:
    dialog = db.session.scalars(select(Dialog.id)).one()
    db.session.execute(text("""INSERT INTO message (org_id, dialog_id, role, text, position, sequence)
        SELECT :org, :dialog, 'user', 'слова ' || n, 1700000000000000 + n / 3, n % 3 FROM generate_series(1, 200) n"""),
        {"org": HOME, "dialog": dialog})  # fmt: skip
    whole = [row["key"] for row in client_timelines.list_events(who.viewer.actor, one, limit=1000).rows]
    walked: list[str] = []
    before = None
    while True:
        page = client_timelines.list_events(who.viewer.actor, one, before=before, limit=7)
        walked += [row["key"] for row in page.rows]
        before = page.next
        if before is None:
            break
    assert walked == whole
    assert len(set(walked)) == len(walked) > 200


@pytest.mark.parametrize("before", ["x", "1.2", "1.2.3.4", "-1.1.1", "9" * 40 + ".1.1", "٣.1.1", f"{10**18}.1.1", ""])
def test_a_made_up_continuation_is_refused(one: int, who: People, before: str) -> None:
    with pytest.raises(Invalid):
        client_timelines.list_events(who.viewer.actor, one, before=before)


def test_a_timeline_costs_as_many_statements_with_many_dialogs(one: int, uuid: Any, who: People) -> None:
    def read() -> None:
        client_timelines.list_events(who.viewer.actor, one)

    few = statements(read)
    db.session.execute(text("""INSERT INTO dialog (org_id, uuid, funnel_id, stage_id, client_id, thread_id, channel)
        SELECT d.org_id, gen_random_uuid(), d.funnel_id, d.stage_id, d.client_id, 'x' || n, ''
        FROM dialog d, generate_series(1, 60) n"""))  # fmt: skip
    assert statements(read) == few == 2


def test_who_was_met_twice_is_shown_once(bot: int, one: int, who: People) -> None:
    hear(bot, News("2", "2", "второе", person=Face(name="Ольга")))
    assert len(kinds(who, one, kind="messages")) == 2
