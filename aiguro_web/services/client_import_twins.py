"""Whom the rows of an import are about: clients of the organisation with the same phone or e-mail."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import text

from ..extensions import db
from .access import Actor

Kind = Literal["phone", "email"]
Known = dict[str, Any]  # a client, as a piece sees and changes it

COLUMNS = ("id", "name", "phone", "email", "manager_id", "manager_text", "status", "source")
# Two statements in one, each by its own index; an OR between them would read all clients. The oldest of several wins.
_FOUND = f"""
    SELECT {", ".join(COLUMNS)} FROM client
    WHERE org_id = :org AND deleted_at IS NULL AND id IN (
        SELECT id FROM client WHERE org_id = :org AND deleted_at IS NULL AND NOT is_test
                                AND phone <> '' AND phone = ANY(:phones)
        UNION ALL
        SELECT id FROM client WHERE org_id = :org AND deleted_at IS NULL AND NOT is_test
                                AND email <> '' AND email = ANY(:emails))
    ORDER BY id
"""


@dataclass
class Twins:
    """Clients by their phones and e-mails; `add` takes in whoever appears meanwhile."""

    by_phone: dict[str, Known] = field(default_factory=dict)
    by_email: dict[str, Known] = field(default_factory=dict)

    def add(self, client: Known) -> None:
        """The first one with a phone or e-mail keeps it."""
        if client["phone"]:
            self.by_phone.setdefault(client["phone"], client)
        if client["email"]:
            self.by_email.setdefault(client["email"], client)

    def of(self, fields: Mapping[str, str]) -> tuple[Known | None, Known | None]:
        """Who has the phone, and who has the e-mail."""
        return self.by_phone.get(fields.get("phone", "")), self.by_email.get(fields.get("email", ""))


def find(who: Actor, rows: Iterable[Mapping[str, str]], *, lock: bool = False) -> Twins:
    """Those that any of these rows could mean; locked in the order of their ids, as everybody locks several."""
    who.must("read")
    rows = list(rows)
    values = {
        "org": who.home,
        "phones": sorted({row["phone"] for row in rows if row.get("phone")}),
        "emails": sorted({row["email"] for row in rows if row.get("email")}),
    }
    found = Twins()
    if values["phones"] or values["emails"]:
        query = _FOUND + (" FOR NO KEY UPDATE" if lock else "")
        for client in db.session.execute(text(query), values).mappings():
            found.add(dict(client))
    return found


def torn(by_phone: Known | None, by_email: Known | None) -> str:
    """Why a row that names two clients at once can be neither of them; '' where it does not."""
    if by_phone is None or by_email is None or by_phone is by_email:
        return ""
    return "телефон принадлежит одному клиенту, а почта — другому"  # no names: one of them may be erased


def match(by_phone: Known | None, by_email: Known | None) -> str:
    """What told that it is the same client."""
    if by_phone is not None and by_email is not None:
        return "совпадают телефон и почта"
    return "совпадает телефон" if by_phone is not None else "совпадает почта"
