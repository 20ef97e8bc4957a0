"""Writing the talks into the database, a table at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from random import Random
from typing import Any

from sqlalchemy import insert, text

from ..extensions import db
from ..models import (
    Attachment,
    Client,
    ClientIdentity,
    ClientNote,
    Dialog,
    Message,
    MessengerConnection,
    Outbox,
    StageEntry,
    User,
)
from ..models.base import Base
from ..models.client import ClientStatus
from ..models.message import MessageRole, MessageStatus
from ..models.outbox import OutboxStatus
from ..services.outbox import Lane
from . import files, story
from .clients import Person, phone_of
from .company import Desk, derived
from .script import Talk, read_talks

Scene = tuple[Talk, Desk, int]  # a talk, where it happens, and through which connection


def write(
    org_id: int,
    desks: Sequence[Desk],
    telegram: int | None,
    known: Sequence[Person],
    speaking: dict[str, User],
    now: datetime,
    chance: Random,
) -> None:
    """Clients, who they are at the connections, their dialogs and every word."""
    scenes = list(_scenes(desks, telegram))
    clients = _add_clients(org_id, known)
    identities = _add_identities(org_id, scenes, clients)
    speakers = {letter: story.Speaker(user.id, user.label) for letter, user in speaking.items()}
    names = {person.key: person.name for person in known}
    told = []
    for talk, desk, connection in scenes:
        identity_id, thread_id = identities[talk.client, connection]
        setting = story.Setting(
            org_id, clients[talk.client], names[talk.client], speakers, desk.funnel_id, desk.stages, identity_id,
            connection, "telegram" if talk.via == "tg" else "webchat", thread_id,
        )  # fmt: skip
        told.append(story.tell(talk, setting, now, chance))
    _add_dialogs(sorted(told, key=lambda one: one.dialog["created_at"]))
    _date_dialogs(org_id)
    _date_clients(org_id, told, speaking)
    _date_connections(org_id, told)


def _scenes(desks: Sequence[Desk], telegram: int | None) -> Iterator[Scene]:
    for desk in desks:
        for talk in read_talks(desk.product.talks):
            connection = telegram if talk.via == "tg" else desk.webchat_id
            assert connection is not None
            yield talk, desk, connection


def _add(table: type[Base], rows: list[dict[str, Any]]) -> list[int]:
    """Insert rows; their ids, in the same order."""
    if not rows:
        return []
    column: Any = table.__table__.c.id
    return list(db.session.scalars(insert(table).returning(column, sort_by_parameter_order=True), rows))


def _add_clients(org_id: int, known: Sequence[Person]) -> dict[str, int]:
    rows = [
        {
            "org_id": org_id,
            "name": person.name,
            "phone": phone_of(number + 1000 * org_id),
            "email": person.email,
            "source": person.source,
            "status": ClientStatus.active if person.active else ClientStatus.inactive,
        }
        for number, person in enumerate(known)
    ]
    clients = dict(zip((person.key for person in known), _add(Client, rows), strict=True))
    _add(ClientNote, [{"org_id": org_id, "client_id": clients[person.key], "text": person.notes}
                      for person in known if person.notes])  # fmt: skip
    return clients


def _add_identities(
    org_id: int, scenes: Sequence[Scene], clients: dict[str, int]
) -> dict[tuple[str, int], tuple[int, str]]:
    """By client and connection: the identity's id, and the chat's name in the messenger."""
    wanted = dict.fromkeys((talk.client, connection) for talk, _, connection in scenes)
    rows = [
        {
            "org_id": org_id,
            "client_id": clients[key],
            "connection_id": connection,
            "external_id": derived(org_id, f"{key} at {connection}"),
        }
        for key, connection in wanted
    ]
    threads = [str(row["external_id"]) for row in rows]
    return dict(zip(wanted, zip(_add(ClientIdentity, rows), threads, strict=True), strict=True))


def _add_dialogs(told: Sequence[story.Told]) -> None:
    messages: list[dict[str, Any]] = []
    entries: list[dict[str, Any]] = []
    for one, dialog_id in zip(told, _add(Dialog, [one.dialog for one in told]), strict=True):
        messages += [{**row, "dialog_id": dialog_id} for row in one.messages]
        entries += [{**row, "dialog_id": dialog_id, "org_id": one.setting.org_id} for row in one.entries]
    messages.sort(key=lambda row: row["created_at"])
    _add(StageEntry, sorted(entries, key=lambda row: row["entered_at"]))
    said = list(zip(messages, _add(Message, messages), strict=True))
    _add(Attachment, files.add_rows(said))
    _add(Outbox, [_unsent(row, message_id) for row, message_id in said
                  if row["status"] in (MessageStatus.failed, MessageStatus.uncertain)])  # fmt: skip


def _unsent(message: dict[str, Any], message_id: int) -> dict[str, Any]:
    """The piece of a message that did not get through, so that a person can send it again."""
    return {
        "org_id": message["org_id"],
        "dialog_id": message["dialog_id"],
        "message_id": message_id,
        "part": 1,
        "lane": (Lane.manager if message["role"] == MessageRole.manager else Lane.assistant).value,
        "text": message["text"],
        "status": OutboxStatus(message["status"]),
        "attempts": 1,
        "error": message["error"],
        "not_before": message["created_at"],
        "created_at": message["created_at"],
        "updated_at": message["created_at"],
    }


def _date_dialogs(org_id: int) -> None:
    """When each dialog was first answered, handed over and closed: what the live product notes as it happens."""
    db.session.execute(text(_MOMENTS), {"org": org_id, "notes": list(story.NOTES.values())})


_MOMENTS = """
    UPDATE dialog d SET first_assistant_at = m.assistant, first_manager_at = m.manager,
        handed_over_at = COALESCE(m.handed_over, CASE WHEN d.hand_over_reason IS NOT NULL THEN d.created_at END),
        closed_at = CASE WHEN d.status = 'closed' THEN m.last END
    FROM (SELECT dialog_id, min(created_at) FILTER (WHERE role = 'assistant') AS assistant,
                 min(created_at) FILTER (WHERE role = 'manager') AS manager,
                 min(created_at) FILTER (WHERE role = 'system' AND text = ANY(:notes)) AS handed_over,
                 max(created_at) AS last
          FROM message WHERE org_id = :org GROUP BY 1) m
    WHERE d.org_id = :org AND d.id = m.dialog_id
