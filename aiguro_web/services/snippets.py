"""A text cut around what was looked for, in pieces, so that a template can mark the hits and escapes all of it."""

from __future__ import annotations

import re
from typing import NamedTuple

AROUND = 40  # signs before the first hit
LENGTH = 160
_WORD = re.compile(r"[^\W_]+")
_ENDING = 3  # letters, but no more than a third, that a word may change at its end and still be the same


class Piece(NamedTuple):
    text: str
    is_hit: bool


Snippet = list[Piece]


def cut(text: str, words: list[str]) -> Snippet:
    """Some LENGTH signs of the text from the first hit on, the hits apart. `words` are in lower case, ё as е."""
    line = " ".join(text.split())
    hits = [match for match in _WORD.finditer(line) if _is_hit(match[0], words)]
    start = _start(line, hits[0].start()) if hits else 0
    end = min(len(line), start + LENGTH)
    pieces = [Piece("…", False)] if start else []
    at = start
    for match in hits:
        if match.start() < at or match.end() > end:
            continue
        pieces += [Piece(line[at : match.start()], False), Piece(match[0], True)]
        at = match.end()
    pieces += [Piece(line[at:end] + ("…" if end < len(line) else ""), False)]
    return [piece for piece in pieces if piece.text]


def _start(line: str, hit: int) -> int:
    """Where a word begins, at most AROUND signs before the hit."""
    if hit <= AROUND or len(line) <= LENGTH:
        return 0
    blank = line.find(" ", hit - AROUND, hit)
    return blank + 1 if blank >= 0 else hit - AROUND


def _is_hit(word: str, words: list[str]) -> bool:
    """Whether the index would take them for the same: one begins the other, but for an ending."""
    plain = word.lower().replace("ё", "е")
    return any(plain.startswith(_stem(wanted)) and len(plain) <= len(wanted) + 12 for wanted in words)


def _stem(word: str) -> str:
    """About what stemming leaves: good enough to mark a word that the database has found."""
    return word if word.isdigit() else word[: len(word) - min(_ENDING, len(word) // 3)] if len(word) > 3 else word
