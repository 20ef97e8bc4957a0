"""Prometheus: requests by route template, their time, and gauges that other rooms register."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from flask import Flask, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)  # seconds
SAMPLE_EVERY = 5.0  # seconds between readings of the gauges while requests come in (several processes need it)


class Metrics:
    """The numbers of one application. With PROMETHEUS_MULTIPROC_DIR they are summed over all processes."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.shared = bool(os.environ.get("PROMETHEUS_MULTIPROC_DIR"))
        self.requests = Counter(
            "http_requests", "Answered requests", ["route", "method", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "http_request_seconds",
            "Time until the answer began",
            ["route", "method"],
            registry=self.registry,
            buckets=BUCKETS,
        )
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._gauges: list[tuple[Gauge, Callable[[], float]]] = []
        self._sampled = 0.0

    def gauge(self, name: str, about: str, read: Callable[[], float]) -> None:
        """Publish `read()` under `name`; a reading that fails leaves the last value."""
        mode = "livesum" if self.shared else "all"
        gauge = Gauge(name, about, registry=self.registry, multiprocess_mode=mode)  # type: ignore[arg-type]
        self._gauges.append((gauge, read))

    def count(self, route: str, method: str, status: int, seconds: float) -> None:
        """Note one answered request; foreign methods are one label, so that a caller cannot invent series."""
        key = (route, method if method in METHODS else "OTHER", status)
        children = self._children.get(key)
        if children is None:
            children = self.requests.labels(key[0], key[1], str(status)), self.seconds.labels(key[0], key[1])
            self._children[key] = children
        children[0].inc()
        children[1].observe(seconds)
        if self.shared and time.monotonic() - self._sampled > SAMPLE_EVERY:
            self.sample()

    def sample(self) -> None:
        """Read every gauge now."""
        self._sampled = time.monotonic()
        for gauge, read in self._gauges:
            try:
                gauge.set(read())
            except Exception:  # noqa: S112 - a gauge is a look from outside, it may never break an answer
                continue

    def text(self) -> bytes:
        """The exposition of all numbers."""
        self.sample()
        if not self.shared:
            return generate_latest(self.registry)
        everyone = CollectorRegistry()
        MultiProcessCollector(everyone)  # type: ignore[no-untyped-call]
        return generate_latest(everyone)


def init_app(app: Flask) -> Metrics:
    """Serve `/metrics`; the pool of the database is a gauge where there is one."""
    metrics = Metrics()
    app.extensions["metrics"] = metrics

    def show() -> Response:
        return Response(metrics.text(), content_type=CONTENT_TYPE_LATEST)

    show.guard = "public"  # type: ignore[attr-defined]
    app.add_url_rule("/metrics", "metrics", show, methods=["GET"])

    def connections() -> float:
        with app.app_context():
            return float(app.extensions["sqlalchemy"].engine.pool.checkedout())

    metrics.gauge("db_pool_in_use", "Database connections taken from the pool", connections)
    return metrics


def gauge(app: Flask, name: str, about: str, read: Callable[[], float]) -> None:
    """Register a gauge of another room (`live_streams`); `read` is called when the numbers are asked for."""
    metrics: Metrics = app.extensions["metrics"]
    metrics.gauge(name, about, read)
