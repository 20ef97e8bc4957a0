"""Storing a message together with its dialog's counters: the one place that adds to a conversation."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NotRequired, TypedDict

from sqlalchemy import Row, text

from ..extensions import db
from ..live import publish
from ..models import Dialog, Message
from ..models.dialog import PREVIEW_MAX
from ..models.message import MessageRole, MessageStatus
from . import topics


class AttachmentRow(TypedDict):
    id: int
    message_id: int
    name: str
    content_type: str
    size: int


class MessageRow(TypedDict):
    """A message as every door shows it; times are in UTC, `status` is None for what does not leave."""

    id: int
    text: str
    role: str
    author_name: str
    status: str | None
    error: str | None
    stage_number: int
    created_at: datetime
    edited_at: datetime | None
    media: str
    position: int
    sequence: int
    attachments: NotRequired[list[AttachmentRow]]


COLUMNS = (
    Message.id,
    Message.text,
    Message.role,
    Message.author_name,
    Message.status,
    Message.error,
    Message.stage_number,
    Message.created_at,
    Message.edited_at,
    Message.media,
    Message.position,
    Message.sequence,
)
ORDER = (Message.position.desc(), Message.sequence.desc(), Message.id.desc())

# One statement: the message, its place in the dialog, and the dialog's counters. A client's message that comes late
# (`sequence` below one that is here) is placed just before that one, never before its own forerunners (equal positions
# are told apart by `sequence`), and does not become the dialog's last one.
_STORE = text(
    """
    WITH higher AS (
        SELECT m.position FROM message m
        WHERE CAST(:sequence AS bigint) > 0 AND m.org_id = :org AND m.dialog_id = :dialog AND m.sequence > :sequence
        ORDER BY m.sequence LIMIT 1
    ), place AS (
        SELECT COALESCE(
                   (SELECT GREATEST(h.position - 1, (
                        SELECT m.position FROM message m
                        WHERE m.org_id = :org AND m.dialog_id = :dialog AND m.sequence > 0 AND m.sequence < :sequence
                        ORDER BY m.sequence DESC LIMIT 1)) FROM higher h),
                   (extract(epoch FROM clock_timestamp()) * 1000000)::bigint) AS position,
               EXISTS (SELECT FROM higher) AS late
    ), stored AS (
        INSERT INTO message (org_id, dialog_id, connection_id, role, text, author_id, author_name, status, error,
                             external_id, sequence, position, client_key, stage_number, media)
        SELECT CAST(:org AS bigint), CAST(:dialog AS bigint), CAST(:connection AS bigint), CAST(:role AS text),
               CAST(:text AS text), CAST(:author_id AS bigint), CAST(:author_name AS text), CAST(:status AS text),
               CAST(:error AS text), CAST(:external_id AS text), CAST(:sequence AS bigint), place.position,
               CAST(:client_key AS text), CAST(:stage_number AS integer), CAST(:media AS text) FROM place
        ON CONFLICT DO NOTHING
        RETURNING id, text, role, author_name, status, error, stage_number, created_at, edited_at, media, position,
                  sequence
    ), counted AS (
        UPDATE dialog d SET
            messages_count = d.messages_count + 1,
            unread = CASE WHEN :role = 'user' THEN d.unread + 1 WHEN :role = 'manager' THEN 0 ELSE d.unread END,
            last_message = CASE WHEN place.late OR :role = 'system' THEN d.last_message ELSE CAST(:preview AS text) END,
            last_role = CASE WHEN place.late OR :role = 'system' THEN d.last_role ELSE :role END,
            last_activity = CASE WHEN :role = 'system' THEN d.last_activity ELSE now() END,
            unanswered_since = CASE WHEN :role = 'user' AND CAST(:waits AS boolean) THEN COALESCE(d.unanswered_since, now())
                                    WHEN :role = 'manager' THEN NULL ELSE d.unanswered_since END,
            updated_at = now()
        FROM stored, place WHERE d.org_id = :org AND d.id = :dialog
    )
    SELECT * FROM stored
    """
)


def store(
    dialog: Dialog | Row[Any],
    role: MessageRole,
    words: str,
    *,
    author_id: int | None = None,
    author_name: str = "",
    status: MessageStatus | None = None,
    error: str | None = None,
    connection_id: int | None = None,
    external_id: str | None = None,
    sequence: int = 0,
    client_key: str | None = None,
    stage_number: int = 1,
    media: str = "",
    waits: bool = True,
) -> MessageRow | None:
    """Store a message and count it on its dialog, whose row the caller has locked. None: it is here already."""
    row = (
        db.session.execute(
            _STORE,
            {
                "org": dialog.org_id,
                "dialog": dialog.id,
                "connection": connection_id,
                "role": role.value,
                "text": words,
                "author_id": author_id,
                "author_name": author_name,
                "status": status.value if status else None,
                "error": error,
                "external_id": external_id,
                "sequence": sequence,
                "client_key": client_key,
                "stage_number": stage_number,
                "media": media,
                "preview": preview(words, media),
                "waits": waits,
            },
        )
        .mappings()
        .one_or_none()
    )
    if row is None:
        return None
    publish(topics.dialog(dialog.org_id, dialog.uuid), topics.dialogs(dialog.org_id))
    if dialog.channel == "webchat":
        publish(topics.visitor(dialog.org_id, dialog.connection_id, dialog.thread_id))
    return MessageRow(**row, attachments=[])  # type: ignore[typeddict-item]


def preview(words: str, media: str = "") -> str:
    """The first words of a message on one line, for lists."""
    line = " ".join(words[: PREVIEW_MAX * 2].split())
    line = line or MEDIA_NAMES.get(media, "")
    return line if len(line) <= PREVIEW_MAX else line[: PREVIEW_MAX - 1] + "…"


MEDIA_NAMES = {
    "photo": "Фото",
    "voice": "Голосовое сообщение",
    "audio": "Аудио",
    "video": "Видео",
    "video_note": "Видеосообщение",
    "document": "Документ",
    "sticker": "Стикер",
    "location": "Местоположение",
    "contact": "Контакт",
}
