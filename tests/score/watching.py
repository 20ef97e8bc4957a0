"""Criteria: what those see who run it: the log, the numbers, readiness; and what callers are told to do in trouble."""

from __future__ import annotations

import json
import re
import time

import urllib3

from .access import Complaints, problem
from .asking import Target

PERSONAL = re.compile(r"org\d+n\d+-|@[\w-]+\.(?:example|test)|eyJ[\w-]+\.|слова обхода|\+7900")


def access_log(target: Target) -> Complaints:
    """One JSON line with the request's id, its route and status, and nobody's data; also of a refusal."""
    for name, call, wanted in (("good", target.good(), None), ("bad", target.good(), 404)):
        mark = f"score-{name}-{time.monotonic_ns()}"
        if wanted:
            call = type(call)(call.method, call.path + "/nowhere", {"email": "secret@person.example"})
        answer = target.ask(call, headers={"X-Request-Id": mark})
        if answer.headers.get("X-Request-Id") != mark:
            yield "the request's id is not taken over"
        lines = _lines(target, mark)
        found = [line for line in lines if line.get("event") == "request"]
        if len(found) != 1:
            yield f"{len(found)} lines of {name}"
            continue
        line = found[0]
        if line["status"] != answer.status or line["method"] != call.method or "ms" not in line:
            yield f"the line is {line}"
        if not wanted and line["route"] not in (target.operation.rule, *target.operation.aliases):
            yield f"route {line['route']}"
    whole = target.stand.log.read_text(errors="replace")
    leaked = PERSONAL.search(whole)
    if leaked:
        at = whole.rfind("\n", 0, leaked.start()) + 1
        yield f"personal data in the log: {whole[at : at + 300]}"


def _lines(target: Target, mark: str) -> list[dict[str, object]]:
    for _ in range(20):
        found = [line for line in target.stand.log.read_text(errors="replace").splitlines() if mark in line]
        if found:
            return [json.loads(line) for line in found]
        time.sleep(0.05)
    return []


def metrics(target: Target) -> Complaints:
    target.ask()
    text = urllib3.request("GET", f"{target.stand.address}/metrics").data.decode()
    route, method, status = target.operation.rule, target.operation.method, target.operation.status
    line = f'http_requests_total{{method="{method}",route="{route}",status="{status}"}}'
    if line not in text:
        yield f"no {line}"
    if f'http_request_seconds_count{{method="{method}",route="{route}"}}' not in text:
        yield "no time of the route"
    if re.search(r"org\d+n\d+-", text):
        yield "ids in labels"
    if urllib3.request("GET", f"{target.stand.address}/readyz").status != 200:
        yield "not ready though everything is there"


def outage(targets: list[Target]) -> dict[int, list[str]]:
    """The database is away: each operation says 503 and when to come back, readiness says so, and both heal."""
    stand = targets[0].stand
    found: dict[int, list[str]] = {id(target): [] for target in targets}
    calls = {id(target): target.good() for target in targets}
    with stand.away():
        time.sleep(1.2)  # a verdict of readiness is kept for a second
        ready = urllib3.request("GET", f"{stand.address}/readyz", retries=False)
        alive = urllib3.request("GET", f"{stand.address}/healthz", retries=False)
        for target in targets:
            with target.provoking():
                answer = target.ask(calls[id(target)])
            found[id(target)] += list(problem(answer, 503))
            wait = answer.headers.get("Retry-After", "")
            if not wait.isdigit() or not 1 <= int(wait) <= 60:
                found[id(target)].append(f"503 with Retry-After {wait!r}")
            if answer.seconds > 5:
                found[id(target)].append(f"503 after {answer.seconds:.1f} s")
    began = time.monotonic()
    first = targets[0]
    healed = False
    while time.monotonic() - began < 5 and not healed:
        with first.provoking():
            healed = first.ask().status == first.operation.status
    for target in targets:
        if ready.status != 503 or alive.status != 200:
            found[id(target)].append(f"/readyz said {ready.status}, /healthz {alive.status}")
        if not healed:
            found[id(target)].append("not back within 5 s")
        after = target.ask()
        if after.status != target.operation.status:
            found[id(target)].append(f"afterwards {after}")
    return found
