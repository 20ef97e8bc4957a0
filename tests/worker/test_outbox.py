"""What a message goes through on its way out: forward only, each piece at most once, the rest left to a person."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, text

from aiguro_web.errors import Conflict
from aiguro_web.extensions import db, enter_organization
from aiguro_web.models import Dialog, Message, Outbox
from aiguro_web.models.message import MessageStatus
from aiguro_web.queue import enqueue, jobs
from aiguro_web.services import access, connections, deliveries, inbound, messages, outbox
from aiguro_web.services.deliveries import Piece, Wait
from aiguro_web.tasks.deliveries import Seats
from tests.people import HOME, People
from tests.services.test_inbound import Face, News

WORKER = access.system(HOME)


@pytest.fixture
def dialog(app: Flask, who: People) -> UUID:
    enter_organization(HOME)
    bot = connections.create(
        who.admin.actor, funnel_id=None, messenger_type="telegram", account_id="5", token="5:x", name="Бот"
    )["id"]
    inbound.receive(access.client(HOME), bot, "telegram", News("1", "1", "Здравствуйте", person=Face()))
    return db.session.scalars(select(Dialog.uuid)).one()


def split(kind: str, words: str) -> list[str]:
    return words.split("|")


def claim() -> Piece | Wait | None:
    """As the worker does, in a transaction of its own."""
    found = deliveries.claim(WORKER, db.session.scalars(select(Dialog.id)).one(), split)
    db.session.commit()
    enter_organization(HOME)
    return found


def piece() -> Piece:
    found = claim()
    assert isinstance(found, Piece)
    return found


def write(who: People, dialog: UUID, words: str) -> int:
    return messages.write(who.manager.actor, dialog, text=words)["id"]


def send_again(who: People, dialog: UUID, message: int) -> None:
    messages.send_again(who.manager.actor, dialog, message)
    db.session.commit()
    enter_organization(HOME)


def state(message: int) -> tuple[str, str | None]:
    row = db.session.execute(select(Message.status, Message.error).where(Message.id == message)).one()
    return row.status.value, row.error


def pieces(message: int) -> list[str]:
    query = select(Outbox.status).where(Outbox.message_id == message).order_by(Outbox.part)
    return [status.value for status in db.session.scalars(query)]


def test_a_message_goes_from_queued_through_sending_to_sent(who: People, dialog: UUID) -> None:
    message = write(who, dialog, "привет")
    assert state(message) == ("queued", None)
    going = piece()
    assert (going.text, going.chat_id, state(message)) == ("привет", "500", ("sending", None))
    deliveries.sent(WORKER, going, "901")
    assert state(message) == ("sent", None)
    assert claim() is None


def test_a_piece_left_by_a_dead_worker_is_uncertain_and_the_next_message_goes_on(who: People, dialog: UUID) -> None:
    first, second = write(who, dialog, "раз"), write(who, dialog, "два")
    piece()  # and its worker is gone
    assert piece().text == "два"
    assert state(first) == ("uncertain", deliveries.LOST_WORKER)
    assert state(second) == ("sending", None)


def test_a_worker_taken_for_dead_may_still_say_how_it_ended(who: People, dialog: UUID) -> None:
    message = write(who, dialog, "раз")
    slow = piece()
    assert claim() is None  # another worker has given it up
    assert state(message)[0] == "uncertain"
    deliveries.sent(WORKER, slow, "902")
    assert state(message) == ("sent", None)


def test_a_late_answer_about_an_earlier_try_changes_nothing(who: People, dialog: UUID) -> None:
    message = write(who, dialog, "раз")
    slow = piece()
    claim()
    send_again(who, dialog, message)
    current = piece()
    deliveries.later(WORKER, slow, "занят", 1.0, whole_account=False)
    deliveries.refused(WORKER, slow, "нет такого чата")
    assert (state(message), pieces(message)) == (("sending", None), ["sending"])
    deliveries.sent(WORKER, current, "903")
    assert state(message) == ("sent", None)


def test_sending_again_leaves_alone_what_is_sent_or_under_way(who: People, dialog: UUID) -> None:
    message = write(who, dialog, "раз|два|три")
    deliveries.sent(WORKER, piece(), "904")
    deliveries.unknown(WORKER, piece(), "оборвалось")
    under_way = piece()
    assert pieces(message) == ["sent", "uncertain", "sending"]
    send_again(who, dialog, message)
    assert pieces(message) == ["sent", "queued", "sending"]
    deliveries.sent(WORKER, under_way, "906")
    again = piece()
    assert again.text == "два"
    deliveries.sent(WORKER, again, "905")
    assert (state(message), claim()) == (("sent", None), None)


def test_only_what_failed_or_is_uncertain_can_be_sent_again(who: People, dialog: UUID) -> None:
    message = write(who, dialog, "раз")
    with pytest.raises(Conflict):
        messages.send_again(who.manager.actor, dialog, message)
    deliveries.sent(WORKER, piece(), "907")
    with pytest.raises(Conflict):
        messages.send_again(who.manager.actor, dialog, message)


def test_a_wait_holds_the_whole_dialog_in_order(who: People, dialog: UUID) -> None:
    first = write(who, dialog, "раз")
    write(who, dialog, "два")
    deliveries.later(WORKER, piece(), "пишите реже", 30.0, whole_account=False)
    waiting = claim()
    assert isinstance(waiting, Wait)
    assert 29 < waiting.seconds < 32
    assert state(first)[0] in ("queued", "sending")


def test_without_a_word_of_the_messenger_the_waits_grow(who: People, dialog: UUID) -> None:
    write(who, dialog, "раз")
    waits = []
    for _ in range(8):
        deliveries.later(WORKER, piece(), "нет связи", None, whole_account=False)
        waits.append(db.session.scalar(text("SELECT extract(epoch FROM not_before - now()) FROM outbox")))
        db.session.execute(text("UPDATE outbox SET not_before = now()"))
    assert 2 <= waits[0] <= 3.1
    assert waits[1] > waits[0]
    assert 60 <= waits[-1] <= 61.1


def test_after_a_day_of_refusals_a_message_is_given_up_and_says_so(who: People, dialog: UUID) -> None:
    message = write(who, dialog, "раз")
    db.session.execute(text("UPDATE outbox SET created_at = now() - interval '25 hours'"))
    assert claim() is None
    assert state(message) == ("failed", "Мессенджер не принимал сообщение целые сутки")
    send_again(who, dialog, message)
    assert piece().text == "раз"


def test_a_manager_goes_before_the_assistant(who: People, dialog: UUID) -> None:
    talk = db.session.scalars(select(Dialog)).one()
    said = messages.store(talk, messages.MessageRole.assistant, "от ассистента", status=MessageStatus.queued)
    assert said is not None
    outbox.queue(WORKER, talk, said["id"], "от ассистента", outbox.Lane.assistant)
    write(who, dialog, "от менеджера")
    assert piece().text == "от менеджера"


def test_receipts_only_move_forward(who: People, dialog: UUID) -> None:
    message = write(who, dialog, "раз")
    deliveries.sent(WORKER, piece(), "908")
    talk = db.session.scalars(select(Dialog)).one()
    client = access.client(HOME)
    for came, shown in [("read", "read"), ("delivered", "read"), ("sent", "read")]:
        outbox.receipt(client, talk, message, MessageStatus(came))
        assert state(message) == (shown, None)


def test_a_connection_has_so_many_seats_and_the_others_theirs() -> None:
    seats = Seats(2)
    with seats.one(1) as first, seats.one(1) as second, seats.one(2) as other:
        assert (first, second, other) == (0, 0, 0)
        with seats.one(1) as wait, seats.one(1) as longer:
            assert 0 < wait < longer
    with seats.one(1) as again:
        assert again == 0


def test_every_task_that_is_enqueued_by_name_exists(app: Flask) -> None:
    known: dict[str, Any] = dict(jobs.tasks)
    assert {"deliver", "sweep_outbox", "subscribe", "unsubscribe", "subscribe_all"} <= set(known)
    with pytest.raises(KeyError):
        enqueue("nobody knows this")
