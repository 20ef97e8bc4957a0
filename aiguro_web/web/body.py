"""What comes in and goes out of a JSON view: bodies, queries and forms read strictly, rows dumped once."""

from __future__ import annotations

import re
import socket
import types
import typing
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import IO, Any, TypeVar, cast
from urllib.parse import parse_qsl

from flask import Flask, Response, current_app, request
from pydantic import BaseModel, TypeAdapter, ValidationError
from werkzeug.exceptions import HTTPException
from werkzeug.wsgi import get_input_stream

from .. import deadlines
from ..errors import AppError, Invalid, TooLarge, Unsupported
from . import strict_json, wording
from .faults import invalid

JSON_LIMIT = 1024 * 1024  # bytes
FORM_LIMIT = 64 * 1024  # bytes
FORM_FIELDS = 100
PAGE_LIMIT = 1024 * 1024  # bytes of whatever Flask itself reads; a view that takes more sets request.max_content_length
PAGE_FORM_LIMIT = 512 * 1024  # bytes of a page's form in memory
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
RAW = "aiguro.raw_body"

Model = TypeVar("Model", bound=BaseModel)

_FORMATS: dict[type, tuple[re.Pattern[str], str]] = {
    int: (re.compile(r"-?(?:0|[1-9][0-9]{0,18})"), "int_parsing"),
    float: (re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?"), "float_parsing"),
    Decimal: (re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?"), "decimal_parsing"),
    bool: (re.compile(r"true|false|1|0"), "bool_parsing"),
    datetime: (
        re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[Tt ][0-9:.]{4,18}(?:[Zz]|[+-][0-9:]{4,5})?)?"),
        "datetime_parsing",
    ),
    date: (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"), "date_parsing"),
}


def init_app(app: Flask) -> None:
    """Bind the limits of what Flask itself reads: pages' forms, streams."""
    app.config.update(MAX_CONTENT_LENGTH=PAGE_LIMIT, MAX_FORM_MEMORY_SIZE=PAGE_FORM_LIMIT)


def refuse_nul() -> None:
    """Raises Invalid for a page's form with a sign that PostgreSQL cannot keep. A form with files is not read yet: its
    view reads it by `multipart.read`, which refuses that too."""
    if request.mimetype == "multipart/form-data":
        return
    wrong = {f"/{name}": "недопустимый символ (NUL)" for name, text in request.form.items(multi=True) if "\x00" in text}
    if wrong:
        raise invalid(wrong)


def raw(limit: int = JSON_LIMIT) -> bytes:
    """The body's bytes, kept for a second reader (idempotency, a webhook's signature). Raises TooLarge.

    A chunked body has no length: werkzeug stops silently at its limit, so one byte more than allowed is asked for.
    """
    environ = request.environ
    kept: bytes | None = environ.get(RAW)
    if kept is None:
        if request.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
            raise Unsupported("Сжатое тело запроса не принимается", headers={"Accept-Encoding": "identity"})
        if (request.content_length or 0) > limit:
            raise _too_large(limit)
        kept = environ[RAW] = _drain(limit + 1)
    if len(kept) > limit:
        raise _too_large(limit)
    return kept


def _drain(most: int) -> bytes:
    pieces: list[bytes] = []
    missing = most
    with arriving() as stream:
        while missing > 0:
            piece = stream.read(missing)
            if not piece:
                break
            pieces.append(piece)
            missing -= len(piece)
    return b"".join(pieces)


@contextmanager
def arriving() -> Iterator[IO[bytes]]:
    """The body as it comes from the caller, who may be slow, broken, or gone. Raises Invalid, Timeout."""
    caller: socket.socket | None = request.environ.get("gunicorn.socket")

    def hang_up() -> None:
        if caller is not None:
            caller.shutdown(socket.SHUT_RD)

    with deadlines.reading(hang_up):
        try:
            yield get_input_stream(request.environ)
        except (AppError, HTTPException):
            raise
        except Exception as error:  # every server has its own exceptions for a broken chunk
            raise Invalid("Тело запроса пришло не целиком") from error


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"Запрос больше {limit // 1024} КиБ")


def read_json(model: type[Model], *, limit: int = JSON_LIMIT) -> Model:
    """The body as `model`. An empty body counts as `{}`. Raises Invalid, TooLarge, Unsupported."""
    kind, options = request.mimetype, request.mimetype_params
    if kind and kind != JSON:
        raise Unsupported("Нужен Content-Type: application/json", headers={"Accept": JSON})
    if options.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        raise Unsupported("JSON принимается только в UTF-8", headers={"Accept": JSON})
    data = raw(limit)
    if (data and not kind) or not (request.content_type or "").isascii():
        raise Unsupported("Нужен Content-Type: application/json", headers={"Accept": JSON})
    return checked(model, strict_json.parse(data) if data else {})


def read_query(model: type[Model]) -> Model:
    """The query as `model`; a name that the model knows may come once. Unknown names are ignored. Raises Invalid."""
    given: dict[str, Any] = {}
    for name, values in request.args.lists():
        if name in _shape(model):
            given[name] = values
    return _from_texts(model, given)


def read_form(model: type[Model], *, limit: int = FORM_LIMIT) -> Model:
    """The `application/x-www-form-urlencoded` body as `model`. Raises Invalid, TooLarge, Unsupported."""
    if request.mimetype != FORM:
        raise Unsupported(f"Нужен Content-Type: {FORM}", headers={"Accept": FORM})
    if request.mimetype_params.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        raise Unsupported("Форма принимается только в UTF-8", headers={"Accept": FORM})
    try:
        text = raw(limit).decode("utf-8")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=FORM_FIELDS)
    except ValueError:
        raise Invalid("Форма составлена неверно") from None
    return of_pairs(model, pairs)


