"""What of a text people see: names on one line, words that show something."""

from __future__ import annotations

import unicodedata

LONGEST = 4096  # signs; normalizing a long run of accents costs its square, and no line may be that long
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # letters and symbols by their category, yet nothing is seen
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})  # controls, bidi overrides, what no font shows
_JOINER, _COLOURFUL = "\u200d", "\ufe0f"  # between emoji; behind one
_NEWER = range(0x1F000, 0x1FC00)  # emoji, some of them younger than this Python


def one_line(text: str) -> str:
    """The text on one line, composed (NFC), without signs that are not seen or turn the line around; '' where nothing
    would be seen of it. Emoji that are joined stay so."""
    text = " ".join(text[:LONGEST].split())
    if not text.isascii() or not text.isprintable():
        kept = "".join(_shown(text, place, letter) for place, letter in enumerate(text))
        text = " ".join(unicodedata.normalize("NFC", kept).split())
    return text if is_visible(text) else ""


def is_visible(text: str) -> bool:
    """Whether there is anything to see. Cn may be an emoji that is newer than this Python; a mark needs its letter."""
    kinds = (unicodedata.category(letter) for letter in text if letter not in _BLANK)
    return any(kind == "Cn" or kind[0] not in "CZM" for kind in kinds)


def _shown(text: str, place: int, letter: str) -> str:
    if letter == _JOINER:
        before = text[max(0, place - 2) : place].rstrip(_COLOURFUL)[-1:]
        return letter if _is_emoji(before) and _is_emoji(text[place + 1 : place + 2]) else ""
    kind = unicodedata.category(letter)
    if kind == "Cc":
        return " "  # most of them part words
    return letter if kind not in _HIDDEN or ord(letter) in _NEWER else ""


def _is_emoji(letter: str) -> bool:
    return letter != "" and (unicodedata.category(letter) in ("So", "Sk") or ord(letter) in _NEWER)
