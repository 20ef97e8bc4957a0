"""Importing clients from a file: choose it, look at what would become of it, start it, take it back."""

from __future__ import annotations

import csv
import io
import zlib
from typing import Any, cast, get_args

from flask import Response, g, make_response, render_template, request, url_for
from flask_babel import gettext
from pydantic import BaseModel
from werkzeug.wrappers import Response as BaseResponse

from .. import storage
from ..errors import Invalid, NotFound, TooLarge
from ..models.client_import import IMPORT_BYTES_MAX, IMPORT_ROWS_MAX, ImportState
from ..services import client_imports, formulas
from ..services.client_imports import ImportRow, Part
from ..web import auth, multipart, sessions, tenancy
from ..web.door import Door, outside
from ..web.htmx import toast
from . import shell
from .forms import read
from .forms.client_imports import FIELDS, ColumnsForm, RunForm

bp = Door("client_imports", __name__, guard=auth.page, url_prefix="/dashboard/clients/imports")

LISTED, LINES, SAMPLES = 20, 50, 3
GOING = (ImportState.reading, ImportState.running, ImportState.undoing)
PARTS: dict[ImportState, tuple[tuple[Part, str], ...]] = {  # what is looked at, and the count of it
    ImportState.ready: (("new", "fresh"), ("duplicate", "duplicates"), ("rejected", "rejected")),
    ImportState.done: (("added", "added"), ("changed", "changed"), ("skipped", "skipped"), ("rejected", "rejected")),
    ImportState.undone: (("undone", "undone"), ("kept", "kept"), ("skipped", "skipped"), ("rejected", "rejected")),
}
NO_LINES: dict[str, Any] = {"parts": [], "part": "", "lines": [], "more": False}
EXAMPLE = (
    ("Имя", "Телефон", "Почта", "Менеджер", "Статус", "Источник", "Заметки"),
    ("Иван Петров", "8 900 123-45-67", "ivan@example.ru", "", "активный", "Сайт", "Спрашивал про доставку"),
)


class FileForm(BaseModel):
    """A file, and nothing else."""


@bp.get("")
def index() -> str:
    """The screen: a new import, and those there were."""
    return shell.page("clients/imports/page.html", error="", **_list())


@bp.get("/list")
def list_() -> str:
    """The list alone; with `before`, its next rows."""
    return render_template("clients/imports/_more.html" if "before" in request.args else "clients/imports/_list.html",
                           **_list())  # fmt: skip


@bp.get("/example.csv")
def example() -> Response:
    """A file to fill in."""
    return _table("clients.csv", EXAMPLE)


@bp.post("")
def upload() -> BaseResponse:
    """Take the file in; the worker reads it."""
    client_imports.may_create(g.who)
    try:
        with storage.receiving(storage.TableSniffer) as take:
            with outside():
                _, taken = multipart.read(FileForm, take, files=("file",), most_files=1, limit=IMPORT_BYTES_MAX)
            if not taken:
                raise Invalid(gettext("Выберите файл"))
            import_id = client_imports.create(g.who, taken[0].name, taken[0].key)
    except (Invalid, TooLarge) as refusal:
        return make_response(render_template("clients/imports/_upload.html", error=refusal.message, **_limits()), 422)
    return cast(BaseResponse, sessions.go_to(url_for("client_imports.show", id=import_id)))


@bp.get("/<id:id>")
def show(id: int) -> str:
    """One import; `?part=` opens with those rows."""
    return shell.page("clients/imports/import.html", **_one(id))


@bp.get("/<id:id>/state")
def state(id: int) -> str | tuple[str, int]:
    """How it stands; nothing where the page has `seen` that already, so that nobody's choice is swept away."""
    order = client_imports.get_import(g.who, id)
    if request.args.get("seen") == _seen(order):
        return "", 204
    return _answer(id)


@bp.get("/<id:id>/rows")
def rows(id: int) -> str:
    """Rows of one verdict or outcome; with `after`, those that follow."""
    order = client_imports.get_import(g.who, id)
    after = tenancy.read_id(request.args.get("after", "")) or 0
    lines = _lines(order, after)
    return render_template(
        "clients/imports/_lines.html" if after else "clients/imports/_rows.html", order=order, **lines
    )


