"""Files of an organisation and of its funnels: rows here, bytes in storage, which only a task deletes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict, TypeVar, cast

from sqlalchemy import Select, delete, exists, func, select, text
from sqlalchemy.dialects.postgresql import insert

from ..errors import NotFound
from ..extensions import among, db
from ..models import File, Funnel, FunnelFile
from ..models.file import FileCategory
from ..queue import enqueue
from . import journal
from .access import Actor

KEYS_A_JOB = 500

Q = TypeVar("Q", bound=Select[*tuple[Any, ...]])


class FileRow(TypedDict):
    """A file as people see it. `size` is in bytes."""

    id: int
    original_name: str
    content_type: str
    size: int
    category: FileCategory
    description: str
    is_public: bool
    created_at: datetime


class CategoryRow(TypedDict):
    """How many files of a category there are, and their bytes."""

    category: FileCategory
    files: int
    size: int


@dataclass(frozen=True, slots=True)
class NewFile:
    """What is known of a file whose bytes are kept already."""

    name: str
    storage_key: str
    content_type: str
    size: int
    category: FileCategory = FileCategory.general_info
    description: str = ""
    is_public: bool = False


_SHOWN = (File.id, File.original_name, File.content_type, File.size, File.category, File.description, File.is_public,
          File.created_at)  # fmt: skip


def list_files(
    who: Actor,
    *,
    funnel_id: int | None = None,
    category: FileCategory | None = None,
    limit: int,
    offset: int = 0,
    before_id: int | None = None,
) -> tuple[list[FileRow], int]:
    """Files, newest first, and how many there are; of a funnel those that are attached to it. Raises NotFound."""
    who.must("read_files")
    query = _of(who, select(*_SHOWN), funnel_id, category).order_by(File.id.desc()).limit(limit).offset(offset)
    if before_id is not None:
        query = query.where(File.id < before_id)
    rows = [cast(FileRow, dict(row)) for row in db.session.execute(query).mappings()]
    total = db.session.scalar(_of(who, select(func.count()).select_from(File), funnel_id, category))
    return rows, total or 0


def count_by_category(who: Actor, funnel_id: int | None = None) -> list[CategoryRow]:
    """How much there is of each category that has files. Raises NotFound."""
    who.must("read_files")
    size = func.coalesce(func.sum(File.size), 0).label("size")
    query = _of(who, select(File.category, func.count().label("files"), size), funnel_id, None)
    rows = db.session.execute(query.group_by(File.category)).mappings()
    return [CategoryRow(category=row["category"], files=row["files"], size=int(row["size"])) for row in rows]


def get_file(who: Actor, file_id: int) -> FileRow:
    """Raises NotFound."""
    who.must("read_files")
    query = select(*_SHOWN).where(File.org_id == who.home, File.id == file_id)
    row = db.session.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("Файл не найден")
    return cast(FileRow, dict(row))


def may_add(who: Actor, funnel_id: int | None = None) -> None:
    """Before bytes are taken in: may this person add a file, there? Raises Forbidden, NotFound."""
    who.must("manage")
    if funnel_id is not None:
        _check_funnel(who, funnel_id)


def add(who: Actor, new: NewFile, funnel_id: int | None = None) -> FileRow:
    """A row for bytes that are kept already; one that is uploaded to a funnel is gone with it. Raises NotFound."""
    may_add(who, funnel_id)
    file = File(
        org_id=who.home,
        original_name=new.name,
        storage_key=new.storage_key,
        content_type=new.content_type,
        size=new.size,
        category=new.category,
        description=new.description,
        is_public=new.is_public,
        author_id=who.user_id,
    )
    db.session.add(file)
    db.session.flush()  # its id
    if funnel_id is not None:
        db.session.add(FunnelFile(org_id=who.home, funnel_id=funnel_id, file_id=file.id, uploaded=True))
        db.session.flush()  # a funnel that is gone by now is said before the answer is
    journal.note(who, "add", "file", file.id, name=new.name, size=new.size, funnel_id=funnel_id)
    return get_file(who, file.id)


def remove(who: Actor, file_id: int) -> None:
    """Delete a file everywhere. Raises NotFound."""
    who.must("manage")
    _delete(who, [file_id])


def remove_from_funnel(who: Actor, funnel_id: int, file_id: int) -> None:
    """Delete a file that the funnel has; one that other funnels have too only leaves this one. Raises NotFound."""
    who.must("manage")
    _detach(who, funnel_id, file_id)
    elsewhere = select(FunnelFile.file_id).where(FunnelFile.org_id == who.home, FunnelFile.file_id == file_id).limit(1)
    if db.session.scalar(elsewhere) is None:
        _delete(who, [file_id])
    else:
        journal.note(who, "detach", "file", file_id, funnel_id=funnel_id)


def attach(who: Actor, funnel_id: int, file_id: int) -> FileRow:
    """Let the funnel's assistants know the file; once is enough. Raises NotFound."""
    who.must("manage")
    _check_funnel(who, funnel_id)
    row = get_file(who, file_id)
    link = insert(FunnelFile).values(org_id=who.home, funnel_id=funnel_id, file_id=file_id)
    made = db.session.scalar(link.on_conflict_do_nothing().returning(FunnelFile.file_id))
    if made is not None:
        journal.note(who, "attach", "file", file_id, funnel_id=funnel_id)
    return row


