"""What a bulk act does to one row, and how that is undone: each through the same service as a single act."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from ..errors import Conflict, Invalid, NotFound
from ..extensions import db
from ..models import Client, Dialog, Stage
from ..models.bulk_act import BulkSubject
from ..models.client import ClientStatus
from ..models.dialog import LOST_REASON_MAX, TAG_MAX, TAGS_MAX, DialogStatus, Outcome
from ..models.text import one_line
from . import clients, dialog_moves, dialogs, members
from .access import Actor
from .dialog_moves import Terms

Wish = dict[str, Any]
State = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Verb:
    """`fields` are the columns that it changes: what an undo compares and puts back. `together`: rows of one
    transaction; 1 where a row locks something besides itself, in an order that two rows would break."""

    right: str
    fields: tuple[str, ...]
    check: Callable[[Actor, Mapping[str, str]], Wish]
    do: Callable[[Actor, Any, Wish], None]
    undo: Callable[[Actor, Any, State], None]
    together: int = 50
    undone_together: int = 50


def check(who: Actor, subject: BulkSubject, act: str, wish: Mapping[str, str]) -> Wish:
    """The wish as it is kept. Raises Forbidden, Invalid, NotFound."""
    verb = find(subject, act)
    who.must(verb.right)
    return verb.check(who, wish)


def find(subject: BulkSubject, act: str) -> Verb:
    """Raises Invalid."""
    verb = VERBS.get((subject, act))
    if verb is None:
        raise Invalid("Такого действия нет", act="выберите действие из списка")
    return verb


def do(who: Actor, subject: BulkSubject, act: str, wish: Wish, row_id: int) -> State | None:
    """Gives what was and what is now; None where the row was so already. Raises what the single act raises."""
    verb = find(subject, act)
    was = _state(who, subject, verb, row_id)
    verb.do(who, _handle(who, subject, row_id), wish)
    db.session.flush()  # what is read next stands in the rows
    now = _state(who, subject, verb, row_id)
    return None if was == now else {"was": was, "now": now}


def undo(who: Actor, subject: BulkSubject, act: str, before: State, row_id: int) -> None:
    """Put back what was. Raises Conflict where somebody changed the row since, and what the single act raises."""
    verb = find(subject, act)
    who.must(verb.right)
    if _state(who, subject, verb, row_id) != before["now"]:
        raise Conflict("Изменено после этого действия")
    verb.undo(who, _handle(who, subject, row_id), before["was"])
    db.session.flush()  # what is read next stands in the rows
    if _state(who, subject, verb, row_id) != before["was"]:
        raise Conflict("Прежнее значение вернуть нельзя")


def _handle(who: Actor, subject: BulkSubject, row_id: int) -> Any:
    """What the services call the row by: a dialog's uuid, a client's id."""
    if subject == BulkSubject.client:
        return row_id
    return db.session.scalars(select(Dialog.uuid).where(Dialog.org_id == who.home, Dialog.id == row_id)).one()


def _state(who: Actor, subject: BulkSubject, verb: Verb, row_id: int) -> State:
    """The verb's columns as JSON has them. Raises NotFound."""
    table: Any = Client if subject == BulkSubject.client else Dialog
    columns = [getattr(table, name) for name in verb.fields]
    query = select(*columns).where(table.org_id == who.home, table.id == row_id, ~table.is_test)
    if "deleted_at" not in verb.fields:
        query = query.where(table.deleted_at.is_(None))
    row = db.session.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("Клиент удалён" if subject == BulkSubject.client else "Сделка удалена")
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in row.items()}


def _check_move(who: Actor, wish: Mapping[str, str]) -> Wish:
    stage_id = wish.get("stage", "")
    known = (Stage.org_id == who.home, Stage.archived_at.is_(None))
    number = int(stage_id) if stage_id.isascii() and stage_id.isdigit() and len(stage_id) < 19 else 0
    stage = db.session.scalar(select(Stage).where(*known, Stage.id == number))
    if stage is None:
        raise Invalid("Выберите этап", stage="выберите этап")
    return {"stage": stage.code, "funnel_id": stage.funnel_id, "name": stage.name}


def _move(who: Actor, uuid: Any, wish: Wish) -> None:
    dialog = dialogs.lock_dialog(who, uuid)
    if dialog.funnel_id != wish["funnel_id"]:
        raise Invalid("Сделка из другой воронки")  # where the same code may name another stage
    dialog_moves.move_to_stage(who, uuid, wish["stage"])


def _move_back(who: Actor, uuid: Any, was: State) -> None:
    query = select(Stage.code).where(Stage.org_id == who.home, Stage.id == was["stage_id"], Stage.archived_at.is_(None))
    code = db.session.scalar(query)
    if code is None:
        raise Conflict("Прежнего этапа больше нет")
    dialog_moves.move_to_stage(who, uuid, code)


