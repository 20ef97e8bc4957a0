"""Addresses of the JSON API are exact, and one that is not there costs as any other."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from aiguro_web.web import limits
from tests.people import HOME, People

FUNNELS = f"/api/organization/{HOME}/funnels"


@pytest.mark.parametrize("path", [f"/{FUNNELS}", f"//{FUNNELS}", f"{FUNNELS}/", FUNNELS.replace("/funnels", "//funnels"),
                                  "/api//organizations", "/api/nothing", "/api/"])  # fmt: skip
def test_an_address_that_is_not_exact_is_not_there(client: FlaskClient, who: People, path: str) -> None:
    # In the environment itself: the test client straightens an address as werkzeug's routing does.
    answer = client.get("/", headers=who.viewer.headers, environ_overrides={"PATH_INFO": path})
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Location" not in answer.headers


def test_an_unknown_address_is_on_its_callers_budget(client: FlaskClient, who: People) -> None:
    known = client.get("/api/nothing", headers=who.viewer.headers)
    assert known.headers["RateLimit-Policy"] == '"user";q=1000;w=60'
    assert client.get("/api/nothing").headers["RateLimit-Policy"] == '"address";q=100;w=60'
    statuses = [client.get("/api/nothing").status_code for _ in range(limits.BUDGETS["address"][0])]
    assert (statuses[0], statuses[-1]) == (404, 429)
    assert client.get("/api/nothing", headers=who.viewer.headers).status_code == 404, (
        "the user has a budget of their own"
    )


def test_a_method_that_is_not_there_is_on_the_budget_too(client: FlaskClient, who: People) -> None:
    answer = client.patch(FUNNELS, headers=who.viewer.headers)
    assert (answer.status_code, "GET" in answer.headers["Allow"]) == (405, True)
    assert '"user"' in answer.headers["RateLimit-Policy"]


@pytest.mark.parametrize("value", ["true", "false", "1", "0"])
def test_flags_of_a_query_are_texts(client: FlaskClient, who: People, value: str) -> None:
    path = f"/api/organization/{HOME}/funnel/0/dialogs?ai={value}"
    assert client.get(path, headers=who.viewer.headers).status_code == 200
