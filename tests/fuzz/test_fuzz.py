"""schemathesis on the description that we serve, all checks: bounded here, long by `make fuzz` (FUZZ_EXAMPLES=500)."""

from __future__ import annotations

import os

from tests.rules.conftest import House

from . import fuzzing

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "4"))
ONLY = os.environ.get("FUZZ_ONLY", "")


def test_every_operation_is_what_its_description_says(fuzzed: House) -> None:
    found = fuzzing.run(fuzzed, fuzzing.load(fuzzed, ONLY), examples=EXAMPLES)
    print(f"{found.calls} calls")
    assert not found.failures, f"{len(found.failures)} of them\n{found}"
    assert found.calls > 100


def test_chains_of_calls_are_what_the_description_says(fuzzed: House) -> None:
    """What one call made is used by the next, and is gone once it was deleted."""
    found = fuzzing.run(fuzzed, fuzzing.load(fuzzed, ONLY), examples=max(2, EXAMPLES // 2), steps=True)
    print(f"{found.calls} calls")
    assert not found.failures, f"{len(found.failures)} of them\n{found}"


def test_everything_that_is_served_is_described(fuzzed: House) -> None:
    from aiguro_web.web.operation import operations

    known = list(fuzzing.load(fuzzed).get_all_operations())
    assert len(known) >= len(operations(fuzzed.app))


def test_a_lie_in_the_description_is_found(fuzzed: House) -> None:
    """The fuzzing is worth something: a description with another answer than ours does not pass."""
    schema = fuzzing.load(fuzzed, "/organization/.org./funnels$")
    answers = schema.raw_schema["paths"]["/api/organization/{org}/funnels"]["get"]["responses"]
    answers["200"]["content"]["application/json"]["schema"] = {"type": "object"}
    assert "response_schema_conformance" in str(fuzzing.run(fuzzed, schema, examples=1))