def of_pairs(model: type[Model], pairs: Iterable[tuple[str, str]]) -> Model:
    """The fields of a form as `model`; unknown names are ignored. Raises Invalid."""
    given: dict[str, Any] = {}
    for name, value in pairs:
        if name in _shape(model):
            given.setdefault(name, []).append(value)
    return _from_texts(model, given)


def checked(model: type[Model], value: Any) -> Model:
    """`value` as `model`; every error at once. Raises Invalid."""
    try:
        return model.model_validate(value)
    except ValidationError as failure:
        raise invalid(wording.of_validation(failure)) from None


def _from_texts(model: type[Model], given: Mapping[str, list[str]]) -> Model:
    """Texts are numbers only where they are written as JSON writes them: no `1_0`, `+1`, ` 1`, no Arabic digits."""
    shape, wrong, values = _shape(model), dict[str, str](), dict[str, Any]()
    for name, texts in given.items():
        many, formats = shape[name]
        if len(texts) > 1 and not many:
            wrong[f"/{name}"] = "параметр указан дважды"
            continue
        for text in texts:
            words = _trouble(text, formats)
            if words:
                wrong[f"/{name}"] = words
        values[name] = texts if many else texts[0]
    if wrong:
        raise invalid(wrong)
    return checked(model, values)


def _trouble(text: str, formats: tuple[type, ...] | None) -> str:
    if "\x00" in text:
        return "недопустимые символы"
    if formats is None or any(_FORMATS[kind][0].fullmatch(text) for kind in formats):
        return ""
    return wording.of_pydantic(_FORMATS[formats[0]][1], {})


@lru_cache(maxsize=512)
def _shape(model: type[BaseModel]) -> dict[str, tuple[bool, tuple[type, ...] | None]]:
    """By the name in a query: may it repeat; the types whose written form is checked (None: free text)."""
    shape: dict[str, tuple[bool, tuple[type, ...] | None]] = {}
    for name, field in model.model_fields.items():
        many, leaves = _leaves(field.annotation)
        plain = leaves - {type(None)}
        strict = tuple(kind for kind in _FORMATS if kind in plain)
        alias = field.validation_alias if isinstance(field.validation_alias, str) else name
        shape[alias] = (many, strict if strict and len(strict) == len(plain) else None)
    return shape


def _leaves(annotation: Any) -> tuple[bool, set[Any]]:
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return _leaves(typing.get_args(annotation)[0])
    if origin in (typing.Union, types.UnionType):
        parts = [_leaves(part) for part in typing.get_args(annotation)]
        return any(many for many, _ in parts), set().union(*(leaves for _, leaves in parts))
    if origin in (list, set, frozenset, tuple):
        return True, set().union(*(_leaves(part)[1] for part in typing.get_args(annotation) if part is not ...))
    return False, {annotation}


@lru_cache(maxsize=512)
def _adapter(kind: Any) -> TypeAdapter[Any]:
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    return adapter


def respond(rows: Any, kind: Any = None, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer: `rows` dumped as `kind` (cached adapter), or bytes that are JSON already."""
    if isinstance(rows, (bytes, bytearray, memoryview)):
        data = bytes(rows)
    elif isinstance(rows, str) and kind is None:
        data = rows.encode()
    else:
        warnings = "error" if current_app.testing else False
        shape: Any = type(rows) if kind is None else kind
        data = _adapter(shape).dump_json(rows, by_alias=True, warnings=cast(Any, warnings))
    response = Response(data, status, content_type=JSON)
    if headers:
        response.headers.extend(headers)
    return response
