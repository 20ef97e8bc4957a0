"""What the demo's dialogs say of themselves equals what their messages say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from aiguro_web.extensions import db
from aiguro_web.models import (
    Client,
    ClientIdentity,
    Dialog,
    Message,
    MessengerConnection,
    Outbox,
    Role,
    Stage,
    StageEntry,
)
from aiguro_web.services import deliveries, messages
from aiguro_web.services.access import system
from aiguro_web.services.dialogs import reopen
from aiguro_web.services.inbox import list_cards
from aiguro_web.services.transcript import preview
from tests.demo.seeing import actor, entered

Talks = dict[int, list[Message]]


@pytest.fixture(params=[1, 2])
def org_id(loaded: Flask, request: pytest.FixtureRequest) -> Iterator[int]:
    with entered(request.param):
        yield request.param


@pytest.fixture
def dialogs(org_id: int) -> list[Dialog]:
    return list(db.session.scalars(select(Dialog).order_by(Dialog.id)))


@pytest.fixture
def talks(org_id: int) -> Talks:
    found: Talks = {}
    for message in db.session.scalars(select(Message).order_by(Message.position, Message.id)):
        found.setdefault(message.dialog_id, []).append(message)
    return found


def test_the_counters_equal_the_messages(dialogs: list[Dialog], talks: Talks) -> None:
    for dialog in dialogs:
        said = [message for message in talks[dialog.id] if message.role != "system"]
        assert dialog.messages_count == len(talks[dialog.id])
        assert dialog.last_message == preview(said[-1].text, said[-1].media)
        assert dialog.last_role == said[-1].role
        assert dialog.last_activity == said[-1].created_at
        assert dialog.created_at == talks[dialog.id][0].created_at


def test_who_waits_waits_since_the_first_word_that_no_person_answered(dialogs: list[Dialog], talks: Talks) -> None:
    for dialog in dialogs:
        if dialog.status == "closed" or dialog.ai or dialog.unsubscribed:
            assert dialog.unanswered_since is None
            continue
        tail = _since_the_last_manager(talks[dialog.id])
        asked = {message.created_at for message in tail if message.role == "user"}
        assert (dialog.unanswered_since in asked) if asked else (dialog.unanswered_since is None)


def test_unread_are_the_clients_words_that_no_person_answered(dialogs: list[Dialog], talks: Talks) -> None:
    for dialog in dialogs:
        tail = [message for message in _since_the_last_manager(talks[dialog.id]) if message.role == "user"]
        assert dialog.unread <= len(tail)
        assert dialog.status == "active" or dialog.unread == 0
        if dialog.unanswered_since is not None:
            assert dialog.unread >= 1


def test_every_stage_belongs_to_the_funnel_of_its_dialog_and_was_entered_last(dialogs: list[Dialog]) -> None:
    stages = {stage.id: stage for stage in db.session.scalars(select(Stage))}
    for dialog in dialogs:
        assert stages[dialog.stage_id].funnel_id == dialog.funnel_id
        entries = db.session.scalars(
            select(StageEntry).where(StageEntry.dialog_id == dialog.id).order_by(StageEntry.entered_at)
        ).all()
        assert [stages[entry.stage_id].position for entry in entries] == list(range(1, len(entries) + 1))
        assert entries[-1].stage_id == dialog.stage_id
        assert [entry.left_at for entry in entries] == [*(entry.entered_at for entry in entries[1:]), None]


def test_the_tally_equals_the_dialogs(dialogs: list[Dialog]) -> None:
    counted: Counter[tuple[int, int, str]] = Counter()
    amounts: Counter[tuple[int, int, str]] = Counter()
    for dialog in dialogs:
        counted[dialog.funnel_id, dialog.stage_id, dialog.status.value] += 1
        amounts[dialog.funnel_id, dialog.stage_id, dialog.status.value] += dialog.price
    query = text("SELECT funnel_id, stage_id, status, sum(dialogs), sum(amount) FROM dialog_tally GROUP BY 1, 2, 3")
    kept = {(row[0], row[1], row[2]): (row[3], row[4]) for row in db.session.execute(query)}
    assert kept == {key: (counted[key], amounts[key]) for key in counted}


def test_all_times_lie_in_the_past_and_most_within_three_weeks(org_id: int, talks: Talks) -> None:
    now = datetime.now(UTC)
    every = [message for talk in talks.values() for message in talk]
    assert all(message.created_at <= now for message in every)
    recent = [message for message in every if message.created_at > now - timedelta(weeks=3)]
    assert len(recent) > 0.9 * len(every)
    if org_id == 1:
        assert len([message for message in every if message.created_at > now - timedelta(hours=1)]) >= 5


def test_a_conversation_keeps_its_order_by_time_place_and_number(talks: Talks) -> None:
    for talk in talks.values():
        assert [message.created_at for message in talk] == sorted(message.created_at for message in talk)
        assert [message.id for message in talk] == sorted(message.id for message in talk)
        assert [message.stage_number for message in talk] == sorted(message.stage_number for message in talk)


def test_clients_belong_to_their_dialogs(dialogs: list[Dialog]) -> None:
    clients = {client.id: client for client in db.session.scalars(select(Client))}
    identities = {identity.id: identity for identity in db.session.scalars(select(ClientIdentity))}
    assert {dialog.client_id for dialog in dialogs} == set(clients)
    for client in clients.values():
        own = [dialog for dialog in dialogs if dialog.client_id == client.id]
        assert client.last_activity == max(dialog.last_activity for dialog in own)
        assert client.created_at == min(dialog.created_at for dialog in own)
    for dialog in dialogs:
        identity = identities[dialog.identity_id]
        assert (identity.client_id, identity.connection_id) == (dialog.client_id, dialog.connection_id)
        assert identity.external_id == dialog.thread_id


def test_phones_are_of_a_code_that_no_operator_has(org_id: int) -> None:
    phones = db.session.scalars(select(Client.phone)).all()
    assert all(phone.startswith("+7945000") and len(phone) == 12 for phone in phones)
    assert len(set(phones)) == len(phones)


def test_the_first_company_has_enough_to_show(loaded: Flask) -> None:
    with entered(1):
        dialogs = db.session.scalars(select(Dialog)).all()
        assert (len(dialogs), db.session.scalar(select(func.count()).select_from(Client))) == (60, 40)
        assert 400 <= sum(dialog.messages_count for dialog in dialogs) <= 900
        assert {dialog.outcome for dialog in dialogs} == {None, "won", "lost"}
        assert all(dialog.lost_reason for dialog in dialogs if dialog.outcome == "lost")
        assert len({dialog.manager_id for dialog in dialogs}) == 3
        statuses = set(db.session.scalars(select(Message.status).distinct()))
        assert {None, "sent", "read", "failed", "uncertain"} == statuses
        assert min(dialog.messages_count for dialog in dialogs) <= 3
        assert max(dialog.messages_count for dialog in dialogs) >= 20
        assert len({dialog.last_message for dialog in dialogs}) > 50


def test_every_failed_message_says_why_and_can_be_sent_again(loaded: Flask) -> None:
    with entered(1):
        who = actor("manager@demo.example", 1, Role.manager)
        query = select(Message.id, Message.error, Dialog.uuid).join(Dialog, Dialog.id == Message.dialog_id)
        failed = db.session.execute(query.where(Message.status.in_(["failed", "uncertain"]))).all()
        assert len(failed) >= 3
        for row in failed:
            assert row.error
            reopen(who, row.uuid)  # a closed dialog sends nothing
            messages.send_again(who, row.uuid, row.id)
            db.session.flush()  # as the commit does
            assert messages.get_message(who, row.uuid, row.id)["status"] == "queued"
        queued = select(func.count()).select_from(Outbox).where(Outbox.status == "queued")
        assert db.session.scalar(queued) == len(failed)


def test_an_answer_to_a_web_chat_can_leave_and_one_to_the_removed_bot_fails_with_the_reason(loaded: Flask) -> None:
    for channel in ("webchat", "telegram"):
        with entered(1):
            who = actor("manager@demo.example", 1, Role.manager)
            query = select(Dialog).where(Dialog.channel == channel, Dialog.status == "active")
            dialog = db.session.scalars(query.where(Dialog.unsubscribed.is_(False))).first()
            assert dialog is not None
            written = messages.write(who, dialog.uuid, text="Здравствуйте!")
            piece = deliveries.claim(system(1), dialog.id, lambda kind, words: [words])
            after = messages.get_message(who, dialog.uuid, written["id"])
            if channel == "webchat":
                assert isinstance(piece, deliveries.Piece)
                assert after["status"] == "sending"
            else:
                assert piece is None
                assert (after["status"], after["error"]) == (
                    "failed", "Нет подключения, через которое доставить: оно удалено",
                )  # fmt: skip


def test_most_open_dialogs_can_be_answered(loaded: Flask) -> None:
    with entered(1):
        cards = list_cards(actor("manager@demo.example", 1, Role.manager), queue="open", limit=100).rows
        reachable = [card for card in cards if card["connection_active"]]
        assert len(reachable) > 0.8 * len(cards)
        waiting = [card for card in cards if card["unanswered_since"]]
        assert all(card["connection_active"] for card in waiting)
        removed = select(MessengerConnection.removed_at).where(MessengerConnection.messenger_type == "telegram")
        assert db.session.scalars(removed).one() is not None


def _since_the_last_manager(talk: list[Message]) -> list[Message]:
    places = [number for number, message in enumerate(talk) if message.role == "manager"]
    return talk[places[-1] + 1 :] if places else talk
