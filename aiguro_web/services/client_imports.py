"""Imports of clients from a file, as people see and order them; the worker does the rest (client_import_*)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Literal, TypedDict, cast

from sqlalchemy import delete, func, select, text, update

from ..errors import Conflict, Invalid, NotFound
from ..extensions import db
from ..live import publish
from ..models import ClientImport, ClientImportRow
from ..models.client_import import DuplicateRule, ImportField, ImportOutcome, ImportState, ImportVerdict
from ..queue import enqueue
from . import files, journal, topics
from .access import Actor
from .client_import_rows import NAMES

Part = Literal["new", "duplicate", "rejected", "added", "changed", "skipped", "undone", "kept"]
KEPT_DAYS = 30  # rows and file; as long an import can be undone
BATCH = 2000  # rows of one transaction, or of one question
GOING_MOST = 3  # imports of one organisation that the worker is busy with
BUSY = (ImportState.running, ImportState.undoing)
_LOGIN = {ImportField.name, ImportField.phone, ImportField.email}


class ImportRow(TypedDict):
    """An import. `total` counts the rows of the file, `handled` those of the work that goes on; without a
    `storage_key` its file is deleted by now, since `rows_forgotten_at` its rows are."""

    id: int
    author_id: int | None
    author_name: str
    file_name: str
    storage_key: str | None
    encoding: str
    separator: str
    titles: list[str]
    has_titles: bool
    columns: list[str]
    rule: DuplicateRule
    state: ImportState
    error: str
    total: int
    handled: int
    fresh: int
    duplicates: int
    rejected: int
    added: int
    changed: int
    skipped: int
    undone: int
    kept: int
    created_at: datetime
    finished_at: datetime | None
    rows_forgotten_at: datetime | None


class LineRow(TypedDict):
    """A row of the file. `shown` has every field that was read, a rejected one as the file has it; `client` is the name
    of `client_id`, None where they are gone."""

    number: int
    verdict: ImportVerdict
    outcome: ImportOutcome | None
    reason: str
    client_id: int | None
    client: str | None
    shown: dict[str, str]


_COLUMNS = tuple(getattr(ClientImport, name) for name in ImportRow.__annotations__)


def create(who: Actor, file_name: str, storage_key: str) -> int:
    """An import of a file whose bytes are kept already; the worker reads it. Gives its id. Raises Conflict
    while GOING_MOST others go on."""
    may_create(who)
    row = ClientImport(
        org_id=who.home, author_id=who.user_id, author_name=who.name or who.email, file_name=file_name,
        storage_key=storage_key,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()  # its id
    journal.note(who, "create", "client_import", row.id, name=file_name)
    enqueue("read_import", lock=f"import:{row.id}", org_id=who.home, import_id=row.id)
    publish(topics.work(who.home))
    return row.id


def may_create(who: Actor) -> None:
    """Before bytes are taken in. Raises Forbidden, Conflict."""
    who.must("write_client")
    going = (ClientImport.org_id == who.home, ClientImport.state.in_((ImportState.reading, *BUSY)))
    if (db.session.scalar(select(func.count()).select_from(ClientImport).where(*going)) or 0) >= GOING_MOST:
        raise Conflict(f"Сейчас обрабатываются {GOING_MOST} импорта: дождитесь, пока закончится хотя бы один")


def list_imports(who: Actor, *, before_id: int | None = None, limit: int = 20) -> list[ImportRow]:
    """Newest first."""
    who.must("read")
    query = select(*_COLUMNS).where(ClientImport.org_id == who.home).order_by(ClientImport.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(ClientImport.id < before_id)
    return [cast(ImportRow, dict(row)) for row in db.session.execute(query).mappings()]


def get_import(who: Actor, import_id: int) -> ImportRow:
    """Raises NotFound."""
    who.must("read")
    query = select(*_COLUMNS).where(ClientImport.org_id == who.home, ClientImport.id == import_id)
    row = db.session.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("Импорт не найден")
    return cast(ImportRow, dict(row))


def list_rows(who: Actor, order: ImportRow, part: Part, *, after: int = 0, limit: int = 50) -> list[LineRow]:
    """Rows of one verdict or, after the run, of one outcome, in the order of the file."""
    who.must("read")
    column = "verdict" if part in ImportVerdict.__members__ else "outcome"
    query = text(
        f"""SELECT r.number, r.verdict, r.outcome, r.reason, r.client_id, r.cells, r.fields,
                   COALESCE(NULLIF(c.name, ''), NULLIF(c.phone, ''), c.email) AS client
            FROM (SELECT * FROM client_import_row WHERE org_id = :org AND import_id = :id AND {column} = :part
                  AND number > :after ORDER BY number LIMIT :limit) r
            LEFT JOIN client c ON c.org_id = :org AND c.id = r.client_id AND c.deleted_at IS NULL
            ORDER BY r.number"""
    )
    values = {"org": who.home, "id": order["id"], "part": part, "after": after, "limit": limit}
    found = []
    for row in db.session.execute(query, values).mappings():
        shown = _raw(row["cells"], order["columns"]) | row["fields"]
        known = {name: value for name, value in row.items() if name not in ("cells", "fields")}
        found.append(cast(LineRow, known | {"shown": shown}))
    return found


def list_samples(who: Actor, import_id: int, limit: int) -> list[list[str]]:
    """The cells of the first rows, to see what a column holds."""
    who.must("read")
    row = ClientImportRow
    of = (row.org_id == who.home, row.import_id == import_id)
    return list(db.session.scalars(select(row.cells).where(*of).order_by(row.number).limit(limit)))


def list_rejected(who: Actor, import_id: int) -> Iterator[list[tuple[int, list[str], str]]]:
    """(number, cells, reason) of every rejected row, some at a time."""
    who.must("write_client")
    row, after = ClientImportRow, 0
    while True:
        query = (
            select(row.number, row.cells, row.reason)
            .where(row.org_id == who.home, row.import_id == import_id, row.verdict == ImportVerdict.rejected)
            .where(row.number > after)
            .order_by(row.number)
            .limit(BATCH)
        )
        rows = [(found.number, found.cells, found.reason) for found in db.session.execute(query)]
        if rows:
            yield rows
        if len(rows) < BATCH:
            return
        after = rows[-1][0]


def choose_columns(who: Actor, import_id: int, columns: Sequence[str], *, has_titles: bool) -> None:
    """What the columns are, and whether the first row names them, said by a person: the file is read anew. Raises
    NotFound, Conflict, Invalid."""
    row = _held(who, import_id)
    if row.state != ImportState.ready:
        raise Conflict("Столбцы меняют после проверки и до запуска")
    if row.storage_key is None:
        raise Conflict("Файл удалён вместе с данными клиента: загрузите его снова")
    if len(columns) != len(row.columns) or not set(columns) <= set(ImportField):
        raise Invalid("Столбцы не те: обновите страницу")
    if not _LOGIN & set(columns):
        raise Invalid("Выберите столбец с именем, телефоном или почтой", columns="нужно имя, телефон или почта")
    twice = next((name for name in (ImportField.phone, ImportField.email, ImportField.manager, ImportField.status,
                                    ImportField.source) if columns.count(name) > 1), None)  # fmt: skip
    if twice is not None:
        raise Invalid(f"«{NAMES[twice]}» выбрано для двух столбцов, нужен один", columns="повторяется")
    if list(columns) == row.columns and has_titles == row.has_titles:
        return
    row.has_titles = has_titles
    row.columns, row.state, row.handled = [str(name) for name in columns], ImportState.reading, 0
    enqueue("read_import", lock=f"import:{row.id}", org_id=who.home, import_id=row.id)
    publish(topics.work(who.home))


def run(who: Actor, import_id: int, rule: DuplicateRule) -> None:
    """Let the worker do it. Raises NotFound, Conflict."""
    row = _held(who, import_id)
    if row.state != ImportState.ready:
        raise Conflict("Этот импорт уже запущен" if row.state in BUSY else "Этот импорт сейчас не запустить")
    if not row.fresh + row.duplicates:
        raise Conflict("В файле нет строк, которые можно импортировать")
    row.rule, row.state, row.handled = rule, ImportState.running, 0
    journal.note(who, "run", "client_import", row.id, name=row.file_name, rule=rule.value)
    _work(who, "run_import", row)


def undo(who: Actor, import_id: int) -> None:
    """Let the worker take it back. Raises NotFound, Conflict, also after KEPT_DAYS."""
    row = _held(who, import_id)
    if row.state != ImportState.done:
        raise Conflict("Отменить можно только завершённый импорт")
    if row.rows_forgotten_at is not None:
        raise Conflict(f"Прошло {KEPT_DAYS} дней: этот импорт уже не отменить")
    row.state, row.handled, row.undone, row.kept = ImportState.undoing, 0, 0, 0
    journal.note(who, "undo", "client_import", row.id, name=row.file_name)
    _work(who, "undo_import", row)


def remove(who: Actor, import_id: int) -> None:
    """Forget the import with its rows and its file; clients stay as they are. Raises NotFound, Conflict."""
    row = _held(who, import_id)
    if row.state in BUSY:
        raise Conflict("Импорт идёт: дождитесь конца")
    if row.storage_key is not None:
        files.forget(who, [row.storage_key])
    journal.note(who, "delete", "client_import", row.id, name=row.file_name)
    db.session.execute(delete(ClientImport).where(ClientImport.org_id == who.home, ClientImport.id == row.id))
    publish(topics.work(who.home))


def list_old() -> list[tuple[int, int]]:
    """(organisation, import) whose rows have been kept long enough, a thousand at a time. Looks across tenants."""
    query = text("SELECT org_id, id FROM lookup_old_imports(:days)")
    return [(row.org_id, row.id) for row in db.session.execute(query, {"days": KEPT_DAYS})]


def forget_rows(who: Actor, import_id: int) -> bool:
    """Some of an old import's rows and, after the last, its file; what it came to stays known. Gives whether there may
    be more."""
    who.must("manage")
    old = ClientImport.created_at < text(f"now() - interval '{KEPT_DAYS} days'")
    query = select(ClientImport).where(ClientImport.org_id == who.home, ClientImport.id == import_id, old)
    row = db.session.scalars(query.with_for_update()).one_or_none()
    if row is None or row.state in BUSY or row.rows_forgotten_at is not None:
        return False
    of = (ClientImportRow.org_id == who.home, ClientImportRow.import_id == import_id)
    some = select(ClientImportRow.number).where(*of).limit(BATCH).cte("taken")
    gone: Any = db.session.execute(
        delete(ClientImportRow)
        .where(*of, ClientImportRow.number.in_(select(some.c.number)))
        .execution_options(synchronize_session=False)
    )
    if gone.rowcount == BATCH:
        return True
    if row.storage_key is not None:
        files.forget(who, [row.storage_key])
    values: dict[str, Any] = {"storage_key": None, "titles": [], "rows_forgotten_at": func.now()}
    if row.state in (ImportState.reading, ImportState.ready):
        values |= {"state": ImportState.failed, "error": f"Импорт не запустили за {KEPT_DAYS} дней: строки удалены"}
    db.session.execute(
        update(ClientImport).where(ClientImport.org_id == who.home, ClientImport.id == import_id).values(**values)
    )
    return False


def _held(who: Actor, import_id: int) -> ClientImport:
    """The import, locked. Raises Forbidden, NotFound."""
    who.must("write_client")
    query = select(ClientImport).where(ClientImport.org_id == who.home, ClientImport.id == import_id)
    row = db.session.scalars(query.with_for_update()).one_or_none()
    if row is None:
        raise NotFound("Импорт не найден")
    return row


def _work(who: Actor, name: Literal["run_import", "undo_import"], row: ClientImport) -> None:
    """One after another in an organisation: two imports with the same phone must find each other's clients."""
    lock = f"imports:{who.home}"
    if name == "run_import":
        enqueue("run_import", lock=lock, org_id=who.home, import_id=row.id)
    else:
        enqueue("undo_import", lock=lock, org_id=who.home, import_id=row.id)
    publish(topics.work(who.home))


def _raw(cells: Sequence[str], columns: Sequence[str]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for name, cell in zip(columns, cells, strict=False):
        if name and cell.strip():
            found.setdefault(name, []).append(cell.strip())
    return {name: " ".join(parts) for name, parts in found.items()}
