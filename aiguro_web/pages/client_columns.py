"""The columns, the filter and the export of the table of clients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext, lazy_gettext

from ..models.client import ClientStatus
from ..services.client_lists import ClientFilter
from ..services.members import MemberRow
from . import deal_filters
from .tables import NOBODY, SORT, Chip, Column, Field, address, days_words, two_ends

EVERY = (
    Column("client", lazy_gettext("Клиент"), "name", fixed=True),
    Column("phone", lazy_gettext("Телефон"), kind="narrow"),
    Column("email", lazy_gettext("Почта")),
    Column("manager", lazy_gettext("Менеджер")),
    Column("type", lazy_gettext("Тип"), kind="narrow"),
    Column("status", lazy_gettext("Статус"), kind="narrow"),
    Column("active", lazy_gettext("Активность"), "last_activity", "-", "narrow"),
    Column("dialogs", lazy_gettext("Диалогов"), kind="num"),
    Column("messages", lazy_gettext("Сообщений"), kind="num"),
    Column("chance", lazy_gettext("Шанс"), kind="num", shown=False),
    Column("created", lazy_gettext("Добавлен"), "created_at", "-", "narrow", shown=False),
)
TWO_ENDED = ("created", "active")
NAMES = ("search", "status", "type", "manager", "created", "active")
SORTS = frozenset({"-last_activity", "last_activity", "-created_at", "created_at", "name", "-name"})
NEWEST = "-last_activity"
STATUSES = {"active": lazy_gettext("Активные"), "inactive": lazy_gettext("Неактивные")}
KINDS = {
    "новый": lazy_gettext("Новый"), "постоянный": lazy_gettext("Постоянный"), "неактивный": lazy_gettext("Неактивный"),
}  # fmt: skip

CELLS: tuple[tuple[Any, Any], ...] = (
    (lazy_gettext("Имя"), lambda row, local: row["name"]),
    (lazy_gettext("Телефон"), lambda row, local: row["phone"]),
    (lazy_gettext("Почта"), lambda row, local: row["email"]),
    (lazy_gettext("Менеджер"), lambda row, local: row["manager"]),
    (lazy_gettext("Тип"), lambda row, local: str(KINDS.get(row["type"], row["type"]))),
    (lazy_gettext("Статус"), lambda row, local: status(row)),
    (lazy_gettext("Последняя активность"), lambda row, local: local(row["last_activity"])),
    (lazy_gettext("Диалогов"), lambda row, local: row["dialogs_count"]),
    (lazy_gettext("Сообщений"), lambda row, local: row["messages_count"]),
    (lazy_gettext("Шанс, %"), lambda row, local: row["close_ratio"]),
    (lazy_gettext("Добавлен"), lambda row, local: local(row["created_at"])),
)
_STATUS = {"active": lazy_gettext("Активен"), "inactive": lazy_gettext("Неактивен")}


def status(row: Mapping[str, Any]) -> str:
    """What people set."""
    return str(_STATUS.get(row["status"], row["status"]))


def read(args: Mapping[str, str], zone: str) -> ClientFilter:
    """The filter of a query; `manager` 0 is nobody. What cannot be read filters nothing."""
    kind: Any = args.get("type") if args.get("type") in KINDS else None
    manager = args.get("manager", "")
    return ClientFilter(
        words=args.get("search", "")[:100] or None,
        status=ClientStatus(args["status"]) if args.get("status") in list(ClientStatus) else None,
        kind=kind,
        manager="" if manager == "0" else manager[:100] or None,
        created=deal_filters.span(args.get("created", ""), zone),
        active=deal_filters.span(args.get("active", ""), zone),
    )


def is_readable(args: Mapping[str, str]) -> bool:
    """Whether `read` makes a filter of every part, so that none of it is left out."""
    readable = {
        "search": lambda text: 0 < len(text.strip()) <= 100, "status": lambda text: text in list(ClientStatus),
        "type": lambda text: text in KINDS, "manager": lambda text: 0 < len(text) <= 100,
        "created": deal_filters.are_days, "active": deal_filters.are_days,
    }  # fmt: skip
    return all(name in readable and readable[name](text) for name, text in args.items())


def query(args: Mapping[str, str]) -> dict[str, str]:
    """The filter's part of a query."""
    return {name: args[name] for name in NAMES if args.get(name)}


def fields(args: Mapping[str, str], people: Sequence[MemberRow]) -> list[Field]:
    """The parts of the filter that its menu offers."""
    who = [NOBODY, *((str(row["id"]), row["name"]) for row in people)]
    choices = (
        ("status", gettext("Статус"), list(STATUSES.items())), ("type", gettext("Тип"), list(KINDS.items())),
        ("manager", gettext("Менеджер"), who),
    )  # fmt: skip
    ends = (("active", gettext("Последняя активность")), ("created", gettext("Добавлен")))
    return [
        *(Field("choice", name, label, (args.get(name, ""), ""), options) for name, label, options in choices),
        *(Field("days", name, label, two_ends(args.get(name, ""))) for name, label in ends),
    ]


def chips(args: Mapping[str, str], shown: Sequence[Field]) -> list[Chip]:
    """A chip for every part of the filter that is on."""
    words = {"search": f"«{args.get('search', '')[:40]}»"}
    for one in shown:
        value = args.get(one.name, "")
        said = str(dict(one.options).get(value, "")) if one.kind == "choice" else days_words(value)
        words[one.name] = f"{one.label}: {said}" if said else ""
    kept = query(args) | ({SORT: args[SORT]} if args.get(SORT) else {})
    return [
        Chip(said, address("clients.index", {other: kept[other] for other in kept if other != name}))
        for name, said in words.items()
        if args.get(name) and said
    ]
