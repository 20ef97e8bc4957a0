"""Messenger connections: the bots, numbers and web chats of an organisation."""

from __future__ import annotations

import secrets as random
import time
from datetime import datetime
from typing import Any, TypedDict, cast

from sqlalchemy import Row, func, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from ..errors import Conflict, NotFound
from ..extensions import db
from ..live import publish
from ..models import Funnel, MessengerConnection
from ..models.messenger_connection import ConnectionStatus, MessengerType
from ..queue import enqueue, hurry
from . import funnels, journal, secrets, topics
from .access import Actor

WEBCHAT_NAME = "Чат на сайте"  # until somebody calls it otherwise


class ConnectionRow(TypedDict):
    """A connection as lists show it: never a secret."""

    id: int
    name: str
    messenger_type: str
    is_active: bool
    status: str
    funnel_id: int | None
    funnel_name: str | None
    username: str
    account: str
    token_hint: str
    key: str
    last_error: str
    last_inbound_at: datetime | None
    paused_until: datetime | None
    created_at: datetime


_C = MessengerConnection
_COLUMNS = (
    _C.id, _C.name, _C.messenger_type, _C.is_active, _C.status, _C.funnel_id, Funnel.display_name.label("funnel_name"),
    _C.username, _C.account, _C.token_hint, _C.key, _C.last_error, _C.last_inbound_at, _C.paused_until, _C.created_at,
)  # fmt: skip


def _query(who: Actor) -> Any:
    who.must("read")
    on = (Funnel.org_id == _C.org_id) & (Funnel.id == _C.funnel_id)
    return select(*_COLUMNS).outerjoin(Funnel, on).where(_C.org_id == who.home, _C.removed_at.is_(None))


def list_connections(who: Actor, funnel_id: int | None = None) -> list[ConnectionRow]:
    """Every connection, oldest first; with `funnel_id`, those attached to that funnel."""
    query = _query(who).order_by(_C.id)
    if funnel_id is not None:
        query = query.where(_C.funnel_id == funnel_id)
    return [cast(ConnectionRow, dict(row)) for row in db.session.execute(query).mappings()]


def get_connection(who: Actor, connection_id: int, funnel_id: int | None = None) -> ConnectionRow:
    """Raises NotFound, also for another organisation's; with `funnel_id`, for one that is not attached to it."""
    query = _query(who).where(_C.id == connection_id)
    if funnel_id is not None:
        query = query.where(_C.funnel_id == funnel_id)
    row = db.session.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("Подключение не найдено")
    return cast(ConnectionRow, dict(row))


def create(
    who: Actor,
    *,
    funnel_id: int | None,
    messenger_type: str,
    account_id: str = "",
    username: str = "",
    account: str = "",
    token: str = "",
    name: str = "",
) -> ConnectionRow:
    """Connect an account whose token the messenger has accepted; a task then asks it for updates.

    A web chat has no account: it gets a random one, called like the chat. Raises Conflict when the account is connected
    already, anywhere.
    """
    who.must("manage")
    if funnel_id is not None:
        funnels.get_funnel(who, funnel_id)
    kind = MessengerType(messenger_type)
    if kind == MessengerType.webchat:
        name = name or WEBCHAT_NAME
        account = account or name
    connection = MessengerConnection(
        org_id=who.home,
        funnel_id=funnel_id,
        messenger_type=kind,
        account_id=account_id or random.token_hex(16),
        username=username,
        account=account,
        name=name or account or username,
        # The second half is ours: the messenger repeats it with every update.
        secret_encrypted=secrets.encrypt(f"{token}\n{random.token_urlsafe(32)}"),
        token_hint=f"…{token[-4:]}" if token else "",
        key=random.token_urlsafe(24),
        status=ConnectionStatus.ok if kind == MessengerType.webchat else ConnectionStatus.connecting,
    )
    try:
        with db.session.begin_nested():
            db.session.add(connection)
            db.session.flush()  # the unique account speaks here
    except IntegrityError as error:
        raise Conflict("Этот аккаунт уже подключён") from error
    journal.note(who, "connect", "connection", connection.id, messenger_type=kind.value, account=account)
    if kind != MessengerType.webchat:
        lock = lock_of(kind, connection.account_id)
        enqueue("subscribe", lock=lock, org_id=who.home, connection_id=connection.id)
        hurry(lock)
    publish(topics.connections(who.home))
    return get_connection(who, connection.id)


