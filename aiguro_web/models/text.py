"""What of a text people see: names on one line, words that show something."""

from __future__ import annotations

import unicodedata

LONGEST = 4096  # signs; normalizing a long run of accents costs its square, and no line is that long
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # letters and symbols by their category, yet nothing is seen
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})  # controls, bidi overrides, what no font shows
_JOINER = "\u200d"
_NEWER = range(0x1F000, 0x1FC00)  # emoji, some of them younger than this Python


def one_line(text: str) -> str:
    """The text on one line, composed (NFC), without signs that are not seen or turn the line around; '' where nothing
    would be seen of it. Emoji that are joined stay so."""
    text = text.strip()
    if len(text) > LONGEST:
        return text  # longer than any limit: refused by whoever asked
    text = " ".join(text.split())
    if not text.isascii() or not text.isprintable():
        kept = [letter for place, letter in enumerate(text) if _stays(text, place, letter)]
        text = " ".join(unicodedata.normalize("NFC", "".join(kept)).split())
    return text if is_visible(text) else ""


def is_visible(text: str) -> bool:
    """Whether there is anything to see. Cn may be an emoji that is newer than this Python; a mark needs its letter."""
    kinds = (unicodedata.category(letter) for letter in text if letter not in _BLANK)
    return any(kind == "Cn" or kind[0] not in "CZM" for kind in kinds)


def _stays(text: str, place: int, letter: str) -> bool:
    if letter == _JOINER:
        before = text[:place].rstrip("\ufe0f")[-1:]  # the sign that asks for a colourful one is no part of a pair
        return _is_emoji(before) and _is_emoji(text[place + 1 : place + 2])
    return unicodedata.category(letter) not in _HIDDEN or ord(letter) in _NEWER


def _is_emoji(letter: str) -> bool:
    return letter != "" and (unicodedata.category(letter) in ("So", "Sk") or ord(letter) in _NEWER)
