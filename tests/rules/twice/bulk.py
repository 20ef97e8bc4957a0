"""A bulk act does each row once, however often its job runs."""

from __future__ import annotations

from typing import Any

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


TWICE = {"work_bulk_act": work_bulk_act}
