"""Asking a messenger to send us its updates, and to stop."""

from __future__ import annotations

from flask import current_app
from procrastinate import RetryStrategy

from .. import channels
from ..models.messenger_connection import ConnectionStatus
from ..queue import enqueue, held_locks, task, transaction
from ..services import access, connections

AGAIN = RetryStrategy(max_attempts=400, wait=2, linear_wait=1)  # for 22 hours: until then a bot stays silent


@task("subscribe", retry=AGAIN)
def subscribe(org_id: int, connection_id: int) -> None:
    """Set the webhook where PUBLIC_URL says who we are; else remove a foreign one, so that polling may begin."""
    who = access.system(org_id)
    with transaction(who):
        wiring = connections.get_wiring(who, connection_id)
    if wiring is None or not wiring.is_active or wiring.removed_at is not None:
        return
    adapter = channels.channel(wiring.messenger_type, current_app.config)
    credentials = channels.Credentials(**connections.open_secrets(wiring.secret_encrypted))
    public_url = current_app.config["PUBLIC_URL"]
    status, error = ConnectionStatus.ok, ""
    try:
        if public_url:
            adapter.subscribe(credentials, f"{public_url}/webhooks/{wiring.messenger_type}/{wiring.key}")
        else:
            adapter.unsubscribe(credentials)
    except (channels.BadToken, channels.Refused) as refused:
        status, error = ConnectionStatus.broken, refused.reason
    except channels.Later as later:
        with transaction(who):
            connections.set_health(who, connection_id, ConnectionStatus.connecting, later.reason)
        raise
    with transaction(who):
        connections.set_health(who, connection_id, status, error)


@task("subscribe_all")
def subscribe_all() -> None:
    """At a worker's start: PUBLIC_URL may be another one than when the bots were connected, or gone, or new."""
    with transaction(access.system(None)):
        active = connections.list_active("telegram")
    for org_id, connection_id in active:
        who = access.system(org_id)
        with transaction(who):
            wiring = connections.get_wiring(who, connection_id)
            lock = connections.lock_of("telegram", wiring.account_id) if wiring is not None else ""
            if lock and not held_locks([lock]):
                enqueue("subscribe", lock=lock, org_id=org_id, connection_id=connection_id)


@task("unsubscribe", retry=AGAIN)
def unsubscribe(org_id: int, connection_id: int) -> None:
    """Remove the webhook of a connection that is off or gone, unless the account is another connection's by now.

    A webhook with another address is somebody else's: perhaps another organisation's. A token that no longer works
    needs nothing.
    """
    who = access.system(org_id)
    with transaction(who):
        wiring = connections.get_wiring(who, connection_id)
        anew = connections.is_connected_anew(who, connection_id)
    if wiring is None or anew or (wiring.is_active and wiring.removed_at is None):
        return
    adapter = channels.channel(wiring.messenger_type, current_app.config)
    credentials = channels.Credentials(**connections.open_secrets(wiring.secret_encrypted))
    try:
        address = adapter.current_webhook(credentials)
        if not address or address.endswith(f"/{wiring.key}"):
            adapter.unsubscribe(credentials)
    except (channels.BadToken, channels.Refused):
        return
