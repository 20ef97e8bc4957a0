"""A client's timeline as people read it: what happened in a sentence, and where a day breaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as translate
from flask_babel import lazy_gettext, to_user_timezone

from ..services import client_timelines
from ..services.access import Actor
from ..services.client_timelines import EventRow

PAGE = 40
NAMES: tuple[tuple[str, Any], ...] = (
    ("", lazy_gettext("Всё")),
    ("messages", lazy_gettext("Сообщения")),
    ("moves", lazy_gettext("Этапы")),
    ("edits", lazy_gettext("Изменения")),
    ("notes", lazy_gettext("Заметки")),
    ("files", lazy_gettext("Файлы")),
)
FIELDS = {
    "name": lazy_gettext("имя"), "phone": lazy_gettext("телефон"), "email": lazy_gettext("почту"),
    "manager": lazy_gettext("менеджера"), "status": lazy_gettext("состояние"), "price": lazy_gettext("сумму"),
    "close_ratio": lazy_gettext("вероятность"), "tags": lazy_gettext("метки"),
    "description": lazy_gettext("описание"),
}  # fmt: skip
OUTCOMES = {"won": lazy_gettext("Сделка выиграна"), "lost": lazy_gettext("Сделка проиграна")}
ICONS = {
    "message": "message-circle",
    "file": "paperclip",
    "move": "arrow-right",
    "note": "note",
    "import": "file-import",
}
ACT_ICONS = {
    "merge": "arrows-join", "undo_merge": "arrows-split", "delete": "trash", "restore": "arrow-back-up",
    "close": "circle-check", "create": "user-plus", "assign": "user-check", "take": "user-check",
}  # fmt: skip


def _(words: str, **values: Any) -> str:
    return str(translate(words, **values))


@dataclass(frozen=True)
class Timeline:
    """`kind` is '' for all; `next` continues it."""

    kind: str
    events: list[dict[str, Any]]
    next: str | None

    @property
    def kinds(self) -> tuple[tuple[str, Any], ...]:
        return NAMES


def read(who: Actor, client_id: int, kind: str | None = None, before: str | None = None) -> Timeline:
    """A page of the timeline, laid out. A kind that does not exist is all of them."""
    chosen = next((one for one in client_timelines.KINDS if one == kind), None)
    page = client_timelines.list_events(who, client_id, kind=chosen, before=before, limit=PAGE)
    above = client_timelines.moment_of(before)
    laid = []
    for row in page.rows:
        breaks = above is None or to_user_timezone(above).date() != to_user_timezone(row["at"]).date()
        laid.append({**row, "day": breaks, "title": _title(row), "icon": _icon(row)})
        above = row["at"]
    return Timeline(chosen or "", laid, page.next)


def _icon(row: EventRow) -> str:
    return ICONS.get(row["kind"]) or ACT_ICONS.get(row["act"], "pencil")


def _title(row: EventRow) -> str:
    kind, act, data = row["kind"], row["act"], row["data"]
    if kind == "message":
        return {"user": _("Клиент"), "assistant": _("Ассистент")}.get(act) or row["actor"] or _("Мы")
    if kind == "move":
        return _("Начат диалог: %(stage)s", stage=act) if data["first"] else _("Этап: %(stage)s", stage=act)
    if kind == "file":
        return _("Файл от клиента") if act == "user" else _("Файл клиенту")
    if kind == "note":
        return _("Заметка")
    if kind == "import":
        return _("Импорт из файла: строка %(number)s", number=data["number"])
    said = (_OF_CLIENT if kind == "client" else _OF_DIALOG).get(act)
    return said(data) if said else _("Изменение")


def _fields(data: dict[str, Any]) -> str:
    named = [str(FIELDS[name]) for name in data.get("fields", []) if name in FIELDS]
    return _("Изменили: %(fields)s", fields=", ".join(named)) if named else _("Данные изменены")


def _closed(data: dict[str, Any]) -> str:
    outcome = OUTCOMES.get(data.get("outcome") or "")
    return str(outcome) if outcome else _("Диалог закрыт")


Said = Callable[[dict[str, Any]], str]
_OF_CLIENT: dict[str, Said] = {
    "create": lambda data: _("Клиент добавлен"),
    "change": _fields,
    "delete": lambda data: _("Клиент удалён"),
    "restore": lambda data: _("Клиент возвращён"),
    "import": lambda data: _("Добавлен из файла") if data.get("added") else _fields(data),
    "import_undo": lambda data: _("Импорт отменён"),
    "merge": lambda data: _("Объединён с дубликатом"),
    "merge_into": lambda data: _("Дубликат присоединён"),
    "undo_merge": lambda data: _("Объединение отменено"),
    "remove_note": lambda data: _("Заметка удалена"),
}
_OF_DIALOG: dict[str, Said] = {
    "set_terms": _fields,
    "assign": lambda data: _("Назначен менеджер") if any(data.get("new") or []) else _("Менеджер снят"),
    "take": lambda data: _("Диалог взят"),
    "release": lambda data: _("Диалог отпущен"),
    "close": _closed,
    "settle": _closed,
    "reopen": lambda data: _("Диалог открыт снова"),
    "switch_assistant": lambda data: _("Ассистент включён") if data.get("on") else _("Ассистент выключен"),
    "delete": lambda data: _("Диалог удалён"),
    "restore": lambda data: _("Диалог возвращён"),
}
