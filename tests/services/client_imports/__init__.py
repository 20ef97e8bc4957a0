"""Importing clients: one file a noun; what a person and the worker do stands here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import text

from aiguro_web import storage
from aiguro_web.extensions import db, enter_organization
from aiguro_web.models.client_import import DuplicateRule
from aiguro_web.queue import jobs
from aiguro_web.services import client_imports, clients, erasure
from aiguro_web.services.client_imports import ImportRow
from tests import people
from tests.people import HOME, People

Start = Callable[..., int]


HEAD = "Имя;Телефон;Почта;Менеджер;Статус;Источник;Заметки\r\n"


def work(name: str, import_id: int) -> None:
    """As the worker does it; afterwards the test's own session again."""
    jobs.tasks[name].func(org_id=HOME, import_id=import_id)
    enter_organization(HOME)


def begin(company: People, content: str | bytes) -> int:
    """A file is uploaded and read."""
    raw = content.encode() if isinstance(content, str) else content
    stored = storage.receive("клиенты.csv", iter([raw]), sniffer=storage.TableSniffer)
    import_id = client_imports.create(company.manager.actor, stored.name, stored.key)
    db.session.commit()
    work("read_import", import_id)
    return import_id


def run(company: People, import_id: int, rule: DuplicateRule = DuplicateRule.skip) -> ImportRow:
    client_imports.run(company.manager.actor, import_id, rule)
    db.session.commit()
    work("run_import", import_id)
    return look(company, import_id)


def undo(company: People, import_id: int) -> ImportRow:
    client_imports.undo(company.manager.actor, import_id)
    db.session.commit()
    work("undo_import", import_id)
    return look(company, import_id)


def look(company: People, import_id: int) -> ImportRow:
    db.session.rollback()
    return client_imports.get_import(company.viewer.actor, import_id)


def ask(query: str, **values: Any) -> Any:
    db.session.rollback()
    return db.session.execute(text(query), values).all()


def known(**wish: str) -> int:
    """Somebody who is a client already."""
    made = clients.create(people.load().admin.actor, wish)
    db.session.commit()
    return made


def lines(company: People, import_id: int, part: Any) -> list[tuple[int, str]]:
    rows = client_imports.list_rows(company.viewer.actor, look(company, import_id), part)
    return [(row["number"], row["reason"]) for row in rows]


def everybody() -> list[tuple[Any, ...]]:
    query = "SELECT name, phone, email, status, source FROM client WHERE deleted_at IS NULL ORDER BY id"
    return [tuple(row) for row in ask(query)]


def tally_is_true() -> None:
    """The kept counts are those of the rows."""
    kept = "SELECT COALESCE(sum(clients), 0) FROM client_tally"
    assert ask(kept)[0][0] == ask("SELECT count(*) FROM client WHERE deleted_at IS NULL AND NOT is_test")[0][0]


def many(number: int) -> str:
    return "Имя;Телефон\n" + "".join(f"К{n};8900{n:07}\n" for n in range(number))


def erase(company: People, phone: str) -> None:
    """As the worker does it after an admin's order."""
    ((client_id,),) = ask("SELECT id FROM client WHERE phone = :phone AND deleted_at IS NULL", phone=phone)
    erasure.order(company.admin.actor, client_id)
    db.session.commit()
    jobs.tasks["erase_client"].func(org_id=HOME, client_id=client_id)
    enter_organization(HOME)
    assert ask("SELECT count(*) FROM client WHERE id = :id", id=client_id) == [(0,)]
