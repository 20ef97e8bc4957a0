"""A person who writes for the first time, or again after their dialog was closed: their client, their dialog."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from ..errors import Conflict
from ..extensions import db, run_hot
from ..models import Client, ClientIdentity, Dialog, Funnel, MessengerConnection
from ..models.client import CLIENT_NAME_MAX, SOURCE_MAX
from ..models.client_identity import EXTERNAL_ID_MAX
from ..models.message import MessageRole, MessageStatus
from . import dialogs, outbox, transcript
from .access import Actor
from .arrivals import OpenDialog, Update

OPEN_DIALOG = """
    SELECT d.id, d.org_id, d.uuid, d.connection_id, d.channel, d.thread_id, d.unsubscribed, d.ai
    FROM client_identity i JOIN dialog d ON d.org_id = i.org_id AND d.identity_id = i.id
    WHERE i.org_id = %(org)s AND i.connection_id = %(connection)s AND i.external_id = %(chat)s
      AND d.status = 'active' AND d.listed
    FOR UPDATE OF d
"""


def find_open_dialog(who: Actor, connection_id: int, chat_id: str) -> OpenDialog | None:
    """The open dialog of this person at this connection, locked."""
    who.must("receive")
    found: OpenDialog | None = run_hot(
        OPEN_DIALOG, {"org": who.home, "connection": connection_id, "chat": chat_id[:EXTERNAL_ID_MAX]}
    )
    return found


def begin(who: Actor, connection_id: int, channel: str, news: Update) -> tuple[OpenDialog, bool]:
    """The client, who they are there, and the dialog; and whether it was begun here rather than by a twin meanwhile."""
    dialogs.one_at_a_time(who, connection_id, news.chat_id)
    dialog = find_open_dialog(who, connection_id, news.chat_id)
    if dialog is not None:
        return dialog, False
    identity = db.session.scalar(
        select(ClientIdentity).where(
            ClientIdentity.org_id == who.home,
            ClientIdentity.connection_id == connection_id,
            ClientIdentity.external_id == news.chat_id[:EXTERNAL_ID_MAX],
        )
    )
    if identity is None:
        identity = _meet(who, connection_id, news)
    client = _hold(who, identity.client_id)
    while client.merged_into is not None:  # they became another one just now
        client = _hold(who, client.merged_into)
        identity.client_id = client.id
    if client.deleted_at is not None:  # they wrote again: a new client, the deleted one stays gone
        client = _new_client(who, news)
        identity.client_id = client.id
    dialogs.start(who, client, identity=identity, funnel=_funnel_of(who, connection_id), channel=channel)
    dialog = find_open_dialog(who, connection_id, news.chat_id)
    if dialog is None:
        raise RuntimeError("the dialog that was just begun is not open")
    return dialog, True


def _hold(who: Actor, client_id: int) -> Client:
    """The client, whom nobody deletes before the new dialog is there to be hidden with them."""
    query = select(Client).where(Client.org_id == who.home, Client.id == client_id)
    held = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return db.session.scalars(held).one()


def _meet(who: Actor, connection_id: int, news: Update) -> ClientIdentity:
    client = _new_client(who, news)
    identity = ClientIdentity(
        org_id=who.home,
        client_id=client.id,
        connection_id=connection_id,
        external_id=news.chat_id[:EXTERNAL_ID_MAX],
        username=news.person.username[:64] if news.person else "",
    )
    db.session.add(identity)
    db.session.flush()  # its id
    return identity


def _new_client(who: Actor, news: Update) -> Client:
    person = news.person
    client = Client(
        org_id=who.home,
        name=person.name[:CLIENT_NAME_MAX] if person else "",
        phone=person.phone[:32] if person else "",
        source=news.source[:SOURCE_MAX],
    )
    db.session.add(client)
    db.session.flush()  # its id
    return client


def _funnel_of(who: Actor, connection_id: int) -> Funnel:
    """The funnel that the connection is attached to, else the organisation's first active one."""
    attached = (
        select(MessengerConnection.funnel_id)
        .where(MessengerConnection.org_id == who.home, MessengerConnection.id == connection_id)
        .scalar_subquery()
    )
    query = select(Funnel).where(Funnel.org_id == who.home, Funnel.archived_at.is_(None))
    funnel = db.session.scalar(
        query.order_by((Funnel.id == attached).desc(), Funnel.is_active.desc(), Funnel.id)
        .limit(1)
        # Held as the dialog's foreign key would hold it anyway: it is not deleted meanwhile, or the next one is taken.
        .with_for_update(read=True, key_share=True)
    )
    if funnel is None:
        raise Conflict("В организации нет ни одной воронки")
    return funnel


def greet(who: Actor, uuid: Any) -> None:
    """No model answers yet: say so to people here, and once to the client when the funnel has words for it."""
    dialog = db.session.scalar(select(Dialog).where(Dialog.org_id == who.home, Dialog.uuid == uuid))
    assert dialog is not None
    transcript.store(dialog, MessageRole.system, "Ассистент не настроен: диалог ждёт менеджера")
    words = db.session.scalar(
        select(Funnel.hand_over_text).where(Funnel.org_id == who.home, Funnel.id == dialog.funnel_id)
    )
    if words:
        message = transcript.store(
            dialog,
            MessageRole.assistant,
            words,
            author_name="Ассистент",
            status=MessageStatus.queued,
            news=False,  # the client's question is what a manager wants to see in the list
        )
        assert message is not None
        outbox.queue(who, dialog, message["id"], words, outbox.Lane.assistant)
