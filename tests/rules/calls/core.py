"""Dialogs, messages, deliveries, connections: what the main job calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiguro_web.models.inbound_update import UpdateStatus
from aiguro_web.models.message import MessageStatus
from aiguro_web.models.messenger_connection import ConnectionStatus
from aiguro_web.services import (
    connections,
    deliveries,
    dialog_lists,
    dialogs,
    first_contact,
    funnels,
    inbound,
    inbox,
    journal,
    message_lists,
    messages,
    outbox,
    webchat,
)

from .. import rows


@dataclass(frozen=True)
class Parcel:
    updates: list[rows.News]
    payload: str = "{}"
    update_id: str = "1"
    error: str = ""


def piece(of: rows.Rows) -> deliveries.Piece:
    out = of["outbox"]
    return deliveries.Piece(out["id"], out["message_id"], 0, "слова", "1", "telegram", b"", bot(of))


def bot(of: rows.Rows) -> int:
    found: int = of["messenger_connection"]["id"]
    return found


def chat(of: rows.Rows) -> Any:
    return of["dialog"]["uuid"]


def face(of: rows.Rows) -> str:
    return str(of["client_identity"]["external_id"])


class Head:
    """What a caller that was fooled could hand over as its dialog."""

    def __init__(self, of: rows.Rows) -> None:
        self.id, self.uuid = of["dialog"]["id"], of["dialog"]["uuid"]


CALLS = {
    "connections.list_connections": lambda who, of: connections.list_connections(who, of["funnel"]["id"]),
    "connections.get_connection": lambda who, of: connections.get_connection(who, bot(of)),
    "connections.create": lambda who, of: connections.create(
        who, funnel_id=of["funnel"]["id"], messenger_type="webchat"
    ),
    "connections.set_active": lambda who, of: connections.set_active(who, bot(of), False),
    "connections.remove": lambda who, of: connections.remove(who, bot(of)),
    "connections.get_wiring": lambda who, of: connections.get_wiring(who, bot(of)),
    "connections.is_connected_anew": lambda who, of: connections.is_connected_anew(who, bot(of)),
    "connections.set_health": lambda who, of: connections.set_health(who, bot(of), ConnectionStatus.broken, "чужое"),
    "connections.heard": lambda who, of: connections.heard(who, bot(of), 99),
    "funnels.list_funnels": lambda who, of: [
        row for row in funnels.list_funnels(who) if row["id"] == of["funnel"]["id"]
    ],
    "funnels.get_funnel": lambda who, of: funnels.get_funnel(who, of["funnel"]["id"]),
    "dialog_lists.list_json": lambda who, of: dialog_lists.list_json(
        who, dialog_lists.DialogFilter(of["funnel"]["id"]), limit=9
    ),
    "dialog_lists.get_json": lambda who, of: dialog_lists.get_json(who, chat(of)),
    "inbox.list_cards": lambda who, of: inbox.list_cards(who, queue="open", funnel_id=of["funnel"]["id"]),
    "inbox.get_card": lambda who, of: inbox.get_card(who, chat(of)),
    "inbox.find_uuid": lambda who, of: inbox.find_uuid(who, of["dialog"]["thread_id"]),
    "inbox.count_queues": lambda who, of: inbox.count_queues(who, of["funnel"]["id"]),
    "dialogs.find_head": lambda who, of: dialogs.find_head(who, chat(of)),
    "dialogs.lock_talk": lambda who, of: dialogs.lock_talk(who, chat(of)),
    "dialogs.lock_dialog": lambda who, of: dialogs.lock_dialog(who, chat(of)),
    "dialogs.take": lambda who, of: dialogs.take(who, chat(of)),
    "dialogs.release": lambda who, of: dialogs.release(who, chat(of)),
    "dialogs.close": lambda who, of: dialogs.close(who, chat(of)),
    "dialogs.reopen": lambda who, of: dialogs.reopen(who, chat(of)),
    "dialogs.mark_read": lambda who, of: dialogs.mark_read(who, chat(of)),
    "message_lists.list_json": lambda who, of: message_lists.list_json(who, chat(of), of["funnel"]["id"], limit=9),
    "message_lists.get_json": lambda who, of: message_lists.get_json(
        who, chat(of), of["funnel"]["id"], of["message"]["id"]
    ),
    "messages.write": lambda who, of: messages.write(who, chat(of), text="чужое"),
    "messages.list_messages": lambda who, of: messages.list_messages(who, chat(of)),
    "messages.get_message": lambda who, of: messages.get_message(who, chat(of), of["message"]["id"]),
    "messages.send_again": lambda who, of: messages.send_again(who, chat(of), of["message"]["id"]),
    "deliveries.claim": lambda who, of: deliveries.claim(who, of["dialog"]["id"], lambda kind, words: [words]),
    "deliveries.find_connection": lambda who, of: deliveries.find_connection(who, of["dialog"]["id"]),
    "deliveries.sent": lambda who, of: deliveries.sent(who, piece(of), "1"),
    "deliveries.refused": lambda who, of: deliveries.refused(who, piece(of), "чужое", unsubscribed=True, broken=True),
    "deliveries.unknown": lambda who, of: deliveries.unknown(who, piece(of), "чужое"),
    "deliveries.later": lambda who, of: deliveries.later(who, piece(of), "чужое", 5, True),
    "outbox.receipt": lambda who, of: outbox.receipt(who, Head(of), 2**60, MessageStatus.read),  # type: ignore[arg-type]
    "outbox.queue_again": lambda who, of: outbox.queue_again(who, Head(of), of["message"]["id"]),  # type: ignore[arg-type]
    "outbox.call_off": lambda who, of: outbox.call_off(who, Head(of)),  # type: ignore[arg-type]
    "outbox.mark": lambda who, of: outbox.mark(who, of["message"]["id"], chat(of), MessageStatus.read),
    "outbox.wake_again": lambda who, of: outbox.wake_again(who, of["dialog"]["id"]),
    "inbound.keep": lambda who, of: inbound.keep(who, bot(of), "99", UpdateStatus.done, None),
    "inbound.receive": lambda who, of: inbound.receive(who, bot(of), "telegram", rows.News(face(of))),
    "inbound.take": lambda who, of: inbound.take(who, bot(of), "telegram", Parcel([rows.News(face(of))])),
    "first_contact.find_open_dialog": lambda who, of: first_contact.find_open_dialog(who, bot(of), face(of)),
    "webchat.get_face": lambda who, of: webchat.get_face(who, bot(of)),
    "webchat.find_visitor": lambda who, of: webchat.find_visitor(who, bot(of), face(of)),
    "webchat.list_said": lambda who, of: webchat.list_said(who, bot(of), face(of)),
    "webchat.get_said": lambda who, of: webchat.get_said(who, bot(of), face(of), "1"),
    "webchat.seen": lambda who, of: webchat.seen(who, bot(of), face(of), 2**60),
    "journal.note": lambda who, of: journal.note(who, "look", "dialog", of["dialog"]["id"]),
}
# These get a row that their caller has found by one of the above, or make one of the caller's own organisation.
TAKE_A_ROW = {
    "first_contact.begin", "first_contact.greet", "dialogs.one_at_a_time", "dialogs.stage_number", "dialogs.start", "dialogs.take_over", "outbox.queue", "funnels.create",
}  # fmt: skip
OF_A_PERSON = {"api_tokens.list_tokens", "api_tokens.revoke"}  # above organisations: tests/identity
DELIVERS = {
    "is_connected_anew",
    "get_wiring",
    "find_connection",
    "set_health",
    "claim",
    "sent",
    "refused",
    "unknown",
    "later",
    "wake_again",
}
RECEIVES = {"heard", "keep", "receive", "take", "find_open_dialog", "receipt", "seen"}