def detach(who: Actor, funnel_id: int, file_id: int) -> FileRow:
    """Take the file away from the funnel; the organisation keeps it. Raises NotFound, also where it is not attached."""
    who.must("manage")
    row = get_file(who, file_id)
    _detach(who, funnel_id, file_id)
    journal.note(who, "detach", "file", file_id, funnel_id=funnel_id)
    return row


def leave_funnel(who: Actor, funnel_id: int) -> None:
    """The funnel goes: what was uploaded to it goes too, unless another funnel has it by now; the rest is detached."""
    who.must("manage")
    left = (
        delete(FunnelFile)
        .where(FunnelFile.org_id == who.home, FunnelFile.funnel_id == funnel_id)
        .returning(FunnelFile.file_id, FunnelFile.uploaded)
    )
    own = [row.file_id for row in db.session.execute(left).all() if row.uploaded]
    query = select(FunnelFile.file_id).where(FunnelFile.org_id == who.home, FunnelFile.file_id.in_(own))
    kept = set(db.session.scalars(query)) if own else set()
    gone = [file_id for file_id in own if file_id not in kept]
    if gone:
        _delete(who, gone)


def forget(who: Actor, keys: Collection[str]) -> None:
    """The rows of these bytes are being deleted in this transaction: a task deletes the bytes after it."""
    who.must("read")
    ordered = sorted(keys)
    for first in range(0, len(ordered), KEYS_A_JOB):
        enqueue("delete_bytes", org_id=who.home, keys=ordered[first : first + KEYS_A_JOB])


def list_known(keys: Sequence[str]) -> set[str]:
    """Those of `keys` that a row of any organisation names. Looks across tenants."""
    query = text("SELECT storage_key FROM lookup_storage_keys(:keys)")
    return set(db.session.scalars(query, {"keys": list(keys)}))


def _check_funnel(who: Actor, funnel_id: int) -> None:
    """Raises NotFound. Asked here, and not of services/funnels.py, which gives up its files through this module."""
    query = select(Funnel.id).where(Funnel.org_id == who.home, Funnel.id == funnel_id, Funnel.archived_at.is_(None))
    if db.session.scalar(query) is None:
        raise NotFound("Воронка не найдена")


def _of(who: Actor, query: Q, funnel_id: int | None, category: FileCategory | None) -> Q:
    query = query.where(File.org_id == who.home)
    if funnel_id is not None:
        _check_funnel(who, funnel_id)
        attached = exists().where(
            FunnelFile.org_id == who.home, FunnelFile.funnel_id == funnel_id, FunnelFile.file_id == File.id
        )
        query = query.where(attached)
    return query.where(File.category == category) if category is not None else query


def _detach(who: Actor, funnel_id: int, file_id: int) -> None:
    _check_funnel(who, funnel_id)
    gone = delete(FunnelFile).where(
        FunnelFile.org_id == who.home, FunnelFile.funnel_id == funnel_id, FunnelFile.file_id == file_id
    )
    if db.session.execute(gone.returning(FunnelFile.file_id)).one_or_none() is None:
        raise NotFound("Файл не найден")


def _delete(who: Actor, ids: list[int]) -> None:
    gone = delete(File).where(File.org_id == who.home, among(File.id, ids))
    rows = db.session.execute(gone.returning(File.id, File.original_name, File.storage_key)).all()
    if not rows:
        raise NotFound("Файл не найден")
    for row in rows:
        journal.note(who, "delete", "file", row.id, name=row.original_name)
    forget(who, [row.storage_key for row in rows])
