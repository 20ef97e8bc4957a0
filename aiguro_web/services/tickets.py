"""Tickets: opening, answering, moving. A company's people write in their own, AIGURO's staff in anybody's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import func, select

from ..errors import Forbidden, NotFound
from ..extensions import db
from ..live import publish
from ..models import Ticket, TicketFile, TicketMessage
from ..models.notification import NotificationKind, NotificationSubject
from ..models.ticket import Department, Priority, TicketStatus
from ..models.ticket_message import TicketRole
from . import journal, notifications, organizations, topics
from .access import Actor
from .ticket_lists import ABSENT, must_have_funnel
from .uploads import Upload


def must_write(who: Actor) -> None:
    """Raises Forbidden for a viewer; staff write everywhere."""
    if not who.staff:
        who.must("write_ticket")


def must_write_somewhere(who: Actor) -> None:
    """As `must_write`, while it is not said yet in which organisation: the right in any of theirs will do."""
    if who.staff:
        return
    rows = organizations.list_memberships(who.user_id) if who.user_id is not None else []
    if not any(replace(who, org=row["org_id"], role=row["role"]).may("write_ticket") for row in rows):
        raise Forbidden("Для этого действия не хватает прав")


def open_ticket(
    who: Actor, *, subject: str, description: str, department: Department, priority: Priority = Priority.medium,
    funnel_id: int | None = None, files: Sequence[Upload] = (),
) -> int:  # fmt: skip
    """A new ticket, whose description is its first message; its id. Raises Forbidden, NotFound for a foreign funnel."""
    must_write(who)
    if funnel_id is not None:
        must_have_funnel(who, funnel_id)
    ticket = Ticket(
        org_id=who.home, funnel_id=funnel_id, author_id=who.user_id, subject=subject, department=department,
        status=TicketStatus.open, priority=priority, messages_count=0,
    )  # fmt: skip
    db.session.add(ticket)
    db.session.flush()  # its id
    _say(who, ticket, description, files)
    _changed(who, ticket, "open_ticket", department=department.value, priority=priority.value)
    return ticket.id


def answer(who: Actor, ticket_id: int, text: str, files: Sequence[Upload] = ()) -> int:
    """A message in the ticket; its id. Raises Forbidden, NotFound.

    A message of the company opens a ticket that waits for them or is closed; one of the staff makes an open ticket wait
    for the company, and leaves a closed one closed.
    """
    must_write(who)
    ticket = _lock(who, ticket_id)
    message = _say(who, ticket, text, files)
    if who.staff and ticket.status != TicketStatus.closed:
        ticket.status = TicketStatus.waiting
    elif not who.staff and ticket.status in (TicketStatus.waiting, TicketStatus.closed):
        ticket.status = TicketStatus.open
    _changed(who, ticket, "answer_ticket", status=ticket.status.value)
    if who.staff:
        _tell_the_company(who, ticket)
    return message.id


def change(
    who: Actor, ticket_id: int, *, status: TicketStatus | None = None, department: Department | None = None,
    priority: Priority | None = None,
) -> None:  # fmt: skip
    """Staff set everything; a company closes its ticket and opens it again. None leaves a field as it is.

    Raises Forbidden, NotFound.
    """
    must_write(who)
    ticket = _lock(who, ticket_id)
    wishes = {"status": status, "department": department, "priority": priority}
    changed = {name: value for name, value in wishes.items() if value is not None and value != getattr(ticket, name)}
    if not who.staff and not _may_change(ticket, changed):
        raise Forbidden("Обращение можно закрыть или открыть снова; остальное меняет поддержка AIGURO")
    if changed:
        for name, value in changed.items():
            setattr(ticket, name, value)
        _changed(who, ticket, "change_ticket", **{name: value.value for name, value in changed.items()})


def _may_change(ticket: Ticket, changed: dict[str, TicketStatus | Department | Priority]) -> bool:
    """Whether this is a company closing its ticket, or opening a closed one."""
    if set(changed) - {"status"}:
        return False
    status = changed.get("status", TicketStatus.closed)
    return status == TicketStatus.closed or (ticket.status == TicketStatus.closed and status == TicketStatus.open)


def _lock(who: Actor, ticket_id: int) -> Ticket:
    """The ticket, locked until the end of the transaction: its counter is right however many write at once."""
    query = select(Ticket).where(Ticket.org_id == who.home, Ticket.id == ticket_id)
    ticket = db.session.scalar(query.with_for_update().execution_options(populate_existing=True))
    if ticket is None:
        raise NotFound(ABSENT)
    return ticket


def _say(who: Actor, ticket: Ticket, text: str, files: Sequence[Upload]) -> TicketMessage:
    message = TicketMessage(
        org_id=who.home, ticket_id=ticket.id, role=TicketRole.support if who.staff else TicketRole.user, text=text,
        author_id=who.user_id, author_name=who.name,
    )  # fmt: skip
    db.session.add(message)
    db.session.flush()  # its id
    for file in files:
        db.session.add(
            TicketFile(org_id=who.home, message_id=message.id, name=file.name, content_type=file.content_type,
                       size=file.size, storage_key=file.key)
        )  # fmt: skip
    ticket.messages_count += 1
    return message


def _tell_the_company(who: Actor, ticket: Ticket) -> None:
    """Support has answered: whoever opened the ticket, and who of the company wrote in it, should know."""
    query = select(TicketMessage.author_id).where(
        TicketMessage.org_id == who.home, TicketMessage.ticket_id == ticket.id, TicketMessage.role == TicketRole.user
    )
    for user_id in sorted({*db.session.scalars(query.distinct()), ticket.author_id} - {None}):  # always the same order
        notifications.tell(
            who, user_id, NotificationKind.ticket_answered, NotificationSubject.ticket, ticket.id, name=ticket.subject
        )


def _changed(who: Actor, ticket: Ticket, act: str, **data: str) -> None:
    ticket.updated_at = db.session.scalars(select(func.clock_timestamp())).one()  # later than the one before
    db.session.flush()
    journal.note(who, act, "ticket", ticket.id, **data)
    publish(topics.ticket(who.home, ticket.id), topics.tickets(who.home), topics.desk())
