"""Support: the seed's §4.1 to 4.5. A company sees its own tickets, AIGURO's staff those of all companies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Response, g, request, url_for

from .. import storage
from ..models.ticket import Priority
from ..models.ticket_message import FILES_MAX
from ..schemas.tickets import (
    AttachmentOut,
    OrganizationOfTicketOut,
    OrganizationQuery,
    TicketChangeIn,
    TicketFilterIn,
    TicketFullOut,
    TicketIn,
    TicketMessageIn,
    TicketMessageOut,
    TicketOut,
)
from ..services import file_links, staff_desk, ticket_lists, tickets
from ..services.access import Actor
from ..services.ticket_lists import MessageRow, TicketFilter, TicketRow
from ..web import active_org, auth, multipart, paging
from ..web.body import read_json, read_query, respond
from ..web.door import outside
from ..web.faults import invalid
from ..web.operation import Api
from ..web.paging import PageQuery
from ..web.tenancy import get_id

bp = Api("api_tickets", __name__, tag="Поддержка", guard=auth.support, url_prefix="/api/support")

URL_SECONDS = 600
WITH_FILES = (
    "Тело — JSON без файлов или multipart/form-data с ними: до 10 файлов, вместе до 50 МиБ. В форме `orgId` может быть "
    "и полем."
)
Take = Callable[[multipart.Part], storage.Stored]
M = TypeVar("M", TicketIn, TicketMessageIn)


class TicketsQuery(TicketFilterIn, PageQuery):
    """Filters and paging of the list of tickets."""


class MessagesQuery(OrganizationQuery, PageQuery):
    """Paging of a ticket's messages."""


@bp.get(
    "/tickets", summary="Обращения в поддержку", seed="4.1", query=TicketsQuery, gives=list[TicketOut], refuses=(404,),
    about="Новые сначала. Сотрудник AIGURO без `orgId` видит обращения всех организаций, с ним — этой одной.",
)  # fmt: skip
def index() -> Response:
    """Tickets, newest first (seed §4.1)."""
    query = read_query(TicketsQuery)
    who: Actor = g.who
    if query.funnel_id is not None:
        who = staff_desk.enter_funnel(who, query.funnel_id)  # type: ignore[arg-type]
    scope = "desk:tickets" if who.org is None else f"o{who.org}:tickets"
    page = paging.page_of(query, scope)
    before = page.after[0] if page.after else None
    wanted = TicketFilter(query.funnel_id, query.status, query.department, query.priority)  # type: ignore[arg-type]
    desk = staff_desk if who.org is None else ticket_lists
    rows = desk.list_tickets(
        who, wanted, limit=page.limit, offset=page.offset, before_id=before if isinstance(before, int) else None
    )
    total = None if page.walk else desk.count_tickets(who, wanted)
    more = len(rows) == page.limit
    headers = paging.headers(page, scope=scope, total=total, more=more, next_key=[rows[-1]["id"]] if more else None)
    return respond([TicketOut.model_construct(**_shown(row)) for row in rows], list[TicketOut], headers=headers)


@bp.post(
    "/tickets", summary="Открыть обращение", seed="4.2", query=OrganizationQuery, takes=TicketIn, form=TicketIn,
    files=("files",), gives=TicketFullOut, status=201, refuses=(404,), needs="write_ticket", kept=False,
    about="Описание становится первым сообщением. Сотрудник AIGURO указывает `orgId`. " + WITH_FILES,
)  # fmt: skip
def create() -> Response:
    """Open a ticket (seed §4.2)."""
    with storage.receiving() as take:
        wish, stored = _read(TicketIn, "files", take)
        who: Actor = g.who
        if who.org is None and who.staff:
            raise invalid({f"/{active_org.NAME}": "укажите организацию, для которой открываете обращение"})
        id = tickets.open_ticket(
            who, subject=wish.subject, description=wish.description, department=wish.department,
            priority=wish.priority or Priority.medium, funnel_id=wish.funnel_id, files=stored,  # type: ignore[arg-type]
        )  # fmt: skip
        return respond(_full(who, id), TicketFullOut, 201, {"Location": url_for("api_tickets.show", id=id)})


@bp.get(
    "/tickets/<id>", summary="Одно обращение", seed="4.3", query=OrganizationQuery, gives=TicketFullOut,
    refuses=(404,), kept=False,
)  # fmt: skip
def show(id: str) -> Response:
    """One ticket with its description (seed §4.3)."""
    number = get_id(id)
    return respond(_full(staff_desk.enter(g.who, number), number), TicketFullOut)


@bp.patch(
    "/tickets/<id>", summary="Изменить обращение", query=OrganizationQuery, takes=TicketChangeIn, gives=TicketFullOut,
    refuses=(404,), needs="write_ticket",
    about="Поддержка AIGURO меняет состояние, отдел и важность. Менеджер или администратор организации может закрыть "
    "обращение (`closed`) и открыть закрытое снова (`open`), остальное для них — 403.",
)  # fmt: skip
def change(id: str) -> Response:
    """Set status, department, priority; what is left out stays."""
    wish = read_json(TicketChangeIn)
    number = get_id(id)
    who = staff_desk.enter(g.who, number)
    tickets.change(who, number, status=wish.status, department=wish.department, priority=wish.priority)
    return respond(_full(who, number), TicketFullOut)


