"""Tickets as pages show them, to their company and at support's desk: the list, the conversation, forms with files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar

from flask import Response, g, make_response, redirect, render_template, request, url_for
from flask_babel import format_decimal, gettext, lazy_gettext, to_user_timezone
from pydantic import BaseModel
from werkzeug.wrappers import Response as BaseResponse

from .. import storage
from ..errors import AppError, Invalid, TooLarge
from ..models.message import TEXT_MAX
from ..models.ticket import SUBJECT_MAX, Department, Priority, TicketStatus
from ..models.ticket_message import FILES_MAX
from ..services import file_links, ticket_lists
from ..services.access import Actor
from ..services.ticket_lists import MessageRow, TicketFilter, TicketPage
from ..web import multipart, tenancy
from ..web.door import outside
from . import shell

ROWS, ROWS_MAX = 40, 400  # a refresh brings back as many as were shown, up to this
NEWEST = 40  # messages
PAUSE = timedelta(minutes=10)  # after it the same voice is named again
WORDS_MAX = 100
LIMIT = multipart.FILE_LIMIT  # bytes of the files of one message together
LINK_SECONDS = 300

COMPANY, DESK = "support", "staff_desk"  # the two screens, by their blueprints

DEPARTMENTS = {
    Department.technical: lazy_gettext("Техническая поддержка"),
    Department.sales: lazy_gettext("Продажи"),
    Department.billing: lazy_gettext("Оплата и документы"),
    Department.general: lazy_gettext("Общие вопросы"),
}
PRIORITIES = {
    Priority.low: lazy_gettext("Низкая"),
    Priority.medium: lazy_gettext("Обычная"),
    Priority.high: lazy_gettext("Высокая"),
    Priority.urgent: lazy_gettext("Срочно"),
}
STATES = {
    COMPANY: {
        TicketStatus.open: lazy_gettext("Открыто"),
        TicketStatus.in_progress: lazy_gettext("В работе"),
        TicketStatus.waiting: lazy_gettext("Ждёт вас"),
        TicketStatus.closed: lazy_gettext("Закрыто"),
    },
    DESK: {
        TicketStatus.open: lazy_gettext("Ждёт ответа"),
        TicketStatus.in_progress: lazy_gettext("В работе"),
        TicketStatus.waiting: lazy_gettext("Ждём клиента"),
        TicketStatus.closed: lazy_gettext("Закрыто"),
    },
}
TABS = {
    COMPANY: {
        TicketStatus.open: lazy_gettext("Открыты"),
        TicketStatus.in_progress: lazy_gettext("В работе"),
        TicketStatus.waiting: lazy_gettext("Ждут вас"),
        TicketStatus.closed: lazy_gettext("Закрыты"),
    },
    DESK: {
        TicketStatus.open: lazy_gettext("Ждут ответа"),
        TicketStatus.in_progress: lazy_gettext("В работе"),
        TicketStatus.waiting: lazy_gettext("Ждём клиента"),
        TicketStatus.closed: lazy_gettext("Закрыты"),
    },
}

Kind = TypeVar("Kind", bound=StrEnum)
Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Asked:
    """What an address asks of the list: its filter, words of an organisation's name (the desk), the open ticket."""

    place: str
    wanted: TicketFilter
    words: str
    open: int | None

    @property
    def status(self) -> str:
        return self.wanted.status.value if self.wanted.status else ""

    @property
    def narrowed(self) -> bool:
        """Whether more than the state narrows the list."""
        return (
            any(value is not None for value in (self.wanted.funnel_id, *self._choices().values())) or self.words != ""
        )

    def address(self, endpoint: str, **more: Any) -> str:
        """A way of this screen, with the filter and what else is given (None takes a name out)."""
        names = {"status": self.status, "words": self.words, "topic": self.wanted.funnel_id, **self._choices(), **more}
        return url_for(f"{self.place}.{endpoint}", **{name: value for name, value in names.items() if value})

    def page(self, ticket_id: int | None = None) -> str:
        """The screen with this list, and that ticket open."""
        return self.address("index", ticket=ticket_id)

    def _choices(self) -> dict[str, str | None]:
        wanted = self.wanted
        return {
            "department": wanted.department.value if wanted.department else None,
            "priority": wanted.priority.value if wanted.priority else None,
        }


@dataclass(frozen=True)
class Tab:
    """A state of tickets above the list."""

    status: str
    name: str
    count: int
    current: bool
    since: datetime | None = None


def asked(place: str) -> Asked:
    """What this request's address asks for; what cannot be read filters nothing."""
    args = request.args
    wanted = TicketFilter(
        tenancy.read_id(args.get("topic", "")), _one_of(TicketStatus, "status"), _one_of(Department, "department"),
        _one_of(Priority, "priority"),
    )  # fmt: skip
    words = args.get("words", "").strip()[:WORDS_MAX] if place == DESK else ""
    return Asked(place, wanted if place == COMPANY else replace(wanted, funnel_id=None), words, _id("ticket"))


def rows_wanted() -> int:
    """How many rows a list is asked for: a refresh brings back as many as are shown."""
    return min(max(_id("shown") or ROWS, ROWS), ROWS_MAX)


def before() -> str | None:
    return request.args.get("before")


def tabs(asked: Asked, counts: dict[TicketStatus, int], since: dict[TicketStatus, datetime | None]) -> list[Tab]:
    """The states with their counts; all of them together stand last."""
    found = [
        Tab(state.value, str(name), counts[state], asked.wanted.status == state, since.get(state))
        for state, name in TABS[asked.place].items()
    ]
    return [*found, Tab("", gettext("Все"), sum(counts.values()), asked.wanted.status is None)]


