"""The contract's 21 calls of the seed and 36 of the front-end, each with its exact method and path: what holds for all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from . import (
    test_clients,
    test_connections,
    test_dialogs,
    test_files,
    test_funnels,
    test_organizations,
    test_tickets,
    test_trials,
)
from .site import Call, Site, check

NOUNS = (test_dialogs, test_trials, test_clients, test_funnels, test_connections, test_organizations, test_files,
         test_tickets)  # fmt: skip
CALLS = [call for noun in NOUNS for call in (*noun.SEED, *noun.FRONT_END)]
every = pytest.mark.parametrize("call", CALLS, ids=str)


def test_none_is_missing() -> None:
    assert sum(len(noun.SEED) for noun in NOUNS) == 21
    assert sum(len(noun.FRONT_END) for noun in NOUNS) + len(test_organizations.APART) == 36
    assert len({str(call) for call in CALLS}) == len(CALLS)


@every
def test_it_answers(site: Site, call: Call) -> None:
    answer = site.call(call)
    assert answer.status_code == call.status, answer.text[:500]
    assert isinstance(answer.json, list) == call.array
    assert ("Location" in answer.headers) == (call.status == 201)


def statuses(site: Site, calls: list[Call], **more: Any) -> set[int]:
    """What one site answers to all of them: for refusals, which leave everything as it is."""
    return {site.call(call, **more).status_code for call in calls}


def test_without_a_token_each_is_401(site: Site) -> None:
    assert statuses(site, CALLS, as_who=None) == {401}


def test_for_a_stranger_the_organisation_is_not_there(site: Site) -> None:
    assert statuses(site, [call for call in CALLS if "{org}" in call.path], as_who="stranger") == {403}


def test_a_slash_too_much_is_404(site: Site) -> None:
    parts = [(call, *call.path.partition("?")) for call in CALLS]
    assert statuses(site, [replace(call, path=f"{path}/{mark}{query}") for call, path, mark, query in parts]) == {404}


def test_an_unknown_method_is_405_and_names_the_others(site: Site) -> None:
    for call in CALLS:
        answer = site.client.open(call.path.format_map(site), method="LINK", headers=site.who.admin.headers)
        check(answer)
        assert answer.status_code == 405
        assert call.method in answer.headers["Allow"]


@pytest.mark.parametrize("call", [call for call in CALLS if call.method == "DELETE"], ids=str)
def test_a_delete_answers_a_body_and_a_second_one_is_404(site: Site, call: Call) -> None:
    assert site.call(call).json["deleted"] is True
    assert site.call(call).status_code == (403 if call.path.endswith("{org}") else 404)


def test_a_body_that_is_no_object_is_400(site: Site) -> None:
    taking = [call for call in CALLS if call.method in ("POST", "PUT") and call.form is None]
    for call in taking:
        if "/files/" in call.path:
            continue  # takes no body at all, whatever is in it
        for body in (b"{", b"[]", b'"x"', b"5", b'{"a":1,"a":2}', b"\xff"):
            answer = site.client.open(
                call.path.format_map(site), method=call.method, data=body, content_type="application/json",
                headers=site.who.admin.headers,
            )  # fmt: skip
            check(answer)
            assert answer.status_code == 400, (str(call), body)


def test_an_unknown_path_is_json_too(site: Site) -> None:
    for path in ("/api/nothing", "/api/organization/{org}/nothing", "/api/api/nothing", "/api"):
        assert site.call(f"GET {path}").status_code == 404


@pytest.mark.parametrize("call", [call for call in CALLS if call.array], ids=str)
def test_a_list_has_its_pages(site: Site, call: Call) -> None:
    whole = site.call(call)
    assert whole.headers["X-Total-Count"] == str(len(whole.json))
    mark = "&" if "?" in call.path else "?"
    assert site.call(replace(call, path=f"{call.path}{mark}page=9&limit=50")).json == []
    assert site.call(replace(call, path=f"{call.path}{mark}limit=0")).status_code == 400
    assert site.call(replace(call, path=f"{call.path}{mark}cursor=&limit=1")).json == whole.json[:1]