def set_active(who: Actor, connection_id: int, on: bool) -> ConnectionRow:
    """Switch a connection on or off: off, nothing is received and nothing leaves."""
    who.must("manage")
    connection = _get(who, connection_id)
    if connection.is_active != on:
        connection.is_active = on
        if on and connection.messenger_type != MessengerType.webchat:
            connection.status, connection.last_error = ConnectionStatus.connecting, ""
        db.session.flush()  # the row below shows it
        journal.note(who, "switch_on" if on else "switch_off", "connection", connection.id)
        if connection.messenger_type != MessengerType.webchat:
            name = "subscribe" if on else "unsubscribe"
            lock = lock_of(connection.messenger_type, connection.account_id)
            enqueue(name, lock=lock, org_id=who.home, connection_id=connection.id)
            hurry(lock)
        publish(topics.connections(who.home))
    return get_connection(who, connection_id)


def attach(who: Actor, connection_id: int, funnel_id: int) -> ConnectionRow:
    """Lead the connection's new clients into that funnel, wherever they went before; dialogs stay where they are.

    Raises Forbidden, NotFound.
    """
    who.must("manage")
    funnels.get_funnel(who, funnel_id)
    connection = _get(who, connection_id)
    if connection.funnel_id != funnel_id:
        connection.funnel_id = funnel_id
        db.session.flush()  # the row below shows it
        journal.note(who, "attach", "connection", connection.id, funnel_id=funnel_id)
        publish(topics.connections(who.home))
    return get_connection(who, connection_id)


def detach(who: Actor, connection_id: int, funnel_id: int) -> None:
    """Take the connection from that funnel: new clients go where the organisation's go without one.

    Raises Forbidden; NotFound also where it is not attached to that funnel.
    """
    who.must("manage")
    funnels.get_funnel(who, funnel_id)
    connection = _get(who, connection_id, funnel_id)
    connection.funnel_id = None
    journal.note(who, "detach", "connection", connection.id, funnel_id=funnel_id)
    publish(topics.connections(who.home))


def remove(who: Actor, connection_id: int, funnel_id: int | None = None) -> None:
    """Forget the account: its dialogs stay, nothing more can leave through it. The webhook is removed by a task.

    Raises Forbidden; NotFound, with `funnel_id` also for one that is not attached to it.
    """
    who.must("manage")
    if funnel_id is not None:
        funnels.get_funnel(who, funnel_id)
    connection = _get(who, connection_id, funnel_id)
    connection.removed_at = db.session.scalar(select(func.now()))
    connection.is_active = False
    journal.note(who, "disconnect", "connection", connection.id, account=connection.account)
    if connection.messenger_type != MessengerType.webchat:
        lock = lock_of(connection.messenger_type, connection.account_id)
        enqueue("unsubscribe", lock=lock, org_id=who.home, connection_id=connection.id)
        hurry(lock)
    publish(topics.connections(who.home))


def remove_all(who: Actor) -> None:
    """Forget every account: the organisation closes."""
    who.must("manage")
    for connection_id in db.session.scalars(
        select(_C.id).where(_C.org_id == who.home, _C.removed_at.is_(None)).order_by(_C.id)
    ).all():
        remove(who, connection_id)


def _get(who: Actor, connection_id: int, funnel_id: int | None = None) -> MessengerConnection:
    """Held until the commit: of two who remove it at once, the second finds nothing."""
    query = select(_C).where(_C.org_id == who.home, _C.id == connection_id, _C.removed_at.is_(None))
    if funnel_id is not None:
        query = query.where(_C.funnel_id == funnel_id)
    connection = db.session.scalar(query.with_for_update())
    if connection is None:
        raise NotFound("Подключение не найдено")
    return connection


