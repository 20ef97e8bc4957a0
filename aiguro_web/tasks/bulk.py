"""Bulk acts: piece after piece, each in a transaction of its own."""

from __future__ import annotations

import time

from procrastinate import RetryStrategy

from ..queue import list_failed, task, transaction
from ..services import access, bulk_acts

AGAIN = RetryStrategy(max_attempts=10, wait=1, linear_wait=5)  # a deadlock with a person's act, a lost database
TURN = 10.0  # seconds until others get their turn


@task("work_bulk_act", retry=AGAIN)
def work_bulk_act(org_id: int, act_id: int) -> None:
    """What is left of an act, or of its undo. What is done already is not done again."""
    who = access.system(org_id)
    until = time.monotonic() + TURN
    more = True
    while more and time.monotonic() < until:
        with transaction(who):
            more = bulk_acts.work(who, act_id)
    if more:
        with transaction(who):
            bulk_acts.go_on(who, act_id)


@task("sweep_bulk_acts", cron="*/5 * * * *")
def sweep_bulk_acts(timestamp: int) -> None:
    """Acts whose job failed for good get one more; where that failed too, they have failed."""
    with transaction(access.system(None)):
        failed = list_failed("work_bulk_act")
    for arguments, times in failed:
        who = access.system(arguments["org_id"])
        with transaction(who):
            bulk_acts.rescue(who, arguments["act_id"], again=times == 1)
