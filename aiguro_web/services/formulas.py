"""Cells that a table program would calculate: https://owasp.org/www-community/attacks/CSV_Injection"""

from __future__ import annotations

import re

# Whatever a program may skip (white space, control and invisible signs), then a sign that begins a formula, also as
# wide as a Chinese letter. A tab or a new line at the beginning may end the cell.
_SKIPPED = r"[\s\x00-\x1f\x7f-\xa0\u200b-\u200f\u2060\ufeff]*"
_FORMULA = re.compile(rf"[\t\r\n]|{_SKIPPED}[=+\-@\uff1d\uff0b\uff0d\uff20]")
GUARD = "'"


def guarded(text: str) -> str:
    """The text of a cell that stays text."""
    return GUARD + text if _FORMULA.match(text) else text


def bare(text: str) -> str:
    """Without the guard."""
    return text[1:] if text.startswith(GUARD) and _FORMULA.match(text, 1) else text
