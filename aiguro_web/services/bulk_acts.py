"""Bulk acts: one wish for many rows, done by the worker in pieces, each row through the service of a single act.

What a row refuses is kept as its reason; an undo puts back what nobody changed since. Both go on where a killed worker
left them: a row's state is written in the transaction that does the row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict, cast

from sqlalchemy import func, literal, select, text, update

from ..errors import AppError, Conflict, Invalid, NotFound
from ..extensions import among, db
from ..live import publish
from ..models import BulkAct, BulkItem, Client, Dialog
from ..models.bulk_act import BULK_ROWS_MAX, BulkItemState, BulkState, BulkSubject
from ..models.notification import NotificationKind, NotificationSubject
from ..queue import enqueue, held_locks
from . import bulk_rows, client_lists, deal_lists, journal, members, notifications, topics
from .access import Actor, system
from .client_lists import ClientFilter
from .deal_filters import DealFilter

REASON_MAX = 200
SHOWN_MINUTES = 5  # that an ended act stays in sight of whoever began it
SHOWN = 3
_SO_ALREADY = "Уже так"
_FORGOTTEN = "Данные клиента стёрты"
_UNDONE_BY = "undone_by"  # in the wish: who ordered the undo
_BROKEN = "broken"  # in the wish: it failed by an error, not by its author's leaving
_WORKING = (BulkState.running, BulkState.undoing)


class BulkRow(TypedDict):
    """An act as its author sees it; `done` of `total` rows so far, `skipped` refused; in an undo, of those put back.
    `stalled`: it is under way, but its job was lost or failed for good."""

    id: int
    subject: str
    act: str
    wish: dict[str, Any]
    state: str
    total: int
    done: int
    skipped: int
    author_id: int | None
    author_name: str
    created_at: datetime
    finished_at: datetime | None
    stalled: bool


class ReasonRow(TypedDict):
    """Why rows were refused, and how many."""

    reason: str
    rows: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which rows: those of these ids, or with None all that match the filter of their subject; `most` is how many
    the person was told of."""

    ids: Sequence[int] | None = None
    deals: DealFilter | None = None
    clients: ClientFilter | None = None
    most: int | None = None


_ROW = (
    BulkAct.id, BulkAct.subject, BulkAct.act, BulkAct.wish, BulkAct.state, BulkAct.total, BulkAct.done,
    BulkAct.skipped, BulkAct.author_id, BulkAct.author_name, BulkAct.created_at, BulkAct.finished_at,
)  # fmt: skip


def start(who: Actor, subject: BulkSubject, act: str, wish: Mapping[str, str], chosen: Chosen) -> BulkRow:
    """Begin an act on the chosen rows. Raises Forbidden, Invalid, NotFound, Conflict where they are more than
    `chosen.most`."""
    kept = bulk_rows.check(who, subject, act, wish)
    begun = BulkAct(
        org_id=who.home, author_id=who.user_id, author_name=who.name, subject=subject, act=act, wish=kept, total=0
    )
    db.session.add(begun)
    db.session.flush()  # its id
    total = _choose(who, begun, chosen)
    if total == 0:
        raise Invalid("Не выбрано ни одной строки")
    if total > BULK_ROWS_MAX:
        raise Invalid(f"За один раз не больше {BULK_ROWS_MAX} строк: сузьте отбор")
    if chosen.most is not None and total > chosen.most:
        raise Conflict(f"Под отбор попадает больше строк, чем было на экране: {total}. Обновите страницу")
    begun.total = total
    db.session.flush()  # get_act reads it
    journal.note(who, "bulk", "bulk_act", begun.id, of=subject, verb=act, rows=total)
    _go_on(begun)
    return get_act(who, begun.id)


def _choose(who: Actor, act: BulkAct, chosen: Chosen) -> int:
    values: dict[str, Any] = {}
    if act.subject == BulkSubject.dialog:
        if chosen.ids is not None:
            where = [Dialog.org_id == who.home, Dialog.listed.is_(True), among(Dialog.id, chosen.ids)]
        else:
            where = deal_lists.matching_all(who, chosen.deals or DealFilter())
        ids: Any = select(Dialog.id).where(*where)
    elif chosen.ids is not None:
        listed = (Client.org_id == who.home, Client.deleted_at.is_(None), ~Client.is_test)
        ids = select(Client.id).where(*listed, among(Client.id, chosen.ids))
    else:
        query, values = client_lists.ids_query(who, chosen.clients or ClientFilter())
        ids = text(query).columns(Client.id)
    some = ids.subquery()
    rows = select(literal(who.home), literal(act.id), some.c.id).limit(BULK_ROWS_MAX + 1)
    put = BulkItem.__table__.insert().from_select(["org_id", "act_id", "subject_id"], rows)  # type: ignore[attr-defined]
    done: Any = db.session.execute(put.execution_options(preserve_rowcount=True), values)
    return int(done.rowcount)


