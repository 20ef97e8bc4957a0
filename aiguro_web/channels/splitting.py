"""Cutting a long text into messages: at a paragraph, else a sentence, else a word, else between two characters.

Lengths are counted in UTF-16 code units. Telegram documents its 4096 in code points ("length in utf8 codepoints",
core.telegram.org/constructor/config) and its entities in UTF-16 units, and people report either for the limit. A piece
counted in UTF-16 units fits under both, at the price of cutting a text of thousands of emoji earlier.
"""

from __future__ import annotations

import re
import unicodedata

_PARAGRAPH = re.compile(r"\n[^\S\n]*\n\s*")
_SENTENCE = re.compile(r"(?<=[.!?…])[\"'»”)\]]{0,3}(?=\s)|\n")
_WORD = re.compile(r"\s+")
_JOINER = "\u200d"
_LONGEST_CLUSTER = 32  # a family of four with skin tones is 11; longer ones are noise and may be cut


def split(text: str, limit: int) -> list[str]:
    """The pieces in order, each 1 to `limit` long and without blank edges; nothing but blanks is lost between them."""
    text = text.strip()
    pieces: list[str] = []
    start = 0
    while start < len(text):
        reach = _reach(text, start, limit)
        cut = reach if reach == len(text) else _cut(text, start, reach)
        pieces.append(text[start:cut].rstrip())
        start = cut
        while start < len(text) and text[start].isspace():
            start += 1
    return pieces


def length(text: str) -> int:
    """How long a messenger takes the text to be, in UTF-16 code units."""
    return sum(2 if char > "\uffff" else 1 for char in text)


def _reach(text: str, start: int, limit: int) -> int:
    """The furthest index such that text[start:index] is within the limit (at least one character)."""
    end, used = start + 1, length(text[start])
    while end < len(text) and (used := used + length(text[end])) <= limit:
        end += 1
    return end


def _cut(text: str, start: int, reach: int) -> int:
    worthwhile = start + (reach - start) // 4  # a greeting of ten letters is no message of its own
    for pattern, floor in ((_PARAGRAPH, worthwhile), (_SENTENCE, worthwhile), (_WORD, start + 1)):
        if cut := _last_end(pattern, text, start, reach, floor):
            return cut
    return _between_characters(text, start, reach)


def _last_end(pattern: re.Pattern[str], text: str, start: int, reach: int, floor: int) -> int:
    """Where the last match up to `reach` ends (a blank that goes on past `reach` counts), 0 for none after `floor`."""
    ends = (min(match.end(), reach) for match in pattern.finditer(text, start, reach + 1) if match.start() <= reach)
    return max((end for end in ends if end >= floor), default=0)


def _between_characters(text: str, start: int, reach: int) -> int:
    for cut in range(reach, max(start, reach - _LONGEST_CLUSTER), -1):
        if not _inside_character(text, cut):
            return cut
    return reach


def _inside_character(text: str, at: int) -> bool:
    """Would cutting before text[at] tear one visible character apart? The common cases of UAX 29, not all of them."""
    before, after = text[at - 1], text[at]
    if _JOINER in (before, after) or unicodedata.category(after) in ("Mn", "Mc", "Me"):
        return True
    if "\U0001f3fb" <= after <= "\U0001f3ff" or "\U000e0020" <= after <= "\U000e007f":  # skin tones, flags of regions
        return True
    if "\ud800" <= before <= "\udbff" and "\udc00" <= after <= "\udfff":
        return True
    return _is_flag_letter(after) and _flag_letters_before(text, at) % 2 == 1


def _flag_letters_before(text: str, at: int) -> int:
    count = 0
    while at - count > 0 and count < _LONGEST_CLUSTER and _is_flag_letter(text[at - count - 1]):
        count += 1
    return count


def _is_flag_letter(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"
