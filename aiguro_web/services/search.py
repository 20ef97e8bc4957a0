"""Search over clients, dialogs, messages and tickets of the organisation, by words, phones and addresses.

Functions of the database find ids (migration 0015); everything shown of them is read here, behind the wall.
"""

from __future__ import annotations

import contextlib
import re
import uuid as uuids
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypedDict, cast

from sqlalchemy import Text, and_, bindparam, func, or_, select, text, true
from sqlalchemy.dialects.postgresql import ARRAY

from ..extensions import among, db
from ..models import Client, Dialog, Funnel, Message, Stage, Ticket, TicketMessage
from . import contacts
from .access import Actor
from .snippets import Snippet, cut

WORDS_MAX = 8
TYPED_MAX = 100
SHOWN = 6  # of each kind
_LEAST_DIGITS = 3
_STEMS = (
    "SELECT tsvector_to_array(to_tsvector('pg_catalog.russian', w)) "
    "FROM unnest(:words) WITH ORDINALITY u (w, n) ORDER BY n"
)
_LOOKED_AT = 60  # messages found, some of which may be of dialogs that are gone


class ClientHit(TypedDict):
    id: int
    name: str
    phone: str
    email: str


class DialogHit(TypedDict):
    uuid: uuids.UUID
    client_name: str
    funnel_name: str
    stage_name: str
    status: str
    channel: str
    last_message: str
    last_activity: datetime


class MessageHit(TypedDict):
    """`text` is cut around the first hit, in pieces: what is marked was looked for."""

    id: int
    uuid: uuids.UUID
    client_name: str
    role: str
    created_at: datetime
    text: Snippet


class TicketHit(TypedDict):
    id: int
    subject: str
    status: str
    created_at: datetime
    text: Snippet


@dataclass(frozen=True, slots=True)
class Found:
    """What there is of each kind, the best SHOWN of them."""

    clients: list[ClientHit] = field(default_factory=list)
    dialogs: list[DialogHit] = field(default_factory=list)
    messages: list[MessageHit] = field(default_factory=list)
    tickets: list[TicketHit] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.clients or self.dialogs or self.messages or self.tickets)


def find(who: Actor, words: str) -> Found:
    """Everything that the words name; the last of them may be half-typed. Nothing for no words."""
    who.must("read")
    typed = words.strip()[:TYPED_MAX]
    if not _split(typed):
        return Found()
    clients, asked = client_ids(who, typed, limit=200), _text_query(typed)
    return Found(
        clients=_clients(who, clients), dialogs=_dialogs(who, typed, clients), messages=_messages(who, typed, asked),
        tickets=_tickets(who, typed, asked),
    )  # fmt: skip


def client_ids(who: Actor, words: str, limit: int = 1000) -> list[int]:
    """Clients, deleted and made-up ones too, whose name or e-mail has words that begin so, or whose phone has these
    digits anywhere: the newest first."""
    who.must("read")
    query = _client_query(words[:TYPED_MAX])
    return _ids("search_clients", query, limit)


def _split(words: str) -> list[str]:
    """Words as the index has them: letters and digits, in lower case, ё as е."""
    found = re.findall(r"[^\W_]+", words.lower().replace("ё", "е"))
    return [word[:60] for word in found[:WORDS_MAX]]


def _numbers(words: str) -> list[str]:
    """The phone digits that are meant, where nothing but a phone is: who dials 8 first means 7."""
    if any(sign.isalpha() for sign in words):
        return []
    number = contacts.digits(words)[:20]
    if len(number) < _LEAST_DIGITS:
        return []
    return [number, "7" + number[1:]] if number[0] == "8" else [number]


def _lexeme(word: str, prefix: bool = False) -> str:
    """One word of a tsquery: `{}` becomes its organisation and bucket. A word is letters and digits (_split)."""
    return f"'{{}}{word}'" + (":*" if prefix else "")


def _client_query(words: str) -> str:
    numbers = [_lexeme(f"tel{number}", prefix=True) for number in _numbers(words)]
    split = _split(words)
    parts = []
    for word in split:
        either = [_lexeme(word, prefix=True)]
        if word.isascii() and word.isdigit() and len(word) >= _LEAST_DIGITS:
            either.append(_lexeme(f"tel{word}", prefix=True))
        parts.append(f"({' | '.join(either)})")
    return " | ".join([*numbers, f"({' & '.join(parts)})"]) if parts else " | ".join(numbers)


def _text_query(words: str) -> str:
    """All words, each in any of its forms; the last one may only have begun. '' where they say nothing («и», «не»)."""
    split = _split(words)
    stems = db.session.execute(
        text(_STEMS)
        .bindparams(bindparam("words", split, ARRAY(Text)))
    ).scalars()  # fmt: skip
    parts = []
    for number, (word, forms) in enumerate(zip(split, stems, strict=True), 1):
        either = [_lexeme(form) for form in forms if _split(form) == [form]]
        if number == len(split) and (len(word) > 1 or word.isdigit()):
            either.append(_lexeme(word, prefix=True))
        if either:
            parts.append(f"({' | '.join(either)})")
    return " & ".join(parts)


