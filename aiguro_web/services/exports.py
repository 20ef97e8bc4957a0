"""Exports of tables: CSV and XLSX of the whole list, in its order, however long it is.

Which rows and in which order is asked once, at the beginning; their values are read in pieces, each in a short
transaction of its own. So a row that somebody changes meanwhile is neither missed nor told twice, and a slow reader
holds nothing in the database.
"""

from __future__ import annotations

import csv
import io
import tempfile
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import IO, Any, Literal, TypeVar

import xlsxwriter

from ..errors import Invalid
from ..models.bulk_act import BulkSubject
from ..queue import transaction
from . import client_lists, deal_lists, formulas, journal
from .access import Actor
from .client_lists import ClientFilter, ClientRow
from .deal_filters import DealFilter
from .deal_lists import DealRow

Format = Literal["csv", "xlsx"]
Cell = str | int | Decimal | datetime | None
Row = TypeVar("Row")

XLSX_ROWS_MAX = 200_000  # a file of them takes half a minute; CSV has no limit
PIECE = 1000
CHUNK = 64 * 1024  # bytes
BOM = "\ufeff"  # without it Excel takes UTF-8 for Windows-1251
_WIDTH = 18


def choose_deals(who: Actor, wanted: DealFilter, sort: deal_lists.Sort, to: Format) -> array[int]:
    """The deals of an export, which the journal notes. Raises Forbidden, Invalid for too many."""
    who.must("write_dialog")  # to take a list away is more than to read it: viewers do not
    return _noted(who, BulkSubject.dialog, deal_lists.list_ids(who, wanted, sort), to)


def choose_clients(who: Actor, wanted: ClientFilter, sort: client_lists.Sort, to: Format) -> array[int]:
    """The clients of an export, which the journal notes. Raises Forbidden, Invalid for too many."""
    who.must("write_client")
    return _noted(who, BulkSubject.client, client_lists.list_ids(who, wanted, sort), to)


def read_deals(who: Actor, ids: Sequence[int]) -> Iterator[DealRow]:
    """Their rows, piece by piece, outside of any transaction of the caller's."""
    return _pieces(who, ids, deal_lists.list_some)


def read_clients(who: Actor, ids: Sequence[int]) -> Iterator[ClientRow]:
    """Their rows, piece by piece, outside of any transaction of the caller's."""
    return _pieces(who, ids, client_lists.list_some)


def _noted(who: Actor, subject: BulkSubject, ids: array[int], to: Format) -> array[int]:
    if to == "xlsx" and len(ids) > XLSX_ROWS_MAX:
        raise Invalid(f"В XLSX помещается не больше {XLSX_ROWS_MAX} строк: сузьте отбор или выгрузите CSV")
    journal.note(who, "export", "organization", who.home, of=subject, to=to, rows=len(ids))
    return ids


def _pieces(who: Actor, ids: Sequence[int], read: Callable[[Actor, Sequence[int]], list[Row]]) -> Iterator[Row]:
    for first in range(0, len(ids), PIECE):
        with transaction(who):
            rows = read(who, ids[first : first + PIECE])
        yield from rows


def write(to: Format, titles: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """The bytes of the file, as they come into being: CSV line by line, XLSX when it is whole. Moments are written as
    they are given: let them be in the reader's zone."""
    return _csv(titles, rows) if to == "csv" else _xlsx(titles, rows)


def _csv(titles: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """`;` between, as Excel expects where the comma is the decimal sign."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=";", lineterminator="\r\n")
    buffer.write(BOM)
    writer.writerow(titles)
    for row in rows:
        writer.writerow([_plain(cell) for cell in row])
        if buffer.tell() > CHUNK:
            yield _taken(buffer)
    yield _taken(buffer)


def _taken(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()


def _plain(cell: Cell) -> str:
    if isinstance(cell, datetime):
        return cell.strftime("%d.%m.%Y %H:%M")
    if isinstance(cell, Decimal):
        return f"{cell:.2f}".replace(".", ",")
    if isinstance(cell, str):
        return formulas.guarded(cell)
    return "" if cell is None else str(cell)


def _xlsx(titles: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """Row by row into a file: never held in memory, neither here nor there."""
    with tempfile.TemporaryFile() as file:
        _fill(file, titles, rows)
        file.seek(0)
        while chunk := file.read(CHUNK):
            yield chunk


def _fill(file: IO[bytes], titles: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    safe = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(file, safe) as book:
        sheet = book.add_worksheet()
        head = book.add_format({"bold": True})
        formats: dict[type[Any], Any] = {
            datetime: book.add_format({"num_format": "dd.mm.yyyy hh:mm"}),
            Decimal: book.add_format({"num_format": "# ##0.00"}),
        }
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(titles) - 1, _WIDTH)
        sheet.write_row(0, 0, titles, head)
        for number, row in enumerate(rows, 1):
            for place, cell in enumerate(row):
                _put(sheet, number, place, cell, formats)


def _put(sheet: Any, number: int, place: int, cell: Cell, formats: dict[type[Any], Any]) -> None:
    if cell is None or cell == "":
        return
    if isinstance(cell, datetime):
        sheet.write_datetime(number, place, cell.replace(tzinfo=None), formats[datetime])
    elif isinstance(cell, Decimal | int):
        sheet.write_number(number, place, cell, formats.get(type(cell)))
    else:
        sheet.write_string(number, place, cell)
