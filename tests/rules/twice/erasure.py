"""A client whose time of undo is over is erased once."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from aiguro_web.extensions import db, enter_organization
from aiguro_web.queue import jobs
from aiguro_web.services import clients, erasure
from tests.people import HOME

OLD = """UPDATE {} SET deleted_at = deleted_at - interval '31 days' WHERE deleted_at IS NOT NULL"""


def erase_clients(stage: Any) -> Any:
    client_id = stage.ask("SELECT client_id FROM dialog WHERE id = :dialog")
    with stage.house.app.app_context():
        enter_organization(HOME)
        clients.delete(stage.house.people.admin.actor, client_id)
        db.session.commit()
    with stage.house.admin.begin() as connection:
        connection.execute(text(OLD.format("client")))
        connection.execute(text(OLD.format("dialog")))

    def run() -> None:
        jobs.tasks["erase_clients"].func(timestamp=0)

    run()
    assert stage.ask("SELECT count(*) FROM dialog WHERE id = :dialog") == 0
    assert stage.ask("SELECT count(*) FROM client WHERE deleted_at IS NOT NULL") == 0
    return run


def erase_client(stage: Any) -> Any:
    client_id = stage.ask("SELECT client_id FROM dialog WHERE id = :dialog")
    with stage.house.app.app_context():
        enter_organization(HOME)
        erasure.order(stage.house.people.admin.actor, client_id)
        db.session.commit()

    def run() -> None:
        jobs.tasks["erase_client"].func(org_id=HOME, client_id=client_id)

    run()
    assert stage.ask("SELECT count(*) FROM dialog WHERE id = :dialog") == 0
    return run


TWICE = {"erase_clients": erase_clients, "erase_client": erase_client}
