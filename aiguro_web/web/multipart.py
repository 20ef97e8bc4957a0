"""Forms with files (multipart/form-data, RFC 7578), read once, as they come from the caller: a file's bytes go on piece
by piece and are never held together."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO, TypeVar

from flask import request
from pydantic import BaseModel
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import NEED_DATA, Data, Epilogue, Event, Field, File, MultipartDecoder, State

from ..errors import Invalid, TooLarge, Unsupported
from . import body
from .faults import invalid

MIB = 1024 * 1024
FILE_LIMIT = 50 * MIB  # bytes of one file (contract.md §4)
BODY_LIMIT = FILE_LIMIT + MIB  # bytes of a whole form: its files together, and some room for all that is not a file
PIECE = 64 * 1024  # bytes read at once
FIELDS, TEXTS_LIMIT = 100, 128 * 1024  # text fields; bytes of all of them: the longest text takes four a sign
FILES = 20  # file parts in any form
HEAD_LIMIT = 8 * 1024  # bytes of a part's headers, and of what stands before the first part
BOUNDARY_LIMIT = 200  # RFC 2046 §5.1.1 says 70; some clients draw longer ones
NAME_LIMIT = 255  # characters of a file's name
_FORM = "aiguro.form"
_PLAIN = ("", "7bit", "8bit", "binary")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})  # controls, bidi overrides, what no font shows

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Part:
    """A file of the form. `content` is read once, now: the next part comes after it."""

    field: str
    filename: str
    content: Iterator[bytes]


def is_multipart() -> bool:
    """Whether the body is one."""
    return request.mimetype == "multipart/form-data"


def read(
    model: type[M], take: Callable[[Part], T], *, files: tuple[str, ...], most_files: int = 10, limit: int = FILE_LIMIT
) -> tuple[M, list[T]]:
    """The form's text fields as `model`, and what `take` made of each file; `limit` bytes are allowed to each.

    `files` names the fields that hold files; an input where none was chosen counts as absent. Texts are UTF-8, unknown
    ones are ignored. To be called with no transaction open. Raises Invalid, TooLarge, Unsupported, and what `take`
    raises.
    """
    form, texts, taken = _form(), list[tuple[str, str]](), list[T]()
    for part in form.parts():
        if isinstance(part, Text):
            texts.append((part.name, part.value))
            if part.name in files and part.value:
                raise invalid({f"/{part.name}": "здесь нужен файл"})
            continue
        first = next(part.content, b"")
        if not first and not part.filename:  # a browser's input without a file
            continue
        if part.field not in files:
            raise invalid({f"/{part.field}": "файл здесь не принимается"})
        if len(taken) == most_files:
            raise invalid({f"/{part.field}": f"файлов не больше {most_files}"})
        taken.append(take(Part(part.field, part.filename or "file", _limited(first, part.content, limit))))
    return body.of_pairs(model, [(name, value) for name, value in texts if name not in files]), taken


def digest() -> bytes:
    """A digest over the names and contents of the form's parts (not over its boundary, which differs with every try);
    what was not read yet is read, and thrown away. Raises Invalid, TooLarge, Unsupported."""
    form = _form()
    for part in form.parts():
        if isinstance(part, Part):
            for _ in part.content:
                pass
    return form.digest.digest()


def clean_name(name: str) -> str:
    """A file's name as people may see it: without a path, controls and bidi overrides, of NAME_LIMIT characters."""
    name = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    name = "".join(letter for letter in name if unicodedata.category(letter) not in _HIDDEN).strip()
    if name.strip(".") == "":
        return ""
    if len(name) > NAME_LIMIT:
        stem, dot, ending = name.rpartition(".")
        kept = dot + ending if stem and len(ending) <= 10 else ""
        name = name[: NAME_LIMIT - len(kept)].rstrip() + kept
    return name


def _limited(first: bytes, rest: Iterator[bytes], limit: int) -> Iterator[bytes]:
    left, piece = limit - len(first), first
    while piece:
        if left < 0:
            raise TooLarge(f"Файл больше {limit // MIB} МиБ" if limit >= MIB else f"Файл больше {limit // 1024} КиБ")
        yield piece
        piece = next(rest, b"")
        left -= len(piece)


@dataclass(frozen=True, slots=True)
class Text:
    """A field of the form that is no file."""

    name: str
    value: str


