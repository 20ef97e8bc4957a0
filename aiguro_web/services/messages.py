"""Messages: how people write, and how a conversation is read."""

from __future__ import annotations

import uuid as uuids
from collections.abc import Sequence
from typing import cast

from sqlalchemy import select, text

from ..errors import Conflict, Invalid, Mismatch, NotFound
from ..extensions import db
from ..models import Attachment, Message
from ..models.message import TEXT_MAX, MessageRole, MessageStatus
from ..models.text import is_visible
from . import attachments, dialogs, outbox, trials
from .access import Actor
from .transcript import COLUMNS, ORDER, AttachmentRow, MessageRow, store
from .uploads import Upload

PAGE = 1000


class WrittenRow(MessageRow):
    """`replayed`: it was here already, under the same key."""

    replayed: bool


def write(
    who: Actor,
    uuid: uuids.UUID,
    *,
    text: str,
    role: str = "manager",
    key: str | None = None,
    funnel_id: int | None = None,
    files: Sequence[Upload] = (),
) -> WrittenRow:
    """A person here writes to the client: stored and queued for delivery; a manager's words are a takeover.
    In a trial dialog nothing leaves, and `role` may be the client's. With `files` there may be no words.

    `key`, made by the caller, makes a repeat answer the same message. Raises Invalid, Forbidden, NotFound, Conflict;
    Mismatch for a key that stands for another message.
    """
    who.must("write_dialog")
    words = checked_text(text) if text.strip() or not files else ""
    dialog = dialogs.lock_talk(who, uuid, funnel_id)
    if not dialog.is_test and role not in (MessageRole.manager, MessageRole.assistant):
        raise Invalid("Писать можно от лица менеджера или ассистента", role="manager или assistant")
    if key is not None and (known := _by_key(who, dialog.id, key)) is not None:
        if (known["text"], known["role"]) != (words, role):
            raise Mismatch("Под этим ключом уже отправлено другое сообщение. Обновите страницу")
        return cast(WrittenRow, {**known, "replayed": True})
    if dialog.is_test:
        return cast(WrittenRow, {**trials.play(who, dialog, role, words, key), "replayed": False})
    if dialog.status == "closed":
        raise Conflict("Диалог закрыт: откройте его снова, чтобы написать")
    if dialog.unsubscribed:
        raise Conflict("Клиент отписался от сообщений: дождитесь, пока он напишет сам")
    if files:
        attachments.check_channel(who, dialog.channel)
    outbox.call_off(who, dialog)
    message = store(
        dialog,
        MessageRole(role),
        words,
        author_id=who.user_id,
        author_name=who.name,
        status=MessageStatus.queued,
        connection_id=dialog.connection_id,
        client_key=key,
        stage_number=dialog.stage_number,
        media=attachments.media_of(files),
        takes_over=True,
    )
    if message is None:  # the same key at the same moment
        raise Conflict("Это сообщение уже отправлено")
    kept = attachments.add(who, message["id"], files) if files else []
    said = words or ", ".join(file.name for file in files)  # the piece of a message without words must say something
    outbox.queue(who, dialog, message["id"], said, lane=outbox.Lane.manager)
    return cast(WrittenRow, {**message, "attachments": kept, "replayed": False})


def checked_text(words: str) -> str:
    """What a person typed, without the white space around it. Raises Invalid when there is nothing to
    see or it is longer than TEXT_MAX."""
    words = words.replace("\r\n", "\n").strip()
    if not is_visible(words):
        raise Invalid("Сообщение пустое", text="напишите текст")
    if len(words) > TEXT_MAX:
        raise Invalid("Сообщение слишком длинное", text=f"не больше {TEXT_MAX} символов")
    return words


def list_messages(
    who: Actor,
    uuid: uuids.UUID,
    *,
    limit: int = PAGE,
    offset: int = 0,
    before_id: int | None = None,
    after: tuple[int, int, int] | None = None,
    funnel_id: int | None = None,
) -> list[MessageRow]:
    """Newest first. `before_id` continues behind that message; `after` behind that (position, sequence, id)."""
    dialog = dialogs.find_head(who, uuid, funnel_id)
    query = select(*COLUMNS).where(Message.org_id == who.home, Message.dialog_id == dialog.id)
    if before_id is not None:
        place = select(Message.position, Message.sequence, Message.id).where(
            Message.org_id == who.home, Message.dialog_id == dialog.id, Message.id == before_id
        )
        found = db.session.execute(place).one_or_none()
        after = (found[0], found[1], found[2]) if found else (0, 0, 0)
    if after is not None:
        query = query.where(text("(position, sequence, id) < (:p, :s, :i)")).params(p=after[0], s=after[1], i=after[2])
    query = query.order_by(*ORDER).limit(limit).offset(offset)
    return _with_attachments(who, [cast(MessageRow, dict(row)) for row in db.session.execute(query).mappings()])


def get_message(who: Actor, uuid: uuids.UUID, message_id: int) -> MessageRow:
    """Raises NotFound, also for a message of another dialog."""
    dialog = dialogs.find_head(who, uuid)
    query = select(*COLUMNS).where(Message.org_id == who.home, Message.dialog_id == dialog.id, Message.id == message_id)
    row = db.session.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("Сообщение не найдено")
    return _with_attachments(who, [cast(MessageRow, dict(row))])[0]


def send_again(who: Actor, uuid: uuids.UUID, message_id: int) -> MessageRow:
    """A person sends once more what failed or whose outcome nobody knows. Raises Conflict for any other message."""
    who.must("write_dialog")
    dialog = dialogs.lock_dialog(who, uuid)
    outbox.queue_again(who, dialog, message_id)
    return get_message(who, uuid, message_id)


def _by_key(who: Actor, dialog_id: int, key: str) -> MessageRow | None:
    query = select(*COLUMNS).where(
        Message.org_id == who.home, Message.dialog_id == dialog_id, Message.client_key == key
    )
    row = db.session.execute(query).mappings().one_or_none()
    return cast(MessageRow, {**row, "attachments": []}) if row else None


def _with_attachments(who: Actor, rows: list[MessageRow]) -> list[MessageRow]:
    with_media = {row["id"]: row for row in rows if row["media"]}
    for row in rows:
        row["attachments"] = []
    if with_media:
        columns = (Attachment.id, Attachment.message_id, Attachment.name, Attachment.content_type, Attachment.size)
        query = select(*columns).where(Attachment.org_id == who.home, Attachment.message_id.in_(with_media))
        for found in db.session.execute(query.order_by(Attachment.id)).mappings():
            with_media[found["message_id"]]["attachments"].append(cast(AttachmentRow, dict(found)))
    return rows