def context(asked: Asked, page: TicketPage | None = None, tabs: list[Tab] | None = None) -> dict[str, Any]:
    """What every template of support may name."""
    who: Actor = g.who
    return {
        "asked": asked, "page": page, "tabs": tabs, "departments": DEPARTMENTS, "priorities": PRIORITIES,
        "states": STATES[asked.place], "desk": asked.place == DESK, "staff": who.staff, "company": bool(g.memberships),
        "writes": may_write(who, asked.place), "text_max": TEXT_MAX, "subject_max": SUBJECT_MAX,
        "files_max": FILES_MAX, "files_limit": LIMIT,
    }  # fmt: skip


def may_write(who: Actor, place: str) -> bool:
    return who.staff if place == DESK else shell.rights(who)["tickets"]


def list_(asked: Asked, page: TicketPage, tabs: list[Tab]) -> Response:
    """The list alone; with `before`, its next rows; with `live`, a refresh, which leaves the address as it is."""
    name = "support/_rows.html" if before() else "support/_list.html"
    response = make_response(render_template(name, **context(asked, page, tabs)))
    if before() is None and "live" not in request.args:
        response.headers["HX-Replace-Url"] = asked.page(asked.open)
    return response


def conversation(who: Actor, asked: Asked, ticket_id: int, before_id: int | None = None) -> dict[str, Any]:
    """A ticket and its newest messages (those before `before_id`), laid out, for the templates."""
    ticket = ticket_lists.get_ticket(who, ticket_id)
    found = ticket_lists.list_newest(who, ticket_id, limit=NEWEST + 1, before_id=before_id)
    above = found.pop(0) if len(found) > NEWEST else None
    laid = list(_lay_out(found, above, asked.place))
    older = laid[0]["id"] if above else None
    return {**context(asked), "ticket": ticket, "messages": laid, "older": older}


def file(who: Actor, ticket_id: int, file_id: int) -> BaseResponse:
    """Off to the file by a fresh signed link: the address in a page stays the same, so that a refresh does not load its
    pictures anew, and a page that stands open for hours still opens them."""
    found = ticket_lists.get_file(who, ticket_id, file_id)
    return redirect(file_links.sign(who, "ticket_file", found["id"], LINK_SECONDS), 302)


@contextmanager
def receiving(model: type[Model], field: str) -> Iterator[tuple[Model, list[storage.Stored]]]:
    """This request's form and its files, which are kept when what stands within succeeds. Read outside of any
    transaction. Raises Invalid with all that is wrong: `fields` names fields, and files by their names."""
    wrong: dict[str, str] = {}
    with storage.receiving() as keep:

        def take(part: multipart.Part) -> storage.Stored | None:
            try:
                return keep(part)
            except (Invalid, TooLarge) as refusal:  # the next file may be wrong too: a person wants to hear it all
                wrong[part.filename] = refusal.message
                return None

        with outside():
            wish, kept = multipart.read(model, take, files=(field,), most_files=FILES_MAX)
        if wrong:
            raise Invalid(errors=wrong)
        yield wish, [stored for stored in kept if stored is not None]


def refused(refusal: AppError, form: str) -> Response:
    """What is wrong, put into the form that is still there: a browser cannot be given back the files it had chosen, so
    the form itself is not drawn anew, and nothing in it is lost."""
    names = {
        "subject": gettext("Тема"), "description": gettext("Описание"), "text": gettext("Сообщение"),
        "department": gettext("Отдел"), "priority": gettext("Важность"), "funnelId": gettext("Воронка"),
        "files": gettext("Файлы"), "attachments": gettext("Файлы"),
    }  # fmt: skip
    wrong = [(names.get(name.strip("/"), name), words) for name, words in refusal.fields.items()]
    page = render_template("support/_problems.html", form=form, wrong=wrong, message=refusal.message)
    response = make_response(page, 422)
    response.headers["HX-Retarget"] = f"#{form}-problems"
    response.headers["HX-Reswap"] = "outerHTML"
    return response


def _lay_out(rows: Iterable[MessageRow], above: MessageRow | None, place: str) -> Iterator[dict[str, Any]]:
    """Where a day breaks, where another voice begins, and on whose side a message stands."""
    ours = "support" if place == DESK else "user"
    for row in rows:
        day = above is None or _day(row) != _day(above)
        files = [
            {**file, "image": file["content_type"].startswith("image/"), "weight": _weight(file["size"])}
            for file in row["files"]
        ]
        yield {**row, "files": files, "ours": row["role"] == ours, "day": day, "first": day or _new_voice(row, above)}
        above = row


def _day(row: MessageRow) -> Any:
    return to_user_timezone(row["created_at"]).date()


def _weight(size: int) -> str:
    """«48 кБ», «1,2 МБ»; `size` is in bytes."""
    if size < 1024 * 1024:
        return str(gettext("%(number)s кБ", number=max(1, round(size / 1024))))
    return str(gettext("%(number)s МБ", number=format_decimal(round(size / 1024 / 1024, 1))))


def _new_voice(row: MessageRow, above: MessageRow | None) -> bool:
    if above is None or (row["role"], row["author"]) != (above["role"], above["author"]):
        return True
    return row["created_at"] - above["created_at"] > PAUSE


def _one_of(kind: type[Kind], name: str) -> Kind | None:
    try:
        return kind(request.args.get(name, ""))
    except ValueError:
        return None


def _id(name: str) -> int | None:
    return tenancy.read_id(request.args.get(name, ""))
