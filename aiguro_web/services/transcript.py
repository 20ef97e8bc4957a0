"""Storing a message together with its dialog's counters: the one place that adds to a conversation."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NotRequired, Protocol, TypedDict, cast

from ..extensions import run_hot
from ..live import publish
from ..models import Message
from ..models.dialog import PREVIEW_MAX
from ..models.message import MessageRole, MessageStatus
from . import topics


class Talk(Protocol):
    """What storing needs of a dialog: a model or a row."""

    id: Any
    org_id: Any
    uuid: Any
    connection_id: Any
    channel: Any
    thread_id: Any


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
# are told apart by `sequence`), and does not become the dialog's last one. The client was active, too: to within a
# second, so that a burst writes their row once; and whoever is changing it now is not waited for, holding the dialog.
_STORE = """
    WITH higher AS (
        SELECT m.position FROM message m
        WHERE CAST(%(sequence)s AS bigint) > 0 AND m.org_id = %(org)s AND m.dialog_id = %(dialog)s
          AND m.sequence > %(sequence)s
        ORDER BY m.sequence LIMIT 1
    ), place AS (
        SELECT COALESCE(
                   (SELECT GREATEST(h.position - 1, (
                        SELECT m.position FROM message m
                        WHERE m.org_id = %(org)s AND m.dialog_id = %(dialog)s
                          AND m.sequence > 0 AND m.sequence < %(sequence)s
                        ORDER BY m.sequence DESC LIMIT 1)) FROM higher h),
                   (extract(epoch FROM clock_timestamp()) * 1000000)::bigint) AS position,
               EXISTS (SELECT FROM higher) AS late
    ), stored AS (
        INSERT INTO message (org_id, dialog_id, connection_id, role, text, author_id, author_name, status, error,
                             external_id, sequence, position, client_key, stage_number, media)
        SELECT CAST(%(org)s AS bigint), CAST(%(dialog)s AS bigint), CAST(%(connection)s AS bigint),
               CAST(%(role)s AS text), CAST(%(text)s AS text), CAST(%(author_id)s AS bigint),
               CAST(%(author_name)s AS text), CAST(%(status)s AS text), CAST(%(error)s AS text),
               CAST(%(external_id)s AS text), CAST(%(sequence)s AS bigint), place.position,
               CAST(%(client_key)s AS text), CAST(%(stage_number)s AS integer), CAST(%(media)s AS text) FROM place
        ON CONFLICT DO NOTHING
        RETURNING id, text, role, author_name, status, error, stage_number, created_at, edited_at, media, position,
                  sequence
    ), counted AS (
        UPDATE dialog d SET
            messages_count = d.messages_count + 1,
            unread = CASE WHEN %(role)s = 'user' THEN d.unread + 1 WHEN CAST(%(answers)s AS boolean) THEN 0
                          ELSE d.unread END,
            last_message = CASE WHEN place.late OR NOT CAST(%(news)s AS boolean) THEN d.last_message
                                ELSE CAST(%(preview)s AS text) END,
            last_role = CASE WHEN place.late OR NOT %(news)s THEN d.last_role ELSE %(role)s END,
            last_activity = CASE WHEN %(news)s THEN now() ELSE d.last_activity END,
            unanswered_since = CASE WHEN %(role)s = 'user' AND CAST(%(waits)s AS boolean)
                                    THEN COALESCE(d.unanswered_since, now())
                                    WHEN %(answers)s THEN NULL ELSE d.unanswered_since END,
            ai = d.ai AND NOT CAST(%(takes_over)s AS boolean),
            epoch = d.epoch + CASE WHEN %(takes_over)s THEN 1 ELSE 0 END,
            hand_over_reason = CASE WHEN %(takes_over)s THEN NULL ELSE d.hand_over_reason END,
            manager_id = CASE WHEN %(takes_over)s THEN COALESCE(d.manager_id, CAST(%(author_id)s AS bigint))
                              ELSE d.manager_id END,
            first_assistant_at = CASE WHEN %(role)s = 'assistant' THEN COALESCE(d.first_assistant_at, now())
                                      ELSE d.first_assistant_at END,
            first_manager_at = CASE WHEN %(role)s = 'manager' THEN COALESCE(d.first_manager_at, now())
                                    ELSE d.first_manager_at END,
            updated_at = now(), changed = pg_current_xact_id()
        FROM stored, place WHERE d.org_id = %(org)s AND d.id = %(dialog)s
    ), heard AS (
        UPDATE client SET last_activity = now() WHERE org_id = %(org)s AND id = (
            SELECT k.id FROM stored, dialog d JOIN client k ON k.org_id = d.org_id AND k.id = d.client_id
            WHERE d.org_id = %(org)s AND d.id = %(dialog)s AND %(news)s
              AND k.last_activity < now() - interval '1 second'
            FOR NO KEY UPDATE OF k SKIP LOCKED)
    )
    SELECT * FROM stored
    """


def store(
    dialog: Talk,
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
    news: bool = True,
    takes_over: bool = False,
) -> MessageRow | None:
    """Store a message and count it on its dialog, whose row the caller has locked. None: it is here already.

    `waits`: a client's message wants a person's answer. `news`: it becomes the dialog's last message in lists.
    `takes_over`: its author answers from now on, and what the assistant is writing becomes stale (dialogs.take_over).
    """
    row = run_hot(
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
            "answers": author_id is not None,  # a person here spoke, in whichever role
            "news": news and role is not MessageRole.system,
            "takes_over": takes_over,
        },
    )
    if row is None:
        return None
    heard = [topics.dialog(dialog.org_id, dialog.uuid), topics.dialogs(dialog.org_id)]
    if dialog.channel == "webchat":
        heard.append(topics.visitor(dialog.org_id, dialog.connection_id, dialog.thread_id))
    publish(*heard)
    return cast(MessageRow, {**row._asdict(), "attachments": []})


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
