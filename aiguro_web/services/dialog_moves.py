"""What people do to a dialog besides talking in it: its stage, its manager, its assistant, its terms.

One verb for each act; pages call them one by one, `change` several at once.
"""

from __future__ import annotations

import uuid as uuids
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import func, select, update

from ..errors import Conflict, Invalid
from ..extensions import db
from ..models import Client, Dialog, Stage, StageEntry
from ..models.dialog import DialogStatus, Outcome
from ..models.message import MessageRole
from ..models.notification import NotificationKind, NotificationSubject
from . import dialogs, members, notifications, transcript
from .access import Actor


@dataclass(frozen=True, slots=True)
class Terms:
    """What the deal is about; None leaves as it is. `price` is in rubles, `close_ratio` in percent."""

    price: Decimal | None = None
    close_ratio: int | None = None
    tags: list[str] | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Wish(Terms):
    """Everything that may be changed at once; None leaves as it is. `manager` '' means nobody."""

    stage: str | None = None
    manager: str | None = None
    ai: bool | None = None
    status: DialogStatus | None = None
    outcome: Outcome | None = None
    lost_reason: str | None = None


def hold(who: Actor, uuid: uuids.UUID, funnel_id: int, wish: Wish) -> None:
    """Lock the dialog for `change`, so that what is compared with `If-Match` is what it finds. Raises Forbidden,
    NotFound."""
    who.must("write_dialog")
    head = dialogs.find_head(who, uuid, funnel_id)
    if wish.status == DialogStatus.active:
        dialogs.hold_to_open(who, head)  # before the row is locked, as whoever opens a dialog does
    dialogs.lock_dialog(who, uuid, funnel_id)


def change(who: Actor, uuid: uuids.UUID, funnel_id: int, wish: Wish) -> None:
    """All of a wish or nothing; what is so already leaves no trace. Raises Invalid, Forbidden, NotFound, Conflict."""
    hold(who, uuid, funnel_id, wish)
    if wish.status == DialogStatus.active:
        dialogs.reopen(who, uuid)
    if wish.stage is not None:
        move_to_stage(who, uuid, wish.stage)
    if wish.ai is not None:
        switch_assistant(who, uuid, wish.ai)
    if wish.manager is not None:
        assign(who, uuid, wish.manager)
    set_terms(who, uuid, wish)
    if wish.status == DialogStatus.closed or wish.outcome is not None or wish.lost_reason is not None:
        _end(who, uuid, wish)


def move_to_stage(who: Actor, uuid: uuids.UUID, code: str, *, seen: str | None = None) -> Dialog:
    """To the stage of the dialog's own funnel with this code. Raises Invalid for another code; Conflict where it stands
    neither there nor in the stage `seen`, in which the person saw it."""
    who.must("write_dialog")
    dialog = dialogs.lock_dialog(who, uuid)
    of_funnel = (Stage.org_id == who.home, Stage.funnel_id == dialog.funnel_id)
    stages = {stage.id: stage for stage in db.session.scalars(select(Stage).where(*of_funnel))}
    old = stages[dialog.stage_id]
    if old.code == code:
        return dialog
    if seen is not None and old.code != seen:
        raise Conflict(f"Сделку уже перенесли: сейчас она на этапе «{old.name}»", code="moved")
    new = next((stage for stage in stages.values() if stage.code == code and stage.archived_at is None), None)
    if new is None:
        raise Invalid("В воронке нет такого этапа", stage="укажите код этапа этой воронки")
    # Not now(): a transaction that waited for the row began before the move that it waited for.
    moment = db.session.scalars(select(func.clock_timestamp())).one()
    db.session.execute(
        update(StageEntry)
        .where(StageEntry.org_id == who.home, StageEntry.dialog_id == dialog.id, StageEntry.left_at.is_(None))
        .values(left_at=moment)
    )
    db.session.add(
        StageEntry(
            org_id=who.home, dialog_id=dialog.id, stage_id=new.id, entered_at=moment, actor_name=who.name
        )
    )  # fmt: skip
    dialog.stage_id = new.id
    dialogs.changed(who, dialog, "move_to_stage", old=old.code, new=new.code)
    words = f"Этап: {old.name} → {new.name}"
    transcript.store(dialog, MessageRole.system, words, author_name=who.name, stage_number=new.position)
    return dialog


