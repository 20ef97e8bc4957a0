"""A row of an import: what its cells say of a client, and whether it can be one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from ..errors import Invalid
from ..models.client import CLIENT_NAME_MAX, MANAGER_TEXT_MAX, PHONE_TYPED_MAX, SOURCE_MAX, ClientStatus
from ..models.client_import import ImportField
from ..models.note import NOTE_MAX
from ..models.text import one_line
from ..models.user import EMAIL_MAX
from . import contacts, formulas, members
from .access import Actor
from .client_import_files import CELL_MAX

STATUSES: dict[str, ClientStatus] = {
    **dict.fromkeys(("активный", "активен", "активна", "действующий", "active", "да", "1"), ClientStatus.active),
    **dict.fromkeys(
        ("неактивный", "неактивен", "неактивна", "не активен", "архив", "inactive", "нет", "0"), ClientStatus.inactive
    ),
}
NAMES: dict[ImportField, str] = {
    ImportField.name: "Имя", ImportField.phone: "Телефон", ImportField.email: "Почта",
    ImportField.manager: "Менеджер", ImportField.status: "Статус", ImportField.source: "Источник",
    ImportField.notes: "Заметка",
}  # fmt: skip
_MOST = {
    ImportField.name: CLIENT_NAME_MAX, ImportField.phone: PHONE_TYPED_MAX, ImportField.email: EMAIL_MAX,
    ImportField.manager: MANAGER_TEXT_MAX, ImportField.status: 64, ImportField.source: SOURCE_MAX,
    ImportField.notes: NOTE_MAX,
}  # fmt: skip
_LONG_DIGITS = re.compile(r"\d([.,]\d+)?[eе]\+\d+", re.IGNORECASE)
# What most files hold, and what contacts.checked_phone makes of it; that takes a hundred times as long.
_MOBILE = re.compile(r"(?:\+?7|8)?(9\d{9})")
_BETWEEN = str.maketrans("", "", " \u00a0\u202f\t()-‑–.")


@dataclass(frozen=True, slots=True)
class Read:
    """`fields` as they will be stored, without empty ones; `wrong` says by field why the row is rejected."""

    fields: dict[str, str]
    wrong: dict[ImportField, str] = field(default_factory=dict)

    @property
    def reason(self) -> str:
        return "; ".join(f"{NAMES[name]}: {words}" if name in NAMES else words for name, words in self.wrong.items())


def read(cells: Sequence[str], columns: Sequence[str], titles: Sequence[str]) -> Read:
    """A row of the file, by the field of each column. Notes of several columns keep their titles."""
    if any(len(cell) > CELL_MAX for cell in cells):
        return Read({}, {ImportField.none: "слишком длинная ячейка: похоже, в файле не закрыта кавычка"})
    found: dict[ImportField, list[str]] = {}
    several = list(columns).count(ImportField.notes) > 1
    for name, cell, title in zip(columns, cells, titles, strict=False):
        words = _bare(cell)
        if name and words:
            noted = several and name == ImportField.notes and title
            found.setdefault(ImportField(name), []).append(f"{title}: {words}" if noted else words)
    fields, wrong = dict[str, str](), dict[ImportField, str]()
    for name, parts in found.items():
        try:
            value = _value(name, parts)
        except Invalid as refusal:
            wrong[name] = next(iter(refusal.fields.values()), refusal.message)
            continue
        if value:
            fields[name] = value
    if not wrong and not (fields.keys() & {"name", "phone", "email"}):
        wrong[ImportField.none] = "нет ни имени, ни телефона, ни почты"
    return Read(fields, wrong)


def _bare(cell: str) -> str:
    """Without the apostrophe that keeps a table program from calculating it, ours among them."""
    return formulas.bare(cell.strip()).strip()


def _value(name: ImportField, parts: list[str]) -> str:
    """Raises Invalid."""
    if name is ImportField.notes:
        return _short(name, "\n".join(part.replace("\r\n", "\n").replace("\r", "\n") for part in parts))
    line = one_line(" ".join(parts) if name is ImportField.name else parts[0])
    if members.is_clearing(line):
        return ""
    line = _short(name, line)
    if name is ImportField.phone:
        return phone(line)
    if name is ImportField.email:
        return email(line)
    if name is ImportField.status:
        status = STATUSES.get(line.lower())
        if status is None:
            raise Invalid("статус", status="напишите «активный» или «неактивный»")
        return status.value
    return line


def _short(name: ImportField, text: str) -> str:
    if len(text) > _MOST[name]:
        raise Invalid("длинно", errors={name.value: f"не больше {_MOST[name]} символов"})
    return text


@lru_cache(maxsize=4096)
def phone(line: str) -> str:
    """As contacts.checked_phone, and with a word for what Excel makes of long numbers. Raises Invalid."""
    if _LONG_DIGITS.fullmatch(line):
        raise Invalid("телефон", phone=f"Excel испортил номер ({line}): задайте столбцу текстовый формат")
    mobile = _MOBILE.fullmatch(line.translate(_BETWEEN))
    return f"+7{mobile[1]}" if mobile else contacts.checked_phone(line.removesuffix(".0"))


@lru_cache(maxsize=4096)
def email(line: str) -> str:
    """Raises Invalid."""
    return contacts.checked_email(line)


class Managers:
    """Whom the words of a column name, as members.resolve says it, with one question for all of them."""

    def __init__(self, who: Actor) -> None:
        self._ids: dict[str, set[int]] = {}
        for member in members.list_members(who):
            for word in (str(member["id"]), member["name"].lower(), member["email"].lower()):
                self._ids.setdefault(word, set()).add(member["id"])

    def resolve(self, text: str) -> tuple[int | None, str]:
        """The member, or the text that stands for nobody here."""
        found = self._ids.get(text.lower(), set())
        return (next(iter(found)), "") if len(found) == 1 else (None, text)


def kept(cells: Iterable[str]) -> list[str]:
    """Cells as they are kept: no longer than anything reads them."""
    return [cell[:CELL_MAX] for cell in cells]
