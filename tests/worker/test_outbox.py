"""What a message goes through on its way out: forward only, each piece at most once, the rest left to a person."""

from __future__ import annotations

import threading
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from aiguro_web.errors import Conflict
from aiguro_web.extensions import db, enter_organization
from aiguro_web.models import Dialog, JournalEntry, Message, Outbox
from aiguro_web.models.message import MessageStatus
from aiguro_web.queue import persistently, transaction
from aiguro_web.services import access, connections, deliveries, dialogs, inbound, messages, outbox, topics
from aiguro_web.services.deliveries import Piece, Wait
from tests import people
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


def lose() -> None:
    """What is under way has been so for longer than any call lasts: its worker is gone."""
    lost = "UPDATE outbox SET updated_at = now() - make_interval(secs => :s) WHERE status = 'sending'"
    db.session.execute(text(lost), {"s": deliveries.SEND_LIMIT + 1})


def from_the_assistant(words: str, lane: outbox.Lane = outbox.Lane.assistant) -> int:
    talk = db.session.scalars(select(Dialog)).one()
    said = messages.store(talk, messages.MessageRole.assistant, words, status=MessageStatus.queued)
    assert said is not None
    outbox.queue(WORKER, talk, said["id"], words, lane)
    db.session.commit()
    enter_organization(HOME)
    return said["id"]


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
    piece()
    lose()
    assert piece().text == "два"
    assert state(first) == ("uncertain", deliveries.LOST_WORKER)
    assert state(second) == ("sending", None)


def test_a_piece_under_way_is_waited_for_and_nothing_leaves_before_it(who: People, dialog: UUID) -> None:
    first = write(who, dialog, "раз")
    write(who, dialog, "два")
    going = piece()
    waiting = claim()  # another worker
    assert isinstance(waiting, Wait)
    assert deliveries.SEND_LIMIT - 5 < waiting.seconds <= deliveries.SEND_LIMIT
    assert state(first) == ("sending", None)
    deliveries.sent(WORKER, going, "909")
    assert piece().text == "два"


def test_a_worker_taken_for_dead_may_still_say_how_it_ended(who: People, dialog: UUID) -> None:
    message = write(who, dialog, "раз")
    slow = piece()
    lose()
    assert claim() is None  # another worker has given it up
    assert state(message)[0] == "uncertain"
    deliveries.sent(WORKER, slow, "902")
    assert state(message) == ("sent", None)


def test_a_late_answer_about_an_earlier_try_changes_nothing(who: People, dialog: UUID) -> None:
    message = write(who, dialog, "раз")
    slow = piece()
    lose()
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
    assert (state(message), pieces(message)) == (("queued", None), ["sent", "queued", "sending"])
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


def test_the_assistant_goes_before_a_follow_up(dialog: UUID) -> None:
    from_the_assistant("напоминание", outbox.Lane.followup)
    from_the_assistant("ответ")
    assert piece().text == "ответ"


@pytest.mark.parametrize("lane", [outbox.Lane.assistant, outbox.Lane.followup])
def test_after_a_manager_writes_nothing_of_the_assistant_leaves(who: People, dialog: UUID, lane: outbox.Lane) -> None:
    greeting = from_the_assistant("от ассистента", lane)
    deliveries.later(WORKER, piece(), "пишите реже", 0.0, whole_account=True)
    write(who, dialog, "от менеджера")
    db.session.execute(text("UPDATE messenger_connection SET paused_until = NULL"))
    assert state(greeting) == ("failed", outbox.TAKEN_OVER)
    going = piece()
    assert going.text == "от менеджера"
    deliveries.sent(WORKER, going, "910")
    assert claim() is None


def test_after_a_manager_takes_the_dialog_nothing_of_the_assistant_leaves(who: People, dialog: UUID) -> None:
    greeting = from_the_assistant("от ассистента")
    dialogs.take(who.manager.actor, dialog)
    assert (state(greeting), claim()) == (("failed", outbox.TAKEN_OVER), None)


def test_a_takeover_lets_a_piece_under_way_end_and_stops_the_rest(who: People, dialog: UUID) -> None:
    answer = from_the_assistant("раз|два|три")
    going = piece()
    dialogs.take(who.manager.actor, dialog)
    assert pieces(answer) == ["sending", "failed", "failed"]
    deliveries.sent(WORKER, going, "911")
    assert (pieces(answer), state(answer)) == (["sent", "failed", "failed"], ("failed", outbox.TAKEN_OVER))