def get_act(who: Actor, act_id: int) -> BulkRow:
    """Raises NotFound."""
    who.must("read")
    row = db.session.execute(select(*_ROW).where(BulkAct.org_id == who.home, BulkAct.id == act_id)).mappings().first()
    if row is None:
        raise NotFound("Такого массового действия нет")
    return _looked_at(who, [dict(row)])[0]


def _looked_at(who: Actor, rows: Sequence[dict[str, Any]]) -> list[BulkRow]:
    """Rows with `stalled`."""
    held = held_locks([_lock_of(who.home, row["id"]) for row in rows if row["state"] in _WORKING])
    return [
        cast(BulkRow, row | {"stalled": row["state"] in _WORKING and _lock_of(who.home, row["id"]) not in held})
        for row in rows
    ]


def list_recent(who: Actor) -> list[BulkRow]:
    """This person's acts that are under way, and the newest one where it ended within SHOWN_MINUTES: newest first."""
    who.must("read")
    recent = BulkAct.finished_at > func.now() - text(f"interval '{SHOWN_MINUTES} minutes'")
    query = (
        select(*_ROW)
        .where(BulkAct.org_id == who.home, BulkAct.author_id == who.user_id, recent | BulkAct.finished_at.is_(None))
        .order_by(BulkAct.id.desc())
        .limit(SHOWN)
    )
    rows = _looked_at(who, [dict(row) for row in db.session.execute(query).mappings()])
    return [row for number, row in enumerate(rows) if number == 0 or row["finished_at"] is None]


def list_reasons(who: Actor, act_id: int) -> list[ReasonRow]:
    """Why rows of this act were refused, or could not be put back: the most frequent first. Raises NotFound."""
    get_act(who, act_id)
    number = func.count().label("rows")
    query = (
        select(BulkItem.reason, number)
        .where(BulkItem.org_id == who.home, BulkItem.act_id == act_id, BulkItem.reason != "")
        .group_by(BulkItem.reason)
        .order_by(number.desc(), BulkItem.reason)
        .limit(20)
    )
    return [cast(ReasonRow, dict(row)) for row in db.session.execute(query).mappings()]


def undo(who: Actor, act_id: int) -> BulkRow:
    """Begin to put back what the act changed. Its author's right, or an admin's. Raises Forbidden, NotFound, Conflict
    while it is under way or undone already."""
    act = _lock_own(who, act_id)
    if act.state not in (BulkState.done, BulkState.failed):
        raise Conflict("Это действие сейчас не отменить")
    act.state, act.finished_at = BulkState.undoing, None
    of_act = (BulkItem.org_id == who.home, BulkItem.act_id == act.id)
    left = select(func.count()).select_from(BulkItem).where(*of_act, BulkItem.state == BulkItemState.done)
    act.total, act.done, act.skipped = db.session.scalar(left) or 0, 0, 0
    act.wish = {name: value for name, value in act.wish.items() if name != _BROKEN} | {_UNDONE_BY: who.user_id}
    db.session.execute(update(BulkItem).where(*of_act, BulkItem.reason != "").values(reason=""))
    db.session.flush()  # get_act reads it
    journal.note(who, "undo_bulk", "bulk_act", act.id)
    _go_on(act)
    return get_act(who, act_id)


def resume(who: Actor, act_id: int) -> BulkRow:
    """Take up again what stalled. Its author's right, or an admin's. Raises Forbidden, NotFound, Conflict."""
    act = _lock_own(who, act_id)
    if not get_act(who, act_id)["stalled"]:
        raise Conflict("Это действие уже выполняется или закончено")
    journal.note(who, "resume_bulk", "bulk_act", act.id)
    _go_on(act)
    return get_act(who, act_id)


def _lock_own(who: Actor, act_id: int) -> BulkAct:
    act = _lock(who, act_id)
    who.must(bulk_rows.find(act.subject, act.act).right)
    if act.author_id != who.user_id:
        who.must("manage")
    return act


