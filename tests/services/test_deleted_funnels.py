"""Dialogs of a funnel that was deleted: nothing opens them again, whoever brings them back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, text

from aiguro_web.errors import AppError, Conflict
from aiguro_web.extensions import db, enter_organization
from aiguro_web.models import Dialog, Message
from aiguro_web.models.dialog import DialogStatus
from aiguro_web.services import clients, dialog_moves, dialog_removal, dialogs, funnels, messages, trials
from aiguro_web.services.dialog_moves import Wish
from tests import people
from tests.people import HOME, People
from tests.services.test_funnels import counted, tally


@pytest.fixture
def gone(app: Flask, who: People) -> int:
    """A funnel that is about to be deleted."""
    enter_organization(HOME)
    return funnels.create(who.admin.actor, "Опт").id


def begin(who: People, funnel: int) -> Dialog:
    dialog = dialogs.create(who.manager.actor, funnel, name="Ольга")
    db.session.flush()
    return dialog


def status(uuid: UUID) -> str:
    db.session.expire_all()
    return db.session.scalars(select(Dialog.status).where(Dialog.uuid == uuid)).one()


def last_words(uuid: UUID) -> str | None:
    of = select(Dialog.id).where(Dialog.uuid == uuid).scalar_subquery()
    return db.session.scalar(select(Message.text).where(Message.dialog_id == of).order_by(Message.id.desc()).limit(1))


@pytest.mark.parametrize("way", ["reopen", "patch"])
def test_a_closed_dialog_stays_closed(who: People, gone: int, way: str) -> None:
    actor, uuid = who.manager.actor, begin(who, gone).uuid
    dialogs.close(actor, uuid)
    funnels.remove(who.admin.actor, gone)
    with pytest.raises(Conflict, match="оронка.*удалена"):
        if way == "reopen":
            dialogs.reopen(actor, uuid)
        else:
            dialog_moves.change(actor, uuid, gone, Wish(status=DialogStatus.active))
    assert status(uuid) == "closed"


def test_a_deleted_open_dialog_comes_back_closed(who: People, gone: int) -> None:
    actor, uuid = who.manager.actor, begin(who, gone).uuid
    dialog_removal.remove(actor, uuid, gone)
    funnels.remove(who.admin.actor, gone)
    dialog_removal.restore(actor, uuid, gone)
    assert (status(uuid), last_words(uuid)) == ("closed", dialog_removal.ORPHANED)
    db.session.flush()
    assert tally() == counted()


def test_a_restored_clients_dialog_comes_back_closed(who: People, gone: int) -> None:
    actor, dialog = who.manager.actor, begin(who, gone)
    uuid, client_id = dialog.uuid, dialog.client_id
    kept = dialogs.create(actor, funnels.list_funnels(who.admin.actor)[0]["id"], client_id=client_id).uuid
    clients.delete(actor, client_id)
    funnels.remove(who.admin.actor, gone)
    clients.restore(actor, client_id)
    assert (status(uuid), last_words(uuid)) == ("closed", dialog_removal.ORPHANED)
    assert status(kept) == "active"
    db.session.flush()
    assert tally() == counted()


def test_hidden_dialogs_move_along(who: People, gone: int) -> None:
    actor, dialog = who.manager.actor, begin(who, gone)
    uuid, client_id, other = dialog.uuid, dialog.client_id, funnels.list_funnels(who.admin.actor)[0]["id"]
    clients.delete(actor, client_id)
    db.session.flush()
    funnels.remove(who.admin.actor, gone, other)
    clients.restore(actor, client_id)
    assert status(uuid) == "active"
    assert db.session.scalars(select(Dialog.funnel_id).where(Dialog.uuid == uuid)).one() == other
    db.session.flush()
    assert tally() == counted()


def test_trials_end_with_their_funnel(who: People, gone: int) -> None:
    actor, uuid = who.manager.actor, trials.begin(who.manager.actor, gone).uuid
    funnels.remove(who.admin.actor, gone)
    acts: list[Callable[[], object]] = [
        lambda: trials.say(actor, uuid, gone, role="user", text="Сколько?"),
        lambda: messages.write(actor, uuid, text="Сколько?", role="user", funnel_id=gone),
    ]
    for act in acts:
        with pytest.raises(AppError, match="оронка.*удалена") as refusal:
            act()
        assert refusal.value.status == 409
    assert last_words(uuid) is None


@pytest.mark.parametrize("first", ["opening", "removal"])
def test_opening_and_deleting_at_once_leave_no_open_dialog(committed_app: Flask, first: str) -> None:
    who = people.load()
    enter_organization(HOME)
    gone = funnels.create(who.admin.actor, "Опт").id
    uuid = begin(who, gone).uuid
    dialogs.close(who.manager.actor, uuid)
    db.session.commit()
    begun, refused = threading.Event(), list[str]()

    def opening() -> None:
        dialog_moves.change(who.manager.actor, uuid, gone, Wish(status=DialogStatus.active))

    steps = {"opening": opening, "removal": lambda: funnels.remove(who.admin.actor, gone)}

    def do(name: str) -> None:
        with committed_app.app_context():
            enter_organization(HOME)
            if name != first:
                begun.wait(10)
            try:
                steps[name]()
                begun.set()
                if name == first:
                    time.sleep(0.5)  # the other one runs into it
                db.session.commit()
            except Conflict:
                refused.append(name)
                db.session.rollback()
            db.session.remove()

    threads = [threading.Thread(target=do, args=(name,)) for name in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    enter_organization(HOME)
    assert refused == ["removal" if first == "opening" else "opening"]
    archived = db.session.scalar(text("SELECT archived_at IS NOT NULL FROM funnel WHERE id = :id"), {"id": gone})
    assert (status(uuid), archived) == (("active", False) if first == "opening" else ("closed", True))
