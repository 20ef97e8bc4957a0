"""The names of live topics; each begins with its organisation, so that nobody hears another's."""

from __future__ import annotations

from uuid import UUID


def dialogs(org_id: int) -> str:
    """The organisation's lists of dialogs changed."""
    return f"o{org_id}:dialogs"


def dialog(org_id: int, uuid: UUID) -> str:
    """One dialog changed: its messages, marks or state."""
    return f"o{org_id}:dialog-{uuid}"


def connections(org_id: int) -> str:
    """A messenger connection changed."""
    return f"o{org_id}:connections"


def presence(org_id: int, uuid: UUID) -> str:
    """Somebody came to a dialog, left it, or types in it."""
    return f"o{org_id}:presence-{uuid}"


def clients(org_id: int) -> str:
    """The organisation's list of clients changed."""
    return f"o{org_id}:clients"


def client(org_id: int, client_id: int) -> str:
    """One client changed: their fields, notes or timeline."""
    return f"o{org_id}:client-{client_id}"


def work(org_id: int) -> str:
    """Long work moved on: a bulk act, an import."""
    return f"o{org_id}:work"


def person(org_id: int, user_id: int) -> str:
    """Something new for one person: a notification."""
    return f"o{org_id}:me-{user_id}"


def visitor(org_id: int, connection_id: int, chat_id: str) -> str:
    """Something new for one visitor of a web chat."""
    return f"o{org_id}:visitor-{connection_id}-{chat_id}"


def tickets(org_id: int) -> str:
    """The organisation's list of tickets changed."""
    return f"o{org_id}:tickets"


def ticket(org_id: int, ticket_id: int) -> str:
    """One ticket changed: its messages or state."""
    return f"o{org_id}:ticket-{ticket_id}"


def desk() -> str:
    """A ticket of some organisation changed: for AIGURO's staff alone, who belong to none."""
    return "staff:tickets"
