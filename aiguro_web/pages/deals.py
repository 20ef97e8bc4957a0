"""The screen «Сделки»."""

from __future__ import annotations

from ..web import auth
from ..web.door import Door
from . import shell

bp = Door("deals", __name__, guard=auth.page, url_prefix="/dashboard/deals")


@bp.get("")
def index() -> str:
    """The whole screen."""
    return shell.page("deals/page.html")
