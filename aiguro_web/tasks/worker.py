"""The worker process: runs each queue with a concurrency of its own, revives the jobs of dead workers, polls bots."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog
from flask import Flask
from procrastinate import App, JobContext
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job
from procrastinate.worker import Worker

from .. import queue
from ..live import conninfo
from ..services import access
from .polling import Pollers

STALLED_AFTER = 10.0  # seconds without a heartbeat
SWEEP_EVERY = 5.0
HEARTBEAT_EVERY = 3.0
POLL_EVERY = 1.0  # for planned jobs; the others are announced
GRACE = 8.0  # seconds for running jobs at a shutdown
log = structlog.get_logger(__name__)


def run(app: Flask) -> None:
    """Work until SIGTERM or SIGINT. A lost database is waited for."""
    queue.bind(app)
    with app.app_context(), queue.transaction(access.system(None)):
        queue.enqueue("subscribe_all")
    pollers = Pollers(app, conninfo()) if not app.config["PUBLIC_URL"] else None
    if pollers is not None:
        threading.Thread(target=pollers.run, name="pollers", daemon=True).start()
    asyncio.run(_main())
    if pollers is not None:
        pollers.stop()


async def _main() -> None:
    loop = asyncio.get_running_loop()
    # Synchronous tasks run in the default executor: as many threads as all queues together may use.
    loop.set_default_executor(ThreadPoolExecutor(sum(queue.QUEUES.values()), thread_name_prefix="task"))
    stopping = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopping.set)
    while not stopping.is_set():
        try:
            await _work(stopping)
        except Exception as error:  # the database went away: come back with it
            log.warning("worker starts again", error=type(error).__name__)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), 1.0)


async def _work(stopping: asyncio.Event) -> None:
    """One life of the queues; ends when `stopping` is set or any of them ends."""
    connector = queue.Connector(conninfo=conninfo(), min_size=2, max_size=12, kwargs={"connect_timeout": 5})
    with queue.jobs.replace_connector(connector) as app:
        async with app.open_async():
            await _until_one_ends(app, stopping)


class Own:
    """The jobs that run in this process: alive even when it was suspended or starved until its heartbeats look dead."""

    def __init__(self) -> None:
        self._jobs: set[int | None] = set()
        self._workers: set[int] = set()

    async def note(self, run: Callable[[], Awaitable[Any]], context: JobContext, worker: Worker) -> Any:
        """Runs around each job (a middleware of the worker)."""
        if worker.worker_id is not None:
            self._workers.add(worker.worker_id)
        self._jobs.add(context.job.id)
        try:
            return await run()
        finally:
            self._jobs.discard(context.job.id)

    def has(self, job: Job) -> bool:
        """Whether it runs here, or has just been fetched here. A job whose worker's row is gone has no worker."""
        return job.id in self._jobs or job.worker_id in self._workers


async def _until_one_ends(app: App, stopping: asyncio.Event) -> None:
    own = Own()
    parts = [asyncio.create_task(_queue(app, name, limit, own)) for name, limit in queue.QUEUES.items()]
    parts.append(asyncio.create_task(_revive_forever(app, own)))
    end = asyncio.create_task(stopping.wait())
    try:
        done, _ = await asyncio.wait([*parts, end], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for part in (*parts, end):
            part.cancel()
        await asyncio.gather(*parts, end, return_exceptions=True)
    for part in done - {end}:
        part.result()
        raise RuntimeError("a queue ended by itself")


async def _queue(app: App, name: str, concurrency: int, own: Own) -> None:
    await app.run_worker_async(
        queues=[name],
        name=f"{name}",
        concurrency=concurrency,
        fetch_job_polling_interval=POLL_EVERY,
        shutdown_graceful_timeout=GRACE,
        update_heartbeat_interval=HEARTBEAT_EVERY,
        stalled_worker_timeout=STALLED_AFTER,
        delete_jobs="successful",
        install_signal_handlers=False,
        worker_middleware=[own.note],
    )


async def _revive_forever(app: App, own: Own) -> None:
    while True:
        await _revive(app, own)
        await asyncio.sleep(SWEEP_EVERY)


async def _revive(app: App, own: Own) -> None:
    """The jobs of dead workers wait for another one."""
    stalled = await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER)
    dead = [job for job in stalled if not own.has(job)]
    for job in dead:
        # It may have ended meanwhile, or another worker was first. A lost database is seen by the next look.
        with contextlib.suppress(ConnectorException):
            await app.job_manager.retry_job(job)
    if dead:
        log.warning("jobs revived", jobs=len(dead))