@bp.get("/<id:id>/rejected.csv")
def rejected(id: int) -> Response:
    """The rejected rows as the file has them, with the reason behind them: to be mended and imported."""
    order = client_imports.get_import(g.who, id)
    titles = order["titles"] if order["has_titles"] else ["" for _ in order["titles"]]
    table: list[tuple[str, ...]] = [(*titles, gettext("Причина"))] if order["has_titles"] else []
    for some in client_imports.list_rejected(g.who, id):
        table += [(*cells, *[""] * (len(titles) - len(cells)), reason) for _, cells, reason in some]
    return _table(f"rejected-{id}.csv", table)


@bp.post("/<id:id>/columns")
def columns(id: int) -> str:
    """Say what the columns are; the file is read anew."""
    wish = read(ColumnsForm)
    client_imports.choose_columns(g.who, id, wish.column.data or [], has_titles=wish.has_titles.data)
    return _answer(id)


@bp.post("/<id:id>/run")
def run(id: int) -> str:
    """Start it."""
    client_imports.run(g.who, id, read(RunForm).rule.data)
    return _answer(id)


@bp.post("/<id:id>/undo")
def undo(id: int) -> str:
    """Take it back."""
    client_imports.undo(g.who, id)
    return _answer(id)


@bp.post("/<id:id>/remove")
def remove(id: int) -> BaseResponse:
    """Give it up, or forget it."""
    client_imports.remove(g.who, id)
    toast(gettext("Импорт удалён"))
    return cast(BaseResponse, sessions.go_to(url_for("client_imports.index")))


def _limits() -> dict[str, int]:
    return {"mebibytes": IMPORT_BYTES_MAX // 1024**2, "rows_max": IMPORT_ROWS_MAX}


def _list() -> dict[str, Any]:
    before = tenancy.read_id(request.args.get("before", ""))
    found = client_imports.list_imports(g.who, before_id=before, limit=LISTED + 1)
    orders, more = found[:LISTED], len(found) > LISTED
    return {"orders": orders, "more": more, "can": shell.rights(g.who), "going": GOING, **_limits()}


def _answer(import_id: int) -> str:
    return render_template("clients/imports/_import.html", **_one(import_id))


def _one(import_id: int) -> dict[str, Any]:
    order = client_imports.get_import(g.who, import_id)
    parts = PARTS.get(order["state"], ())
    return {
        "order": order,
        "can": shell.rights(g.who),
        "seen": _seen(order),
        "going": order["state"] in GOING,
        "kept_days": client_imports.KEPT_DAYS,
        "fields": FIELDS,
        "samples": client_imports.list_samples(g.who, import_id, SAMPLES) if order["state"] == "ready" else [],
        **(_lines(order) if parts and order["rows_forgotten_at"] is None else NO_LINES),
    }


def _lines(order: ImportRow, after: int = 0) -> dict[str, Any]:
    """The rows that are looked at: of the part that is asked for, else of the first that has any."""
    asked = request.args.get("part", "")
    if asked and asked not in get_args(Part):
        raise NotFound(gettext("Таких строк нет"))
    counts: dict[str, int] = cast("dict[str, int]", order)
    parts = [(part, counts[column]) for part, column in PARTS.get(order["state"], ())]
    known = [part for part, _ in parts]
    part = asked if asked in known else next((part for part, count in parts if count), known[0] if known else "")
    found = client_imports.list_rows(g.who, order, cast(Part, part), after=after, limit=LINES + 1) if part else []
    return {"parts": parts, "part": part, "lines": found[:LINES], "more": len(found) > LINES}


def _seen(order: ImportRow) -> str:
    """Changes with whatever the page of this import shows."""
    shown = (
        order["state"],
        order["handled"],
        order["total"],
        order["columns"],
        order["has_titles"],
        order["storage_key"],
        order["rows_forgotten_at"],
    )
    return f"{zlib.crc32(repr(shown).encode()):x}"


def _table(name: str, table: Any) -> Response:
    """A CSV as Excel opens it in Russia; what it would calculate stays text."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";")
    writer.writerows([formulas.guarded(cell) for cell in cells] for cells in table)
    response = make_response("\ufeff" + out.getvalue())
    response.headers["Content-Type"] = "text/csv; charset=utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
