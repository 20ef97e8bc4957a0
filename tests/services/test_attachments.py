"""Files that leave with messages: who may send and see them, and where they go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from aiguro_web.errors import Conflict, Forbidden, NotFound
from aiguro_web.extensions import db, enter_organization
from aiguro_web.models import Dialog, Outbox
from aiguro_web.services import access, attachments, connections, messages, webchat
from aiguro_web.services import inbound as arriving
from tests.people import HOME, OTHER, People
from tests.services.test_inbound import Face, News


@dataclass(frozen=True)
class Kept:
    """Bytes that lie in storage."""

    key: str = "ab/abcdef"
    name: str = "смета.pdf"
    size: int = 120
    content_type: str = "application/pdf"


PHOTO = Kept("cd/photo", "кухня.png", 300, "image/png")


@pytest.fixture
def site(app: Flask, who: People) -> int:
    enter_organization(HOME)
    return connections.create(who.admin.actor, funnel_id=None, messenger_type="webchat", name="Чат")["id"]


@pytest.fixture
def dialog(site: int) -> Dialog:
    arriving.receive(access.client(HOME), site, "webchat", News("1", "1", person=Face()))
    return db.session.scalars(select(Dialog)).one()


def send(who: People, dialog: Dialog, *files: Kept, text: str = "", **more: Any) -> messages.WrittenRow:
    return messages.write(who.manager.actor, dialog.uuid, text=text, files=files, **more)


def test_files_leave_as_one_message_that_lists_call_by_its_kind(dialog: Dialog, who: People) -> None:
    row = send(who, dialog, PHOTO, Kept())
    assert (row["media"], [file["name"] for file in row["attachments"]]) == ("photo", ["кухня.png", "смета.pdf"])
    db.session.refresh(dialog)
    assert (dialog.last_message, dialog.manager_id, dialog.unanswered_since) == (
        "Фото",
        who.manager.actor.user_id,
        None,
    )
    assert db.session.scalars(select(Outbox.text).where(Outbox.message_id == row["id"])).one() == "кухня.png, смета.pdf"


def test_words_may_go_with_files_and_a_message_needs_one_of_both(dialog: Dialog, who: People) -> None:
    assert send(who, dialog, Kept(), text="  Смета  ")["text"] == "Смета"
    with pytest.raises(Exception, match="пустое"):
        send(who, dialog)


def test_the_same_key_sends_the_files_once(dialog: Dialog, who: People) -> None:
    first = send(who, dialog, Kept(), key="k" * 16)
    again = send(who, dialog, Kept("ef/again"), key="k" * 16)
    assert (again["id"], again["replayed"]) == (first["id"], True)
    assert len(messages.get_message(who.manager.actor, dialog.uuid, first["id"])["attachments"]) == 1


def test_a_channel_that_takes_no_files_says_so_before_any_byte(dialog: Dialog, who: People) -> None:
    attachments.may_send(who.manager.actor, dialog.uuid)
    db.session.execute(update(Dialog).values(channel="telegram"))
    with pytest.raises(Conflict, match="файлы пока не отправляются"):
        attachments.may_send(who.manager.actor, dialog.uuid)
    with pytest.raises(Conflict, match="файлы пока не отправляются"):
        send(who, dialog, Kept())


def test_a_viewer_sees_files_and_sends_none(dialog: Dialog, who: People) -> None:
    file = send(who, dialog, PHOTO)["attachments"][0]
    assert attachments.get_content(who.viewer.actor, dialog.uuid, file["id"])["storage_key"] == "cd/photo"
    with pytest.raises(Forbidden):
        attachments.may_send(who.viewer.actor, dialog.uuid)


def test_a_file_is_found_in_its_own_dialog_alone(dialog: Dialog, site: int, who: People) -> None:
    file = send(who, dialog, PHOTO)["attachments"][0]
    arriving.receive(access.client(HOME), site, "webchat", News("2", "2", chat_id="2", person=Face("2")))
    other = db.session.scalars(select(Dialog).where(Dialog.id != dialog.id)).one()
    with pytest.raises(NotFound):
        attachments.get_content(who.manager.actor, other.uuid, file["id"])
    enter_organization(OTHER)
    with pytest.raises(NotFound):
        attachments.get_content(who.stranger.actor, dialog.uuid, file["id"])


def test_a_visitor_gets_the_files_of_their_own_chat_alone(dialog: Dialog, site: int, who: People) -> None:
    file = send(who, dialog, PHOTO)["attachments"][0]
    visitor = access.client(HOME)
    said = webchat.list_said(visitor, site, dialog.thread_id)[-1]
    shown = {"id": file["id"], "name": "кухня.png", "type": "image/png", "size": 300}
    assert said["files"] == [shown]
    assert attachments.get_own_content(visitor, site, dialog.thread_id, file["id"])["name"] == "кухня.png"
    with pytest.raises(NotFound):
        attachments.get_own_content(visitor, site, "another", file["id"])
