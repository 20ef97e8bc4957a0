"""An import is read, run, undone and forgotten once, however often its worker dies."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

from sqlalchemy import text

from aiguro_web import storage
from aiguro_web.extensions import db, enter_organization
from aiguro_web.models.client_import import DuplicateRule
from aiguro_web.queue import jobs
from aiguro_web.services import client_imports
from aiguro_web.services.access import Actor
from tests.people import HOME

numbers = count(1)


def begun(stage: Any) -> int:
    """An import of three rows, one of them rejected, that waits to be read."""
    number = next(numbers)
    content = f"Имя;Телефон\nА{number};8900{number:07}\nБ{number};8901{number:07}\nВ;12\n".encode()
    stored = storage.receive("a.csv", iter([content]), sniffer=storage.TableSniffer)
    return int(act(stage, lambda who: client_imports.create(who, stored.name, stored.key)))


def act(stage: Any, what: Callable[[Actor], Any]) -> Any:
    with stage.house.app.app_context():
        enter_organization(HOME)
        done = what(stage.house.people.admin.actor)
        db.session.commit()
        return done


def work(name: str, import_id: int) -> Callable[[], None]:
    return lambda: jobs.tasks[name].func(org_id=HOME, import_id=import_id)


def state(stage: Any, import_id: int) -> Any:
    return stage.ask(f"SELECT state FROM client_import WHERE id = {import_id}")


def read_import(stage: Any) -> Any:
    import_id = begun(stage)
    run = work("read_import", import_id)
    run()
    assert state(stage, import_id) == "ready"
    return run


def run_import(stage: Any) -> Any:
    import_id = begun(stage)
    work("read_import", import_id)()
    act(stage, lambda who: client_imports.run(who, import_id, DuplicateRule.fill))
    run = work("run_import", import_id)
    run()
    assert stage.ask(f"SELECT added FROM client_import WHERE id = {import_id}") == 2
    return run


def undo_import(stage: Any) -> Any:
    import_id = begun(stage)
    work("read_import", import_id)()
    act(stage, lambda who: client_imports.run(who, import_id, DuplicateRule.fill))
    work("run_import", import_id)()
    act(stage, lambda who: client_imports.undo(who, import_id))
    run = work("undo_import", import_id)
    run()
    assert stage.ask(f"SELECT undone FROM client_import WHERE id = {import_id}") == 2
    return run


def forget_imports(stage: Any) -> Any:
    import_id = begun(stage)
    work("read_import", import_id)()
    with stage.house.admin.begin() as connection:
        old = "UPDATE client_import SET created_at = now() - interval '31 days' WHERE id = :id"
        connection.execute(text(old), {"id": import_id})

    def run() -> None:
        jobs.tasks["forget_imports"].func(timestamp=0)

    run()
    assert stage.ask(f"SELECT count(*) FROM client_import_row WHERE import_id = {import_id}") == 0
    return run


TWICE = {
    "read_import": read_import, "run_import": run_import, "undo_import": undo_import, "forget_imports": forget_imports,
}  # fmt: skip
