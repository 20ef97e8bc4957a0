"""Bulk acts: their question, their progress, why rows were refused, their undo."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from flask import g, render_template, request
from flask_babel import gettext

from ..errors import Invalid
from ..models.bulk_act import BULK_ROWS_MAX, BulkSubject
from ..models.client import ClientStatus
from ..models.dialog import LOST_REASON_MAX, TAG_MAX
from ..services import bulk_acts, deal_board
from ..services.access import Actor
from ..services.bulk_acts import BulkRow, Chosen
from ..web import auth, tenancy
from ..web.door import Door
from ..web.filters import plural
from ..web.htmx import close, refresh
from . import tables

bp = Door("bulk_acts", __name__, guard=auth.page, url_prefix="/dashboard/bulk")

REASONS = 6
QUERY_MAX = 8000  # signs of a filter in an address
FIELDS_MAX = 40


@dataclass(frozen=True)
class Shown:
    """An act in words; `share` of it is done, in percent."""

    row: BulkRow
    words: str
    result: str
    working: bool
    may_undo: bool
    may_resume: bool

    @property
    def handled(self) -> int:
        return self.row["done"] + self.row["skipped"]


@bp.get("")
def index() -> str:
    """This person's acts that are under way or have just ended."""
    return render_template("tables/_acts.html", shown=shown(bulk_acts.list_recent(g.who)))


@bp.get("/<id:act_id>")
def show(act_id: int) -> str:
    """What became of one, and why rows were refused."""
    act = bulk_acts.get_act(g.who, act_id)
    return render_template("tables/_reasons.html", act=shown([act])[0], reasons=bulk_acts.list_reasons(g.who, act_id))


@bp.post("/<id:act_id>/undo")
def undo(act_id: int) -> tuple[str, int]:
    bulk_acts.undo(g.who, act_id)
    close()
    refresh("work")
    return "", 204


@bp.post("/<id:act_id>/resume")
def resume(act_id: int) -> tuple[str, int]:
    """Take up again what lost its job."""
    bulk_acts.resume(g.who, act_id)
    refresh("work")
    return "", 204


def ask(subject: BulkSubject, act: str, url: str, **lists: Any) -> str:
    """The question; the browser adds which rows to its answer."""
    rows = min(tenancy.read_id(request.args.get("rows", "")) or 0, BULK_ROWS_MAX)
    return render_template(
        "tables/_ask.html", subject=subject.value, act=act, url=url, rows=rows, tag_max=TAG_MAX,
        reason_max=LOST_REASON_MAX, statuses=list(ClientStatus),
        reasons=deal_board.list_lost_reasons(g.who, REASONS) if act == "close" else [], **lists,
    )  # fmt: skip


def begin(who: Actor, subject: BulkSubject, chosen: Chosen) -> tuple[str, int]:
    """Begin the act that a form asks for."""
    bulk_acts.start(who, subject, request.form.get("act", ""), request.form, chosen)
    close()
    refresh("work")
    return "", 204


def asked_ids() -> Sequence[int] | None:
    """The chosen rows; None for all of the filter."""
    return None if request.form.get("all") == "1" else tables.listed_ids(request.form.get("ids", ""))


def asked_most() -> int | None:
    """How many rows the question said; None where it could not say."""
    return tenancy.read_id(request.form.get("total", ""))


def asked_query() -> dict[str, str]:
    """The filter that stood in the address. Raises Invalid rather than to leave a part of it out: less of a filter is
    more rows."""
    text = request.form.get("query")
    try:
        if text is None or len(text) > QUERY_MAX:
            raise ValueError
        pairs = parse_qsl(text, max_num_fields=FIELDS_MAX, strict_parsing=bool(text))
    except ValueError as error:
        raise unread() from error
    found = dict(pairs)
    if len(found) < len(pairs):
        raise unread()
    found.pop(tables.SORT, None)
    return found


def unread() -> Invalid:
    """The refusal of a filter that cannot be read wholly."""
    return Invalid("Отбор не прочитан, обновите страницу", query="не прочитан")


def shown(acts: Iterable[BulkRow]) -> list[Shown]:
    """Acts in words."""
    return [
        Shown(
            act, _words(act), _result(act), act["state"] in ("running", "undoing"),
            act["state"] in ("done", "failed") and (act["done"] > 0 or "undone_by" in act["wish"]), act["stalled"],
        )
        for act in acts
    ]  # fmt: skip


def _words(act: BulkRow) -> str:
    """«50 сделок: этап «Договор»»."""
    wish, deals = act["wish"], act["subject"] == BulkSubject.dialog
    rows = (
        plural(act["total"], "сделка", "сделки", "сделок")
        if deals
        else plural(act["total"], "клиент", "клиента", "клиентов")
    )
    ending = {"won": gettext("выиграть"), "lost": gettext("проиграть")}.get(
        str(wish.get("outcome")), gettext("закрыть")
    )
    what = {
        "move": gettext("этап «%(name)s»", name=wish.get("name", "")),
        "assign": gettext("менеджер %(name)s", name=wish.get("name") or gettext("не назначен")),
        "close": ending,
        "tag": gettext("метка «%(name)s»", name=wish.get("tag", "")),
        "status": gettext("сделать активными") if wish.get("status") == "active" else gettext("сделать неактивными"),
        "delete": gettext("удалить"),
    }.get(act["act"], act["act"])
    return f"{rows}: {what}"


def _result(act: BulkRow) -> str:
    done, skipped, state = act["done"], act["skipped"], act["state"]
    if state == "running":
        return str(gettext("Выполняется: %(done)s из %(total)s", done=done + skipped, total=act["total"]))
    if state == "undoing":
        return str(gettext("Возвращаем: %(done)s из %(total)s", done=done + skipped, total=act["total"]))
    if state == "failed" and act["wish"].get("broken"):
        return str(gettext("Остановлено из-за ошибки: %(done)s из %(total)s", done=done + skipped, total=act["total"]))
    if state == "failed":
        return str(gettext("Остановлено: автор больше не работает в организации"))
    if state == "undone":
        said: str = gettext("Возвращено: %(done)s", done=done)
        return said + (", " + gettext("не удалось вернуть: %(skipped)s", skipped=skipped) if skipped else "")
    said = gettext("Готово: %(done)s", done=done)
    return said + (", " + gettext("пропущено: %(skipped)s", skipped=skipped) if skipped else "")
