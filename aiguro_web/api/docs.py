"""`GET /api/docs`: the description of the API, for people. The same document as /api/openapi.json, in Russian."""

from __future__ import annotations

from flask import current_app, render_template

from ..web import assets, auth, limits
from ..web.door import Door
from . import openapi
from .description import page

bp = Door("api_docs", __name__, guard=auth.public, url_prefix="/api")

KEPT = "aiguro_docs"
_ASSETS = ("docs.css", "docs.js", "theme.js", "icons.svg", "favicon.svg")


@bp.get("/docs")
def show() -> str:
    """The page: the same for everybody, so it is rendered once a process, and again after a new build of its assets."""
    limits.spend()
    built = [assets.asset(name) for name in _ASSETS]
    kept: tuple[list[str], str] | None = current_app.extensions.get(KEPT)
    if kept is None or kept[0] != built:
        shown = page.build(openapi.described(current_app))
        text = render_template("docs/page.html", docs=shown, places=page.PLACES)
        kept = current_app.extensions[KEPT] = built, text
    return kept[1]
