"""The columns, the filter and the export of the table of deals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext, lazy_gettext

from ..services.deal_board import StageRow
from ..services.members import MemberRow
from . import deal_chips, deal_filters
from .tables import NOBODY, SORT, Chip, Column, Field, address, days_words, two_ends

EVERY = (
    Column("client", lazy_gettext("Клиент"), fixed=True),
    Column("stage", lazy_gettext("Этап")),
    Column("price", lazy_gettext("Сумма"), "price", "-", "num"),
    Column("chance", lazy_gettext("Шанс"), "chance", "-", "num"),
    Column("manager", lazy_gettext("Менеджер")),
    Column("last", lazy_gettext("Последнее сообщение"), "activity", "-"),
    Column("waiting", lazy_gettext("Ждёт ответа"), "waiting", "", "narrow"),
    Column("channel", lazy_gettext("Канал")),
    Column("tags", lazy_gettext("Метки")),
    Column("created", lazy_gettext("Создана"), "created", "-", "narrow"),
    Column("funnel", lazy_gettext("Воронка"), shown=False),
    Column("status", lazy_gettext("Статус"), shown=False),
    Column("closed", lazy_gettext("Закрыта"), "closed", "-", "narrow", shown=False),
    Column("phone", lazy_gettext("Телефон"), kind="narrow", shown=False),
    Column("email", lazy_gettext("Почта"), shown=False),
    Column("messages", lazy_gettext("Сообщений"), kind="num", shown=False),
)
TWO_ENDED = ("created", "closed", "active", "price")
STATUSES = {"active": lazy_gettext("Открытые"), "closed": lazy_gettext("Закрытые"), "any": lazy_gettext("Все")}
OUTCOMES = {"won": lazy_gettext("Выиграна"), "lost": lazy_gettext("Проиграна")}
YES_NO = {"yes": lazy_gettext("Да"), "no": lazy_gettext("Нет")}
ANSWERED = {
    "assistant": lazy_gettext("Отвечал ассистент"), "people": lazy_gettext("Отвечали люди"),
    "nobody": lazy_gettext("Никто не отвечал"),
}  # fmt: skip
_CLOSED = lazy_gettext("Закрыта")
_OPEN = lazy_gettext("Открыта")

# Everything of a deal, whatever the table shows of it.
CELLS: tuple[tuple[Any, Any], ...] = (
    (lazy_gettext("Клиент"), lambda row, local: row["client_name"]),
    (lazy_gettext("Телефон"), lambda row, local: row["client_phone"]),
    (lazy_gettext("Почта"), lambda row, local: row["client_email"]),
    (lazy_gettext("Воронка"), lambda row, local: row["funnel_name"]),
    (lazy_gettext("Этап"), lambda row, local: row["stage_name"]),
    (lazy_gettext("Статус"), lambda row, local: status(row)),
    (lazy_gettext("Причина отказа"), lambda row, local: row["lost_reason"]),
    (lazy_gettext("Сумма, ₽"), lambda row, local: row["price"]),
    (lazy_gettext("Шанс, %"), lambda row, local: row["close_ratio"]),
    (lazy_gettext("Менеджер"), lambda row, local: row["manager_name"]),
    (lazy_gettext("Канал"), lambda row, local: str(deal_chips.CHANNELS.get(row["channel"], row["channel"]))),
    (lazy_gettext("Метки"), lambda row, local: ", ".join(row["tags"])),
    (lazy_gettext("Описание"), lambda row, local: row["description"]),
    (lazy_gettext("Сообщений"), lambda row, local: row["messages_count"]),
    (lazy_gettext("Последнее сообщение"), lambda row, local: row["last_message"]),
    (lazy_gettext("Последняя активность"), lambda row, local: local(row["last_activity"])),
    (lazy_gettext("Ждёт ответа с"), lambda row, local: local(row["unanswered_since"])),
    (lazy_gettext("Создана"), lambda row, local: local(row["created_at"])),
    (lazy_gettext("Закрыта"), lambda row, local: local(row["closed_at"])),
)


def status(row: Mapping[str, Any]) -> str:
    """How it stands: open, closed, won or lost."""
    if row["status"] == "active":
        return str(_OPEN)
    return str(OUTCOMES.get(row["outcome"] or "", _CLOSED))


def fields(args: Mapping[str, str], stages: Sequence[StageRow], people: Sequence[MemberRow]) -> list[Field]:
    """The parts of the filter that its menu offers."""
    several = len({row["funnel_id"] for row in stages}) > 1
    of = [(str(row["id"]), f"{row['funnel_name']}: {row['name']}" if several else row["name"]) for row in stages]
    who = [NOBODY, *((str(row["id"]), row["name"]) for row in people)]

    def choice(name: str, label: Any, options: Any) -> Field:
        return Field("choice", name, label, (args.get(name, ""), ""), list(options))

    def ends(kind: str, name: str, label: Any) -> Field:
        return Field(kind, name, label, two_ends(args.get(name, "")))

    return [
        choice("stage", gettext("Этап"), of),
        choice("manager", gettext("Менеджер"), who),
        choice("status", gettext("Статус"), list(STATUSES.items())[1:]),
        choice("outcome", gettext("Исход"), OUTCOMES.items()),
        choice("channel", gettext("Канал"), deal_chips.CHANNELS.items()),
        choice("waiting", gettext("Клиент ждёт ответа"), YES_NO.items()),
        ends("days", "created", gettext("Создана")),
        ends("days", "active", gettext("Последняя активность")),
        ends("amounts", "price", gettext("Сумма, ₽")),
        Field("words", "tag", gettext("Метка"), (args.get("tag", ""), "")),
    ]


def chips(args: Mapping[str, str], shown: Sequence[Field], stages: Sequence[StageRow]) -> list[Chip]:
    """A chip for every part of the filter that is on, also for those that only links of other screens set."""
    words = {name: text for name, text in _words(args, shown, stages).items() if args.get(name) and text}
    kept = {**deal_filters.query(args), **({SORT: args[SORT]} if args.get(SORT) else {})}
    return [
        Chip(text, address("deal_table.index", {other: kept[other] for other in kept if other != name}))
        for name, text in words.items()
    ]


def _words(args: Mapping[str, str], shown: Sequence[Field], stages: Sequence[StageRow]) -> dict[str, str]:
    found = {"search": f"«{args.get('search', '')[:40]}»"}
    for one in shown:
        value = args.get(one.name, "")
        said = {
            "choice": str(dict(one.options).get(value, "")), "days": days_words(value),
            "amounts": deal_chips.prices(value), "words": value[:40],
        }[one.kind]  # fmt: skip
        found[one.name] = f"{one.label}: {said}" if said else ""
    names = {row["id"]: row["name"] for row in stages}
    stage, _, when = args.get("entered", "").partition(":")
    entered = names.get(int(stage) if stage.isascii() and stage.isdigit() else 0, "")
    return found | {
        "closed": gettext("Закрыта: %(days)s", days=days_words(args.get("closed", ""))),
        "entered": f"{gettext('Вошла в «%(stage)s»', stage=entered)} {days_words(when)}".strip(),
        "ai": str(deal_chips.ASSISTANT.get(args.get("ai", ""), "")),
        "answered": str(ANSWERED.get(args.get("answered", ""), "")),
        "handed_over": {
            "yes": gettext("Передавалась людям"), "no": gettext("Не передавалась людям"),
        }.get(args.get("handed_over", ""), ""),
        "unsubscribed": {
            "yes": gettext("Клиент отписался"), "no": gettext("Клиент не отписан"),
        }.get(args.get("unsubscribed", ""), ""),
        "client": gettext("Один клиент"),
    }  # fmt: skip
