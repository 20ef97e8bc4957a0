"""The bell: what is new for this person, and how much waits."""

from __future__ import annotations

from typing import Any

from flask import g, render_template, url_for

from ..models.notification import NotificationSubject
from ..services import notifications
from ..services.notifications import NotificationRow
from ..web import auth
from ..web.door import Door

bp = Door("notifications", __name__, guard=auth.page, url_prefix="/dashboard/notifications")


@bp.get("")
def index() -> str:
    """The newest, for the bell's menu."""
    return _menu()


@bp.get("/counts")
def counts() -> str:
    """How many dialogs wait and how much is unread: on every screen, for the bell and the tab's title."""
    waiting, unread = notifications.count_waiting(g.who), notifications.count_unread(g.who)
    return render_template("shell/_counts.html", waiting=waiting, unread=unread, most=notifications.COUNTED_MAX)


@bp.post("/read")
def read_all() -> str:
    notifications.mark_read(g.who)
    return _menu()


@bp.post("/<id:id>/read")
def read(id: int) -> tuple[str, int]:
    notifications.mark_read(g.who, id)
    return "", 204


def _menu() -> str:
    rows = [{**row, "url": _address(row)} for row in notifications.list_newest(g.who)]
    return render_template("shell/_notifications.html", notifications=rows, me=g.who.user_id)


def _address(row: NotificationRow) -> str:
    """Where the news can be looked at."""
    data: dict[str, Any] = row["data"]
    if row["subject"] == NotificationSubject.dialog:
        return url_for("messengers.index", uuid=data["uuid"]) if data.get("uuid") else url_for("messengers.index")
    if row["subject"] == NotificationSubject.ticket:
        return url_for("support.ticket", id=row["subject_id"])
    if row["subject"] == NotificationSubject.client_import:
        return url_for("client_imports.show", id=row["subject_id"])
    return url_for("clients.index" if data.get("of") == "client" else "deals.index")
