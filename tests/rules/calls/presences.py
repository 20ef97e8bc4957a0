"""Who looks at a dialog."""

from __future__ import annotations

from aiguro_web.services import presences

CALLS = {
    "presences.note": lambda who, of: presences.note(who, of["dialog"]["uuid"], typing=True),
    "presences.leave": lambda who, of: presences.leave(who, of["dialog"]["uuid"]),
    "presences.list_watchers": lambda who, of: presences.list_watchers(who, of["dialog"]["uuid"]),
}
TAKE_A_ROW = {"presences.watching"}  # a column of its caller's query
