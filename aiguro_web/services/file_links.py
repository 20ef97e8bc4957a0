"""Links to files: signed for one person, for minutes. That person's membership is checked again when a link is used."""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
import time
from dataclasses import dataclass, replace
from typing import Literal, TypedDict, cast

from sqlalchemy import select

from ..errors import Forbidden, NotFound
from ..extensions import db, enter_organization
from ..models import File, TicketFile
from . import organizations, users
from .access import Actor

Kind = Literal["file", "ticket_file"]

SECONDS_MAX = 600  # how long a link opens (contract.md §4)
PATH = "/api/download/"
_KINDS: tuple[Kind, ...] = ("file", "ticket_file")  # by their number in a token: only ever add to the end
_FORM = struct.Struct(">BQQQI")  # kind, organisation, id, user, end (Unix time)
_MAC = 20  # bytes: 160 bits
_LENGTH = -(-(_FORM.size + _MAC) * 4 // 3)  # signs of a token
_keys: list[bytes] = []
_base = ""


class ContentRow(TypedDict):
    """What a download needs to know of a file. `size` is in bytes."""

    name: str
    content_type: str
    size: int
    storage_key: str


@dataclass(frozen=True, slots=True)
class Link:
    """What a good token says; `who` may see the file now."""

    who: Actor
    kind: Kind
    id: int


def configure(secret_key: str, public_url: str) -> None:
    """Once at start: the settings SECRET_KEY (keys parted by commas, the first one signs) and PUBLIC_URL."""
    global _base
    _base = public_url
    _keys[:] = [
        hashlib.blake2b(part.strip().encode(), digest_size=32, person=b"aiguro.filelink").digest()
        for part in secret_key.split(",")
        if part.strip()
    ]


def sign(who: Actor, kind: Kind, id: int, seconds: int = SECONDS_MAX) -> str:
    """The address that gives the file to `who`, who has just seen it, for `seconds` (600 at most); only a path where no
    PUBLIC_URL is known."""
    if who.user_id is None:
        raise Forbidden("Ссылку получает человек")
    until = int(time.time()) + max(1, min(seconds, SECONDS_MAX))
    said = _FORM.pack(_KINDS.index(kind), who.home, id, who.user_id, until)
    return _base + PATH + base64.urlsafe_b64encode(said + _mac(_keys[0], said)).rstrip(b"=").decode()


def open_link(token: str) -> Link:
    """Whom the token was given to, and for which file; enters its organisation. Raises NotFound for a token that was
    not made here, Forbidden for one that is over or whose person may not see the file any more."""
    said = _verified(token)
    number, org_id, id, user_id, until = _FORM.unpack(said)
    if until < time.time():
        raise Forbidden("Ссылка на файл устарела, откройте его заново", code="link_expired")
    kind = _KINDS[number]
    person = users.session_person(user_id)
    rows = organizations.list_memberships(user_id) if person is not None else []
    role = next((row["role"] for row in rows if row["org_id"] == org_id), None)
    if person is None or (role is None and not (person.staff and kind == "ticket_file")):
        raise Forbidden("Нет доступа к организации")
    if role is None and not organizations.exists(org_id):  # the memberships know only organisations that are open
        raise Forbidden("Нет доступа к организации")
    enter_organization(org_id)
    return Link(replace(person, org=org_id, role=role), kind, id)


def get_content(who: Actor, kind: Kind, id: int) -> ContentRow:
    """The file that a link names. Raises NotFound, Forbidden."""
    table = File if kind == "file" else TicketFile
    if kind == "file":
        who.must("read_files")
    elif not who.staff:
        who.must("read")
    name = File.original_name if table is File else TicketFile.name
    query = select(name.label("name"), table.content_type, table.size, table.storage_key)
    row = db.session.execute(query.where(table.org_id == who.home, table.id == id)).mappings().one_or_none()
    if row is None:
        raise NotFound("Файл не найден")
    return cast(ContentRow, dict(row))


def _verified(token: str) -> bytes:
    try:
        data = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)) if len(token) == _LENGTH else b""
    except ValueError:
        data = b""
    said, mac = data[: _FORM.size], data[_FORM.size :]
    # Every key is tried, and the text compared too: base64 has several ways to write the same bytes.
    good = [hmac.compare_digest(mac, _mac(key, said)) for key in _keys]
    if len(data) != _FORM.size + _MAC or not any(good) or not token.isascii():
        raise NotFound("Файл не найден")
    if base64.urlsafe_b64encode(data).rstrip(b"=").decode() != token:
        raise NotFound("Файл не найден")
    return said


def _mac(key: bytes, said: bytes) -> bytes:
    return hmac.digest(key, said, "sha256")[:_MAC]
