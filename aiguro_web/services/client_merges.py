"""Two entries of one person become one, and two again.

What a merge moves it writes down (`before`), so that an undo puts back exactly that, whatever came meanwhile. The keys
of a person's identities say nothing of their client, so nothing can clash: two identities at one connection are two
chats of the same person.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select, text, update

from ..errors import Conflict, Invalid, NotFound
from ..extensions import among, db
from ..live import publish
from ..models import Client, ClientIdentity, ClientMerge, ClientNote, Dialog
from . import clients, journal, topics
from .access import Actor

FIELDS = ("name", "phone", "email", "manager", "status")  # one is kept of each
COLUMNS = {field: (field,) for field in FIELDS} | {"manager": ("manager_id", "manager_text")}
MOVED: dict[str, Any] = {"dialogs": Dialog, "identities": ClientIdentity, "notes": ClientNote}


def merge(who: Actor, kept_id: int, gone_id: int, choose: Mapping[str, int] | None = None) -> int:
    """Everything of `gone_id` becomes `kept_id`'s, whose fields stay, but for those that `choose` takes from the other
    one: {field: id}. Gives the merge's id. Raises Forbidden, NotFound, Invalid, Conflict.

    A field that is empty at the kept one is filled where nothing was chosen.
    """
    who.must("write_client")
    if kept_id == gone_id:
        raise Conflict("Клиента нельзя объединить с самим собой")
    if any(field not in FIELDS or of not in (kept_id, gone_id) for field, of in (choose or {}).items()):
        raise Invalid("Выберите значение одного из двух клиентов")
    _, pair = clients.hold_dialogs(who, [gone_id], lambda: _lock_both(who, kept_id, gone_id))
    kept, gone = pair[kept_id], pair[gone_id]
    before: dict[str, Any] = {"fields": _take_over(kept, gone, choose or {})}
    now = gone.deleted_at = gone.updated_at = kept.updated_at = db.session.scalars(select(func.now())).one()
    gone.merged_into = kept_id
    kept.last_activity = max(kept.last_activity, gone.last_activity)
    db.session.flush()  # before the dialogs: the order of the tallies
    for name, table in MOVED.items():
        moving = update(table).where(table.org_id == who.home, table.client_id == gone_id)
        before[name] = list(db.session.scalars(moving.values(client_id=kept_id).returning(table.id)))
    made = ClientMerge(
        org_id=who.home, kept_id=kept_id, gone_id=gone_id, author_id=who.user_id, author_name=who.name, before=before,
        created_at=now,
    )  # fmt: skip
    db.session.add(made)
    db.session.flush()  # its id
    journal.note(who, "merge", "client", kept_id, other=gone_id, merge=made.id)
    journal.note(who, "merge_into", "client", gone_id, other=kept_id, merge=made.id)
    _tell(who, kept_id, gone_id)
    return made.id


def undo(who: Actor, client_id: int, merge_id: int) -> int:
    """Take back the merge `merge_id` into this client: what it moved goes back, with the dialogs that its person has
    begun since; of the fields those that nobody changed meanwhile. Gives the other client's id.

    Raises Forbidden, NotFound, Conflict when it is undone already.
    """
    who.must("write_client")
    done = (ClientMerge.org_id == who.home, ClientMerge.id == merge_id, ClientMerge.kept_id == client_id)
    gone_id = db.session.scalar(select(ClientMerge.gone_id).where(*done))
    if gone_id is None:
        raise NotFound("Объединение не найдено")
    _, pair = clients.hold_dialogs(who, [client_id], lambda: _lock_both(who, client_id, gone_id, back=True))
    made = db.session.scalars(select(ClientMerge).where(*done).with_for_update()).one()
    kept, gone = pair[client_id], pair[gone_id]
    if made.undone_at is not None or gone.merged_into != client_id:
        raise Conflict("Это объединение уже отменено")
    _give_back(kept, made.before.get("fields", {}))
    made.undone_at = gone.updated_at = kept.updated_at = db.session.scalars(select(func.now())).one()
    gone.deleted_at = gone.merged_into = None
    db.session.flush()  # before the dialogs: the order of the tallies
    for name, table in MOVED.items():
        theirs = among(table.id, made.before.get(name, []))
        if table is Dialog:  # what their person has begun meanwhile is theirs too
            theirs |= among(Dialog.identity_id, made.before.get("identities", []))
        db.session.execute(
            update(table)
            .where(table.org_id == who.home, table.client_id == client_id, theirs)
            .values(client_id=gone_id)
        )
    for one in (client_id, gone_id):
        db.session.execute(text(_ACTIVE), {"org": who.home, "id": one})
    journal.note(who, "undo_merge", "client", client_id, other=gone_id, merge=merge_id)
    journal.note(who, "undo_merge", "client", gone_id, other=client_id, merge=merge_id)
    _tell(who, client_id, gone_id)
    return gone_id


_ACTIVE = """
    UPDATE client c SET last_activity = COALESCE((
            SELECT max(d.last_activity) FROM dialog d WHERE d.org_id = :org AND d.client_id = c.id AND d.listed
        ), c.created_at)
    WHERE c.org_id = :org AND c.id = :id
"""


def _lock_both(who: Actor, kept_id: int, gone_id: int, *, back: bool = False) -> dict[int, Client]:
    """Both, by their ids, so that two merges of the same pair wait for one another instead of for both. With `back`
    the second is one who left by a merge."""
    query = select(Client).where(Client.org_id == who.home, among(Client.id, [kept_id, gone_id]), ~Client.is_test)
    held = query.order_by(Client.id).with_for_update(key_share=True).execution_options(populate_existing=True)
    found = {client.id: client for client in db.session.scalars(held)}
    for number in (kept_id, gone_id):
        away = number in found and found[number].deleted_at is not None
        if number not in found or (away and not (back and number == gone_id)):
            raise NotFound("Клиент не найден")
    return found


def _take_over(kept: Client, gone: Client, choose: Mapping[str, int]) -> dict[str, Any]:
    """Set the kept one's fields; gives {column: [before, after]} of what became another."""
    changed: dict[str, Any] = {}
    for field, columns in COLUMNS.items():
        empty = all(getattr(kept, column) in (None, "") for column in columns)
        if choose.get(field, gone.id if empty else kept.id) != gone.id:
            continue
        for column in columns:
            old, new = getattr(kept, column), getattr(gone, column)
            if old != new:
                setattr(kept, column, new)
                changed[column] = [old, new]
    return changed


def _give_back(kept: Client, changed: Mapping[str, Any]) -> None:
    for columns in COLUMNS.values():
        if all(column not in changed or getattr(kept, column) == changed[column][1] for column in columns):
            for column in columns:
                if column in changed:
                    setattr(kept, column, changed[column][0])


def _tell(who: Actor, *ids: int) -> None:
    for client_id in ids:
        clients.announce(who, client_id)
    publish(topics.clients(who.home))
