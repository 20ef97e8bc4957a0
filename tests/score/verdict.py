"""The rubric of security.md: 20 criteria of 5 points, all or nothing each; a leak or an unprovoked 5xx is 0 altogether."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from aiguro_web.web.operation import Operation, operations

from . import access, costs, shape, watching
from .access import Complaints, NotApplicable
from .asking import Target
from .stand import Stand

Check = Callable[[Target], Complaints]
WANTED = 95

# In the order of security.md; None: measured for all operations at once (below).
CRITERIA: dict[str, Check | None] = {
    "bearer": access.bearer,
    "validation": access.validation,
    "rate limits": access.limits,
    "CORS": access.cors,
    "error shape": access.error_shape,
    "ETag/304": costs.etag,
    "paging": costs.paging,
    "queries": costs.queries,
    "no remote": costs.remote,
    "compression": costs.compression,
    "REST": shape.rest,
    "methods": shape.methods,
    "status codes": shape.statuses,
    "URLs": shape.urls,
    "idempotency": shape.idempotency,
    "access log": watching.access_log,
    "metrics": watching.metrics,
    "time-outs": None,
    "retries": None,
    "documentation": shape.documentation,
}
TOGETHER: dict[str, Callable[[list[Target]], dict[int, list[str]]]] = {
    "time-outs": costs.timeouts,
    "retries": watching.outage,
}
ALONE = {"idempotency", "rate limits"}  # one locks tables, the other shares a spent token
LAST = ("status codes",)  # looks at what the others have seen


@dataclass
class Verdict:
    """Of one operation: what each criterion complained of, and where it says nothing."""

    operation: Operation
    target: Target
    complaints: dict[str, list[str]] = field(default_factory=dict)
    silent: dict[str, str] = field(default_factory=dict)

    @property
    def score(self) -> int:
        if self.target.faults:
            return 0
        return 5 * sum(not self.complaints.get(name) for name in CRITERIA)

    def points(self, name: str) -> str:
        if name in self.silent and not self.complaints.get(name):
            return "–"
        return "0" if self.complaints.get(name) else "5"

    def as_json(self) -> dict[str, Any]:
        return {
            "operation": f"{self.operation.method} {self.operation.rule}", "endpoint": self.operation.endpoint, "score": self.score,
            "points": {name: self.points(name) for name in CRITERIA}, "complaints": {name: said for name, said in self.complaints.items() if said},
            "not_applicable": self.silent, "zero_because": self.target.faults[:5], "calls": len(self.target.seen),
            "statuses": dict(Counter(str(answer.status) for answer in self.target.seen)),
        }  # fmt: skip


def judge(
    stand: Stand, only: Callable[[Operation], bool] = lambda operation: True, *, criteria: tuple[str, ...] = tuple(CRITERIA),
    broken: str = "", tell: Callable[[str], object] = lambda text: None,
) -> list[Verdict]:  # fmt: skip
    """The chosen operations by the chosen criteria. `broken`: with that rule of the product switched off."""
    chosen = [one for one in operations(stand.app) if only(one)]
    verdicts = []
    for operation in chosen:
        verdicts.append(
            Verdict(operation, Target(stand, operation, stand.company(endpoint=operation.endpoint), broken))
        )
    for name in sorted(criteria, key=lambda name: name in LAST):
        tell(name)
        if name == "no remote":
            stand.telegram.fail_next(1_000_000, "hang", method="*", seconds=5)
        if name in TOGETHER:
            _together(name, verdicts)
        check = CRITERIA[name]
        if check is not None:
            with ThreadPoolExecutor(1 if name in ALONE else 3) as pool:
                list(pool.map(partial(_one, name, check), verdicts))
        if name == "no remote":
            stand.telegram._faults.clear()
    return verdicts


def _one(name: str, check: Check, verdict: Verdict) -> None:
    said: list[str] = []
    try:
        for complaint in check(verdict.target):
            said.append(complaint)
    except NotApplicable as reason:
        verdict.silent[name] = str(reason)
    except Exception as error:  # a check that cannot go on has found something
        place = traceback.extract_tb(error.__traceback__)[-1]
        said.append(f"{type(error).__name__}: {error} ({place.filename.rsplit('/', 1)[-1]}:{place.lineno})"[:300])
    verdict.complaints[name] = said


def _together(name: str, verdicts: list[Verdict]) -> None:
    targets = [verdict.target for verdict in verdicts]
    try:
        found = TOGETHER[name](targets)
    except Exception as error:
        found = {id(target): [f"{type(error).__name__}: {error}"[:300]] for target in targets}
    for verdict in verdicts:
        verdict.complaints[name] = found[id(verdict.target)]


def table(verdicts: list[Verdict]) -> Iterator[str]:
    """For people: a line an endpoint, then what was found, and what did not apply."""
    for number, name in enumerate(CRITERIA, 1):
        yield f"{number:3} {name}"
    yield ""
    yield f"{'':72}" + "".join(f"{number:3}" for number in range(1, len(CRITERIA) + 1)) + "  total"
    for verdict in verdicts:
        line = f"{verdict.operation.method:6} {verdict.operation.rule}"
        yield f"{line:72}" + "".join(f"{verdict.points(name):>3}" for name in CRITERIA) + f"  {verdict.score:5}"
    for verdict in verdicts:
        for fault in verdict.target.faults[:3]:
            yield f"ZERO  {verdict.operation.endpoint}: {fault}"
        for name, said in verdict.complaints.items():
            for complaint in said[:4]:
                yield f"{name}: {verdict.operation.endpoint}: {complaint}"
    yield ""
    yield "Not applicable (counted in full):"
    reasons: dict[tuple[str, str], list[str]] = {}
    for verdict in verdicts:
        for name, reason in verdict.silent.items():
            reasons.setdefault((name, reason.split(" bytes")[0] if name == "compression" else reason), []).append(
                verdict.operation.endpoint
            )
    for (name, reason), endpoints in sorted(reasons.items()):
        yield f"  {name}: {reason}: {', '.join(endpoints)}"
    yield ""
    scores = [verdict.score for verdict in verdicts]
    low = [verdict.operation.endpoint for verdict in verdicts if verdict.score < WANTED]
    yield f"{len(scores)} endpoints, lowest {min(scores, default=0)}, mean {sum(scores) / max(1, len(scores)):.1f}; below {WANTED}: {len(low)} {low or ''}"
