"""The web chat as its visitor sees it: their own dialogs at one connection, and nothing else."""

from __future__ import annotations

from typing import Any, TypedDict

from sqlalchemy import ColumnElement, Row, and_, case, func, select, text
from sqlalchemy.dialects.postgresql import aggregate_order_by

from ..errors import NotFound
from ..extensions import db
from ..models import Attachment, ClientIdentity, Dialog, Message, MessengerConnection, Organization
from ..models.message import MessageRole, MessageStatus
from . import outbox
from .access import Actor

HISTORY = 200


class SaidFile(TypedDict):
    """A file that came with a message. `size` is in bytes."""

    id: int
    name: str
    type: str
    size: int


class SaidRow(TypedDict):
    """`role` is `user` for the visitor, `us` for the company; `time` is ISO 8601 in UTC.

    `ref` is what the visitor's browser called the message, empty for ours.
    """

    id: int
    ref: str
    role: str
    text: str
    name: str
    time: str
    status: str | None
    files: list[SaidFile]


def get_face(who: Actor, connection_id: int) -> Row[*tuple[Any, ...]]:
    """What the page shows of the company: name, is_active, display_name."""
    query = (
        select(MessengerConnection.name, MessengerConnection.is_active, Organization.display_name)
        .join(Organization, Organization.id == MessengerConnection.org_id)
        .where(MessengerConnection.org_id == who.home, MessengerConnection.id == connection_id)
    )
    row = db.session.execute(query).one_or_none()
    if row is None:
        raise NotFound("Чат не найден")
    return row


def find_visitor(who: Actor, connection_id: int, chat_id: str) -> int | None:
    """The identity of a visitor who has written here before."""
    return db.session.scalar(
        select(ClientIdentity.id).where(
            ClientIdentity.org_id == who.home,
            ClientIdentity.connection_id == connection_id,
            ClientIdentity.external_id == chat_id,
        )
    )


def list_said(who: Actor, connection_id: int, chat_id: str, after_id: int = 0) -> list[SaidRow]:
    """The visitor's conversation, oldest first: the last HISTORY messages, or those stored after `after_id`."""
    query = _said(who, connection_id, chat_id).where(Message.id > after_id).order_by(Message.id.desc()).limit(HISTORY)
    return [_row(row) for row in reversed(db.session.execute(query).all())]


def get_said(who: Actor, connection_id: int, chat_id: str, external_id: str) -> SaidRow:
    """The message that the visitor's browser calls `external_id`. Raises NotFound."""
    named = Message.external_id == f"{chat_id}:{external_id}"[:128]
    row = db.session.execute(_said(who, connection_id, chat_id).where(named)).one_or_none()
    if row is None:
        raise NotFound("Сообщение не найдено")
    return _row(row)


def seen(who: Actor, connection_id: int, chat_id: str, upto_id: int) -> None:
    """The visitor has our messages up to `upto_id` before their eyes."""
    who.must("receive")
    query = select(Dialog.id, Dialog.org_id, Dialog.uuid).join(
        ClientIdentity, and_(ClientIdentity.org_id == Dialog.org_id, ClientIdentity.id == Dialog.identity_id)
    )
    for dialog in db.session.execute(query.where(_of(who, connection_id, chat_id))):
        outbox.receipt(who, dialog, upto_id, MessageStatus.read)


def _of(who: Actor, connection_id: int, chat_id: str) -> ColumnElement[bool]:
    return and_(
        ClientIdentity.org_id == who.home,
        ClientIdentity.connection_id == connection_id,
        ClientIdentity.external_id == chat_id,
        Dialog.listed,
    )


def _said(who: Actor, connection_id: int, chat_id: str) -> Any:
    return (
        select(
            Message.id,
            Message.role,
            Message.text,
            Message.author_name,
            Message.created_at,
            Message.status,
            Message.external_id,
            _files(who).label("files"),
        )
        .join(Dialog, and_(Dialog.org_id == Message.org_id, Dialog.id == Message.dialog_id))
        .join(ClientIdentity, and_(ClientIdentity.org_id == Dialog.org_id, ClientIdentity.id == Dialog.identity_id))
        .where(Message.org_id == who.home, _of(who, connection_id, chat_id), Message.role != MessageRole.system)
        .where(func.coalesce(Message.status != MessageStatus.failed, True))
    )


def _files(who: Actor) -> Any:
    """The files of a message, as a column of JSON."""
    a = Attachment
    one = func.json_build_object("id", a.id, "name", a.name, "type", a.content_type, "size", a.size)
    listed = select(func.coalesce(func.json_agg(aggregate_order_by(one, a.id)), text("'[]'::json")))
    of = (a.org_id == who.home, a.message_id == Message.id)
    return case((Message.media == "", text("'[]'::json")), else_=listed.where(*of).correlate(Message).scalar_subquery())


def _row(row: Row[*tuple[Any, ...]]) -> SaidRow:
    own = row.role == MessageRole.user
    return SaidRow(
        id=row.id,
        ref=(row.external_id or "").rpartition(":")[2] if own else "",
        role="user" if own else "us",
        text=row.text,
        name="" if own else row.author_name,
        time=row.created_at.isoformat(),
        status=row.status,
        files=row.files,
    )
