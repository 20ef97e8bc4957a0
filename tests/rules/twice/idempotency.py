"""Kept answers are forgotten after their 24 hours."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from aiguro_web.queue import jobs
from tests.people import HOME

OLD = """INSERT INTO idempotency_key (org_id, user_id, route, key, body_hmac, created_at)
         VALUES (:org, :user, 'route', :key, ''::bytea, now() - interval '25 hours')"""
OLD_PERSONAL = """INSERT INTO personal_idempotency_key (user_id, route, key, body_hmac, created_at)
                  VALUES (:user, 'route', :key, ''::bytea, now() - interval '25 hours')"""
LEFT = """SELECT (SELECT count(*) FROM idempotency_key WHERE created_at < now() - interval '24 hours') +
                 (SELECT count(*) FROM personal_idempotency_key WHERE created_at < now() - interval '24 hours')"""


def forget_answers(stage: Any) -> Any:
    values = {"org": HOME, "user": stage.house.people.admin.actor.user_id, "key": f"old{stage.chat_id}"}
    with stage.house.admin.begin() as connection:
        connection.execute(text(OLD), values)
        connection.execute(text(OLD_PERSONAL), values)

    def run() -> None:
        jobs.tasks["delete_expired_answers"].func(timestamp=0)

    run()
    assert stage.ask(LEFT) == 0
    return run


TWICE = {"delete_expired_answers": forget_answers}
