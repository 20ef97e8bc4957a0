"""Files that came or left with messages: their rows here, their bytes in storage."""

from __future__ import annotations

import uuid as uuids
from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import Select, and_, select

from ..errors import Conflict, NotFound
from ..extensions import db
from ..models import Attachment, ClientIdentity, Dialog, Message
from ..models.message import MessageRole
from . import dialogs
from .access import Actor
from .file_links import ContentRow
from .transcript import AttachmentRow
from .uploads import Upload

FILES_MAX = 10  # of one message
# Channels that take files. Whoever writes in another one hears so before they choose a file.
CHANNELS = frozenset({"webchat"})
# The kinds of `Message.media` by the beginning of a file's type; whatever else is a document.
KINDS = (("image/", "photo"), ("audio/", "audio"), ("video/", "video"))


def may_send(who: Actor, uuid: uuids.UUID) -> None:
    """Before bytes are taken in: may files be sent to the client of this dialog? Raises Forbidden, NotFound,
    Conflict."""
    who.must("write_dialog")
    head = dialogs.find_head(who, uuid)
    check_channel(who, head.channel)


def check_channel(who: Actor, channel: str) -> None:
    """Raises Conflict for a channel that takes no files."""
    who.must("write_dialog")
    if channel not in CHANNELS:
        raise Conflict("В этот мессенджер файлы пока не отправляются: напишите текстом")


def media_of(files: Sequence[Upload]) -> str:
    """What a message with these files is called in lists: '' without any."""
    if not files:
        return ""
    return next((kind for begin, kind in KINDS if files[0].content_type.startswith(begin)), "document")


def add(who: Actor, message_id: int, files: Sequence[Upload]) -> list[AttachmentRow]:
    """The rows of files that leave with a message, which the caller has stored."""
    who.must("write_dialog")
    rows = [
        Attachment(
            org_id=who.home, message_id=message_id, name=file.name, content_type=file.content_type, size=file.size,
            storage_key=file.key,
        )
        for file in files
    ]  # fmt: skip
    db.session.add_all(rows)
    db.session.flush()  # their ids
    return [
        AttachmentRow(id=row.id, message_id=message_id, name=row.name, content_type=row.content_type, size=row.size)
        for row in rows
    ]


def get_content(who: Actor, uuid: uuids.UUID, attachment_id: int) -> ContentRow:
    """A file of the dialog. Raises NotFound, also for a file of another dialog."""
    who.must("read")
    query = _contents(who).where(Dialog.uuid == uuid, Attachment.id == attachment_id)
    return _one(db.session.execute(query).mappings().one_or_none())


def get_own_content(who: Actor, connection_id: int, chat_id: str, attachment_id: int) -> ContentRow:
    """A file of a web chat, for the visitor whose chat it is. Raises NotFound."""
    who.must("receive")
    query = (
        _contents(who)
        .join(ClientIdentity, and_(ClientIdentity.org_id == Dialog.org_id, ClientIdentity.id == Dialog.identity_id))
        .where(ClientIdentity.connection_id == connection_id, ClientIdentity.external_id == chat_id, Dialog.listed)
        .where(Attachment.id == attachment_id, Message.role != MessageRole.system)
    )
    return _one(db.session.execute(query).mappings().one_or_none())


def _contents(who: Actor) -> Select[*tuple[Any, ...]]:
    return (
        select(Attachment.name, Attachment.content_type, Attachment.size, Attachment.storage_key)
        .join(Message, and_(Message.org_id == Attachment.org_id, Message.id == Attachment.message_id))
        .join(Dialog, and_(Dialog.org_id == Message.org_id, Dialog.id == Message.dialog_id))
        .where(Attachment.org_id == who.home, Dialog.deleted_at.is_(None))
    )


def _one(row: Any) -> ContentRow:
    if row is None:
        raise NotFound("Файл не найден")
    return cast(ContentRow, dict(row))
