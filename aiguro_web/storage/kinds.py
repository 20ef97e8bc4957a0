"""What a file is, by its content alone: neither its name's ending nor what the caller calls it is believed."""

from __future__ import annotations

import codecs
import re

import puremagic

from ..errors import Invalid

HEAD, TAIL = 64 * 1024, 256 * 1024  # bytes that are looked at; a zip names its members at its end
ALLOWED = "изображения, PDF, документы Office, текст (txt, md, csv), звук и видео"

# Type -> the endings its names may have, the usual one first.
ENDINGS: dict[str, tuple[str, ...]] = {
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "image/gif": (".gif",),
    "image/webp": (".webp",),
    "application/pdf": (".pdf",),
    "application/rtf": (".rtf", ".doc"),  # Word's own habit
    "application/msword": (".doc", ".dot"),
    "application/vnd.ms-excel": (".xls", ".xlt"),
    "application/vnd.ms-powerpoint": (".ppt", ".pps", ".pot"),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": (".docx",),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": (".xlsx",),
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": (".pptx",),
    "application/vnd.oasis.opendocument.text": (".odt",),
    "application/vnd.oasis.opendocument.spreadsheet": (".ods",),
    "application/vnd.oasis.opendocument.presentation": (".odp",),
    "audio/ogg": (".ogg", ".oga", ".opus"),
    "audio/mpeg": (".mp3", ".mpga"),
    "audio/wav": (".wav",),
    "audio/mp4": (".m4a", ".mp4"),
    "video/mp4": (".mp4", ".m4v"),
    "video/quicktime": (".mov", ".qt"),
    "video/webm": (".webm",),
    "text/plain": (".txt", ".log", ""),
    "text/markdown": (".md", ".markdown"),
    "text/csv": (".csv",),
}
INLINE = frozenset(
    {"image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf"}
)  # a browser may show these

# puremagic's word for what was found -> our type.
_FOUND = {
    ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".jfif": "image/jpeg", ".jpe": "image/jpeg",
    ".gif": "image/gif", ".webp": "image/webp", ".pdf": "application/pdf", ".rtf": "application/rtf",
    ".ogg": "audio/ogg", ".oga": "audio/ogg", ".opus": "audio/ogg", ".mp3": "audio/mpeg", ".mpga": "audio/mpeg",
    ".wav": "audio/wav", ".m4a": "audio/mp4", ".mp4": "video/mp4", ".m4v": "video/mp4", ".mov": "video/quicktime",
    ".webm": "video/webm",
}  # fmt: skip
_OFFICE = {
    b"word/document.xml": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    b"xl/workbook.xml": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    b"ppt/presentation.xml": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
_OLD_OFFICE = {  # the streams of a compound file, as its directory names them
    "WordDocument".encode("utf-16-le"): "application/msword",
    "Workbook".encode("utf-16-le"): "application/vnd.ms-excel",
    "Book\0".encode("utf-16-le"): "application/vnd.ms-excel",
    "PowerPoint Document".encode("utf-16-le"): "application/vnd.ms-powerpoint",
}
_ZIP, _COMPOUND = b"PK\x03\x04", bytes.fromhex("d0cf11e0a1b11ae1")
_MIMETYPE = re.compile(
    rb"mimetype(application/vnd\.oasis\.opendocument\.[a-z]+)PK"
)  # the first member, stored as it is
_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
# A text that a program would run or a browser would show as a page, whatever its name says.
_ACTIVE = re.compile(
    rb"(\xef\xbb\xbf)?\s*(#!|<!doctype|<\?xml|<\?php|<(html|head|body|script|style|iframe|svg|meta|link|object)\b)",
    re.IGNORECASE,
)


class Sniffer:
    """Sees a file's bytes pass by, and says at their end what it is."""

    def __init__(self) -> None:
        self.size = 0
        self._head, self._tail = bytearray(), bytearray()
        self._text: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder("utf-8")()
        self._streams: str | None = None

    def see(self, piece: bytes) -> None:
        """The next bytes."""
        self.size += len(piece)
        self._head += piece[: HEAD - len(self._head)] if len(self._head) < HEAD else b""
        if self._head.startswith(_COMPOUND) and self._streams is None:
            held = bytes(self._tail[-64:]) + piece  # a name may lie across two pieces
            self._streams = next((kind for name, kind in _OLD_OFFICE.items() if name in held), None)
        self._tail += piece
        if len(self._tail) > 2 * TAIL:
            del self._tail[:-TAIL]
        if self._text is not None:
            try:
                self._text.decode(piece)
            except UnicodeDecodeError:
                self._text = None
            if _CONTROLS.search(piece):
                self._text = None

    def verdict(self, name: str) -> tuple[str, str]:
        """The file's type, and its name with an ending of that type. Raises Invalid for what is not allowed."""
        if not self.size:
            raise Invalid("Файл пуст")
        kind = self._binary()
        if kind is None and self._is_text():
            kind = next((kind for kind in ENDINGS if kind.startswith("text/") and _ending(name) in ENDINGS[kind]), None)
        if kind is None:
            raise Invalid(f"Такие файлы не принимаются. Можно: {ALLOWED}")
        if _ending(name) not in ENDINGS[kind] or not _ending(name):
            name = name[: 255 - len(ENDINGS[kind][0])] + ENDINGS[kind][0]
        return kind, name

    def _binary(self) -> str | None:
        head = bytes(self._head)
        if head.startswith(_ZIP):
            return self._zipped(head)
        if head.startswith(_COMPOUND):
            return self._streams
        try:
            best = puremagic.magic_string(head[:8192])[0]
        except (puremagic.PureError, ValueError, IndexError):
            return None
        return _FOUND.get(best.extension)

    def _zipped(self, head: bytes) -> str | None:
        mimetype = _MIMETYPE.search(head[:200])
        if mimetype is not None:
            word = mimetype[1].decode()
            return word if word in ENDINGS else None
        members = head + bytes(self._tail)
        if b"[Content_Types].xml" not in members or b"vbaProject.bin" in members:  # no macros
            return None
        return next((kind for name, kind in _OFFICE.items() if name in members), None)

    def _is_text(self) -> bool:
        if self._text is None or _ACTIVE.match(self._head):
            return False
        try:
            self._text.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
        return True


def _ending(name: str) -> str:
    stem, dot, ending = name.rpartition(".")
    return (dot + ending).lower() if stem else ""
