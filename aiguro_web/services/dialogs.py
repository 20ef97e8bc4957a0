"""Dialogs: starting, taking, giving back, closing; the rights and the epoch of a takeover."""

from __future__ import annotations

import uuid as uuids
from typing import Any

from sqlalchemy import Row, func, select, text, update

from ..errors import Conflict, Invalid, NotFound
from ..extensions import db, run_hot
from ..live import publish
from ..models import Client, ClientIdentity, Dialog, Funnel, Stage, StageEntry, User
from ..models.dialog import DialogStatus, HandOverReason, Outcome
from ..models.message import MessageRole
from . import journal, outbox, topics, transcript
from .access import Actor

BY_HAND = "manual"  # the source of a client whom a person entered
ENDINGS = {None: "", Outcome.won: ", сделка выиграна", Outcome.lost: ", сделка проиграна"}


def find_head(who: Actor, uuid: uuids.UUID, funnel_id: int | None = None) -> Row[*tuple[Any, ...]]:
    """id, org_id, uuid, funnel_id, connection_id, channel, thread_id of a dialog. NotFound if it is not of this
    organisation (or not of this funnel)."""
    who.must("read")
    query = select(
        Dialog.id, Dialog.org_id, Dialog.uuid, Dialog.funnel_id, Dialog.connection_id, Dialog.channel, Dialog.thread_id
    ).where(Dialog.org_id == who.home, Dialog.uuid == uuid, Dialog.deleted_at.is_(None))
    if funnel_id is not None:
        query = query.where(Dialog.funnel_id == funnel_id)
    row = db.session.execute(query).one_or_none()
    if row is None:
        raise NotFound("Диалог не найден")
    return row


def lock_dialog(who: Actor, uuid: uuids.UUID, funnel_id: int | None = None) -> Dialog:
    """The dialog (of this funnel), locked until the end of the transaction. Raises NotFound."""
    who.must("read")
    query = select(Dialog).where(Dialog.org_id == who.home, Dialog.uuid == uuid, Dialog.deleted_at.is_(None))
    if funnel_id is not None:
        query = query.where(Dialog.funnel_id == funnel_id)
    dialog = db.session.scalar(query.with_for_update().execution_options(populate_existing=True))
    if dialog is None:
        raise NotFound("Диалог не найден")
    return dialog


_TALK = """
    SELECT d.id, d.org_id, d.uuid, d.funnel_id, d.connection_id, d.channel, d.thread_id, d.status, d.unsubscribed,
           d.is_test, d.ai, d.stage_id, s.position AS stage_number
    FROM dialog d CROSS JOIN LATERAL (
        SELECT position FROM stage WHERE org_id = %(org)s AND id = d.stage_id OFFSET 0) s
    WHERE d.org_id = %(org)s AND d.uuid = %(uuid)s AND d.deleted_at IS NULL
      AND (CAST(%(funnel)s AS bigint) IS NULL OR d.funnel_id = %(funnel)s)
    FOR UPDATE OF d
"""


def lock_talk(who: Actor, uuid: uuids.UUID, funnel_id: int | None = None) -> Any:
    """As `lock_dialog`, only what writing in it needs (transcript.Talk and its state), by one prepared statement."""
    who.must("read")
    row = run_hot(_TALK, {"org": who.home, "uuid": uuid, "funnel": funnel_id})
    if row is None:
        raise NotFound("Диалог не найден")
    return row


def stage_number(who: Actor, dialog: Dialog) -> int:
    """The place of the dialog's stage in its funnel, from 1."""
    query = select(Stage.position).where(Stage.org_id == who.home, Stage.id == dialog.stage_id)
    return db.session.scalar(query) or 1


def has_model() -> bool:
    """Whether an assistant could answer. No model can be connected yet: what is given back to one waits for people."""
    return False


def start(
    who: Actor, client: Client, *, identity: ClientIdentity | None, funnel: Funnel, channel: str,
    stage_id: int | None = None, trial: bool = False,
) -> Dialog:  # fmt: skip
    """A new dialog in the funnel's first stage, or in `stage_id`.

    No model is configured yet, so it waits for a person from its first moment, and says so; but for a trial one, whose
    every question is answered (services/trials.py).
    """
    stage_id = stage_id or _first_stage(who, funnel)
    uuid = uuids.uuid4()
    dialog = Dialog(
        org_id=who.home,
        uuid=uuid,
        funnel_id=funnel.id,
        stage_id=stage_id,
        client_id=client.id,
        identity_id=identity.id if identity else None,
        connection_id=identity.connection_id if identity else None,
        channel=channel,
        thread_id=identity.external_id if identity else str(uuid),
        ai=trial,
        hand_over_reason=None if trial else HandOverReason.no_model,
        is_test=trial,
    )
    db.session.add(dialog)
    db.session.flush()  # its id
    now = db.session.scalar(select(func.now()))
    db.session.add(StageEntry(org_id=who.home, dialog_id=dialog.id, stage_id=stage_id, entered_at=now))
    db.session.flush()  # the entry stands before the dialog's first message
    return dialog