def _lock_of(org_id: int, act_id: int) -> str:
    return f"bulk:{org_id}:{act_id}"


def _go_on(act: BulkAct) -> None:
    enqueue("work_bulk_act", lock=_lock_of(act.org_id, act.id), org_id=act.org_id, act_id=act.id)
    publish(topics.work(act.org_id))


def go_on(who: Actor, act_id: int) -> None:
    """Let a worker take the act up again: whoever worked on it had others to serve."""
    _go_on(_lock(who, act_id))


def rescue(who: Actor, act_id: int, *, again: bool) -> None:
    """What the worker gave up is tried `again`, or has failed; what has ended stays so."""
    who.must("manage")
    query = select(BulkAct).where(BulkAct.org_id == who.home, BulkAct.id == act_id)
    act = db.session.scalar(query.with_for_update().execution_options(populate_existing=True))
    if act is None or act.state not in _WORKING or held_locks([_lock_of(act.org_id, act.id)]):
        return
    if again:
        _go_on(act)
    else:
        act.wish = {**act.wish, _BROKEN: True}
        _end(act, BulkState.failed)


def work(who: Actor, act_id: int) -> bool:
    """One piece of an act, for the worker; whether there is more. Raises NotFound."""
    act = _lock(who, act_id)
    if act.state not in _WORKING:
        return False
    undoing = act.state == BulkState.undoing
    by = (act.wish.get(_UNDONE_BY) if undoing else None) or act.author_id
    actor = members.find_actor(act.org_id, by) if by is not None else None
    if actor is None:
        return _end(act, BulkState.failed)
    verb = bulk_rows.find(act.subject, act.act)
    items = _next(act, undoing, verb.undone_together if undoing else verb.together)
    if not items:
        return _end(act, BulkState.undone if undoing else BulkState.done)
    for item in items:
        (_undo_one if undoing else _do_one)(actor, act, item)
    publish(topics.work(act.org_id))
    return True


def _lock(who: Actor, act_id: int) -> BulkAct:
    who.must("read")
    query = select(BulkAct).where(BulkAct.org_id == who.home, BulkAct.id == act_id)
    act = db.session.scalar(query.with_for_update().execution_options(populate_existing=True))
    if act is None:
        raise NotFound("Такого массового действия нет")
    return act


def _next(act: BulkAct, undoing: bool, most: int) -> Sequence[BulkItem]:
    """Rows in the order of their ids: whoever else locks several does so too."""
    state = BulkItemState.done if undoing else BulkItemState.waiting
    query = select(BulkItem).where(
        BulkItem.org_id == act.org_id, BulkItem.act_id == act.id, BulkItem.state == state, BulkItem.reason == ""
    )
    return db.session.scalars(query.order_by(BulkItem.subject_id).limit(most)).all()


def _do_one(who: Actor, act: BulkAct, item: BulkItem) -> None:
    reason = _SO_ALREADY
    try:
        with db.session.begin_nested():
            who.must(bulk_rows.find(act.subject, act.act).right)
            item_before = bulk_rows.do(who, act.subject, act.act, act.wish, item.subject_id)
    except AppError as refusal:
        item_before, reason = None, refusal.message[:REASON_MAX]
    if item_before is None:
        item.state, item.reason = BulkItemState.skipped, reason
        act.skipped += 1
    else:
        item.state, item.before = BulkItemState.done, item_before
        act.done += 1


def _undo_one(who: Actor, act: BulkAct, item: BulkItem) -> None:
    if item.before is None:  # erased since
        item.state, item.reason = BulkItemState.skipped, _FORGOTTEN
        act.skipped += 1
        return
    try:
        with db.session.begin_nested():
            bulk_rows.undo(who, act.subject, act.act, item.before, item.subject_id)
    except AppError as refusal:
        item.reason = refusal.message[:REASON_MAX]  # it stays done, and is not tried again
        act.skipped += 1
    else:
        item.state = BulkItemState.undone
        act.done += 1


def _end(act: BulkAct, state: BulkState) -> bool:
    act.state = state
    act.finished_at = db.session.scalar(select(func.now()))
    publish(topics.work(act.org_id))
    if act.author_id is not None and state != BulkState.failed:
        notifications.tell(
            system(act.org_id), act.author_id, NotificationKind.bulk_done, NotificationSubject.bulk_act, act.id,
            act=act.act, of=act.subject, state=state.value, done=act.done, skipped=act.skipped,
        )  # fmt: skip
    return False
