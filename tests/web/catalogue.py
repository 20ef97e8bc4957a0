"""The English catalogue, and what the source says that needs to stand in it."""

from __future__ import annotations

from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[2]
KEYWORDS = {
    "_": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "plural": (2, 4),  # plural(number, one, few, many): other languages know two forms
}


def read_english() -> Catalog:
    """The catalogue as it is written, compiled or not."""
    with (ROOT / "aiguro_web" / "translations" / "en" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale="en")


def said() -> Catalog:
    """Every text that pages and templates say through gettext."""
    with (ROOT / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    found = Catalog()
    for place, line, message, comments, context in extract_from_dir(
        str(ROOT), methods, options, keywords=KEYWORDS, directory_filter=_is_ours
    ):
        found.add(message, locations=[(place, line)], auto_comments=comments, context=context)
    return found


def _is_ours(folder: str) -> bool:
    return Path(folder).name not in ("node_modules", ".venv", ".git", "instance", "static")