def _first_stage(who: Actor, funnel: Funnel) -> int:
    found = db.session.scalar(
        select(Stage.id)
        .where(Stage.org_id == who.home, Stage.funnel_id == funnel.id, Stage.archived_at.is_(None))
        .order_by(Stage.position)
        .limit(1)
    )
    if found is None:
        raise Conflict("В воронке нет ни одного этапа")
    return found


def create(
    who: Actor, funnel_id: int, *, client_id: int | None = None, name: str = "", stage: str | None = None
) -> Dialog:
    """A person begins a dialog by hand, in the first stage or that with the code `stage`: with a client who is known,
    or with a new one called `name`.

    It has no messenger: what is written in it reaches nobody, and says so. Raises NotFound, Conflict, Invalid.
    """
    who.must("write_dialog")
    funnel = hold_funnel(who, funnel_id)
    stage_id = _stage_of(who, funnel, stage) if stage is not None else None
    if client_id is None:
        client = Client(org_id=who.home, name=name, source=BY_HAND)
        db.session.add(client)
        db.session.flush()  # its id
    else:
        client = _get_client(who, client_id)
    dialog = start(who, client, identity=None, funnel=funnel, channel="", stage_id=stage_id)
    changed(who, dialog, "create")
    return dialog


def _stage_of(who: Actor, funnel: Funnel, code: str) -> int:
    query = select(Stage.id).where(
        Stage.org_id == who.home, Stage.funnel_id == funnel.id, Stage.code == code, Stage.archived_at.is_(None)
    )
    found = db.session.scalar(query)
    if found is None:
        raise Invalid("В воронке нет такого этапа", stage="укажите код этапа этой воронки")
    return found


def hold_funnel(who: Actor, funnel_id: int) -> Funnel:
    """The funnel, which nobody archives before the dialog that is to begin in it stands. Raises NotFound."""
    who.must("write_dialog")
    query = select(Funnel).where(Funnel.org_id == who.home, Funnel.id == funnel_id, Funnel.archived_at.is_(None))
    funnel = db.session.scalar(query.with_for_update(read=True, key_share=True))
    if funnel is None:
        raise NotFound("Воронка не найдена")
    return funnel


def is_funnel_kept(who: Actor, funnel_id: int) -> bool:
    """Whether the funnel is still here; nobody archives it before the end of the transaction then. A dialog is opened
    again only in a funnel that is: ask before the dialog is locked, as whoever moves a whole funnel does.
    Raises NotFound."""
    who.must("write_dialog")
    query = select(Funnel.archived_at).where(Funnel.org_id == who.home, Funnel.id == funnel_id)
    row = db.session.execute(query.with_for_update(read=True, key_share=True)).one_or_none()
    if row is None:
        raise NotFound("Воронка не найдена")
    return row.archived_at is None


def hold_to_open(who: Actor, head: Row[*tuple[Any, ...]]) -> bool:
    """What is locked before a dialog (`find_head`) that is to be opened again; whether its funnel is kept."""
    if head.connection_id is not None:
        one_at_a_time(who, head.connection_id, head.thread_id)  # a message of theirs may be opening a new one
    return is_funnel_kept(who, head.funnel_id)


def _get_client(who: Actor, client_id: int) -> Client:
    """Held, so that its deletion waits for this dialog and takes it along."""
    known = (Client.org_id == who.home, Client.id == client_id, Client.deleted_at.is_(None), ~Client.is_test)
    client = db.session.scalar(select(Client).where(*known).with_for_update(read=True))
    if client is None:
        raise NotFound("Клиент не найден")
    return client


def one_at_a_time(who: Actor, connection_id: int, thread_id: str) -> None:
    """Opening a dialog of one person is done by one transaction at a time: the next waits here for its commit.

    Two first messages at once find one dialog. Taken before any row of the dialog is locked.
    """
    key = f"{who.home}:{connection_id}:{thread_id}"
    db.session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": key})


def take_over(who: Actor, dialog: Dialog) -> None:
    """A person spoke: the assistant stops at once, and an answer of it that is under way becomes stale."""
    dialog.ai = False
    dialog.epoch += 1
    dialog.hand_over_reason = None
    if dialog.manager_id is None:
        dialog.manager_id = who.user_id
    db.session.flush()  # before the counters' statement, which must not be overwritten
    outbox.call_off(who, dialog)


