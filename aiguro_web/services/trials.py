"""Trial dialogs: a person here plays the client and looks at what the assistant answers. Nothing leaves for anybody.

A trial dialog is a dialog with a made-up client; no list, count or search of real ones shows it.
"""

from __future__ import annotations

import uuid as uuids
from typing import Any, TypedDict, cast

from sqlalchemy import func, select

from ..errors import Conflict, Invalid, NotFound
from ..extensions import db
from ..models import Client, Dialog, Message, Stage
from ..models.dialog import DialogStatus
from ..models.message import MessageRole
from ..queue import enqueue
from . import dialogs, funnels, transcript
from .access import Actor
from .transcript import MessageRow

CLIENT_NAME = "Тестовый клиент"
SOURCE = "test"
# What a person may play; the assistant answers the client only, the other two set the scene.
PLAYED = (MessageRole.user, MessageRole.assistant, MessageRole.manager)


class TrialRow(TypedDict):
    """A trial dialog as lists show it; `stage` is the stage's code, times are in UTC."""

    id: int
    uuid: uuids.UUID
    stage: str
    stage_name: str
    messages_count: int
    last_message: str
    created_at: Any
    last_activity: Any


def list_trials(
    who: Actor, funnel_id: int, *, stage_number: int | None = None, limit: int, offset: int = 0,
    before_id: int | None = None,
) -> tuple[list[TrialRow], int]:  # fmt: skip
    """Trial dialogs of a funnel, or of its stage with this number (from 1), newest first; and how many there are.

    Raises NotFound for a funnel or a stage that is not here.
    """
    funnel = funnels.get_funnel(who, funnel_id)
    of: list[Any] = [
        Dialog.org_id == who.home, Dialog.funnel_id == funnel.id, Dialog.is_test, Dialog.deleted_at.is_(None),
    ]  # fmt: skip
    if stage_number is not None:
        stage_id = _find_stage(who, funnel.id, stage_number)
        if stage_id is None:
            raise NotFound("Этап не найден")
        of.append(Dialog.stage_id == stage_id)
    d = Dialog
    query = (
        select(
            d.id, d.uuid, Stage.code.label("stage"), Stage.name.label("stage_name"), d.messages_count, d.last_message,
            d.created_at, d.last_activity,
        )
        .join(Stage, (Stage.org_id == d.org_id) & (Stage.id == d.stage_id))
        .where(*of)
        .order_by(d.id.desc())
    )  # fmt: skip
    if before_id is not None:
        query = query.where(d.id < before_id)
    found = db.session.execute(query.limit(limit).offset(offset)).mappings()
    rows = [cast(TrialRow, dict(row)) for row in found]
    total = db.session.scalar(select(func.count()).select_from(Dialog).where(*of)) or 0
    return rows, total


def _find_stage(who: Actor, funnel_id: int, number: int) -> int | None:
    """The stage in this place of its funnel, as people see it: without the archived ones."""
    shown = (Stage.org_id == who.home, Stage.funnel_id == funnel_id, Stage.archived_at.is_(None))
    return db.session.scalar(select(Stage.id).where(*shown).order_by(Stage.position).offset(number - 1).limit(1))


def begin(who: Actor, funnel_id: int, *, stage_number: int | None = None, words: str = "") -> Dialog:
    """A trial dialog in the funnel's first stage, or in the one with this number; `words` are the client's first.

    Raises Forbidden, NotFound, Invalid, Conflict.
    """
    who.must("write_dialog")
    funnel = dialogs.hold_funnel(who, funnel_id)
    stage_id = None
    if stage_number is not None:
        stage_id = _find_stage(who, funnel.id, stage_number)
        if stage_id is None:
            raise Invalid("В воронке нет такого этапа", stage_number="номер этапа этой воронки, с 1")
    client = Client(org_id=who.home, name=CLIENT_NAME, source=SOURCE, is_test=True)
    db.session.add(client)
    db.session.flush()  # its id
    dialog = dialogs.start(
        who, client, identity=None, funnel=funnel, channel="", stage_id=stage_id, trial=True
    )  # fmt: skip
    dialogs.changed(who, dialog, "begin_trial")
    if words:
        play(who, dialog, MessageRole.user, words)
    return dialog


def say(who: Actor, uuid: uuids.UUID, funnel_id: int, *, role: str, text: str) -> MessageRow:
    """Play the client (or another) in a trial dialog. Raises Forbidden, NotFound, Invalid, Conflict."""
    who.must("write_dialog")
    dialog = dialogs.lock_dialog(who, uuid, funnel_id)
    if not dialog.is_test:
        raise NotFound("Тестовый диалог не найден")
    return play(who, dialog, role, text)


def play(who: Actor, dialog: Dialog, role: str, words: str, key: str | None = None) -> MessageRow:
    """Store what a person plays in a trial dialog, which the caller has locked; the assistant answers a client's words,
    in the worker."""
    who.must("write_dialog")
    if role not in PLAYED:
        raise Invalid("В тестовом диалоге так не пишут", role="user, assistant или manager")
    if dialog.status == DialogStatus.closed:
        raise Conflict("Диалог закрыт: откройте его снова, чтобы написать")
    if not dialogs.is_funnel_kept(who, dialog.funnel_id):
        raise Conflict("Воронка этого диалога удалена: писать в него нельзя", code="funnel_deleted")
    number = dialogs.stage_number(who, dialog)
    message = transcript.store(
        dialog, MessageRole(role), words, author_id=who.user_id, author_name=who.name, client_key=key,
        stage_number=number, waits=False,
    )  # fmt: skip
    if message is None:
        raise Conflict("Это сообщение уже отправлено")
    if role == MessageRole.user and dialog.ai:
        enqueue(
            "trial_reply", lock=f"reply:{dialog.id}", org_id=who.home, dialog_id=dialog.id, message_id=message["id"]
        )
    return message


def is_waiting(who: Actor, dialog_id: int, message_id: int) -> bool:
    """Whether this message of the client still wants an answer: none is here, no newer one has come, nobody has
    deleted the dialog, closed it or switched the assistant off."""
    who.must("answer")
    alive = select(Dialog.id).where(
        Dialog.org_id == who.home, Dialog.id == dialog_id, Dialog.is_test, Dialog.ai, Dialog.deleted_at.is_(None),
        Dialog.status == DialogStatus.active,
    )  # fmt: skip
    newest = (
        select(Message.id)
        .where(Message.org_id == who.home, Message.dialog_id == dialog_id, Message.role == MessageRole.user)
        .order_by(Message.id.desc())
        .limit(1)
    )
    answered = select(Message.id).where(
        Message.org_id == who.home, Message.dialog_id == dialog_id, Message.client_key == _key(message_id)
    )
    row = db.session.execute(
        select(alive.exists(), newest.scalar_subquery() == message_id, answered.exists())
    ).one()  # fmt: skip
    return bool(row[0] and row[1] and not row[2])


def reply(who: Actor, dialog_id: int, message_id: int, words: str) -> None:
    """Store what came of a client's message, once, unless it has become stale meanwhile."""
    who.must("answer")
    own = (Dialog.org_id == who.home, Dialog.id == dialog_id)
    dialog = db.session.scalar(select(Dialog).where(*own).with_for_update())
    if dialog is None or not is_waiting(who, dialog_id, message_id):
        return
    number = dialogs.stage_number(who, dialog)
    transcript.store(dialog, MessageRole.system, words, client_key=_key(message_id), stage_number=number)


def _key(message_id: int) -> str:
    """One answer for each message of the client: a worker that dies leaves its job to another."""
    return f"trial-{message_id}"