def assign(who: Actor, uuid: uuids.UUID, manager: str, *, quietly: bool = False) -> Dialog:
    """Make a member (by id, e-mail or unique name) responsible, or a plain text, or with '' nobody.

    The assistant goes on. Another member's dialog is given away only by them or by an admin, as with `release`.
    `quietly`: the new manager is not told, as of one of many.
    """
    who.must("write_dialog")
    dialog = dialogs.lock_dialog(who, uuid)
    before = (dialog.manager_id, dialog.manager_text)
    chosen = members.resolve(who, manager, dialog.manager_id)
    if chosen == before:
        return dialog
    if dialog.manager_id not in (None, who.user_id, chosen[0]):
        who.must("manage")
    dialog.manager_id, dialog.manager_text = chosen
    dialogs.changed(who, dialog, "assign", old=list(before), new=list(chosen))
    if chosen[0] != before[0] and not quietly:
        _tell_assigned(who, dialog)
    return dialog


def _tell_assigned(who: Actor, dialog: Dialog) -> None:
    name = db.session.scalar(select(Client.name).where(Client.org_id == who.home, Client.id == dialog.client_id))
    notifications.tell(
        who, dialog.manager_id, NotificationKind.assigned, NotificationSubject.dialog, dialog.id,
        uuid=str(dialog.uuid), client=name or "", by=who.name,
    )  # fmt: skip


def switch_assistant(who: Actor, uuid: uuids.UUID, on: bool) -> Dialog:
    """On: give the dialog back to the assistant. Off: this person takes it over, and what the assistant has queued does
    not leave. Either way an answer that is under way becomes stale."""
    who.must("write_dialog")
    dialog = dialogs.lock_dialog(who, uuid)
    if dialog.ai == on:
        return dialog
    if on:
        dialog.ai = True
        dialog.epoch += 1
        dialog.hand_over_reason = None
    else:
        dialogs.take_over(who, dialog)
        if dialog.last_role == MessageRole.user and dialog.status == DialogStatus.active:
            dialog.unanswered_since = dialog.unanswered_since or dialog.last_activity  # now people must answer it
    dialogs.changed(who, dialog, "switch_assistant", on=on)
    words = f"{who.name or 'Менеджер'}: ассистент {'включён' if on else 'выключен'}"
    number = dialogs.stage_number(who, dialog)
    transcript.store(dialog, MessageRole.system, words, author_name=who.name, stage_number=number)
    return dialog


def set_terms(who: Actor, uuid: uuids.UUID, terms: Terms) -> Dialog:
    """Price, chance, tags, description."""
    who.must("write_dialog")
    dialog = dialogs.lock_dialog(who, uuid)
    wanted = {name: getattr(terms, name) for name in Terms.__slots__}
    new = {name: value for name, value in wanted.items() if value not in (None, getattr(dialog, name))}
    if new:
        for name, value in new.items():
            setattr(dialog, name, value)
        said = {name: str(value) for name, value in new.items() if name != "description"}
        dialogs.changed(who, dialog, "set_terms", fields=sorted(new), **said)
    return dialog


def _end(who: Actor, uuid: uuids.UUID, wish: Wish) -> None:
    """Close with an outcome, or say it of a closed dialog."""
    dialog = dialogs.lock_dialog(who, uuid)
    if dialog.status == DialogStatus.active and wish.status != DialogStatus.closed:
        at = "outcome" if wish.outcome is not None else "lost_reason"
        raise Invalid("Исход бывает только у закрытого диалога", errors={at: "закройте диалог: status = closed"})
    outcome = wish.outcome or dialog.outcome
    if wish.lost_reason and outcome != Outcome.lost:
        raise Invalid("Причина отказа бывает только у проигранной сделки", lost_reason="укажите outcome = lost")
    reason = dialog.lost_reason if wish.lost_reason is None else wish.lost_reason
    dialogs.close(who, uuid, outcome, reason)
