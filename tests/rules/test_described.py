"""Every operation answers as it is described: its successes and its refusals, walked in a house of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from aiguro_web.api.description.parameters import ARGUMENTS
from tests import databases
from tests.described import Described
from tests.doors import QUERIES, Way, address, knock, ways
from tests.people import HOME, OTHER, Person

from .conftest import House, close_house, open_house

MADE_UP = "GET /api/download/<token>"  # the link of the walk was signed by nobody
ORDER = ("GET", "POST", "PUT", "PATCH", "DELETE")  # what is deleted answers nothing any more


@pytest.fixture(scope="module")
def own_house(worker_id: str) -> Iterator[House]:
    with databases.clone(f"described_{worker_id}_{os.getpid()}") as urls:
        house = open_house(urls)
        yield house
        close_house(house)


def described_ways(house: House, said: Described) -> list[Way]:
    found = [way for way in ways(house.app) if (way.method, way.rule) in said.operations]
    return sorted(found, key=lambda way: ORDER.index(way.method))


def visit(house: House, said: Described, way: Way, person: Person | None, org: int = OTHER) -> tuple[int, list[str]]:
    """Go this way: the status, and where the answer is not as described."""
    values = {name: ARGUMENTS[name][1] for name in way.arguments} | house.values(org, way.endpoint)
    path = address(house.app, way, values)
    query = QUERIES.get(way.endpoint.partition(".")[2].removesuffix("_plural"))
    answer = knock(house.app, way, f"{path}?{query.format(**values)}" if query else path, person)
    return answer.status_code, said.differences(way.method, way.rule, answer)


def test_every_refusal_is_as_described(own_house: House) -> None:
    said = Described.of(own_house.app)
    people = own_house.people
    found: list[str] = []
    for way in described_ways(own_house, said):
        own_house.rest()
        for person, org in ((None, OTHER), (people.stranger, HOME), (people.viewer, HOME)):
            if way.method == "GET" and person is people.viewer:
                continue
            found += visit(own_house, said, way, person, org)[1]
    assert found == []


def test_every_success_is_as_described(own_house: House) -> None:
    said = Described.of(own_house.app)
    found: list[str] = []
    statuses: dict[str, int] = {}
    for way in described_ways(own_house, said):
        own_house.rest()
        statuses[str(way)], differences = visit(own_house, said, way, own_house.people.stranger)
        found += differences
    assert found == []
    refused = {name: status for name, status in statuses.items() if status >= 400 and name.startswith("GET")}
    assert refused == {MADE_UP: 404}
