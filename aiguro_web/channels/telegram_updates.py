"""Telegram's `Update`, read: https://core.telegram.org/bots/api#update (Bot API 10.1).

Only private chats make dialogs: a sales bot does not answer in groups and channels. What belongs to no dialog is
"other", whatever it looks like inside; a private message that we cannot read is `Unreadable`, so that a person sees it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .base import Incoming, Person, Unreadable
from .reading import clean_name, load

INT64 = 1 << 63
_ID_IN_BYTES = re.compile(rb'"update_id"\s*:\s*(\d{1,19})(?!\d)')
_START = re.compile(r"/start(?:@\w+)?(?:\s+([A-Za-z0-9_-]{1,64}))?\s*")

# Content that is not text, the telling key before the one it travels with (an animation also comes as a document).
_MEDIA = (
    "animation", "venue", "photo", "video", "video_note", "voice", "audio", "document", "sticker", "contact",
    "location", "poll", "dice", "game", "story", "paid_media", "invoice", "checklist", "live_photo",
)  # fmt: skip
# What Telegram writes into a chat itself. Content unknown to both lists is the client's: better shown than lost.
_SERVICE = frozenset((
    "pinned_message", "message_auto_delete_timer_changed", "write_access_allowed", "users_shared", "chat_shared",
    "connected_website", "passport_data", "proximity_alert_triggered", "boost_added", "chat_background_set",
    "successful_payment", "refunded_payment", "web_app_data", "gift", "unique_gift", "gift_upgrade_sent",
    "video_chat_scheduled", "video_chat_started", "video_chat_ended", "giveaway_created", "giveaway",
    "giveaway_winners", "giveaway_completed", "paid_message_price_changed", "checklist_tasks_done",
    "checklist_tasks_added", "group_chat_created", "migrate_to_chat_id", "migrate_from_chat_id", "new_chat_members",
    "left_chat_member",
))  # fmt: skip

Int64 = Annotated[int, Field(ge=-INT64, lt=INT64)]
Second = Annotated[int, Field(ge=0, le=253402300799)]  # up to the year 9999, the last that datetime knows


class _Shape(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class _User(_Shape):
    id: Int64
    is_bot: bool = False
    first_name: str = ""
    last_name: str = ""
    username: str = ""
    language_code: str = ""


class _Chat(_Shape):
    id: Int64
    type: str


class _Contact(_Shape):
    phone_number: str
    first_name: str = ""
    last_name: str = ""
    user_id: Int64 = 0


class _Quoted(_Shape):
    message_id: Int64


class _Message(_Shape):
    message_id: Int64
    date: Second
    chat: _Chat
    sender: _User = Field(alias="from")
    edit_date: Second | None = None
    text: str | None = None
    caption: str = ""
    contact: _Contact | None = None
    reply_to_message: _Quoted | None = None


class _Member(_Shape):
    status: str


class _MembershipChange(_Shape):
    date: Second
    chat: _Chat
    sender: _User = Field(alias="from")
    new_chat_member: _Member


def read_update(body: bytes) -> Incoming:
    """The one thing an update says. Raises Unreadable."""
    try:
        update = load(body)
        update_id = _update_id(update)
    except ValueError as error:
        trouble = str(error)[:200]
    else:
        return _read(update_id, update)
    raise Unreadable(f"not an update: {trouble}", _id_in(body))


def _update_id(update: Any) -> str:
    number = update.get("update_id") if isinstance(update, dict) else None
    if type(number) is not int or not 0 <= number < INT64:
        raise ValueError("no update_id")
    return str(number)


def _id_in(body: bytes) -> str:
    found = _ID_IN_BYTES.search(body, 0, 1 << 16)
    return str(int(found[1])) if found and int(found[1]) < INT64 else ""


def _read(update_id: str, update: dict[str, Any]) -> Incoming:
    try:
        for name, reader in _READERS.items():
            if name in update and not _is_elsewhere(update[name]):
                return reader(update_id, update[name])
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        trouble = f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"[:200]
    else:
        return _other(update_id, update)
    raise Unreadable(trouble, update_id)


def _is_elsewhere(payload: Any) -> bool:
    """In a group or a channel, as far as one can tell without reading the rest."""
    chat = payload.get("chat") if isinstance(payload, dict) else None
    return isinstance(chat, dict) and chat.get("type") in ("group", "supergroup", "channel")


def _read_message(update_id: str, payload: dict[str, Any], edited: bool = False) -> Incoming:
    message = _Message.model_validate(payload)
    media = _media(payload)
    if message.sender.is_bot or media is None or message.chat.type != "private":
        return Incoming("other", update_id, str(message.chat.id), None)
    text, source = (message.text or "", "") if edited else _start(message.text or "")
    written = (message.edit_date if edited else None) or message.date
    return Incoming(
        kind="edit" if edited else "message",
        update_id=update_id,
        chat_id=str(message.chat.id),
        person=_person(message.sender, message.contact),
        message_id=str(message.message_id),
        text=text if message.text is not None else _caption(message),
        sent_at=datetime.fromtimestamp(written, UTC),
        source=source,
        reply_to=str(message.reply_to_message.message_id) if message.reply_to_message else "",
        media=media,
    )


def _read_membership(update_id: str, payload: dict[str, Any]) -> Incoming:
    """In a private chat it comes only when the person blocks the bot ("kicked") or lets it back ("member")."""
    change = _MembershipChange.model_validate(payload)
    chat_id = str(change.chat.id)
    if change.chat.type != "private" or change.new_chat_member.status not in ("kicked", "member"):
        return Incoming("other", update_id, chat_id, None)
    return Incoming(
        kind="blocked" if change.new_chat_member.status == "kicked" else "unblocked",
        update_id=update_id,
        chat_id=chat_id,
        person=_person(change.sender),
        sent_at=datetime.fromtimestamp(change.date, UTC),
    )


_READERS: dict[str, Callable[[str, Any], Incoming]] = {
    "message": _read_message,
    "edited_message": partial(_read_message, edited=True),
    "my_chat_member": _read_membership,
}


def _other(update_id: str, update: dict[str, Any]) -> Incoming:
    """Kinds we do not act on, those of tomorrow included: the chat's id where the usual place has one."""
    for payload in update.values():
        for holder in (payload, payload.get("message")) if isinstance(payload, dict) else ():
            chat = holder.get("chat") if isinstance(holder, dict) else None
            number = chat.get("id") if isinstance(chat, dict) else None
            if type(number) is int and -INT64 <= number < INT64:
                return Incoming("other", update_id, str(number), None)
    return Incoming("other", update_id, "", None)


def _media(payload: dict[str, Any]) -> str | None:
    """The kind of content, empty for text, None for a service message."""
    if "text" in payload:
        return ""
    if known := next((name for name in _MEDIA if name in payload), ""):
        return known
    return None if _SERVICE & payload.keys() else "unsupported"


def _start(text: str) -> tuple[str, str]:
    """("/start", payload) for the press of "Start", the text as it is for everything else."""
    pressed = _START.fullmatch(text)
    return ("/start", pressed[1] or "") if pressed else (text, "")


def _caption(message: _Message) -> str:
    contact = message.contact
    if contact is None:
        return message.caption
    return clean_name(f"{contact.first_name} {contact.last_name} {contact.phone_number}")


def _person(user: _User, contact: _Contact | None = None) -> Person:
    own_phone = contact.phone_number[:32] if contact and contact.user_id == user.id else ""
    return Person(
        external_id=str(user.id),
        name=clean_name(f"{user.first_name} {user.last_name}") or clean_name(user.username),
        username=clean_name(user.username, 64),
        language=clean_name(user.language_code, 16),
        phone=own_phone,
    )
