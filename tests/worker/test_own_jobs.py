"""The worker about itself: its seats for a connection, the tasks it knows, the jobs it does not take for dead."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job

from aiguro_web.queue import enqueue, jobs
from aiguro_web.tasks.deliveries import Seats
from aiguro_web.tasks.worker import Own, _revive


def test_a_connection_has_so_many_seats_and_the_others_theirs() -> None:
    seats = Seats(2)
    with seats.one(1) as first, seats.one(1) as second, seats.one(2) as other:
        assert (first, second, other) == (0, 0, 0)
        with seats.one(1) as wait, seats.one(1) as longer:
            assert 0 < wait < longer
    with seats.one(1) as again:
        assert again == 0


def test_every_task_that_is_enqueued_by_name_exists(app: Flask) -> None:
    known: dict[str, Any] = dict(jobs.tasks)
    assert {"deliver", "sweep_outbox", "subscribe", "unsubscribe", "subscribe_all"} <= set(known)
    with pytest.raises(KeyError):
        enqueue("nobody knows this")


class Jobs:
    """A job manager with these stalled jobs, some of them gone by the time they are revived."""

    def __init__(self, stalled: list[Job], gone: set[int]) -> None:
        self.stalled, self.gone, self.revived = stalled, gone, list[int | None]()

    async def get_stalled_jobs(self, **limits: float) -> list[Job]:
        return self.stalled

    async def retry_job(self, job: Job) -> None:
        if job.id in self.gone:
            raise ConnectorException
        self.revived.append(job.id)


def test_a_worker_that_was_suspended_revives_none_of_its_own_jobs_and_outlives_one_that_ended() -> None:
    def job(number: int, of: int | None) -> Job:
        return Job(id=number, worker_id=of, queue="deliveries", lock=None, queueing_lock=None, task_name="deliver")

    own, manager = Own(), Jobs([job(1, None), job(2, 8), job(3, 7), job(4, 9), job(5, 8)], gone={2})

    async def running() -> None:
        await _revive(SimpleNamespace(job_manager=manager), own)  # type: ignore[arg-type]

    context, worker = SimpleNamespace(job=SimpleNamespace(id=1)), SimpleNamespace(worker_id=7)
    # In a thread of its own: the browser of another test file may keep a running loop in this one.
    with ThreadPoolExecutor(1) as apart:
        apart.submit(asyncio.run, own.note(running, context, worker)).result()  # type: ignore[arg-type]
    assert manager.revived == [4, 5]
