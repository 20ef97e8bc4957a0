"""The screen «Поддержка»."""

from __future__ import annotations

from ..web import auth
from ..web.door import Door
from . import shell

bp = Door("support", __name__, guard=auth.page, url_prefix="/dashboard/support")


@bp.get("")
def index() -> str:
    """The whole screen."""
    return shell.page("support/page.html")
