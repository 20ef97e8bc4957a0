"""Tickets."""

from __future__ import annotations

from aiguro_web.models.ticket import Department, TicketStatus
from aiguro_web.services import ticket_lists, tickets
from aiguro_web.services.ticket_lists import TicketFilter

from .. import rows


def number(of: rows.Rows) -> int:
    found: int = of["ticket"]["id"]
    return found


CALLS = {
    "ticket_lists.list_tickets": lambda who, of: ticket_lists.list_tickets(
        who, TicketFilter(of["funnel"]["id"]), limit=9
    ),
    "ticket_lists.count_tickets": lambda who, of: ticket_lists.count_tickets(who, TicketFilter(of["funnel"]["id"])),
    "ticket_lists.list_recent": lambda who, of: ticket_lists.list_recent(
        who, TicketFilter(of["funnel"]["id"]), limit=9
    ),
    "ticket_lists.count_states": lambda who, of: ticket_lists.count_states(who, TicketFilter(of["funnel"]["id"])),
    "ticket_lists.list_newest": lambda who, of: ticket_lists.list_newest(who, number(of), limit=9),
    "ticket_lists.get_file": lambda who, of: ticket_lists.get_file(who, number(of), of["ticket_file"]["id"]),
    "ticket_lists.get_ticket": lambda who, of: ticket_lists.get_ticket(who, number(of)),
    "ticket_lists.get_description": lambda who, of: ticket_lists.get_description(who, number(of)),
    "ticket_lists.list_messages": lambda who, of: ticket_lists.list_messages(who, number(of), limit=9),
    "ticket_lists.get_message": lambda who, of: ticket_lists.get_message(who, number(of), of["ticket_message"]["id"]),
    "ticket_lists.must_have_funnel": lambda who, of: ticket_lists.must_have_funnel(who, of["funnel"]["id"]),
    "tickets.open_ticket": lambda who, of: tickets.open_ticket(
        who, subject="чужое", description="чужое", department=Department.general, funnel_id=of["funnel"]["id"]
    ),
    "tickets.answer": lambda who, of: tickets.answer(who, number(of), "чужое"),
    "tickets.change": lambda who, of: tickets.change(who, number(of), status=TicketStatus.closed),
}
# Rights alone; and what AIGURO's staff alone may call, over all organisations (tests/services/test_tickets.py).
TAKE_A_ROW = {
    "ticket_lists.must_read", "tickets.must_write", "tickets.must_write_somewhere",
    "staff_desk.must_be_staff", "staff_desk.enter", "staff_desk.enter_funnel",
    "staff_desk.list_tickets", "staff_desk.count_tickets", "staff_desk.list_recent", "staff_desk.count_states",
}  # fmt: skip
