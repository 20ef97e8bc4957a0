"""The screen «Клиенты»."""

from __future__ import annotations

from ..web import auth
from ..web.door import Door
from . import shell

bp = Door("clients", __name__, guard=auth.page, url_prefix="/dashboard/clients")


@bp.get("")
def index() -> str:
    """The whole screen."""
    return shell.page("clients/page.html")
