"""A client's card: reading it, notes, timeline, merging, erasing at once."""

from __future__ import annotations

from aiguro_web.services import (
    client_cards,
    client_merges,
    client_notes,
    client_timelines,
    clients,
    erasure,
    inbox,
)  # fmt: skip

from .. import rows


def person(of: rows.Rows) -> int:
    found: int = of["client"]["id"]
    return found


CALLS = {
    "client_cards.pane": lambda who, of: client_cards.pane(who, inbox.get_card(who, of["dialog"]["uuid"])),
    "client_cards.get_card": lambda who, of: client_cards.get_card(who, person(of), deleted=True),
    "client_cards.find_kept": lambda who, of: client_cards.find_kept(who, person(of)),
    "client_cards.find_alike": lambda who, of: client_cards.find_alike(who, of["client"]["name"][:100], 0),
    "client_notes.add": lambda who, of: client_notes.add(who, person(of), "чужое"),
    "client_notes.change": lambda who, of: client_notes.change(who, person(of), of["client_note"]["id"], "чужое"),
    "client_notes.remove": lambda who, of: client_notes.remove(who, person(of), of["client_note"]["id"]),
    "client_timelines.list_events": lambda who, of: client_timelines.list_events(who, person(of)).rows,
    "client_merges.merge": lambda who, of: client_merges.merge(who, person(of), person(of) + 1),
    "client_merges.undo": lambda who, of: client_merges.undo(who, person(of), of["client_merge"]["id"]),
    "clients.announce": lambda who, of: clients.announce(who, person(of)),
    "clients.hold_dialogs": lambda who, of: clients.hold_dialogs(who, [person(of)], lambda: None)[0],
    "erasure.order": lambda who, of: erasure.order(who, person(of)),
    "erasure.forget_payloads_of": lambda who, of: erasure.forget_payloads_of(who, person(of)),
}
TAKE_A_ROW: set[str] = set()