@dataclass
class _Form:
    """The form of one request, while it is read."""

    decoder: MultipartDecoder
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)
    stream: IO[bytes] | None = None
    received: int = 0
    fields: int = 0
    files: int = 0
    texts: int = 0  # bytes

    def parts(self) -> Iterator[Part | Text]:
        """Each part in its turn; what its receiver left of it is thrown away."""
        while True:
            event = self._event()
            if isinstance(event, File):
                self.files += 1
                name, filename = _name(event), event.filename
                pieces = self._pieces(name, filename)
                yield Part(name, clean_name(filename), pieces)
                for _ in pieces:
                    pass
            elif isinstance(event, Field):
                self.fields += 1
                yield self._text(event)
            elif isinstance(event, Epilogue):
                return
            if self.fields > FIELDS or self.files > FILES:
                raise TooLarge("Слишком много полей формы")

    def _text(self, event: Field) -> Text:
        name = _name(event)
        held = bytearray()
        for piece in self._pieces(name, None):
            self.texts += len(piece)
            if self.texts > TEXTS_LIMIT:
                raise TooLarge(f"Поля формы больше {TEXTS_LIMIT // 1024} КиБ")
            held += piece
        _, options = parse_options_header(event.headers.get("Content-Type"))
        if options.get("charset", "utf-8").lower() not in ("utf-8", "utf8", "us-ascii"):
            raise invalid({f"/{name}": "форма принимается только в UTF-8"})
        try:
            return Text(name, held.decode("utf-8"))
        except UnicodeDecodeError:
            raise invalid({f"/{name}": "форма принимается только в UTF-8"}) from None

    def _pieces(self, name: str, filename: str | None) -> Iterator[bytes]:
        """The content of the part that was just begun; at its end the part counts in the digest."""
        content, more = hashlib.sha256(), True
        while more:
            event = self._event()
            if not isinstance(event, Data):
                raise _broken()
            content.update(event.data)
            more = event.more_data
            if event.data:
                yield event.data
        for word in (name, filename):
            known = b"" if word is None else word.encode()
            self.digest.update((2**63 if word is None else len(known)).to_bytes(8, "big") + known)
        self.digest.update(content.digest())

    def _event(self) -> Event:
        """The next thing in the form, for which as much of the body is read as it needs."""
        decoder = self.decoder
        while True:
            state, before = decoder.state, len(decoder.buffer)
            if state in (State.EPILOGUE, State.COMPLETE):
                while self._piece():  # it means nothing, but the caller is heard out
                    pass
                return Epilogue(b"")
            try:
                event = decoder.next_event()
            except (
                ValueError,
                AttributeError,
            ):  # bad headers; AttributeError: a part that breaks off at its blank line
                raise _broken() from None
            held = len(decoder.buffer)
            head = held if event is NEED_DATA else before - held
            if state in (State.PREAMBLE, State.PART) and head > HEAD_LIMIT:
                raise Invalid("Заголовки части формы слишком длинные")
            if event is not NEED_DATA:
                return event
            decoder.receive_data(self._piece() or None)

    def _piece(self) -> bytes:
        with body.arriving() as stream:
            if self.stream is None:
                self.stream = stream
            piece = self.stream.read(PIECE)
        self.received += len(piece)
        if self.received > BODY_LIMIT:
            raise _too_large()
        return piece


def _form() -> _Form:
    """This request's form. Raises Unsupported, Invalid, TooLarge before anything of it is read."""
    kept: _Form | None = request.environ.get(_FORM)
    if kept is not None:
        return kept
    if not is_multipart():
        raise Unsupported("Нужен Content-Type: multipart/form-data", headers={"Accept": "multipart/form-data"})
    if request.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
        raise Unsupported("Сжатое тело запроса не принимается", headers={"Accept-Encoding": "identity"})
    options = request.mimetype_params
    if options.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        raise Unsupported("Форма принимается только в UTF-8", headers={"Accept": "multipart/form-data"})
    boundary = options.get("boundary", "")
    if not 1 <= len(boundary) <= BOUNDARY_LIMIT or not boundary.isascii() or not boundary.isprintable():
        raise Invalid("В Content-Type нет верной границы (boundary)")
    if (request.content_length or 0) > BODY_LIMIT:
        raise _too_large()
    form: _Form = request.environ.setdefault(_FORM, _Form(MultipartDecoder(boundary.encode("ascii"))))
    return form


def _name(event: Field | File) -> str:
    """The part's field. Raises Invalid without one, and for content in an encoding that forms do not have."""
    if not isinstance(event.name, str) or not event.name or len(event.name) > NAME_LIMIT:
        raise _broken()
    if event.headers.get("Content-Transfer-Encoding", "").strip().lower() not in _PLAIN:
        raise Invalid("Content-Transfer-Encoding в форме не принимается")
    return event.name


def _broken() -> Invalid:
    return Invalid("Форма составлена неверно или пришла не целиком")


def _too_large() -> TooLarge:
    return TooLarge(f"Запрос больше {FILE_LIMIT // MIB} МиБ")
