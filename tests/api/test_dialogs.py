"""Dialogs over JSON: begun, changed, deleted, restored."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from pydantic import TypeAdapter
from sqlalchemy import select

from aiguro_web.extensions import db, enter_organization
from aiguro_web.models import Client, Dialog, Message
from aiguro_web.schemas.dialogs import DialogOut
from aiguro_web.services import access, connections, funnels, inbound
from tests.people import HOME, OTHER, People
from tests.services.test_inbound import Face, News

ROOT = f"/api/organization/{HOME}"


@pytest.fixture
def dialog(app, who: People) -> SimpleNamespace:
    enter_organization(HOME)
    bot = connections.create(
        who.admin.actor, funnel_id=None, messenger_type="telegram", account_id="9", token="9:x", name="Бот"
    )["id"]
    inbound.receive(access.client(HOME), bot, "telegram", News("1", "1", person=Face()))
    other = funnels.create(who.admin.actor, "вторая").id
    found = db.session.scalars(select(Dialog)).one()
    db.session.commit()
    return SimpleNamespace(uuid=found.uuid, funnel_id=found.funnel_id, id=found.id, client_id=found.client_id,
                           other=other)  # fmt: skip


def path(dialog: SimpleNamespace, end: str = "") -> str:
    return f"{ROOT}/funnel/{dialog.funnel_id}/dialog/{dialog.uuid}{end}"


def patch(
    client: FlaskClient, who: People, dialog: SimpleNamespace, body: Any, person: str = "manager", **headers: str
):
    return client.patch(path(dialog), json=body, headers={**getattr(who, person).headers, **headers})


def test_a_patch_answers_what_get_shows(client: FlaskClient, who: People, dialog: SimpleNamespace) -> None:
    wish = {
        "stage": "closing", "manager": who.manager.actor.user_id, "price": 1500.5, "close_ratio": 70,
        "tags": [" опт ", "срочно", "опт"], "description": "  хочет скидку ", "id": "7", "messages_count": 99,
        "funnel_id": "2", "org_id": 2,
    }  # fmt: skip
    said = patch(client, who, dialog, wish)
    assert said.status_code == 200
    shown = client.get(path(dialog), headers=who.viewer.headers)
    assert said.json == shown.json
    shape = TypeAdapter(DialogOut)
    assert shape.dump_python(shape.validate_json(said.data), mode="json", by_alias=True) == said.json
    kept = {name: said.json[name] for name in ("id", "stage", "stage_name", "manager", "price", "close_ratio", "tags")}
    assert kept == {
        "id": str(dialog.id), "stage": "closing", "stage_name": "Закрытие", "manager": "Михаил Менеджер",
        "price": 1500.5, "close_ratio": 70, "tags": ["опт", "срочно"],
    }  # fmt: skip
    assert (said.json["description"], said.json["funnel_id"]) == ("хочет скидку", str(dialog.funnel_id))
    rows = client.get(path(dialog, "/messages?limit=1"), headers=who.viewer.headers).json
    assert (rows[0]["role"], rows[0]["text"], rows[0]["stage_number"]) == ("system", "Этап: Квалификация → Закрытие", 3)


@pytest.mark.parametrize("body", [None, {}, dict.fromkeys(("stage", "manager", "ai", "status", "outcome", "lost_reason", "price", "tags", "description", "close_ratio"))])  # fmt: skip
def test_nothing_asked_changes_nothing(client, who, dialog, body) -> None:
    before = client.get(path(dialog), headers=who.viewer.headers).json
    said = client.patch(path(dialog), json=body, headers=who.manager.headers) if body is not None else client.patch(
        path(dialog), headers={**who.manager.headers, "Content-Type": "application/json"}
    )  # fmt: skip
    assert (said.status_code, said.json) == (200, before)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"stage": "nowhere"}, "/stage"), ({"stage": ""}, "/stage"), ({"stage": 5}, "/stage"),
        ({"manager": True}, "/manager"), ({"manager": "x" * 201}, "/manager"),
        ({"ai": "yes"}, "/ai"), ({"ai": 1}, "/ai"), ({"status": "open"}, "/status"), ({"outcome": "won"}, "/outcome"),
        ({"price": -0.01}, "/price"), ({"price": 1.001}, "/price"), ({"price": 10**12}, "/price"),
        ({"price": True}, "/price"), ({"price": "много"}, "/price"), ({"close_ratio": 101}, "/close_ratio"),
        ({"close_ratio": -1}, "/close_ratio"), ({"close_ratio": 5.5}, "/close_ratio"), ({"tags": "опт"}, "/tags"),
        ({"tags": [str(n) for n in range(21)]}, "/tags"), ({"tags": [" "]}, "/tags/0"),
        ({"tags": ["x" * 41]}, "/tags/0"), ({"description": "x" * 5001}, "/description"),
        ({"status": "closed", "outcome": "won", "lost_reason": "x"}, "/lost_reason"),
        ({"lost_reason": "x" * 501}, "/lost_reason"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named_and_nothing_is_done(client, who, dialog, body, pointer) -> None:
    before = client.get(path(dialog), headers=who.viewer.headers).json
    said = patch(client, who, dialog, {"description": "не сохранится", **body})
    assert (said.status_code, said.json["errors"][0]["pointer"]) == (400, pointer)
    assert said.json["errors"][0]["message"]
    assert client.get(path(dialog), headers=who.viewer.headers).json == before


@pytest.mark.parametrize("price", [0, 0.01, 999999999999.99, "12.50"])
def test_prices_to_the_very_edges(client, who, dialog, price) -> None:
    assert patch(client, who, dialog, {"price": price}).json["price"] == float(price)


def test_roles_and_strangers(client: FlaskClient, who: People, dialog: SimpleNamespace) -> None:
    def calls(person: str, at: SimpleNamespace) -> list[int]:
        headers = getattr(who, person).headers
        ways = [
            client.patch(path(at), json={"stage": "closing"}, headers=headers),
            client.post(path(at, "/restore"), headers=headers),
            client.delete(path(at), headers=headers),
        ]
        return [answer.status_code for answer in ways]

    wrong = SimpleNamespace(uuid=dialog.uuid, funnel_id=dialog.other)
    absent = SimpleNamespace(uuid=UUID(int=5), funnel_id=dialog.funnel_id)
    every = SimpleNamespace(uuid=dialog.uuid, funnel_id=0)
    assert calls("viewer", dialog) == [403, 403, 403]
    assert calls("stranger", dialog) == [403, 403, 403]
    for at in (wrong, absent, every):
        assert calls("manager", at) == [404, 404, 404]
    assert calls("manager", dialog) == [200, 409, 200]


def test_if_match_holds_a_change_to_what_its_author_saw(client, who, dialog) -> None:
    tag = client.get(path(dialog), headers=who.manager.headers).headers["ETag"]
    assert patch(client, who, dialog, {"price": 5}, **{"If-Match": tag}).status_code == 200
    stale = patch(client, who, dialog, {"price": 6}, **{"If-Match": tag})
    assert (stale.status_code, stale.json["code"]) == (412, "stale")
    assert client.get(path(dialog), headers=who.manager.headers).json["price"] == 5
    viewer = client.get(path(dialog), headers=who.viewer.headers).headers["ETag"]
    assert patch(client, who, dialog, {"price": 6}, "viewer", **{"If-Match": viewer}).status_code == 403


@pytest.mark.parametrize("body", [None, {}, {"anything": [1]}])
def test_a_dialog_is_begun_by_hand_with_a_new_client(client, who, dialog, body) -> None:
    headers = {**who.manager.headers, "Content-Type": "application/json"}
    where = f"{ROOT}/funnel/{dialog.funnel_id}/dialog"
    said = client.post(where, json=body, headers=headers) if body is not None else client.post(where, headers=headers)
    assert said.status_code == 201
    assert (said.json["stage"], said.json["name"], said.json["messages_count"], said.json["ai"]) == (
        "qualification", "", 0, False,
    )  # fmt: skip
    assert client.get(said.headers["Location"], headers=headers).json == said.json
    listed = client.get(f"{ROOT}/funnel/0/dialogs", headers=headers)
    assert (len(listed.json), listed.headers["X-Total-Count"]) == (2, "2")
    enter_organization(HOME)
    assert db.session.get_one(Client, (HOME, said.json["client_id"])).source == "manual"


def test_a_dialog_is_begun_with_a_known_client_in_either_form_of_id(client, who, dialog) -> None:
    where = f"{ROOT}/funnels/{dialog.other}/dialogs"
    for given in (dialog.client_id, str(dialog.client_id)):
        said = client.post(where, json={"client_id": given}, headers=who.manager.headers)
        assert (said.status_code, said.json["client_id"], said.json["name"]) == (201, dialog.client_id, "Ольга")
    enter_organization(OTHER)
    foreign = Client(org_id=OTHER, name="Чужой")
    made_up = Client(org_id=OTHER, is_test=True)
    db.session.add_all([foreign, made_up])
    db.session.commit()
    for given, status in ((foreign.id, 404), (made_up.id, 404), (10**12, 404), (0, 400), ("x", 400)):
        said = client.post(where, json={"client_id": given}, headers=who.manager.headers)
        assert said.status_code == status, given
    assert client.post(where, json={}, headers=who.viewer.headers).status_code == 403
    assert client.post(f"{ROOT}/funnel/0/dialog", json={}, headers=who.manager.headers).status_code == 404


def test_a_repeated_key_begins_one_dialog(client, who, dialog) -> None:
    headers = {**who.manager.headers, "Idempotency-Key": "once"}
    said = [client.post(f"{ROOT}/funnel/{dialog.funnel_id}/dialog", json={}, headers=headers) for _ in range(2)]
    assert said[0].data == said[1].data
    assert said[1].headers["Idempotent-Replayed"] == "true"


def test_a_deleted_dialog_is_gone_and_comes_back(client, who, dialog) -> None:
    gone = client.delete(path(dialog), headers={**who.manager.headers, "Content-Type": "application/json"})
    assert (gone.status_code, gone.json) == (200, {"id": str(dialog.id), "deleted": True})
    assert client.delete(path(dialog), headers=who.manager.headers).status_code == 404
    for end in ("", "/messages"):
        assert client.get(path(dialog, end), headers=who.viewer.headers).status_code == 404
    assert patch(client, who, dialog, {"price": 1}).status_code == 404
    assert client.post(path(dialog, "/message"), json={"text": "x"}, headers=who.manager.headers).status_code == 404
    listed = client.get(f"{ROOT}/funnel/0/dialogs", headers=who.viewer.headers)
    assert (listed.json, listed.headers["X-Total-Count"]) == ([], "0")
    back = client.post(path(dialog, "/restore"), headers=who.manager.headers)
    assert (back.status_code, back.json["id"]) == (200, str(dialog.id))
    assert client.get(f"{ROOT}/funnel/0/dialogs", headers=who.viewer.headers).headers["X-Total-Count"] == "1"


def test_a_change_is_told_to_whoever_looks(client, who, dialog, monkeypatch: pytest.MonkeyPatch) -> None:
    from aiguro_web.services import dialogs as service

    told: list[str] = []
    monkeypatch.setattr(service, "publish", lambda *names: told.extend(names))
    patch(client, who, dialog, {"close_ratio": 10})
    assert told == [f"o{HOME}:dialog-{dialog.uuid}", f"o{HOME}:dialogs"]
    told.clear()
    patch(client, who, dialog, {"close_ratio": 10})
    assert told == []


def test_closing_and_giving_back_over_json(client, who, dialog) -> None:
    said = patch(client, who, dialog, {"status": "closed", "outcome": "lost", "lost_reason": "дорого", "ai": True})
    assert (said.json["status"], said.json["outcome"], said.json["lost_reason"]) == ("closed", "lost", "дорого")
    said = patch(client, who, dialog, {"status": "active"})
    assert (said.json["status"], said.json["outcome"], said.json["lost_reason"]) == ("active", None, "")
    enter_organization(HOME)
    words = db.session.scalars(select(Message.text).where(Message.role == "system").order_by(Message.id)).all()
    assert words[1:] == [
        "Михаил Менеджер: ассистент включён",
        "Михаил Менеджер: диалог закрыт, сделка проиграна",
        "Михаил Менеджер: диалог открыт снова",
    ]