def test_a_managers_own_queue_survives_a_takeover_and_so_does_what_a_person_sends_again(
    who: People, dialog: UUID
) -> None:
    answer = from_the_assistant("от ассистента")
    write(who, dialog, "раз")
    send_again(who, dialog, answer)
    write(who, dialog, "два")
    left = []
    while isinstance(found := claim(), Piece):
        left.append(found.text)
        deliveries.sent(WORKER, found, str(len(left)))
    assert left == ["от ассистента", "раз", "два"]


def test_a_takeover_and_a_claim_wait_for_each_other(committed_app: Flask) -> None:
    """Else a piece that was queued a moment ago could start behind the back of the takeover."""
    company = people.load()
    with transaction(company.admin.actor):
        bot = connections.create(
            company.admin.actor, funnel_id=None, messenger_type="telegram", account_id="6", token="6:x", name="Бот"
        )["id"]
        inbound.receive(access.client(HOME), bot, "telegram", News("1", "1", "Здравствуйте", person=Face()))
        talk = db.session.scalars(select(Dialog)).one()
        uuid, number = talk.uuid, talk.id
        from_the_assistant("раз|два")
    claimed: list[Piece | Wait | None] = []

    def worker() -> None:
        with committed_app.app_context(), transaction(WORKER):
            claimed.append(deliveries.claim(WORKER, number, split))

    thread = threading.Thread(target=worker)
    with transaction(company.manager.actor):
        dialogs.lock_dialog(company.manager.actor, uuid)
        thread.start()
        thread.join(0.7)
        assert claimed == []
        dialogs.take(company.manager.actor, uuid)
    thread.join(10)
    assert claimed == [None]


def test_a_closed_dialog_sends_nothing_again(who: People, dialog: UUID) -> None:
    message = write(who, dialog, "раз")
    deliveries.unknown(WORKER, piece(), "оборвалось")
    dialogs.close(who.manager.actor, dialog)
    with pytest.raises(Conflict, match="закрыт"):
        messages.send_again(who.manager.actor, dialog, message)
    assert state(message)[0] == "uncertain"


def test_a_blank_text_fails_in_words_and_holds_up_nothing(who: People, dialog: UUID) -> None:
    blank = from_the_assistant("   ")
    from_the_assistant("дальше")
    found = deliveries.claim(WORKER, db.session.scalars(select(Dialog.id)).one(), lambda kind, words: words.split())
    assert isinstance(found, Piece)
    assert (found.text, state(blank)) == ("дальше", ("failed", deliveries.BLANK))


def test_a_token_refused_in_a_delivery_is_told_and_noted(
    who: People, dialog: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = write(who, dialog, "раз")
    going = piece()
    told: list[str] = []
    monkeypatch.setattr(connections, "publish", lambda *names: told.extend(names))
    deliveries.refused(WORKER, going, "не признаёт токен", broken=True)
    row = connections.get_connection(who.admin.actor, going.connection_id)
    assert (row["status"], row["last_error"]) == ("broken", "не признаёт токен")
    assert told == [topics.connections(HOME)]
    db.session.flush()
    noted = select(JournalEntry.data).where(JournalEntry.act == "break")
    assert db.session.scalars(noted).one() == {"reason": "не признаёт токен"}
    assert state(message)[0] == "failed"


def test_sending_again_what_has_just_turned_out_to_be_sent_says_so(who: People, dialog: UUID) -> None:
    message = write(who, dialog, "раз")
    deliveries.unknown(WORKER, piece(), "оборвалось")
    db.session.execute(text("UPDATE outbox SET status = 'sent'"))  # the late answer, between the two looks
    send_again(who, dialog, message)
    assert (state(message), claim()) == (("sent", None), None)


def gone() -> None:
    raise OperationalError("UPDATE", None, Exception("the database system is starting up"))


def test_what_the_messenger_said_is_written_down_again_until_the_database_is_back(who: People, dialog: UUID) -> None:
    message = write(who, dialog, "раз")
    going = piece()
    away = iter([True, True, False])

    def act() -> None:
        if next(away):
            gone()
        deliveries.sent(WORKER, going, "912")

    persistently(WORKER, act)
    enter_organization(HOME)
    assert state(message) == ("sent", None)
    with pytest.raises(OperationalError):
        persistently(WORKER, gone, seconds=0.3)


def test_receipts_only_move_forward(who: People, dialog: UUID) -> None:
    message = write(who, dialog, "раз")
    deliveries.sent(WORKER, piece(), "908")
    talk = db.session.scalars(select(Dialog)).one()
    client = access.client(HOME)
    for came, shown in [("read", "read"), ("delivered", "read"), ("sent", "read")]:
        outbox.receipt(client, talk, message, MessageStatus(came))
        assert state(message) == (shown, None)
