"""The score is worth something: a few endpoints have theirs, and lose it when the product is broken on purpose.

One server serves all: the probes of served.py break a rule for the requests that ask for it.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aiguro_web.web.operation import Operation

from .stand import Stand, stand
from .verdict import CRITERIA, WANTED, Verdict, judge

FEW = {"api_dialogs.index", "api_messages.create", "api_connections.index"}
# The rule that is broken, the endpoint that shows it, the criterion that must fall.
BROKEN = [
    ("etag", "api_dialogs.index", "ETag/304"),
    ("link", "api_messages.index", "paging"),
    ("location", "api_messages.create", "REST"),
    ("idempotency", "api_messages.create", "idempotency"),
    ("rights", "api_messages.create", "bearer"),
    ("queries", "api_funnels.index", "queries"),
    ("remote", "api_funnels.index", "no remote"),
    ("log", "api_funnels.index", "access log"),
    ("retry_after", "api_funnels.index", "rate limits"),
    ("deadline", "api_funnels.index", "time-outs"),
]


@pytest.fixture(scope="module")
def made() -> Iterator[Stand]:
    with stand("score_test", dialogs=3000) as built, built.serve():
        yield built


def named(*endpoints: str):  # noqa: ANN201 - a filter
    def chosen(operation: Operation) -> bool:
        return operation.endpoint in endpoints

    return chosen


def complaints(verdict: Verdict) -> str:
    said = [f"{name}: {complaint}" for name, found in verdict.complaints.items() for complaint in found]
    return "\n".join([f"{verdict.operation.endpoint} {verdict.score}", *verdict.target.faults, *said])


def test_a_few_endpoints_have_their_score(made: Stand) -> None:
    verdicts = judge(made, named(*FEW), criteria=tuple(CRITERIA))
    assert len(verdicts) == len(FEW)
    for verdict in verdicts:
        assert verdict.score >= WANTED, complaints(verdict)


@pytest.mark.parametrize(("word", "endpoint", "criterion"), BROKEN)
def test_a_broken_rule_costs_its_points(made: Stand, word: str, endpoint: str, criterion: str) -> None:
    (broken,) = judge(made, named(endpoint), criteria=(criterion,), broken=word)
    assert broken.complaints[criterion], word
    assert broken.points(criterion) == "0"


def test_a_500_that_nobody_provoked_is_no_points_at_all(made: Stand) -> None:
    (broken,) = judge(made, named("api_funnels.index"), criteria=("validation",), broken="nul")
    assert broken.score == 0


def test_a_leak_is_no_points_at_all(made: Stand) -> None:
    """Last: the second wall is taken down too, for good."""
    (walled,) = judge(made, named("api_funnels.show"), criteria=("error shape",), broken="filter")
    assert walled.score == 100, "with the filter gone, row-level security still holds"
    from sqlalchemy import text

    from tests.rules import rows

    with made.admin.begin() as connection:
        for table in rows.tenant_tables():
            connection.execute(text(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY"))
            connection.execute(text(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"))
    (filtered,) = judge(made, named("api_funnels.show"), criteria=("error shape",))
    assert filtered.score == 100, "with row-level security gone, the filter still holds"
    (open_,) = judge(made, named("api_funnels.show"), criteria=("error shape",), broken="filter")
    assert open_.score == 0, complaints(open_)
