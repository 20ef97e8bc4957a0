"""Reading tickets of one organisation: lists, one ticket, its messages and their files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypedDict, cast

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Row, Select, any_, func, literal, select, true, tuple_

from ..errors import Invalid, NotFound
from ..extensions import db
from ..models import Funnel, Organization, Ticket, TicketFile, TicketMessage, User
from ..models.ticket import Department, Priority, TicketStatus
from ..models.ticket_message import TicketRole
from .access import Actor

COUNTED_MAX = 10_000
PREVIEW = 160  # signs of the last message in a list
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ABSENT, NO_FUNNEL = "Обращение не найдено", "Воронка не найдена"


@dataclass(frozen=True, slots=True)
class TicketFilter:
    """Which tickets; None means any."""

    funnel_id: int | None = None
    status: TicketStatus | None = None
    department: Department | None = None
    priority: Priority | None = None

    @property
    def most(self) -> int | None:
        """How far is counted: to the end only without a filter, or by status."""
        others = (self.funnel_id, self.department, self.priority)
        return None if all(value is None for value in others) else COUNTED_MAX + 1


class TicketRow(TypedDict):
    """A ticket as lists show it."""

    id: int
    org_id: int
    org_name: str
    subject: str
    department: Department
    status: TicketStatus
    priority: Priority
    messages_count: int
    created_at: datetime
    updated_at: datetime
    author: str
    funnel_id: int | None
    funnel_name: str | None


class RecentRow(TicketRow):
    """A ticket in a list by activity: who spoke last, and how that begins. The desk is not told: its state says it."""

    last_role: TicketRole | None
    last_text: str


@dataclass(frozen=True, slots=True)
class TicketPage:
    """The newest activity first; `next` is where the next page begins (`before`)."""

    rows: list[RecentRow]
    next: str | None


class FileRow(TypedDict):
    """A file of a message; whoever shows it signs an address for it."""

    id: int
    message_id: int
    name: str
    size: int
    content_type: str


class MessageRow(TypedDict):
    id: int
    text: str
    role: TicketRole
    author: str
    created_at: datetime
    files: list[FileRow]


def must_read(who: Actor) -> None:
    """Everybody of the organisation reads its tickets, and AIGURO's staff. Raises Forbidden."""
    if not who.staff:
        who.must("read")


def list_tickets(
    who: Actor, wanted: TicketFilter, *, limit: int, offset: int = 0, before_id: int | None = None
) -> list[TicketRow]:
    """Newest first. Raises NotFound for a funnel that is not here."""
    must_read(who)
    where = _conditions(who, wanted)
    if before_id is not None:
        where.append(Ticket.id < before_id)
    query = _rows(who).where(*where).order_by(Ticket.id.desc()).limit(limit).offset(offset)
    rows = [_ticket_row(row) for row in db.session.execute(query)]
    if not rows and wanted.funnel_id is not None:
        must_have_funnel(who, wanted.funnel_id)
    return rows


def count_tickets(who: Actor, wanted: TicketFilter) -> int | None:
    """How many: exactly without a filter and by status; by others up to COUNTED_MAX, beyond it None."""
    must_read(who)
    found = select(Ticket.id).where(*_conditions(who, wanted)).limit(wanted.most)
    total = db.session.scalar(select(func.count()).select_from(found.subquery())) or 0
    return None if wanted.most is not None and total > COUNTED_MAX else total


def list_recent(who: Actor, wanted: TicketFilter, *, limit: int, before: str | None = None) -> TicketPage:
    """The newest activity first. Raises Invalid for a `before` that is not one of ours."""
    must_read(who)
    last = (
        select(TicketMessage.role.label("last_role"), func.left(TicketMessage.text, PREVIEW).label("last_text"))
        .where(TicketMessage.org_id == Ticket.org_id, TicketMessage.ticket_id == Ticket.id)
        .order_by(TicketMessage.id.desc())
        .limit(1)
        .lateral()
    )
    query = _rows(who).add_columns(last.c.last_role, func.coalesce(last.c.last_text, "").label("last_text"))
    query = query.outerjoin(last, true()).where(*_conditions(who, wanted))
    if before is not None:
        query = query.where(tuple_(Ticket.updated_at, Ticket.id) < tuple_(*read_mark(before)))
    rows = db.session.execute(query.order_by(Ticket.updated_at.desc(), Ticket.id.desc()).limit(limit + 1))
    return page_of([cast(RecentRow, dict(row._mapping)) for row in rows], limit)


def count_states(who: Actor, wanted: TicketFilter) -> dict[TicketStatus, int]:
    """How many tickets are in each state, whatever state `wanted` names; each is counted up to COUNTED_MAX."""
    must_read(who)
    columns = [
        select(func.count())
        .select_from(
            select(Ticket.id).where(*_conditions(who, replace(wanted, status=state))).limit(COUNTED_MAX).subquery()
        )
        .scalar_subquery()
        for state in TicketStatus
    ]
    return dict(zip(TicketStatus, db.session.execute(select(*columns)).one(), strict=True))


def page_of(rows: list[RecentRow], limit: int) -> TicketPage:
    """A page of `limit` rows, of which one more was read to know whether any follow."""
    more = len(rows) > limit
    rows = rows[:limit]
    last = rows[-1] if more else None
    return TicketPage(
        rows, f"{(last['updated_at'] - _EPOCH) // timedelta(microseconds=1)}-{last['id']}" if last else None
    )


