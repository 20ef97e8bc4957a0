"""Dialogs that people delete: gone at once, back within 30 days, then erased."""

from __future__ import annotations

import uuid as uuids

from sqlalchemy import delete, exists, func, select, text

from ..errors import Conflict, NotFound
from ..extensions import among, db
from ..models import Client, Dialog
from ..models.dialog import DialogStatus
from ..models.message import MessageRole
from . import dialogs, journal, outbox, transcript
from .access import Actor

UNDO_DAYS = 30
REPLACED = "Диалог закрыт: у клиента уже есть новый"
ORPHANED = "Диалог закрыт: его воронка удалена"
GONE = "Диалог удалён: сообщение не отправлено"
BATCH = 200  # dialogs erased in one transaction
_UNDO = text(f"interval '{UNDO_DAYS} days'")


def remove(who: Actor, uuid: uuids.UUID, funnel_id: int) -> int:
    """Hide the dialog everywhere; nothing of it leaves any more. Gives its id. Raises Forbidden, NotFound."""
    who.must("write_dialog")
    dialog = dialogs.lock_dialog(who, uuid, funnel_id)
    dialog.deleted_at = db.session.scalars(select(func.now())).one()
    dialog.epoch += 1  # an answer of the assistant that is under way is dropped
    dialogs.changed(who, dialog, "delete")
    outbox.call_off_all(who, [dialog.id], GONE)
    return dialog.id


def restore(who: Actor, uuid: uuids.UUID, funnel_id: int) -> None:
    """Undo `remove`, UNDO_DAYS long. What was called off stays unsent; whose client has begun a new dialog meanwhile,
    or whose funnel was deleted, comes back closed. Raises Forbidden, NotFound, Conflict."""
    who.must("write_dialog")
    dialog, kept = _lock_deleted(who, uuid, funnel_id)
    if dialog.deleted_at is None:
        raise Conflict("Диалог не удалён")
    dialog.deleted_at = None
    reason = "" if kept else ORPHANED
    if kept and _has_open_one(who, dialog.identity_id):
        reason = REPLACED
    ends = dialog.status == DialogStatus.active and reason != ""
    if ends:
        dialog.status, dialog.unanswered_since, dialog.unread = DialogStatus.closed, None, 0
    dialogs.changed(who, dialog, "restore")
    if ends:
        number = dialogs.stage_number(who, dialog)
        transcript.store(dialog, MessageRole.system, reason, stage_number=number)


def _lock_deleted(who: Actor, uuid: uuids.UUID, funnel_id: int) -> tuple[Dialog, bool]:
    """The dialog, deleted in time or not at all, and whether its funnel is kept; locked after what is locked before it:
    the right to begin a dialog, the funnel, and the client (services/clients.py)."""
    own = (Dialog.org_id == who.home, Dialog.uuid == uuid, Dialog.funnel_id == funnel_id)
    columns = (Dialog.connection_id, Dialog.thread_id, Dialog.client_id, Dialog.funnel_id)
    head = db.session.execute(select(*columns).where(*own)).one_or_none()
    if head is None:
        raise NotFound("Диалог не найден")
    kept = dialogs.hold_to_open(who, head)
    of_client = select(Client.deleted_at).where(Client.org_id == who.home, Client.id == head.client_id)
    client_deleted_at = db.session.scalar(of_client.with_for_update(read=True))
    in_time = Dialog.deleted_at.is_(None) | (Dialog.deleted_at > func.now() - _UNDO)
    query = select(Dialog).where(*own, in_time).with_for_update().execution_options(populate_existing=True)
    dialog = db.session.scalar(query)
    if dialog is None:
        raise NotFound("Диалог не найден")
    if client_deleted_at is not None:
        raise Conflict("Клиент этого диалога удалён: восстановите клиента")
    return dialog, kept


def _has_open_one(who: Actor, identity_id: int | None) -> bool:
    if identity_id is None:
        return False
    of_person = (Dialog.org_id == who.home, Dialog.identity_id == identity_id)
    query = select(Dialog.id).where(*of_person, Dialog.status == DialogStatus.active, Dialog.listed)
    return db.session.scalar(query) is not None


def list_erasable() -> list[int]:
    """The organisations with dialogs whose time of undo is over. Looks across tenants."""
    return list(db.session.scalars(text("SELECT org_id FROM lookup_erasable_dialogs(:days)"), {"days": UNDO_DAYS}))


def erase(who: Actor) -> bool:
    """Erase some of the dialogs whose time of undo is over, with their messages, and the made-up clients of trial ones.
    Gives whether there may be more."""
    who.must("manage")
    old = Dialog.deleted_at < func.now() - _UNDO
    some = select(Dialog.id).where(Dialog.org_id == who.home, old).limit(BATCH)
    taken = some.with_for_update(skip_locked=True).cte("taken")  # once: a sub-select might be asked again
    gone = db.session.execute(
        delete(Dialog)
        .where(Dialog.org_id == who.home, Dialog.id.in_(select(taken.c.id)))
        .returning(Dialog.id, Dialog.client_id)
    ).all()
    clients = {row.client_id for row in gone}
    if clients:
        left = exists().where(Dialog.org_id == who.home, Dialog.client_id == Client.id)
        made_up = (Client.org_id == who.home, among(Client.id, clients), Client.is_test, ~left)
        db.session.execute(delete(Client).where(*made_up))
        journal.note(who, "erase_dialogs", "organization", who.home, dialogs=len(gone))
    return len(gone) == BATCH