@bp.get(
    "/tickets/<id>/messages", summary="Сообщения обращения", seed="4.4", query=MessagesQuery,
    gives=list[TicketMessageOut], refuses=(404,), kept=False,
    about="Старые сначала: так читают переписку; первое — описание. `url` файла действует 10 минут.",
)  # fmt: skip
def messages(id: str) -> Response:
    """The conversation, oldest first (seed §4.4)."""
    query, number = read_query(MessagesQuery), get_id(id)
    who = staff_desk.enter(g.who, number)
    scope = f"o{who.org}:ticket:{number}"
    page = paging.page_of(query, scope)
    after = page.after[0] if page.after else None
    total = ticket_lists.get_ticket(who, number)["messages_count"]
    rows = ticket_lists.list_messages(
        who, number, limit=page.limit, offset=page.offset, after_id=after if isinstance(after, int) else None
    )
    next_key = [rows[-1]["id"]] if len(rows) == page.limit else None
    headers = paging.headers(page, scope=scope, total=None if page.walk else total, next_key=next_key)
    return respond([_message(who, row) for row in rows], list[TicketMessageOut], headers=headers)


@bp.post(
    "/tickets/<id>/messages", summary="Написать в обращение", seed="4.5", query=OrganizationQuery,
    takes=TicketMessageIn, form=TicketMessageIn, files=("attachments",), gives=TicketMessageOut, status=201,
    refuses=(404,), needs="write_ticket", kept=False,
    about="Сообщение организации делает ожидающее (`waiting`) или закрытое обращение снова открытым (`open`). Ответ "
    "поддержки переводит открытое или взятое в работу в `waiting`, закрытое оставляет закрытым. " + WITH_FILES,
)  # fmt: skip
def answer(id: str) -> Response:
    """Write into a ticket (seed §4.5)."""
    number = get_id(id)
    with storage.receiving() as take:
        wish, stored = _read(TicketMessageIn, "attachments", take)
        who = staff_desk.enter(g.who, number)
        message_id = tickets.answer(who, number, wish.text, stored)
        row = ticket_lists.get_message(who, number, message_id)
        location = url_for("api_tickets.message", id=number, ticket_message_id=message_id)
        return respond(_message(who, row), TicketMessageOut, 201, {"Location": location})


@bp.get(
    "/tickets/<id>/messages/<ticket_message_id>", summary="Одно сообщение обращения", query=OrganizationQuery,
    gives=TicketMessageOut, refuses=(404,), kept=False,
)  # fmt: skip
def message(id: str, ticket_message_id: str) -> Response:
    """One message; where the `Location` of a new one points."""
    number, message_id = get_id(id), get_id(ticket_message_id)
    who = staff_desk.enter(g.who, number)
    return respond(_message(who, ticket_lists.get_message(who, number, message_id)), TicketMessageOut)


def _read(model: type[M], field: str, take: Take) -> tuple[M, list[storage.Stored]]:
    """The body, JSON or a form, and the form's files as `take` keeps them; after that the organisation is known."""
    if not multipart.is_multipart():
        return read_json(model), []
    before_the_files = tickets.must_write_somewhere if g.who.org is None else tickets.must_write
    before_the_files(g.who)
    with outside():
        wish, stored = multipart.read(model, take, files=(field,), most_files=FILES_MAX)
    active_org.settle(wish.org_id)
    return wish, stored


def _shown(row: TicketRow) -> dict[str, Any]:
    organization = OrganizationOfTicketOut.model_construct(id=row["org_id"], display_name=row["org_name"])
    return {**row, "organization": organization}


def _full(who: Actor, id: int) -> TicketFullOut:
    row = ticket_lists.get_ticket(who, id)
    first = ticket_lists.get_description(who, id)
    return TicketFullOut.model_construct(**_shown(row), description=first["text"], attachments=_attachments(who, first))


def _message(who: Actor, row: MessageRow) -> TicketMessageOut:
    return TicketMessageOut.model_construct(
        id=row["id"], text=row["text"], role=row["role"], author=row["author"], timestamp=row["created_at"],
        attachments=_attachments(who, row),
    )  # fmt: skip


def _attachments(who: Actor, row: MessageRow) -> list[AttachmentOut]:
    return [
        AttachmentOut.model_construct(id=file["id"], name=file["name"], size=file["size"], url=_url(who, file["id"]))
        for file in row["files"]
    ]


def _url(who: Actor, file_id: int) -> str:
    """A whole address, also where no PUBLIC_URL is known."""
    address = file_links.sign(who, "ticket_file", file_id, URL_SECONDS)
    return address if not address.startswith("/") else request.host_url.rstrip("/") + address
