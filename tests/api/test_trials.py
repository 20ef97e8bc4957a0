"""Trial dialogs over JSON: the front-end's calls, and that nobody else sees them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from pydantic import TypeAdapter
from sqlalchemy import func, select, text

from aiguro_web.extensions import db, enter_organization
from aiguro_web.models import Client, Dialog, Outbox, Stage
from aiguro_web.schemas.trials import TrialOut
from aiguro_web.services import access, funnels, inbox, trials
from tests.people import HOME, People

ROOT = f"/api/organization/{HOME}"


@pytest.fixture
def place(app, who: People) -> SimpleNamespace:
    """A funnel's address, and another's."""
    enter_organization(HOME)
    own, other = funnels.list_funnels(who.admin.actor)[0]["id"], funnels.create(who.admin.actor, "вторая").id
    db.session.commit()
    return SimpleNamespace(id=own, path=f"{ROOT}/funnel/{own}", plural=f"{ROOT}/funnels/{own}",
                           other=f"{ROOT}/funnel/{other}")  # fmt: skip


def begin(client: FlaskClient, who: People, place: SimpleNamespace) -> Any:
    return client.post(f"{place.path}/dialog/test", headers={**who.manager.headers, "Content-Type": "application/json"})


def jobs() -> list[dict[str, Any]]:
    query = "SELECT args, lock, queue_name FROM procrastinate_jobs WHERE task_name = 'trial_reply' ORDER BY id"
    return [dict(row) for row in db.session.execute(text(query)).mappings()]


def test_the_front_ends_own_way_through_a_trial(client: FlaskClient, who: People, place: SimpleNamespace) -> None:
    begun = begin(client, who, place)
    assert begun.status_code == 201
    uuid = begun.json["uuid"]
    assert (begun.json["stage"], begun.json["messages_count"], begun.json["ai"]) == ("qualification", 0, True)
    assert client.get(begun.headers["Location"], headers=who.viewer.headers).json == begun.json
    wish = {"text": "Сколько стоит?", "role": "user", "time": "2026-11-24T10:00:00Z"}
    said = client.post(f"{place.path}/dialog/test/{uuid}/message", json=wish, headers=who.manager.headers)
    assert said.status_code == 201
    assert (said.json["role"], said.json["text"], said.json["status"]) == ("user", "Сколько стоит?", None)
    assert client.get(said.headers["Location"], headers=who.manager.headers).json == said.json
    enter_organization(HOME)
    dialog = db.session.scalars(select(Dialog)).one()
    arguments = {"org_id": HOME, "dialog_id": dialog.id, "message_id": int(said.json["id"])}
    assert jobs() == [{"args": arguments, "lock": f"reply:{dialog.id}", "queue_name": "default"}]
    trials.reply(access.assistant(HOME), dialog.id, int(said.json["id"]), "ответ")
    db.session.commit()
    rows = client.get(f"{place.path}/dialog/{uuid}/messages", headers=who.viewer.headers)
    assert [(row["role"], row["text"]) for row in rows.json] == [("system", "ответ"), ("user", "Сколько стоит?")]
    listed = client.get(f"{place.path}/dialogs/test", headers=who.viewer.headers)
    assert [(row["uuid"], row["stage"]) for row in listed.json] == [(uuid, "qualification")]
    assert listed.headers["X-Total-Count"] == "1"
    shape = TypeAdapter(list[TrialOut])
    assert shape.dump_python(shape.validate_json(listed.data), mode="json") == listed.json
    gone = client.delete(f"{place.path}/dialog/{uuid}", headers=who.manager.headers)
    assert gone.json == {"id": begun.json["id"], "deleted": True}
    assert client.get(f"{place.path}/dialogs/test", headers=who.viewer.headers).json == []


def test_a_trial_of_one_stage(client, who, place) -> None:
    wish = {"stage_number": 2, "initial_message": " Привет "}
    begun = client.post(f"{place.path}/dialog/test-stage", json=wish, headers=who.manager.headers)
    assert (begun.status_code, begun.json["stage"], begun.json["last_message"]) == (201, "presentation", "Привет")
    uuid = begun.json["uuid"]
    begin(client, who, place)
    for number, found in ((1, 1), (2, 1), (3, 0)):
        rows = client.get(f"{place.path}/dialog/test-stage/{number}", headers=who.viewer.headers)
        assert (rows.status_code, len(rows.json), rows.headers["X-Total-Count"]) == (200, found, str(found))
    assert len(client.get(f"{place.path}/dialogs/test", headers=who.viewer.headers).json) == 2
    said = client.post(f"{place.path}/dialog/test-stage/{uuid}/message", json={"text": "Ещё", "role": "user"},
                       headers=who.manager.headers)  # fmt: skip
    assert (said.status_code, said.json["stage_number"]) == (201, 2)
    enter_organization(HOME)
    assert len(jobs()) == 2
    without = client.post(f"{place.path}/dialog/test-stage", json={"stage_number": 3}, headers=who.manager.headers)
    assert (without.json["stage"], without.json["messages_count"]) == ("closing", 0)


def test_a_stage_is_counted_among_those_that_people_see(client, who, place) -> None:
    enter_organization(HOME)
    first = db.session.scalars(select(Stage).where(Stage.funnel_id == place.id).order_by(Stage.position)).first()
    assert first is not None
    first.archived_at = func.now()
    db.session.commit()
    begun = client.post(f"{place.path}/dialog/test-stage", json={"stage_number": 1}, headers=who.manager.headers)
    assert begun.json["stage"] == "presentation"
    assert client.get(f"{place.path}/dialog/test-stage/3", headers=who.viewer.headers).status_code == 404


@pytest.mark.parametrize(
    ("end", "body", "pointer"),
    [
        ("/dialog/test-stage", {}, "/stage_number"),
        ("/dialog/test-stage", {"stage_number": 0}, "/stage_number"),
        ("/dialog/test-stage", {"stage_number": 4}, "/stage_number"),
        ("/dialog/test-stage", {"stage_number": "один"}, "/stage_number"),
        ("/dialog/test-stage", {"stage_number": 1, "initial_message": "x" * 20_001}, "/initial_message"),
        ("/dialog/test/{}/message", {}, "/text"),
        ("/dialog/test/{}/message", {"text": "  "}, "/text"),
        ("/dialog/test/{}/message", {"text": "x", "role": "system"}, "/role"),
    ],
)
def test_a_wrong_field_is_named(client, who, place, end, body, pointer) -> None:
    uuid = begin(client, who, place).json["uuid"]
    said = client.post(place.path + end.format(uuid), json=body, headers=who.manager.headers)
    assert (said.status_code, said.json["errors"][0]["pointer"]) == (400, pointer)


@pytest.mark.parametrize("number", ["0", "99", "x", "-1", "01", "9" * 30])
def test_a_stage_that_is_not_there_is_404(client, who, place, number) -> None:
    assert client.get(f"{place.path}/dialog/test-stage/{number}", headers=who.viewer.headers).status_code == 404


def test_nobody_else_sees_a_trial_and_nothing_leaves(client, who, place) -> None:
    before = client.get(f"{place.path}/dialogs", headers=who.viewer.headers).headers["X-Total-Count"]
    uuid = begin(client, who, place).json["uuid"]
    for end, wish in (
        (f"/dialog/test/{uuid}/message", {"text": "Проба слова", "role": "user"}),
        (f"/dialog/{uuid}/message", {"text": "от клиента", "role": "user"}),
        (f"/dialog/{uuid}/message", {"text": "от менеджера"}),
        (f"/dialog/test/{uuid}/message", {"text": "от ассистента", "role": "assistant"}),
    ):
        said = client.post(place.path + end, json=wish, headers=who.manager.headers)
        assert (said.status_code, said.json["status"]) == (201, None)
        assert said.json["role"] == wish.get("role", "manager")
    for query in ("", "?q=Тест", "?stage=qualification", "?status=active", "?ai=true"):
        for funnel in (place.path, f"{ROOT}/funnel/0"):
            listed = client.get(f"{funnel}/dialogs{query}", headers=who.viewer.headers)
            assert listed.json == []
            assert listed.headers["X-Total-Count"] == before == "0"
    enter_organization(HOME)
    assert inbox.count_queues(who.manager.actor) == {"unanswered": 0, "mine": 0, "open": 0, "closed": 0}
    assert inbox.list_cards(who.manager.actor, queue="open").rows == []
    assert db.session.scalars(select(Outbox.id)).all() == []
    assert db.session.scalars(text("SELECT sum(dialogs) FROM dialog_tally")).one() in (None, 0)
    assert db.session.scalars(select(Client.is_test)).all() == [True]
    assert len(jobs()) == 2, "the client's words alone are answered"
    dialog = db.session.scalars(select(Dialog)).one()
    assert (dialog.ai, dialog.epoch, dialog.manager_id) == (True, 0, None)


def test_a_switched_off_or_closed_trial_is_not_answered(client, who, place) -> None:
    uuid = begin(client, who, place).json["uuid"]
    wish = {"text": "Проба", "role": "user"}
    client.patch(f"{place.path}/dialog/{uuid}", json={"ai": False}, headers=who.manager.headers)
    assert client.post(f"{place.path}/dialog/test/{uuid}/message", json=wish,
                       headers=who.manager.headers).status_code == 201  # fmt: skip
    client.patch(f"{place.path}/dialog/{uuid}", json={"status": "closed"}, headers=who.manager.headers)
    said = client.post(f"{place.path}/dialog/test/{uuid}/message", json=wish, headers=who.manager.headers)
    assert said.status_code == 409
    enter_organization(HOME)
    assert jobs() == []


def test_roles_strangers_and_wrong_funnels(client, who, place) -> None:
    uuid = begin(client, who, place).json["uuid"]
    real = client.post(f"{place.path}/dialog", json={}, headers=who.manager.headers).json["uuid"]
    wish = {"text": "Проба", "role": "user", "stage_number": 1}
    writes = [f"{place.path}/dialog/test", f"{place.path}/dialog/test-stage", f"{place.path}/dialog/test/{uuid}/message",
              f"{place.plural}/dialogs/test/{uuid}/messages", f"{place.plural}/dialogs/test-stage"]  # fmt: skip
    for person, statuses in (("viewer", {403}), ("stranger", {403}), ("manager", {201}), ("admin", {201})):
        headers = getattr(who, person).headers
        assert {client.post(path, json=wish, headers=headers).status_code for path in writes} == statuses, person
    for path in (f"{place.other}/dialog/test/{uuid}/message", f"{place.path}/dialog/test/{UUID(int=4)}/message",
                 f"{place.path}/dialog/test/{real}/message", f"{ROOT}/funnel/999999/dialog/test",
                 f"{ROOT}/funnel/0/dialog/test-stage", f"{place.path}/dialog/test/nonsense/message"):  # fmt: skip
        assert client.post(path, json=wish, headers=who.manager.headers).status_code == 404, path
    for path in (f"{place.plural}/dialogs/test", f"{place.plural}/dialogs/test-stage/1"):
        assert client.get(path, headers=who.viewer.headers).status_code == 200
        assert client.get(path, headers=who.stranger.headers).status_code == 403
    assert client.get(f"{ROOT}/funnel/999999/dialogs/test", headers=who.viewer.headers).status_code == 404
    assert client.get(f"{place.other}/dialogs/test", headers=who.viewer.headers).json == []


def test_trials_come_in_pages(client, who, place) -> None:
    uuids = [begin(client, who, place).json["uuid"] for _ in range(5)][::-1]
    assert [row["uuid"] for row in client.get(f"{place.path}/dialogs/test", headers=who.viewer.headers).json] == uuids
    second = client.get(f"{place.path}/dialogs/test?limit=2&page=2", headers=who.viewer.headers)
    assert [row["uuid"] for row in second.json] == uuids[2:4]
    seen, address = [], f"{place.path}/dialogs/test?limit=2&cursor="
    while address:
        answer = client.get(address, headers=who.viewer.headers)
        seen += [row["uuid"] for row in answer.json]
        links = answer.headers.get("Link", "")
        address = links.split(">")[0][1:] if 'rel="next"' in links else ""
    assert seen == uuids
