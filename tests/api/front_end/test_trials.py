"""Trial dialogs (contract.md §4): a conversation with the assistant that leaves for no messenger."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from aiguro_web.extensions import db, enter_organization
from tests.people import HOME

from .site import FUNNEL, Call, Site

SEED: list[Call] = []
SAID = {"text": "Сколько стоит?", "role": "user", "time": "2026-11-23T10:15:00.000Z"}
FRONT_END = [
    Call("GET", "/api/organization/{org}/funnel/{f}/dialogs/test", array=True),
    Call("POST", "/api/organization/{org}/funnel/{f}/dialog/test", status=201),
    Call("POST", "/api/organization/{org}/funnel/{f}/dialog/test/{trial}/message", SAID, status=201),
    Call("GET", "/api/organization/{org}/funnel/{f}/dialog/test-stage/{n}", array=True),
    Call("POST", "/api/organization/{org}/funnel/{f}/dialog/test-stage",
         {"stage_number": 2, "initial_message": "Здравствуйте"}, status=201),
    Call("POST", "/api/organization/{org}/funnel/{f}/dialog/test-stage/{stageTrial}/message", SAID, status=201),
]  # fmt: skip


@pytest.mark.parametrize("body", [None, {}, {"extra": 1}])
def test_a_trial_begins_with_nothing_sent(site: Site, body: Any) -> None:
    answer = site.call(f"POST {FUNNEL}/dialog/test", body)
    assert answer.status_code == 201
    assert isinstance(answer.json["uuid"], str)


def test_what_was_said_is_polled_from_the_messages(site: Site) -> None:
    site.call(f"POST {FUNNEL}/dialog/test/{{trial}}/message", SAID)
    rows = site.get(f"{FUNNEL}/dialog/{{trial}}/messages")
    assert [row["text"] for row in rows if row["role"] == "user"] == ["Сколько стоит?"]


def test_trials_are_in_their_own_list_and_no_other(site: Site) -> None:
    uuid = site["trial"]
    assert uuid in [row["uuid"] for row in site.get(f"{FUNNEL}/dialogs/test")]
    for path in (f"{FUNNEL}/dialogs", "/api/organization/{org}/funnel/0/dialogs"):
        assert uuid not in [row["uuid"] for row in site.get(path)]
    names = [row["id"] for row in site.get("/api/organization/{org}/clients")]
    assert names == [site["clientId"]]


def test_a_trial_of_a_stage_is_in_the_list_of_that_stage(site: Site) -> None:
    uuid = site["stageTrial"]
    rows = site.get(f"{FUNNEL}/dialog/test-stage/1")
    assert uuid in [row["uuid"] for row in rows]
    assert all("stage" in row for row in rows)
    assert uuid not in [row["uuid"] for row in site.get(f"{FUNNEL}/dialog/test-stage/2")]


@pytest.mark.parametrize("number", [0, -1, 99, "два", None, 1.5])
def test_a_stage_that_is_not_there_is_400_or_404(site: Site, number: Any) -> None:
    wish = {"stage_number": number, "initial_message": "x"}
    assert site.call(f"POST {FUNNEL}/dialog/test-stage", wish).status_code in (400, 404)


def test_nothing_leaves_for_a_messenger(site: Site) -> None:
    for path in ("test/{trial}", "test-stage/{stageTrial}"):
        assert site.call(f"POST {FUNNEL}/dialog/{path}/message", SAID).status_code == 201
    enter_organization(HOME)
    assert db.session.execute(text("SELECT count(*) FROM outbox")).scalar_one() == 0


def test_a_real_dialog_takes_no_words_of_its_client(site: Site) -> None:
    for kind in ("test", "test-stage"):
        assert site.call(f"POST {FUNNEL}/dialog/{kind}/{{uuid}}/message", SAID).status_code == 404