"""


def _date_clients(org_id: int, told: Sequence[story.Told], speaking: dict[str, User]) -> None:
    """A client is as old as the first word, and belongs to whom the latest dialog does."""
    rows: dict[int, dict[str, Any]] = {}
    members = {user.id for user in speaking.values()}
    for one in sorted(told, key=lambda one: one.dialog["last_activity"]):
        dialog = one.dialog
        row = rows.setdefault(dialog["client_id"], {"org_id": org_id, "id": dialog["client_id"], "manager_id": None})
        row["created_at"] = min(row.get("created_at", dialog["created_at"]), dialog["created_at"])
        row["last_activity"] = row["updated_at"] = dialog["last_activity"]
        if dialog["manager_id"] in members:
            row["manager_id"] = dialog["manager_id"]
    db.session.execute(db.update(Client), list(rows.values()))


def _date_connections(org_id: int, told: Sequence[story.Told]) -> None:
    """When each connection last heard a client."""
    heard: dict[int, datetime] = {}
    for one in told:
        for row in one.messages:
            if row["role"] == MessageRole.user:
                connection = one.setting.connection_id
                heard[connection] = max(heard.get(connection, row["created_at"]), row["created_at"])
    rows = [{"org_id": org_id, "id": key, "last_inbound_at": at} for key, at in heard.items()]
    db.session.execute(db.update(MessengerConnection), rows)
