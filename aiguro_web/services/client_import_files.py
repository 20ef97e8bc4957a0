"""The file of an import: its encoding, its separator, its rows, and what its columns are."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ..errors import Invalid
from ..models.client_import import IMPORT_BYTES_MAX, IMPORT_ROWS_MAX, ImportField

COLUMNS_MAX = 60
SEEN = 320  # signs of a cell that are looked at to tell what it is
ROW_SEPARATORS_MAX = 20_000  # of a row, those in its quoted cells too: a quotation mark may swallow many lines
CELL_MAX = 8000  # signs that are kept of a cell; a longer one is a quotation mark that nobody closed
LINES_MAX = 1_048_576  # rows with the blank ones, which Excel may leave below a table: its own limit
TITLE_MAX = 100
SEPARATORS = (";", ",", "\t")
SAMPLE = 50  # rows that tell what separates the cells
csv.field_size_limit(IMPORT_BYTES_MAX)  # of the process: a cell is what the file's own limit lets it be

# The signs of Russian words, of which a text that was decoded rightly is made. Windows-1251 never fails, so it has to
# be asked whether it makes sense: KOI8-R and DOS read as it give capitals in the midst of words, and box drawing.
_SENSE = re.compile(r"[^\x80-\uffff]|[А-Яа-яЁё«»—–№“”„…’°€®©\xa0І-їґҐўЎ]")
_ODD_CASE = re.compile(r"[а-яё][А-ЯЁ]{2}|[А-ЯЁ][а-яё][А-ЯЁ]")

_WORDS: tuple[tuple[ImportField, re.Pattern[str]], ...] = (
    (ImportField.email, re.compile(r"e-?mail|почт|^mail\b|имейл|емейл")),
    (ImportField.phone, re.compile(r"телефон|phone|^тел\b|моб(ильн|\b)|mobile|^номер$|whatsapp")),
    (ImportField.manager, re.compile(r"менеджер|ответствен|manager|owner|assigned|куратор")),
    (ImportField.status, re.compile(r"статус|status|состояни")),
    (ImportField.source, re.compile(r"источник|source|откуда|канал|utm_source")),
    (ImportField.notes, re.compile(r"замет|коммент|примечан|note|comment|описани")),
    (ImportField.name, re.compile(r"^(имя|фио|ф\. ?и\. ?о\.?|фамилия|отчество|клиент|контакт|название|name|client|"
                                  r"customer|(full|first|last|middle)[ _-]?name)\b|(имя|название) клиента")),
)  # fmt: skip
_SEVERAL = frozenset({ImportField.name, ImportField.notes})
_EMAIL = re.compile(r"[^\s@]+@[^\s@.]+(\.[^\s@.]+)+")  # its parts cannot stand for one another: linear
_PHONE = re.compile(r"[+\d][\d\s()./-]{8,}\d")
_LINE = re.compile(r"[^\r\n]+(?:\r\n?|\n)?|\r\n?|\n")


@dataclass(frozen=True)
class Table:
    """A file that could be read. `rows` counts those with anything in them, without the titles."""

    text: str
    encoding: str
    separator: str
    titles: list[str]  # the words above the columns; without any (`title_row` 0) the cells of the first row
    first_row: int
    title_row: int
    rows: int

    def titled(self, has_titles: bool) -> Table:
        """The same, with a person's word on whether its first row names the columns."""
        if has_titles == self.has_titles:
            return self
        return replace(self, title_row=self.first_row if has_titles else 0, rows=self.rows - (1 if has_titles else -1))

    @property
    def has_titles(self) -> bool:
        return self.title_row > 0

    def numbered(self) -> Iterator[tuple[int, list[str]]]:
        """The rows with anything in them, counted as a table program does: blank ones too."""
        for number, cells in enumerate(_rows(self.text, self.separator), 1):
            if any(cell.strip() for cell in cells) and number != self.title_row:
                yield number, cells

    def guess(self) -> list[ImportField]:
        """The field of each column, by its title, else by what stands in it."""
        if self.has_titles:
            return _once([_by_title(title) for title in self.titles])
        rows = [cells for _, (_, cells) in zip(range(20), self.numbered(), strict=False)]
        return _once(_by_content(rows, len(self.titles)))


