"""What a filter of deals narrows, in words: a chip for each part of it, which takes itself out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import request, url_for
from flask_babel import gettext, lazy_gettext

from ..services.members import MemberRow
from ..web.filters import money
from . import deal_filters

CHANNELS = {
    "telegram": "Telegram", "whatsapp": "WhatsApp", "max": "MAX", "webchat": lazy_gettext("Чат на сайте"),
}  # fmt: skip
ASSISTANT = {"on": lazy_gettext("Отвечает ассистент"), "off": lazy_gettext("Ассистент выключен")}
WAITING = {"yes": lazy_gettext("Ждут ответа"), "no": lazy_gettext("Ответа не ждут")}


@dataclass(frozen=True)
class Chip:
    """`url` is the same list without it."""

    words: str
    url: str


def chips(args: Mapping[str, str], members: Iterable[MemberRow]) -> list[Chip]:
    """Of the filters that the board's menu offers, those that are on."""
    names = {str(row["id"]): row["name"] for row in members} | {"0": gettext("Никто")}
    words = {
        "search": f"«{args.get('search', '')[:40]}»",
        "manager": gettext("Менеджер: %(name)s", name=names.get(args.get("manager", ""), "—")),
        "channel": str(CHANNELS.get(args.get("channel", ""), args.get("channel", "")[:16])),
        "tag": gettext("Метка: %(name)s", name=args.get("tag", "")[:40]),
        "ai": str(ASSISTANT.get(args.get("ai", ""), "")),
        "waiting": str(WAITING.get(args.get("waiting", ""), "")),
        "price": prices(args.get("price", "")),
    }
    endpoint = request.endpoint or "deals.index"
    return [
        Chip(text, _address(endpoint, deal_filters.query(args, **{name: None})))
        for name, text in words.items()
        if args.get(name) and text
    ]


def _address(endpoint: str, query: dict[str, Any]) -> str:
    return url_for(endpoint, **query)


def prices(text: str) -> str:
    """«от 1 000 ₽ до 5 000 ₽»."""
    low, _, high = text.partition("..")
    said = []
    if _is_number(low):
        said.append(gettext("от %(amount)s", amount=money(low)))
    if _is_number(high):
        said.append(gettext("до %(amount)s", amount=money(high)))
    return " ".join(said)


def _is_number(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False
