"""Reading clients: the list with its filters and orders, and one of them. Deleted and made-up ones are not there."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, TypedDict, cast

from sqlalchemy import text

from ..errors import Invalid, NotFound
from ..extensions import db
from ..models.client import ClientStatus
from . import contacts, members
from .access import Actor
from .deal_filters import Span

Kind = Literal["новый", "постоянный", "неактивный"]
Sort = Literal["-id", "id", "-last_activity", "last_activity", "-created_at", "created_at", "name", "-name"]
Key = tuple[str, int]  # (the moment as ISO 8601, or the name, '' in the order of ids; id)

COUNTED_MAX = 10_000
SEARCHED_MAX = 100_000  # clients, those of the newest activity, that words are looked for in
SILENT_DAYS = 90

SHOWN = "org_id = :org AND deleted_at IS NULL AND NOT is_test"
_LOWER = "lower({}name)"
_SILENT = f"last_activity < now() - interval '{SILENT_DAYS} days'"
_WON = (
    "EXISTS (SELECT FROM dialog w WHERE w.org_id = :org AND w.client_id = client.id AND w.outcome = 'won' AND w.listed)"
)
# Silence counts first: what a client is now. Who has bought nothing yet stays
# new until then, also after their first 30 days: contract.md §6 leaves that open.
_KINDS: dict[str, str] = {
    "неактивный": _SILENT,
    "постоянный": f"NOT ({_SILENT}) AND {_WON}",
    "новый": f"NOT ({_SILENT}) AND NOT {_WON}",
}
# Sub-selects by index for the rows of a page alone: their plan stays good for a tenant of any size.
_ROWS = f"""
    SELECT c.id, c.name, c.phone, c.email, c.status, c.created_at, c.updated_at, c.last_activity,
           COALESCE(CASE WHEN c.manager_id IS NOT NULL THEN (
                        SELECT COALESCE(NULLIF(u.name, ''), u.email) FROM app_user u WHERE u.id = c.manager_id) END,
                    NULLIF(c.manager_text, '')) AS manager,
           CASE WHEN {_SILENT} THEN 'неактивный' WHEN t.won THEN 'постоянный' ELSE 'новый' END AS type,
           t.close_ratio, t.messages_count, t.dialogs_count
    FROM (SELECT * FROM {{found}} ORDER BY {{order}} LIMIT :limit OFFSET :offset) c
    CROSS JOIN LATERAL (
        SELECT COALESCE(max(o.close_ratio) FILTER (WHERE o.status = 'active'), 0) AS close_ratio,
               COALESCE(sum(o.messages_count), 0)::int AS messages_count, count(*)::int AS dialogs_count,
               COALESCE(bool_or(o.outcome = 'won'), false) AS won
        FROM dialog o WHERE o.org_id = :org AND o.client_id = c.id AND o.listed) t
    ORDER BY {{order_again}}
"""


class ClientRow(TypedDict):
    """`manager` is the member's display name, else the text that was set; `close_ratio` in percent."""

    id: int
    name: str
    phone: str
    email: str
    status: str
    type: Kind
    manager: str | None
    created_at: datetime
    updated_at: datetime
    last_activity: datetime
    close_ratio: int
    messages_count: int
    dialogs_count: int


@dataclass(frozen=True, slots=True)
class ClientFilter:
    """Which clients; None means any. `words` are looked for in name, phone and e-mail; `manager` as members.resolve
    takes it; `created` and `active` are stretches of time."""

    words: str | None = None
    status: ClientStatus | None = None
    kind: Kind | None = None
    manager: str | None = None
    created: Span | None = None
    active: Span | None = None


@dataclass(frozen=True, slots=True)
class ClientPage:
    """`total` is None where it is not known, or not asked for; `last` the key that the next page begins behind."""

    rows: list[ClientRow]
    total: int | None
    last: Key | None


