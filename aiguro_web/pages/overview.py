"""The screen «Обзор»."""

from __future__ import annotations

from ..web import auth
from ..web.door import Door
from . import shell

bp = Door("overview", __name__, guard=auth.page, url_prefix="/dashboard/overview")


@bp.get("")
def index() -> str:
    """The whole screen."""
    return shell.page("overview/page.html")
