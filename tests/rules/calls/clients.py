"""Clients: reading, changing, deleting, erasing; members."""

from __future__ import annotations

from aiguro_web.services import client_lists, clients, erasure, members, outbox

from .. import rows


def person(of: rows.Rows) -> int:
    found: int = of["client"]["id"]
    return found


CALLS = {
    "client_lists.list_clients": lambda who, of: client_lists.list_clients(
        who, client_lists.ClientFilter(words=of["client"]["name"][:200]), limit=9
    ),
    "client_lists.get_client": lambda who, of: client_lists.get_client(who, person(of)),
    "client_lists.must_exist": lambda who, of: client_lists.must_exist(who, person(of)),
    "clients.lock": lambda who, of: clients.lock(who, person(of)),
    "clients.change": lambda who, of: clients.change(who, person(of), {"name": "чужое"}),
    "clients.delete": lambda who, of: clients.delete(who, person(of)),
    "clients.restore": lambda who, of: clients.restore(who, person(of)),
    "outbox.call_off_all": lambda who, of: outbox.call_off_all(who, [of["dialog"]["id"]], "чужое"),
    "erasure.forget_payloads": lambda who, of: erasure.forget_payloads(who, of["inbound_update"]["id"] - 1),
    "erasure.erase_messages": lambda who, of: erasure.erase_messages(who, person(of)),
    "erasure.erase": lambda who, of: erasure.erase(who, person(of)),
    "members.resolve": lambda who, of: members.resolve(who, str(of["app_user"]["id"])) == (None, ""),
    "members.list_members": lambda who, of: [
        row for row in members.list_members(who) if row["id"] == of["app_user"]["id"]
    ],
}
TAKE_A_ROW = {"clients.create"}
