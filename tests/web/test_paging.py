"""Pages by number and by cursor."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from aiguro_web.errors import Invalid
from aiguro_web.web import paging
from aiguro_web.web.body import read_query, respond

from .apps import problem, small_app

ROWS = list(range(1, 2351))
KEY = b"k" * 32


class Asked(paging.PageQuery):
    q: str = ""


@pytest.fixture
def app() -> Flask:
    app = small_app(ACCESS_LOG=False)

    def index(org: int) -> Any:
        asked = read_query(Asked)
        scope = f"{org}:numbers"
        page = paging.page_of(asked, scope)
        start = page.offset if not page.after else ROWS.index(int(str(page.after[0]))) + 1
        rows = ROWS[start : start + page.limit]
        more = start + page.limit < len(ROWS)
        total = None if asked.q == "many" else len(ROWS)
        next_key = [rows[-1], "Ёж"] if more else None
        return respond(rows, headers=paging.headers(page, scope=scope, total=total, more=more, next_key=next_key))

    app.add_url_rule("/api/organization/<int:org>/numbers", "index", index)
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def links(header: str) -> dict[str, str]:
    return {rel: address for address, rel in re.findall(r'<([^>]*)>; rel="(\w+)"', header)}


ADDRESS = "/api/organization/1/numbers"


def test_without_parameters_the_first_thousand(client: FlaskClient) -> None:
    response = client.get(ADDRESS)
    assert response.json == ROWS[:1000]
    assert response.headers["X-Total-Count"] == "2350"
    found = links(response.headers["Link"])
    assert set(found) == {"first", "next", "last"}
    assert client.get(found["next"]).json == ROWS[1000:2000]
    assert client.get(found["last"]).json == ROWS[2000:]


def test_pages_are_linked_both_ways_and_keep_the_filters(client: FlaskClient) -> None:
    response = client.get(ADDRESS + "?q=%D0%B0%26b&limit=100&page=3")
    assert response.json == ROWS[200:300]
    found = links(response.headers["Link"])
    assert set(found) == {"first", "prev", "next", "last"}
    for rel, first in (("first", 1), ("prev", 101), ("next", 301), ("last", 2301)):
        assert client.get(found[rel]).json[0] == first
        assert "q=%D0%B0%26b" in found[rel]


def test_a_page_past_the_end_is_empty(client: FlaskClient) -> None:
    response = client.get(ADDRESS + "?limit=100&page=99")
    assert response.json == []
    found = links(response.headers["Link"])
    assert "next" not in found
    assert client.get(found["prev"]).json[0] == 2301


def test_without_a_total_there_is_no_last(client: FlaskClient) -> None:
    response = client.get(ADDRESS + "?q=many&limit=100&page=2")
    assert set(links(response.headers["Link"])) == {"first", "prev", "next"}
    assert "X-Total-Count" not in response.headers


def test_a_walk_visits_every_row_once(client: FlaskClient) -> None:
    address, seen = ADDRESS + "?cursor=&limit=400", []
    for _ in range(6):
        response = client.get(address)
        seen += response.json
        found = links(response.headers.get("Link", ""))
        assert set(found) <= {"next"}
        if not found:
            break
        address = found["next"]
    assert seen == ROWS


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=1001", "page=0", "page=-1", "page=x", "limit=", "page=2147483649"]
    + ["cursor=x", "cursor=%00", "cursor=" + "a" * 2000, "cursor=&page=1", "cursor=a&cursor=b", "cursor=%D0%B0"],
)
def test_outside_the_ranges_is_invalid(client: FlaskClient, query: str) -> None:
    problem(client.get(f"{ADDRESS}?{query}"), 400)


def test_the_last_reachable_page_is_reached(client: FlaskClient) -> None:
    assert client.get(ADDRESS + "?page=2147483648&limit=1").json == []
    assert client.get(ADDRESS + "?page=2147484&limit=1000").json == []


def test_a_page_far_behind_the_end_is_empty_too(client: FlaskClient) -> None:
    assert client.get(ADDRESS + "?page=2147483648&limit=1000").json == []


def test_a_cursor_of_another_organisation_is_refused(client: FlaskClient) -> None:
    foreign = links(client.get(ADDRESS + "?cursor=&limit=10").headers["Link"])["next"]
    assert client.get(foreign).status_code == 200
    problem(client.get(foreign.replace("organization/1/", "organization/2/")), 400)


def test_a_cursor_cannot_be_made_or_changed() -> None:
    cursor = paging.encode([5, "2026-01-01T00:00:00Z", None], "1:dialogs", KEY)
    assert paging.decode(cursor, "1:dialogs", KEY) == (5, "2026-01-01T00:00:00Z", None)
    changed = [cursor[:i] + ("A" if cursor[i] != "A" else "B") + cursor[i + 1 :] for i in range(len(cursor))]
    for wrong in [*changed, cursor + "A", cursor[:-1], cursor + "=", cursor + "\n", " " + cursor, "", "A"]:
        with pytest.raises(Invalid):
            paging.decode(wrong, "1:dialogs", KEY)
    for scope, key in (("2:dialogs", KEY), ("1:dialog", KEY), ("1:dialogs", b"x" * 32)):
        with pytest.raises(Invalid):
            paging.decode(cursor, scope, key)


def test_scope_and_values_do_not_run_into_each_other() -> None:
    assert paging.encode([1], "ab", KEY) != paging.encode([1], "a", KEY)


def test_the_key_comes_from_the_first_secret() -> None:
    def key(secret: str) -> bytes:
        with small_app(SECRET_KEY=secret).app_context():
            return paging.key()

    assert key("a" * 40) == key("a" * 40 + "," + "b" * 40) != key("b" * 40)