def _check_manager(who: Actor, wish: Mapping[str, str]) -> Wish:
    manager = wish.get("manager", "")
    if manager == "":
        return {"manager": "", "name": ""}
    found = next((row for row in members.list_members(who) if str(row["id"]) == manager), None)
    if found is None:
        raise Invalid("Выберите менеджера", manager="выберите менеджера")
    return {"manager": manager, "name": found["name"]}


def _manager_of(was: State) -> str:
    return str(was["manager_id"]) if was["manager_id"] is not None else str(was["manager_text"])


def _check_ending(who: Actor, wish: Mapping[str, str]) -> Wish:
    outcome, reason = wish.get("outcome", ""), one_line(wish.get("lost_reason", ""))[:LOST_REASON_MAX]
    if outcome not in ("", *Outcome):
        raise Invalid("Такого исхода нет", outcome="выберите исход")
    if outcome == Outcome.lost and not reason:
        raise Invalid("Укажите причину отказа", lost_reason="укажите причину")
    return {"outcome": outcome or None, "lost_reason": reason if outcome == Outcome.lost else ""}


def _end(who: Actor, uuid: Any, wish: Wish) -> None:
    outcome = Outcome(wish["outcome"]) if wish["outcome"] else None
    dialogs.close(who, uuid, outcome, wish["lost_reason"])


def _open_again(who: Actor, uuid: Any, was: State) -> None:
    if was["status"] == DialogStatus.active:
        dialogs.reopen(who, uuid)
    elif was["outcome"] is not None:  # it was closed already, with another outcome
        dialogs.close(who, uuid, Outcome(was["outcome"]), was["lost_reason"])


def _check_tag(who: Actor, wish: Mapping[str, str]) -> Wish:
    tag = one_line(wish.get("tag", ""))
    if not tag or len(tag) > TAG_MAX:
        raise Invalid(f"Метка: от 1 до {TAG_MAX} символов", tag=f"от 1 до {TAG_MAX} символов")
    return {"tag": tag}


def _tag(who: Actor, uuid: Any, wish: Wish) -> None:
    tags = dialogs.lock_dialog(who, uuid).tags
    if wish["tag"] in tags:
        return
    if len(tags) >= TAGS_MAX:
        raise Invalid(f"Меток уже {TAGS_MAX}: больше нельзя")
    dialog_moves.set_terms(who, uuid, Terms(tags=[*tags, wish["tag"]]))


def _check_status(who: Actor, wish: Mapping[str, str]) -> Wish:
    if wish.get("status") not in list(ClientStatus):
        raise Invalid("Выберите статус", status="выберите статус")
    return {"status": wish["status"]}


VERBS: dict[tuple[BulkSubject, str], Verb] = {
    (BulkSubject.dialog, "move"): Verb("write_dialog", ("stage_id",), _check_move, _move, _move_back),
    (BulkSubject.dialog, "assign"): Verb(
        "write_dialog", ("manager_id", "manager_text"), _check_manager,
        lambda who, uuid, wish: void(dialog_moves.assign(who, uuid, wish["manager"], quietly=True)),
        lambda who, uuid, was: void(dialog_moves.assign(who, uuid, _manager_of(was), quietly=True)),
    ),
    (BulkSubject.dialog, "close"): Verb(
        "write_dialog", ("status", "outcome", "lost_reason"), _check_ending, _end, _open_again, undone_together=1
    ),
    (BulkSubject.dialog, "tag"): Verb(
        "write_dialog", ("tags",), _check_tag, _tag,
        lambda who, uuid, was: void(dialog_moves.set_terms(who, uuid, Terms(tags=was["tags"]))),
    ),
    (BulkSubject.client, "assign"): Verb(
        "write_client", ("manager_id", "manager_text"), _check_manager,
        lambda who, client_id, wish: clients.change(who, client_id, {"manager": wish["manager"]}),
        lambda who, client_id, was: clients.change(who, client_id, {"manager": _manager_of(was)}),
    ),
    (BulkSubject.client, "status"): Verb(
        "write_client", ("status",), _check_status,
        lambda who, client_id, wish: clients.change(who, client_id, {}, ClientStatus(wish["status"])),
        lambda who, client_id, was: clients.change(who, client_id, {}, ClientStatus(was["status"])),
    ),
    (BulkSubject.client, "delete"): Verb(
        "write_client", ("deleted_at",), lambda who, wish: {},
        lambda who, client_id, wish: clients.delete(who, client_id),
        lambda who, client_id, was: clients.restore(who, client_id), together=1, undone_together=1,
    ),
}  # fmt: skip


def void(_done: object) -> None:
    """A verb's answer is not needed: the row is read again."""
