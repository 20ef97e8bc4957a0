"""Clients whose time of undo is over are erased."""

from __future__ import annotations

from ..queue import task, transaction
from ..services import access, erasure
from ..services.access import Actor


@task("erase_clients", cron="23 * * * *")
def erase_clients(timestamp: int) -> None:
    """A client in several transactions, the last of which takes the client: whatever breaks off is begun again."""
    with transaction(access.system(None)):
        overdue = erasure.list_overdue()
    for org_id in sorted({org_id for org_id, _ in overdue}):
        forget_payloads(access.system(org_id))
    for org_id, client_id in overdue:
        _erase(access.system(org_id), client_id)


def forget_payloads(who: Actor) -> None:
    """The words of everything that messengers told before the time of undo."""
    after: int | None = 0
    while after is not None:
        with transaction(who):
            after = erasure.forget_payloads(who, after)


def _erase(who: Actor, client_id: int) -> None:
    more = True
    while more:
        with transaction(who):
            more = erasure.erase_messages(who, client_id)
    with transaction(who):
        erasure.erase(who, client_id)


@task("erase_client")
def erase_client(org_id: int, client_id: int) -> None:
    """One client whom an admin ordered to be erased; what this leaves undone, `erase_clients` finds."""
    who = access.system(org_id)
    after: int | None = 0
    while after is not None:
        with transaction(who):
            after = erasure.forget_payloads_of(who, client_id, after)
    _erase(who, client_id)
