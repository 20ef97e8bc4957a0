"""How gunicorn serves AIGURO: threads, because a live stream holds one; more of them than the cap on streams."""

from __future__ import annotations

import os
import signal
from types import FrameType
from typing import Any

bind = f"{os.environ.get('HOST') or '127.0.0.1'}:{os.environ.get('PORT') or '8000'}"
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY") or "1")
threads = int(os.environ.get("STREAMS_MAX") or "300") + 50
keepalive = 5
timeout = 90  # seconds without a sign of life of the worker process itself
graceful_timeout = 10
accesslog = None  # aiguro_web/web/telemetry.py writes it, without personal data
loglevel = "warning"
control_socket_disable = True
max_requests = 0
limit_request_line = 8190  # bytes; a longer one is refused by the server itself, 414 without JSON


def post_worker_init(worker: Any) -> None:
    """At SIGTERM end the live streams first, or each would hold the shutdown until its browser leaves."""
    from aiguro_web import live

    before = signal.getsignal(signal.SIGTERM)

    def stop(number: int, frame: FrameType | None) -> None:
        live.stop()
        if callable(before):
            before(number, frame)

    signal.signal(signal.SIGTERM, stop)
