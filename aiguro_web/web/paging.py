"""Pages of a list: by number, or by a signed cursor that stays right while rows are added."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Self, TypeVar
from urllib.parse import quote, urlencode

from flask import current_app, request
from pydantic import BaseModel, Field, model_validator

from ..errors import Invalid

LIMIT = 1000  # rows, both the most and what is given unasked
OFFSET_CAP = 2**31
CURSOR_LENGTH = 1024  # characters
_MAC = 16  # bytes of the signature

Scalar = str | int | float | bool | None
Row = TypeVar("Row", bound=Mapping[str, Any])


class PageQuery(BaseModel):
    """The query of every list; filters of a list are fields of a subclass."""

    page: Annotated[int | None, Field(ge=1, le=OFFSET_CAP, description="Номер страницы, с 1")] = None
    limit: Annotated[int | None, Field(ge=1, le=LIMIT, description="Строк на странице")] = None
    cursor: Annotated[
        str | None, Field(max_length=CURSOR_LENGTH, description="Пусто: начать обход; дальше из Link rel=next")
    ] = None

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.cursor is not None and self.page is not None:
            raise ValueError("укажите или page, или cursor")
        return self


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows: `limit` from `offset`, or (in a `walk`) `limit` after the row with the key `after` (None: from the
    first)."""

    limit: int = LIMIT
    offset: int = 0
    walk: bool = False
    after: tuple[Scalar, ...] | None = None

    @property
    def number(self) -> int:
        """The page's number, from 1."""
        return self.offset // self.limit + 1


def page_of(query: PageQuery, scope: str) -> Page:
    """The page that a query asks for. `scope` names organisation, resource and order: a cursor of another one is
    refused. Raises Invalid."""
    limit = query.limit or LIMIT
    if query.cursor is not None:
        after = decode(query.cursor, scope, key()) if query.cursor else None
        return Page(limit, walk=True, after=after)
    return Page(limit, min(((query.page or 1) - 1) * limit, OFFSET_CAP))  # what is past the end is empty


def key() -> bytes:
    """The application's key for cursors, derived from the first SECRET_KEY."""
    kept: bytes | None = current_app.extensions.get("cursor_key")
    if kept is None:
        secret = str(current_app.config["SECRET_KEY"]).split(",")[0]
        kept = current_app.extensions["cursor_key"] = hashlib.blake2b(
            secret.encode(), digest_size=32, person=b"aiguro.cursor"
        ).digest()
    return kept


def encode(values: Sequence[Scalar], scope: str, secret: bytes) -> str:
    """An opaque cursor: the sort key of the last row, signed together with its scope."""
    payload = json.dumps(list(values), ensure_ascii=False, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_mac(payload, scope, secret) + payload).rstrip(b"=").decode()


def decode(cursor: str, scope: str, secret: bytes) -> tuple[Scalar, ...]:
    """The values of `encode`. Raises Invalid for a cursor that was not made here for this scope."""
    bad = Invalid("Этот cursor не подходит к списку", cursor="неверный курсор")
    if len(cursor) > CURSOR_LENGTH or not re.fullmatch(r"[A-Za-z0-9_-]+", cursor):
        raise bad
    try:
        data = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except ValueError:
        raise bad from None
    if base64.urlsafe_b64encode(data).rstrip(b"=").decode() != cursor:
        raise bad
    mac, payload = data[:_MAC], data[_MAC:]
    if not hmac.compare_digest(mac, _mac(payload, scope, secret)):
        raise bad
    return tuple(json.loads(payload))


def _mac(payload: bytes, scope: str, secret: bytes) -> bytes:
    label = scope.encode()
    return hmac.digest(secret, len(label).to_bytes(4, "big") + label + payload, "sha256")[:_MAC]


def headers(
    page: Page,
    *,
    scope: str = "",
    total: int | None = None,
    more: bool | None = None,
    next_key: Sequence[Scalar] | None = None,
) -> dict[str, str]:
    """`Link` (RFC 8288) and `X-Total-Count` of an answer.

    `total`: exact number of rows, if known (else no `last`). `more`: whether rows follow, where `total` is not known.
    `next_key`: in a walk, the sort key of the last row, if rows follow.
    """
    links: list[tuple[str, str]] = []
    if page.walk:
        if next_key is not None:
            links.append(("next", f"{_base()}limit={page.limit}&cursor={encode(next_key, scope, key())}"))
    else:
        links = _numbered(page, total, more)
    found = {"Link": ", ".join(f'<{address}>; rel="{rel}"' for rel, address in links)} if links else {}
    if total is not None:
        found["X-Total-Count"] = str(total)
    return found


def part(rows: Sequence[Row], page: Page, scope: str) -> tuple[Sequence[Row], dict[str, str]]:
    """Of a short list that was read whole, in the order of its `id`: the page's rows, and the answer's headers."""
    if not page.walk:
        return rows[page.offset : page.offset + page.limit], headers(page, total=len(rows))
    behind = page.after[0] if page.after else None
    left = [row for row in rows if row["id"] > behind] if isinstance(behind, int) else rows
    shown = left[: page.limit]
    next_key = [shown[-1]["id"]] if len(left) > page.limit else None
    return shown, headers(page, scope=scope, total=len(rows), next_key=next_key)


def _numbered(page: Page, total: int | None, more: bool | None) -> list[tuple[str, str]]:
    last = max(1, -(-total // page.limit)) if total is not None else None
    links = [("first", 1)]
    if page.number > 1:
        links.append(("prev", page.number - 1 if last is None else min(page.number - 1, last)))
    if (page.number < last) if last is not None else more:
        links.append(("next", page.number + 1))
    if last is not None:
        links.append(("last", last))
    base = _base()
    return [(rel, f"{base}limit={page.limit}&page={number}") for rel, number in links]


def _base() -> str:
    """This request's path with its parameters other than paging's, up to where those are added."""
    kept = [(name, value) for name, value in request.args.items(multi=True) if name not in ("page", "limit", "cursor")]
    path = quote(request.root_path + request.path, safe="/:@!$&'()*+=~-._")
    return f"{path}?{urlencode(kept, errors='replace')}&" if kept else f"{path}?"