def open_table(content: bytes) -> Table:
    """Raises Invalid, with words for the person who chose the file."""
    text, encoding = _decoded(content)
    if not text.strip():
        raise Invalid("Файл пуст")
    text, separator = _separated(text)
    rows, width, first, first_row = 0, 0, list[str](), 0
    try:
        for number, cells in enumerate(_rows(text, separator), 1):
            if rows > IMPORT_ROWS_MAX + 1 or number > LINES_MAX:  # a title row is none of them
                raise Invalid(f"В файле больше {IMPORT_ROWS_MAX} строк: разделите его на несколько")
            if any(cell.strip() for cell in cells):
                rows, width = rows + 1, max(width, len(cells))
                if width > COLUMNS_MAX:
                    raise Invalid(f"В файле больше {COLUMNS_MAX} столбцов: оставьте нужные")
                if rows == 1:
                    first, first_row = cells, number
    except csv.Error as error:
        raise Invalid("Файл не удалось разобрать: проверьте кавычки в нём") from error
    title_row = first_row if _are_titles(first) else 0
    rows -= title_row > 0
    if not rows:
        raise Invalid("В файле нет строк с клиентами, только заголовки" if title_row else "Файл пуст")
    if rows > IMPORT_ROWS_MAX:
        raise Invalid(f"В файле больше {IMPORT_ROWS_MAX} строк: разделите его на несколько")
    titles = [" ".join(cell[:SEEN].split())[:TITLE_MAX] for cell in first] + [""] * (width - len(first))
    return Table(text, encoding, separator, titles, first_row, title_row, rows)


def _rows(text: str, separator: str) -> Iterator[list[str]]:
    """The rows as csv reads them, blank ones too. Raises Invalid before it would make a list of millions of cells."""
    seen = 0

    def lines() -> Iterator[str]:
        nonlocal seen
        for line in _LINE.finditer(text):
            seen += text.count(separator, *line.span())
            if seen > ROW_SEPARATORS_MAX:
                raise Invalid(f"В файле больше {COLUMNS_MAX} столбцов, или в нём не закрыта кавычка")
            yield line[0]

    for cells in csv.reader(lines(), delimiter=separator):
        seen = 0
        yield cells


def _decoded(content: bytes) -> tuple[str, str]:
    for mark, name, title in (
        (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
        (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
        (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
    ):
        if content.startswith(mark):
            try:
                return content.decode(name).replace("\0", ""), title
            except UnicodeDecodeError:
                raise Invalid(f"Файл повреждён: начинается как {title}, но не читается") from None
    try:
        return content.decode("utf-8").replace("\0", ""), "UTF-8"
    except UnicodeDecodeError:
        return _of_windows(content), "Windows-1251"


def _of_windows(content: bytes) -> str:
    """Raises Invalid where it makes no sense as Windows-1251: a guess would write nonsense into the clients' names."""
    text = content.decode("cp1251", errors="replace").replace("\0", "")
    seen = text[:100_000]
    wide = [sign for sign in seen if sign > "\x7f"]
    strange = sum(not _SENSE.match(sign) for sign in wide)
    if strange * 20 > len(wide) or len(_ODD_CASE.findall(seen)) * 12 > len(wide):
        raise Invalid("Не удалось понять кодировку файла: сохраните его как «CSV UTF-8»")
    return text


def _separated(text: str) -> tuple[str, str]:
    """The text without Excel's own line `sep=;`, and what separates the cells: what gives the most rows as wide as the
    first, and the widest."""
    said = re.match(r"sep=([;,\t])\r?\n", text)
    if said is not None:
        return text[said.end() :], said[1]
    head = text[:200_000]

    def likeness(separator: str) -> tuple[int, int]:
        reader = csv.reader(io.StringIO(head, newline=""), delimiter=separator)
        rows = [cells for _, cells in zip(range(SAMPLE), reader, strict=False) if cells]
        width = len(rows[0]) if rows else 0
        return (sum(len(cells) == width for cells in rows) if width > 1 else 0), width

    return text, max(SEPARATORS, key=likeness)


def _are_titles(cells: Sequence[str]) -> bool:
    """A first row that names columns; one with a phone or an e-mail in it is somebody already."""
    words = [word for word in map(_seen, cells) if word]
    if any(_EMAIL.fullmatch(word) or _PHONE.fullmatch(word) for word in words):
        return False
    return any(_by_title(word) is not ImportField.none for word in words)


def _seen(cell: str) -> str:
    return cell.strip()[:SEEN]


def _by_title(title: str) -> ImportField:
    folded = " ".join(title.lower().replace("ё", "е").split())
    return next((field for field, pattern in _WORDS if pattern.search(folded)), ImportField.none)


def _by_content(rows: Sequence[Sequence[str]], width: int) -> list[ImportField]:
    found = [ImportField.none] * width
    for column in range(width):
        cells = [word for cells in rows if column < len(cells) and (word := _seen(cells[column]))]
        for field, pattern in ((ImportField.email, _EMAIL), (ImportField.phone, _PHONE)):
            if cells and sum(pattern.fullmatch(cell) is not None for cell in cells) * 2 > len(cells):
                found[column] = field
        if cells and found[column] is ImportField.none and ImportField.name not in found:
            letters = sum(any(sign.isalpha() for sign in cell) for cell in cells)
            found[column] = ImportField.name if letters * 2 > len(cells) else ImportField.none
    return found


def _once(fields: list[ImportField]) -> list[ImportField]:
    """The second phone of a file is left out: a client has one. Names and notes are put together of several columns."""
    return [
        field if field in _SEVERAL or field not in fields[:place] else ImportField.none
        for place, field in enumerate(fields)
    ]