def _ids(function: str, query: str, limit: int) -> list[int]:
    if not query:
        return []
    found = db.session.scalars(text(f"SELECT * FROM {function}(:query, :limit)"), {"query": query, "limit": limit})
    return list(found)


def _clients(who: Actor, ids: list[int]) -> list[ClientHit]:
    shown = (Client.org_id == who.home, Client.deleted_at.is_(None), Client.is_test.is_(False))
    query = select(Client.id, Client.name, Client.phone, Client.email).where(*shown, among(Client.id, ids))
    rows = db.session.execute(query.order_by(Client.last_activity.desc(), Client.id.desc()).limit(SHOWN)).mappings()
    return [cast(ClientHit, dict(row)) for row in rows]


def _dialogs(who: Actor, words: str, clients: list[int]) -> list[DialogHit]:
    """Of these clients, by thread or address; or in a funnel that some words name, of clients whom the others name."""
    d, c, s, f = Dialog, Client, Stage, Funnel
    wanted: list[Any] = [among(d.client_id, clients), d.thread_id == words]
    with contextlib.suppress(ValueError):
        wanted.append(d.uuid == uuids.UUID(words))
    funnel_ids, rest = _funnels(who, words)
    if funnel_ids:
        of_rest = among(d.client_id, client_ids(who, rest, limit=200)) if rest else true()
        wanted.append(and_(among(d.funnel_id, funnel_ids), of_rest))
    found: dict[int, datetime] = {}
    for condition in wanted:  # one after the other: each has an index of its own
        newest = select(d.id, d.last_activity).where(d.org_id == who.home, d.listed, condition)
        rows = db.session.execute(newest.order_by(d.last_activity.desc(), d.id.desc()).limit(SHOWN))
        found |= {row.id: row.last_activity for row in rows}
    best = sorted(found, key=lambda id: found[id], reverse=True)[:SHOWN]
    query = (
        select(
            d.uuid, c.name.label("client_name"), f.display_name.label("funnel_name"), s.name.label("stage_name"),
            d.status, d.channel, d.last_message, d.last_activity,
        )
        .join(c, and_(c.org_id == d.org_id, c.id == d.client_id))
        .join(s, and_(s.org_id == d.org_id, s.id == d.stage_id))
        .join(f, and_(f.org_id == d.org_id, f.id == d.funnel_id))
        .where(d.org_id == who.home, among(d.id, best))
        .order_by(d.last_activity.desc(), d.id.desc())
    )  # fmt: skip
    return [cast(DialogHit, dict(row)) for row in db.session.execute(query).mappings()] if best else []


def _funnels(who: Actor, words: str) -> tuple[list[int], str]:
    """Funnels in whose name words begin with some of these; and the other words."""
    rows = db.session.execute(
        select(Funnel.id, Funnel.display_name).where(Funnel.org_id == who.home, Funnel.archived_at.is_(None))
    ).all()
    names = {row.id: _split(row.display_name) for row in rows}
    split = [word for word in _split(words) if len(word) > 2]
    named = [word for word in split if any(own.startswith(word) for name in names.values() for own in name)]
    ids = [
        id for id, name in names.items() if named and all(any(own.startswith(word) for own in name) for word in named)
    ]
    return ids, " ".join(word for word in _split(words) if word not in named)


def _messages(who: Actor, words: str, asked: str) -> list[MessageHit]:
    ids = _ids("search_messages", asked, _LOOKED_AT)
    m, d, c = Message, Dialog, Client
    query = (
        select(m.id, d.uuid, c.name.label("client_name"), m.role, m.created_at, m.text)
        .join(d, and_(d.org_id == m.org_id, d.id == m.dialog_id))
        .join(c, and_(c.org_id == d.org_id, c.id == d.client_id))
        .where(m.org_id == who.home, among(m.id, ids), d.listed)
        .order_by(m.id.desc())
        .limit(SHOWN)
    )
    if not ids:
        return []
    rows = db.session.execute(query).mappings()
    return [cast(MessageHit, {**row, "text": cut(row["text"], _split(words))}) for row in rows]


def _tickets(who: Actor, words: str, asked: str) -> list[TicketHit]:
    """By their subject or by one of their messages, whose words are shown then."""
    ids, message_ids = _ids("search_tickets", asked, SHOWN), _ids("search_ticket_messages", asked, _LOOKED_AT)
    if not ids and not message_ids:
        return []
    t, m = Ticket, TicketMessage
    said = select(func.max(m.id)).where(m.org_id == who.home, m.ticket_id == t.id, among(m.id, message_ids))
    last = said.correlate(t).scalar_subquery()
    of_messages = select(m.ticket_id).where(m.org_id == who.home, among(m.id, message_ids))
    found = (
        select(t.id, t.subject, t.status, t.created_at, m.text)
        .outerjoin(m, and_(m.org_id == t.org_id, m.id == last))
        .where(t.org_id == who.home, or_(among(t.id, ids), t.id.in_(of_messages)))
        .order_by(t.id.desc())
        .limit(SHOWN)
    )
    rows = db.session.execute(found).mappings()
    return [cast(TicketHit, {**row, "text": cut(row["text"] or "", _split(words))}) for row in rows]
