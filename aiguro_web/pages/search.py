"""The search over everything: what the palette of every screen asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import current_app, g, render_template, request, url_for
from flask_babel import gettext, lazy_gettext

from ..services import search
from ..web import auth
from ..web.door import Door
from . import shell

bp = Door("search", __name__, guard=auth.page, url_prefix="/dashboard/search")

SECTIONS_MAX = 4
# Places that have no entry of their own in the navigation: endpoint, icon, name, what else people call it.
PLACES = (
    ("deal_table.index", "table", lazy_gettext("Сделки таблицей"), ""),
    ("client_imports.index", "file-import", lazy_gettext("Импорт клиентов"), "csv загрузка"),
)


@dataclass(frozen=True)
class Section:
    """A screen that can be gone to."""

    url: str
    icon: str
    name: str


@bp.get("")
def find() -> str:
    """What `?q=` names, by kind; without words the screens."""
    words = request.args.get("q", "").strip()[: search.TYPED_MAX]
    found = search.find(g.who, words)
    return render_template("search/_results.html", words=words, found=found, sections=_sections(words))


def _sections(words: str) -> list[Section]:
    wanted = words.lower().split()
    known: list[tuple[str, str, Any, str]] = [(*screen[:3], "") for screen in shell.SCREENS]
    found = [
        Section(url_for(endpoint), icon, str(name))
        for endpoint, icon, name, more in [*known, *_places()]
        if all(any(own.startswith(word) for own in f"{name} {more}".lower().split()) for word in wanted)
    ]
    return found[:SECTIONS_MAX] if wanted else found


def _places() -> list[tuple[str, str, Any, str]]:
    may = {"client_imports.index": g.who.may("write_client")}
    return [place for place in PLACES if may.get(place[0], True) and place[0] in current_app.view_functions]


def marks() -> dict[str, str]:
    """The words of a role, beside what was said."""
    return {"user": gettext("Клиент"), "assistant": gettext("Ассистент"), "manager": gettext("Менеджер")}


bp.add_app_template_global(marks, "search_roles")