# What the doors of messengers and the worker need.


class Secrets(TypedDict):
    """Opened, for the adapter alone: never logged, never returned by a door."""

    token: str
    secret: str


def lock_of(messenger_type: str, account_id: str) -> str:
    """Who asks a messenger for an account's updates, and who stops them, go one by one: in any organisation."""
    return f"account:{messenger_type}:{account_id}"


def open_secrets(encrypted: bytes) -> Secrets:
    """The messenger's token, and the secret that it repeats with its updates."""
    token, _, secret = secrets.decrypt(encrypted).partition("\n")
    return Secrets(token=token, secret=secret)


def find_by_key(key: str) -> Row[*tuple[Any, ...]] | None:
    """org_id, id, messenger_type, is_active, secret_encrypted of the connection in an address. Looks across tenants."""
    query = text("SELECT org_id, id, messenger_type, is_active, secret_encrypted FROM lookup_connection(:key)")
    return db.session.execute(query, {"key": key}).one_or_none()


def list_active(messenger_type: str) -> list[tuple[int, int]]:
    """(organisation, connection) of every connection of a messenger that is switched on. Looks across tenants."""
    query = text("SELECT org_id, id FROM lookup_active_connections(:type)")
    return [(row.org_id, row.id) for row in db.session.execute(query, {"type": messenger_type})]


def get_wiring(who: Actor, connection_id: int) -> Row[*tuple[Any, ...]] | None:
    """What the worker needs to speak for a connection, also a removed one; None if it is gone."""
    who.must("deliver")
    query = select(
        _C.id,
        _C.messenger_type,
        _C.key,
        _C.is_active,
        _C.removed_at,
        _C.secret_encrypted,
        _C.poll_offset,
        _C.status,
        _C.account_id,
    ).where(_C.org_id == who.home, _C.id == connection_id)
    return db.session.execute(query).one_or_none()


def is_connected_anew(who: Actor, connection_id: int) -> bool:
    """Whether another, active connection of this organisation has the same account."""
    who.must("deliver")
    other = aliased(_C)
    same = (other.messenger_type == _C.messenger_type) & (other.account_id == _C.account_id) & (other.id != _C.id)
    query = (
        select(other.id)
        .join(_C, same & (_C.org_id == other.org_id))
        .where(other.org_id == who.home, _C.id == connection_id, other.removed_at.is_(None), other.is_active)
    )
    return db.session.scalar(query) is not None


def set_health(who: Actor, connection_id: int, status: ConnectionStatus, error: str = "") -> None:
    """What the messenger said of the connection; one that breaks is in the journal."""
    who.must("deliver")
    changed = db.session.execute(
        update(_C)
        .where(_C.org_id == who.home, _C.id == connection_id)
        .where((_C.status != status) | (_C.last_error != error[:500]))
        .values(status=status, last_error=error[:500])
        .returning(_C.id)
    ).one_or_none()
    if changed is not None:
        if status == ConnectionStatus.broken:
            journal.note(who, "break", "connection", connection_id, reason=error[:500])
        publish(topics.connections(who.home))


HEARD_EVERY = 60.0  # seconds
_heard: dict[int, float] = {}  # when this process wrote it last


def heard(who: Actor, connection_id: int, poll_offset: int | None = None) -> None:
    """An update came; written at most once a minute, so that the row is not hot. The polling offset is always kept."""
    who.must("receive")
    if poll_offset is None and time.monotonic() - _heard.get(connection_id, -HEARD_EVERY) < HEARD_EVERY:
        return
    _heard[connection_id] = time.monotonic()
    row = update(_C).where(_C.org_id == who.home, _C.id == connection_id)
    if poll_offset is not None:
        db.session.execute(row.values(poll_offset=poll_offset, last_inbound_at=func.now()))
        return
    stale = _C.last_inbound_at.is_(None) | (_C.last_inbound_at < func.now() - text("interval '1 minute'"))
    db.session.execute(row.where(stale).values(last_inbound_at=func.now()))
