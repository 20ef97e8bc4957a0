"""Organisations, and where their connections lead."""

from __future__ import annotations

from aiguro_web.services import connections, organizations

CALLS = {
    "connections.attach": lambda who, of: connections.attach(who, of["messenger_connection"]["id"], of["funnel"]["id"]),
    "connections.detach": lambda who, of: connections.detach(who, of["messenger_connection"]["id"], of["funnel"]["id"]),
    "organizations.get_own": lambda who, of: organizations.get_own(who),
}
# Both end everything of the caller's own organisation: tests/services/test_organizations.py.
TAKE_A_ROW = {"organizations.archive", "connections.remove_all"}
OF_A_PERSON = {"organizations.list_own", "organizations.found"}
