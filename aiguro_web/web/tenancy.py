"""Ids in addresses: what is no id of ours is simply not there."""

from __future__ import annotations

from uuid import UUID

from werkzeug.routing import BaseConverter

from ..errors import NotFound

ID_MAX = 2**63 - 1


def read_id(text: str) -> int | None:
    """A decimal id (1 … 2^63-1) without sign, zeros in front or other scripts' digits; None for anything else."""
    if not text.isascii() or not text.isdigit() or text.startswith("0") or len(text) > 19:
        return None
    number = int(text)
    return number if number <= ID_MAX else None


def get_id(text: str) -> int:
    """As `read_id`; raises NotFound, the answer for every id that is not visible."""
    number = read_id(text)
    if number is None:
        raise NotFound("Не найдено")
    return number


def get_uuid(text: str) -> UUID:
    """A UUID in its usual form; raises NotFound for anything else."""
    try:
        uuid = UUID(text)
    except ValueError:
        raise NotFound("Не найдено") from None
    if str(uuid) != text.lower():
        raise NotFound("Не найдено")
    return uuid


class Id(BaseConverter):
    """`<id:name>` in a page's address."""

    regex = r"[1-9][0-9]{0,17}"

    def to_python(self, value: str) -> int:
        return int(value)