def read_mark(before: str) -> tuple[datetime, int]:
    """The place that a page's `next` names. Raises Invalid."""
    at, _, id = before.partition("-")
    if not (at.isascii() and at.isdigit() and id.isascii() and id.isdigit() and len(at) < 17 and len(id) < 19):
        raise Invalid("Такой страницы списка нет")
    return _EPOCH + timedelta(microseconds=int(at)), int(id)


def get_ticket(who: Actor, ticket_id: int) -> TicketRow:
    """Raises NotFound, also for another organisation's ticket."""
    must_read(who)
    row = db.session.execute(_rows(who).where(Ticket.org_id == who.home, Ticket.id == ticket_id)).one_or_none()
    if row is None:
        raise NotFound(ABSENT)
    return _ticket_row(row)


def get_description(who: Actor, ticket_id: int) -> MessageRow:
    """The ticket's first message. Raises NotFound."""
    found = list_messages(who, ticket_id, limit=1)
    if not found:
        raise NotFound(ABSENT)
    return found[0]


def list_messages(
    who: Actor, ticket_id: int, *, limit: int, offset: int = 0, after_id: int | None = None
) -> list[MessageRow]:
    """Oldest first, as a conversation is read; none for a ticket that is not here (`get_ticket` tells)."""
    must_read(who)
    query = _messages(who, ticket_id).order_by(TicketMessage.id).limit(limit).offset(offset)
    if after_id is not None:
        query = query.where(TicketMessage.id > after_id)
    return _with_files(who, db.session.execute(query))


def list_newest(who: Actor, ticket_id: int, *, limit: int, before_id: int | None = None) -> list[MessageRow]:
    """The newest messages (those before `before_id`), in the order in which they are read."""
    must_read(who)
    query = _messages(who, ticket_id).order_by(TicketMessage.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(TicketMessage.id < before_id)
    return _with_files(who, reversed(db.session.execute(query).all()))


def get_file(who: Actor, ticket_id: int, file_id: int) -> FileRow:
    """A file of one of this ticket's messages. Raises NotFound."""
    must_read(who)
    query = (
        select(TicketFile.id, TicketFile.message_id, TicketFile.name, TicketFile.size, TicketFile.content_type)
        .join(TicketMessage, (TicketMessage.org_id == who.home) & (TicketMessage.id == TicketFile.message_id))
        .where(TicketFile.org_id == who.home, TicketFile.id == file_id, TicketMessage.ticket_id == ticket_id)
    )
    row = db.session.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("Файл не найден")
    return cast(FileRow, dict(row))


def get_message(who: Actor, ticket_id: int, message_id: int) -> MessageRow:
    """One message of this ticket. Raises NotFound."""
    must_read(who)
    found = _with_files(who, db.session.execute(_messages(who, ticket_id).where(TicketMessage.id == message_id)))
    if not found:
        raise NotFound("Сообщение не найдено")
    return found[0]


def must_have_funnel(who: Actor, funnel_id: int) -> None:
    """Raises NotFound for a funnel that is not one of this organisation's."""
    query = select(Funnel.id).where(Funnel.org_id == who.home, Funnel.id == funnel_id, Funnel.archived_at.is_(None))
    if db.session.scalar(query) is None:
        raise NotFound(NO_FUNNEL)


def _conditions(who: Actor, wanted: TicketFilter) -> list[ColumnElement[bool]]:
    return [Ticket.org_id == who.home] + [
        column == value
        for column, value in (
            (Ticket.funnel_id, wanted.funnel_id),
            (Ticket.status, wanted.status),
            (Ticket.department, wanted.department),
            (Ticket.priority, wanted.priority),
        )
        if value is not None
    ]


def _rows(who: Actor) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Ticket.id, Ticket.org_id, Organization.display_name.label("org_name"), Ticket.subject, Ticket.department,
            Ticket.status, Ticket.priority, Ticket.messages_count, Ticket.created_at, Ticket.updated_at,
            func.coalesce(User.name, "").label("author"), Ticket.funnel_id, Funnel.display_name.label("funnel_name"),
        )
        .join(Organization, Organization.id == Ticket.org_id)
        .outerjoin(Funnel, (Funnel.org_id == who.home) & (Funnel.id == Ticket.funnel_id))
        .outerjoin(User, User.id == Ticket.author_id)
    )  # fmt: skip


def _ticket_row(row: Row[*tuple[Any, ...]]) -> TicketRow:
    return cast(TicketRow, dict(row._mapping))


def _messages(who: Actor, ticket_id: int) -> Select[*tuple[Any, ...]]:
    return select(
        TicketMessage.id, TicketMessage.text, TicketMessage.role, TicketMessage.author_name.label("author"),
        TicketMessage.created_at,
    ).where(TicketMessage.org_id == who.home, TicketMessage.ticket_id == ticket_id)  # fmt: skip


def _with_files(who: Actor, rows: Iterable[Row[*tuple[Any, ...]]]) -> list[MessageRow]:
    """The files of all messages come by one query."""
    found = [cast(MessageRow, {**row._mapping, "files": []}) for row in rows]
    if found:
        by_id = {row["id"]: row["files"] for row in found}
        query = (
            select(TicketFile.id, TicketFile.message_id, TicketFile.name, TicketFile.size, TicketFile.content_type)
            .where(
                TicketFile.org_id == who.home, TicketFile.message_id == any_(literal(list(by_id), ARRAY(BigInteger)))
            )
            .order_by(TicketFile.id)
        )
        for file in db.session.execute(query).mappings():
            by_id[file["message_id"]].append(cast(FileRow, dict(file)))
    return found