def take(who: Actor, uuid: uuids.UUID) -> Dialog:
    """ "Взять": this person answers from now on. Conflict when somebody else was first."""
    who.must("write_dialog")
    dialog = lock_dialog(who, uuid)
    if dialog.manager_id not in (None, who.user_id):
        name = db.session.scalar(select(User.name).where(User.id == dialog.manager_id))
        raise Conflict(f"Диалог уже взят: {name or 'другой менеджер'}")
    if dialog.manager_id is None:
        dialog.manager_id = who.user_id
        dialog.ai = False
        dialog.epoch += 1
        changed(who, dialog, "take")
        outbox.call_off(who, dialog)
    return dialog


def release(who: Actor, uuid: uuids.UUID) -> Dialog:
    """Give the dialog back to everybody. Only its manager or an admin may."""
    who.must("write_dialog")
    dialog = lock_dialog(who, uuid)
    if dialog.manager_id is not None:
        if dialog.manager_id != who.user_id:
            who.must("manage")
        dialog.manager_id = None
        changed(who, dialog, "release")
    return dialog


def close(who: Actor, uuid: uuids.UUID, outcome: Outcome | None = None, lost_reason: str = "") -> Dialog:
    """Close the dialog; the client's next message starts a new one. How it ended may be said later, or corrected."""
    who.must("write_dialog")
    dialog = lock_dialog(who, uuid)
    ended = (outcome, lost_reason if outcome == Outcome.lost else "")
    if dialog.status == DialogStatus.active:
        dialog.status = DialogStatus.closed
        dialog.outcome, dialog.lost_reason = ended
        dialog.unanswered_since = None
        dialog.unread = 0
        changed(who, dialog, "close", outcome=outcome)
        _tell(who, dialog, f"диалог закрыт{ENDINGS[outcome]}")
    elif outcome is not None and ended != (dialog.outcome, dialog.lost_reason):
        dialog.outcome, dialog.lost_reason = ended
        changed(who, dialog, "settle", outcome=outcome)
    return dialog


def reopen(who: Actor, uuid: uuids.UUID) -> Dialog:
    """Open a closed dialog again. Conflict when the client has a newer open one, or its funnel was deleted."""
    who.must("write_dialog")
    head = find_head(who, uuid)
    kept = hold_to_open(who, head)
    dialog = lock_dialog(who, uuid)
    if dialog.status == DialogStatus.closed:
        if dialog.funnel_id != head.funnel_id:  # moved while this waited
            kept = is_funnel_kept(who, dialog.funnel_id)
        if not kept:
            raise Conflict("Воронка этого диалога удалена: открыть его снова нельзя", code="funnel_deleted")
        newer = select(Dialog.id).where(
            Dialog.org_id == who.home,
            Dialog.identity_id == dialog.identity_id,
            Dialog.status == DialogStatus.active,
            Dialog.listed,
        )
        if dialog.identity_id is not None and db.session.scalar(newer) is not None:
            raise Conflict("У клиента уже есть открытый диалог")
        dialog.status = DialogStatus.active
        dialog.outcome, dialog.lost_reason = None, ""
        if not dialog.ai and dialog.last_role == MessageRole.user:
            dialog.unanswered_since = dialog.last_activity  # whom nobody answered waits again
        changed(who, dialog, "reopen")
        _tell(who, dialog, "диалог открыт снова")
    return dialog


def mark_read(who: Actor, uuid: uuids.UUID) -> None:
    """Somebody who answers has seen the client's messages. A viewer's look changes nothing."""
    who.must("read")
    if not who.may("write_dialog"):
        find_head(who, uuid)
        return
    changed = db.session.execute(
        update(Dialog)
        .where(Dialog.org_id == who.home, Dialog.uuid == uuid, Dialog.deleted_at.is_(None), Dialog.unread > 0)
        .values(unread=0)
        .returning(Dialog.id)
    ).one_or_none()
    if changed is None:
        find_head(who, uuid)
    else:
        publish(topics.dialogs(who.home))


def changed(who: Actor, dialog: Dialog, act: str, **data: Any) -> None:
    """What every write to a dialog, whose row the caller has locked, ends with."""
    dialog.updated_at = db.session.scalars(select(func.now())).one()
    db.session.flush()  # before a system message counts itself on the same row
    journal.note(who, act, "dialog", dialog.id, **data)
    publish(topics.dialog(who.home, dialog.uuid), topics.dialogs(who.home))


def _tell(who: Actor, dialog: Dialog, what: str) -> None:
    number = stage_number(who, dialog)
    transcript.store(dialog, MessageRole.system, f"{who.name or 'Менеджер'}: {what}", stage_number=number)
