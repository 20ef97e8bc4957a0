"""A table as text (CSV), by its content alone: in any of the encodings that table programs write."""

from __future__ import annotations

import codecs

from ..errors import Invalid
from .kinds import HEAD, Sniffer

EXCEL = (
    "Это файл Excel. Откройте его, выберите «Файл → Сохранить как → CSV UTF-8 (разделители — запятые)» "
    "и загрузите то, что получилось"
)
OTHER = "Это не таблица CSV. Сохраните таблицу как CSV и загрузите её"
_EXCEL = (b"PK\x03\x04", bytes.fromhex("d0cf11e0a1b11ae1"))
_OTHER = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"{\\rtf", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!")
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CONTROLS = frozenset(range(0x20)) - frozenset(b"\t\n\v\f\r\x1a\x1b")  # 1A ended files once


class TableSniffer(Sniffer):
    """Sees a file's bytes pass by, and says at their end whether they may be a CSV."""

    def see(self, piece: bytes) -> None:
        """The next bytes."""
        self.size += len(piece)
        self._head += piece[: HEAD - len(self._head)] if len(self._head) < HEAD else b""

    def verdict(self, name: str) -> tuple[str, str]:
        """The type and the name with its ending. Raises Invalid for what is none, with the way to make one."""
        head = bytes(self._head)
        if not head.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n\0"):
            raise Invalid("Файл пуст", file="в файле ничего нет")
        if head.startswith(_EXCEL):
            raise Invalid(EXCEL, file=EXCEL)
        # A damaged export has a few controls; where every tenth byte is one, it is a program or a picture.
        controls = sum(byte in _CONTROLS for byte in head)
        if head.startswith(_OTHER) or (not head.startswith(_WIDE) and controls * 10 > len(head)):
            raise Invalid(OTHER, file=OTHER)
        return "text/csv", name if name.lower().endswith((".csv", ".txt", ".tsv")) else f"{name[:251]}.csv"
