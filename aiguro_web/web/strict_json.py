"""JSON read strictly: UTF-8 without a mark, no NaN, no twins among keys, bounded depth and numbers, clean texts."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from ..errors import Invalid

DEPTH = 32
INTEGER_DIGITS = 19
INTEGER_MAX = 2**63 - 1
NUMBER_LENGTH = 64  # characters of a number with a fraction or an exponent

_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)
_SUSPECT = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")


def parse(data: bytes) -> Any:
    """The value of a JSON text (RFC 8259). Raises Invalid with a Russian sentence."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Invalid("JSON должен быть в кодировке UTF-8") from None
    if text.startswith("\ufeff"):
        raise Invalid("JSON должен быть в UTF-8 без BOM")
    _refuse_depth(data)
    try:
        value = _decoder.decode(text)
    except RecursionError:
        raise Invalid("Слишком глубокая вложенность JSON") from None
    except ValueError:
        raise Invalid("Тело запроса не является правильным JSON") from None
    if _SUSPECT.search(data):
        for part in _texts(value):
            refuse_text(part)
    return value


def refuse_text(text: str) -> None:
    """Raises Invalid for what PostgreSQL and UTF-8 cannot hold: NUL and lone surrogates."""
    if "\x00" in text:
        raise Invalid("В тексте недопустимый символ (NUL)")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise Invalid("В тексте недопустимые символы (половина суррогатной пары)") from None


def _refuse_depth(data: bytes) -> None:
    if data.count(b"[") + data.count(b"{") <= DEPTH:
        return
    depth = 0
    for match in _TOKENS.finditer(data):
        token = match.group()
        if token in (b"[", b"{"):
            depth += 1
            if depth > DEPTH:
                raise Invalid(f"Слишком глубокая вложенность JSON: не больше {DEPTH} уровней")
        elif token in (b"]", b"}"):
            depth -= 1


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Invalid("В объекте JSON повторяются ключи")
    return found


def _integer(text: str) -> int:
    if len(text) <= INTEGER_DIGITS + 1:  # a sign
        number = int(text)
        if -INTEGER_MAX <= number <= INTEGER_MAX:
            return number
    raise Invalid("Слишком большое число")


def _fraction(text: str) -> float:
    number = float(text) if len(text) <= NUMBER_LENGTH else math.inf
    if not math.isfinite(number):
        raise Invalid("Слишком большое число")
    return number


def _constant(text: str) -> Any:
    raise Invalid("NaN и Infinity недопустимы в JSON")


_decoder = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_fraction, parse_constant=_constant
)