def list_clients(
    who: Actor, wanted: ClientFilter, *, limit: int, offset: int = 0, sort: Sort = "-id", after: Key | None = None,
    count: bool = True,
) -> ClientPage:  # fmt: skip
    """A page of clients in one order; `after` continues behind a row."""
    who.must("read")
    where, values = _conditions(who, wanted)
    found = _found(where, wanted)
    if after is not None:
        found += " AND " + _behind(sort)
        values |= {"value": _value(after[0], sort), "last": after[1]}
    query = _ROWS.format(found=found, order=_order(sort), order_again=_order(sort, "c."))
    given = db.session.execute(text(query), {**values, "limit": limit, "offset": offset}).mappings()
    rows = [cast(ClientRow, dict(row)) for row in given]
    total = None
    if count:
        seen = offset + len(rows)
        ended = len(rows) < limit and (rows or offset == 0) and seen <= COUNTED_MAX  # the page itself tells
        total = seen if ended else _total(wanted, where, values)
    return ClientPage(rows, total, key(rows[-1], sort) if rows else None)


def get_client(who: Actor, client_id: int) -> ClientRow:
    """One client. Raises NotFound, also for a deleted one."""
    who.must("read")
    query = _ROWS.format(found=f"client WHERE {SHOWN} AND id = :id", order="id", order_again="c.id")
    values = {"org": who.home, "id": client_id, "limit": 1, "offset": 0}
    row = db.session.execute(text(query), values).mappings().one_or_none()
    if row is None:
        raise NotFound("Клиент не найден")
    return cast(ClientRow, dict(row))


def ids_query(who: Actor, wanted: ClientFilter) -> tuple[str, dict[str, Any]]:
    """SQL that gives the ids of the whole list, for a statement that goes through all of it, and its values."""
    who.must("read")
    where, values = _conditions(who, wanted)
    return f"SELECT id FROM {_found(where, wanted)}", values


def list_ids(who: Actor, wanted: ClientFilter, sort: Sort = "-id") -> array[int]:
    """The whole list by its ids, in order: for an export, whose rows must not move while it is written."""
    query, values = ids_query(who, wanted)
    found = db.session.execute(text(f"{query} ORDER BY {_order(sort)}"), values)
    return array("q", (row[0] for row in found))


def list_some(who: Actor, ids: Sequence[int]) -> list[ClientRow]:
    """These clients, in this order; without those that are gone."""
    who.must("read")
    query = _ROWS.format(found=f"client WHERE {SHOWN} AND id = ANY(:ids)", order="id", order_again="c.id")
    values = {"org": who.home, "ids": list(ids), "limit": len(ids), "offset": 0}
    rows = {row["id"]: cast(ClientRow, dict(row)) for row in db.session.execute(text(query), values).mappings()}
    return [rows[found] for found in ids if found in rows]


def find_same(who: Actor, phone: str, email: str, limit: int = 3) -> list[ClientRow]:
    """Clients who have this phone or this e-mail already; what is neither has nobody."""
    who.must("read")
    try:
        number = contacts.checked_phone(phone) if phone else ""
        address = contacts.checked_email(email) if email else ""
    except Invalid:
        return []
    parts = [f"{column} = :{column}" for column, value in (("phone", number), ("email", address)) if value]
    if not parts:
        return []
    # By two indexes, each of its own: an OR over both would read the whole list.
    same = " UNION ".join(f"SELECT id FROM client WHERE {SHOWN} AND {part}" for part in parts)
    query = _ROWS.format(found=f"client WHERE {SHOWN} AND id IN ({same})", order="id", order_again="c.id")
    values = {"org": who.home, "phone": number, "email": address, "limit": limit, "offset": 0}
    return [cast(ClientRow, dict(row)) for row in db.session.execute(text(query), values).mappings()]


def must_exist(who: Actor, client_id: int) -> None:
    """Raises NotFound."""
    who.must("read")
    query = text(f"SELECT 1 FROM client WHERE {SHOWN} AND id = :id")
    if db.session.scalar(query, {"org": who.home, "id": client_id}) is None:
        raise NotFound("Клиент не найден")


