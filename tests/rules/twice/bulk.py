"""A bulk act does each row once, however often its job runs."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from aiguro_web.extensions import enter_organization
from aiguro_web.models.bulk_act import BulkSubject
from aiguro_web.queue import jobs, transaction
from aiguro_web.services import bulk_acts
from tests.people import HOME


def work_bulk_act(stage: Any) -> Any:
    who = stage.house.people.manager.actor
    with stage.house.app.app_context():
        enter_organization(HOME)
        ids = bulk_acts.Chosen(ids=[stage.house.rows[HOME]["dialog"]["id"]])
        with transaction(who):
            act = bulk_acts.start(who, BulkSubject.dialog, "tag", {"tag": "дважды"}, ids)

    def run() -> None:
        jobs.tasks["work_bulk_act"].func(org_id=HOME, act_id=act["id"])

    run()
    with stage.house.app.app_context(), transaction(who):
        assert bulk_acts.get_act(who, act["id"])["done"] == 1
    return run


def sweep_bulk_acts(stage: Any) -> Any:
    who = stage.house.people.manager.actor
    with stage.house.app.app_context():
        enter_organization(HOME)
        ids = bulk_acts.Chosen(ids=[stage.house.rows[HOME]["dialog"]["id"]])
        with transaction(who):
            act = bulk_acts.start(who, BulkSubject.dialog, "tag", {"tag": "забыто"}, ids)
    lock = f"bulk:{HOME}:{act['id']}"
    with stage.house.admin.begin() as connection:
        for status in ("doing", "failed"):  # the step to it is what writes the event
            connection.execute(
                text("UPDATE procrastinate_jobs SET status = CAST(:to AS procrastinate_job_status) WHERE lock = :lock"),
                {"to": status, "lock": lock},
            )

    def run() -> None:
        jobs.tasks["sweep_bulk_acts"].func(timestamp=0)

    run()
    assert stage.ask(f"SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo' AND lock = '{lock}'") == 1
    return run


TWICE = {"work_bulk_act": work_bulk_act, "sweep_bulk_acts": sweep_bulk_acts}
