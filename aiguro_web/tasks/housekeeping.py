"""What is thrown away by the clock."""

from __future__ import annotations

from ..queue import task, transaction
from ..services import access, api_tokens, idempotency, notifications


@task("delete_expired_tokens", cron="17 3 * * *")
def delete_expired_tokens(timestamp: int) -> None:
    """Tokens that ended long ago."""
    with transaction(access.system(None)):
        api_tokens.delete_expired()


@task("delete_expired_answers", cron="41 * * * *")
def delete_expired_answers(timestamp: int) -> None:
    """Answers that were kept for repeated POSTs, after their 24 hours."""
    with transaction(access.system(None)):
        idempotency.delete_expired(access.system(None))
        having = idempotency.list_expired()
    for org_id in having:
        who = access.system(org_id)
        with transaction(who):
            idempotency.delete_expired(who)


@task("delete_read_notifications", cron="29 4 * * *")
def delete_read_notifications(timestamp: int) -> None:
    """Notifications that were read long ago."""
    with transaction(access.system(None)):
        having = notifications.list_forgettable()
    for org_id in having:
        who = access.system(org_id)
        with transaction(who):
            notifications.delete_read(who)
