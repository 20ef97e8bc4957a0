"""Notifications that were read are forgotten after 90 days."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from aiguro_web.queue import jobs
from tests.people import HOME

OLD = """INSERT INTO notification (org_id, user_id, kind, subject, subject_id, read_at)
         VALUES (:org, :user, 'assigned', 'dialog', 1, now() - interval '91 days')"""
LEFT = "SELECT count(*) FROM notification WHERE read_at < now() - interval '90 days'"


def forget_notifications(stage: Any) -> Any:
    with stage.house.admin.begin() as connection:
        connection.execute(text(OLD), {"org": HOME, "user": stage.house.people.admin.actor.user_id})

    def run() -> None:
        jobs.tasks["delete_read_notifications"].func(timestamp=0)

    run()
    assert stage.ask(LEFT) == 0
    return run


TWICE = {"delete_read_notifications": forget_notifications}