def _conditions(who: Actor, wanted: ClientFilter) -> tuple[str, dict[str, Any]]:
    """Without the words: they are looked for among what the rest lets through."""
    where, values = [SHOWN], dict[str, Any](org=who.home)
    if wanted.status is not None:
        where.append(f"status = '{wanted.status.value}'")  # an enum's value; written out, the partial index is seen
    if wanted.kind is not None:
        where.append(_KINDS[wanted.kind])
    if wanted.manager is not None:
        manager_id, name = members.resolve(who, wanted.manager)
        if manager_id is not None:
            where.append("manager_id = :manager")
        elif name:
            where.append("manager_text = :manager AND manager_text <> ''")
        else:
            where.append("manager_id IS NULL AND manager_text = ''")
        values["manager"] = manager_id or name
    for name, column, span in (
        ("created", "created_at", wanted.created), ("active", "last_activity", wanted.active)
    ):  # fmt: skip
        for sign, end, moment in ((">=", "start", span and span.start), ("<", "end", span and span.end)):
            if moment is not None:
                where.append(f"{column} {sign} :{name}_{end}")
                values[f"{name}_{end}"] = moment
    if wanted.words:
        values["words"] = f"%{_escaped(wanted.words)}%"
        number = contacts.digits(wanted.words)
        values["digits"] = f"%{number}%" if len(number) >= 3 and not _has_letters(wanted.words) else None
    return " AND ".join(where), values


def _found(where: str, wanted: ClientFilter) -> str:
    """What stands behind FROM. Words are looked for in the newest SEARCHED_MAX: a bound on the work."""
    if not wanted.words:
        return f"client WHERE {where}"
    newest = f"SELECT * FROM client WHERE {where} ORDER BY last_activity DESC, id DESC LIMIT {SEARCHED_MAX}"
    return (
        f"({newest}) s WHERE (concat_ws(E'\\n', name, email, phone) ILIKE :words "  # once a row: folding is what costs
        "OR phone LIKE CAST(:digits AS text))"
    )


def _total(wanted: ClientFilter, where: str, values: dict[str, Any]) -> int | None:
    """Exact without filter and by status (kept tally); other filters are counted up to COUNTED_MAX."""
    if wanted == ClientFilter(status=wanted.status):
        kept = where.replace(SHOWN, "org_id = :org")
        query = f"SELECT COALESCE(sum(clients), 0)::bigint FROM client_tally WHERE {kept}"
    else:
        found = f"SELECT FROM {_found(where, wanted)} LIMIT {COUNTED_MAX + 1}"
        query = f"SELECT NULLIF(count(*), {COUNTED_MAX + 1}) FROM ({found}) x"
    total: int | None = db.session.scalar(text(query), values)
    return total


def _order(sort: Sort, of: str = "") -> str:
    column, down = sort.removeprefix("-"), " DESC" if sort.startswith("-") else ""
    names = [f"{of}id"] if column == "id" else [_LOWER.format(of) if column == "name" else f"{of}{column}", f"{of}id"]
    return ", ".join(f"{name}{down}" for name in names)


def _behind(sort: Sort) -> str:
    column, sign = sort.removeprefix("-"), "<" if sort.startswith("-") else ">"
    if column == "id":
        return f"id {sign} :last"
    if column == "name":
        return f"({_LOWER.format('')}, id) {sign} (lower(CAST(:value AS text)), :last)"
    return f"({column}, id) {sign} (CAST(:value AS timestamptz), :last)"


def key(row: ClientRow, sort: Sort) -> Key:
    """What the rows behind this one continue after."""
    column = sort.removeprefix("-")
    if column == "name":
        return row["name"], row["id"]
    moment = "" if column == "id" else cast(datetime, row[column]).astimezone(UTC).isoformat()  # type: ignore[literal-required]
    return moment, row["id"]


def _value(text: str, sort: Sort) -> str | datetime | None:
    if sort.removeprefix("-") == "name":
        return text
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError as error:
        raise Invalid("Неверное продолжение списка", before="возьмите его из ответа") from error


def _escaped(words: str) -> str:
    """`%` and `_` mean themselves."""
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _has_letters(words: str) -> bool:
    return any(sign.isalpha() for sign in words)
