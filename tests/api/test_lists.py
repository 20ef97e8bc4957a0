"""Lists over JSON: walks by cursor to the very end, filters and orders of dialogs."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from aiguro_web.extensions import db, enter_organization
from aiguro_web.models import Client, Dialog
from aiguro_web.services import access, connections, dialog_moves, dialogs, funnels, inbound, organizations
from tests.people import HOME, OTHER, People
from tests.services.test_inbound import Face, News

ROOT = f"/api/organization/{HOME}"
DIALOGS = f"{ROOT}/funnel/0/dialogs"


def walk(client: FlaskClient, headers: dict[str, str], address: str) -> list[Any]:
    """Every page from the empty cursor on, until no next one is named."""
    pages = []
    while address:
        answer = client.get(address, headers=headers)
        assert answer.status_code == 200
        pages.append([row["id"] for row in answer.json])
        links = answer.headers.get("Link", "")
        assert 'rel="last"' not in links
        address = links.split(">")[0][1:] if 'rel="next"' in links else ""
    return pages


@pytest.mark.parametrize("limit", [1, 2, 3, 1000])
@pytest.mark.parametrize("kind", ["funnels", "connections"])
def test_a_walk_by_cursor_reaches_the_end(client: FlaskClient, who: People, kind: str, limit: int) -> None:
    enter_organization(HOME)
    funnel_id = funnels.list_funnels(who.admin.actor)[0]["id"]
    for name in ("вторая", "третья"):
        funnels.create(who.admin.actor, name)
    for name in "абв":
        connections.create(who.admin.actor, funnel_id=funnel_id, messenger_type="webchat", account_id=name, token="")
    db.session.commit()
    path = f"{ROOT}/funnels" if kind == "funnels" else f"{ROOT}/funnel/{funnel_id}/messenger_connections"
    pages = walk(client, who.admin.headers, f"{path}?limit={limit}&cursor=")
    assert all(len(page) == limit for page in pages[:-1])
    seen = [id for page in pages for id in page]
    assert seen == [row["id"] for row in client.get(path, headers=who.admin.headers).json]
    assert len(seen) == 3


def test_a_walk_skips_nothing_when_a_row_before_is_gone(client: FlaskClient, who: People) -> None:
    enter_organization(HOME)
    for name in ("вторая", "третья"):
        funnels.create(who.admin.actor, name)
    db.session.commit()
    first = client.get(f"{ROOT}/funnels?limit=2&cursor=", headers=who.admin.headers)
    enter_organization(HOME)
    funnels.get_funnel(who.admin.actor, int(first.json[0]["id"])).archived_at = datetime.now(UTC)
    db.session.commit()
    address = first.headers["Link"].split(">")[0][1:]
    assert [row["display_name"] for row in client.get(address, headers=who.admin.headers).json] == ["третья"]


def test_a_cursor_of_another_organisation_is_refused(client: FlaskClient, who: People) -> None:
    enter_organization(HOME)
    funnels.create(who.admin.actor, "вторая")
    db.session.commit()
    answer = client.get(f"{ROOT}/funnels?limit=1&cursor=", headers=who.admin.headers)
    foreign = answer.headers["Link"].split(">")[0][1:].replace(ROOT, f"/api/organization/{OTHER}")
    assert client.get(foreign, headers=who.stranger.headers).status_code == 400


@pytest.fixture
def talks(app: Flask, who: People) -> SimpleNamespace:
    """Three dialogs; the first one's client wrote last, the second one is the manager's."""
    enter_organization(HOME)
    bot = connections.create(
        who.admin.actor, funnel_id=None, messenger_type="telegram", account_id="9", token="9:x", name="Бот"
    )["id"]
    for number, name in enumerate(("Ольга 100%", "Пётр_1", "Анна \\ Ольгина"), 1):
        news = News(str(number), str(number), chat_id=str(number), person=Face(str(number), name))
        inbound.receive(access.client(HOME), bot, "telegram", news)
        db.session.commit()
        enter_organization(HOME)
    rows = list(db.session.scalars(select(Dialog).order_by(Dialog.id)))
    clients = list(db.session.scalars(select(Client).order_by(Client.id)))
    clients[1].email, clients[1].phone = "petr@client.example", "+7 900 123-45-67"
    dialogs.take(who.manager.actor, rows[1].uuid)
    rows[0].last_activity = rows[2].last_activity.replace(year=2100)
    db.session.commit()
    return SimpleNamespace(ids=[str(row.id) for row in rows])


def found(client: FlaskClient, who: People, talks: SimpleNamespace, query: dict[str, Any]) -> list[int]:
    """Numbers of the dialogs, from 1, in the order of the answer."""
    answer = client.get(DIALOGS, query_string=query, headers=who.viewer.headers)
    assert answer.status_code == 200
    assert answer.headers["X-Total-Count"] == str(len(answer.json))
    return [talks.ids.index(row["id"]) + 1 for row in answer.json]


@pytest.mark.parametrize(
    ("words", "numbers"),
    [("ольг", [3, 1]), ("100%", [1]), ("%", [1]), ("_", [2]), ("\\", [3]), ("PETR@", [2]), ("123-45", [2]),
     ("нет такого", []), ("", [3, 2, 1]), ("  ", [3, 2, 1]), ("' OR 1=1 --", [])],
)  # fmt: skip
def test_words_are_looked_for_in_the_clients_name_phone_and_e_mail(client, who, talks, words, numbers) -> None:
    assert found(client, who, talks, {"q": words}) == numbers


@pytest.mark.parametrize(
    ("sort", "numbers"),
    [("-id", [3, 2, 1]), ("id", [1, 2, 3]), ("-last_activity", [1, 3, 2]), ("last_activity", [2, 3, 1]),
     ("-created_at", [3, 2, 1]), ("created_at", [1, 2, 3])],
)  # fmt: skip
def test_dialogs_come_in_the_asked_order(client, who, talks, sort, numbers) -> None:
    assert found(client, who, talks, {"sort": sort}) == numbers


def test_an_order_holds_over_pages(client: FlaskClient, who: People, talks: SimpleNamespace) -> None:
    pages = [
        client.get(f"{DIALOGS}?sort=id&limit=1&page={number}", headers=who.viewer.headers).json for number in (1, 2, 3)
    ]
    assert [row["id"] for page in pages for row in page] == talks.ids


@pytest.mark.parametrize(
    ("query", "field"),
    [({"sort": "price"}, "/sort"), ({"sort": ""}, "/sort"), ({"sort": "id", "cursor": ""}, "/sort"),
     ({"q": "x" * 300}, "/q")],
)  # fmt: skip
def test_a_filter_that_cannot_be_kept_is_refused_by_name(client, who, query, field) -> None:
    answer = client.get(DIALOGS, query_string=query, headers=who.viewer.headers)
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (400, field)


def test_a_manager_is_named_by_id_or_e_mail(client: FlaskClient, who: People, talks: SimpleNamespace) -> None:
    for name in (who.manager.actor.user_id, who.manager.email, who.manager.email.upper()):
        assert found(client, who, talks, {"manager": name}) == [2]
    for name in (who.admin.actor.user_id, who.admin.email, who.stranger.email, "nobody@test.example"):
        assert found(client, who, talks, {"manager": name}) == []


def test_a_manager_is_named_by_a_unique_name_or_by_the_text_that_was_set(
    client: FlaskClient, who: People, talks: SimpleNamespace
) -> None:
    enter_organization(HOME)
    uuid = db.session.scalars(select(Dialog.uuid).where(Dialog.id == int(talks.ids[0]))).one()
    dialog_moves.assign(who.admin.actor, uuid, "Пётр 100% Внешний")
    db.session.commit()
    named = {"михаил менеджер": [2], "Пётр 100% Внешний": [1], "Пётр": [], "Михаил": [], "0": [], "Не назначено": [3]}
    for name, numbers in named.items():
        assert found(client, who, talks, {"manager": name}) == numbers, name
    organizations.remove_member(HOME, who.manager.actor.user_id or 0)  # what they had stays to be found
    db.session.commit()
    for name in (who.manager.actor.user_id, who.manager.email):
        assert found(client, who, talks, {"manager": name}) == [2]


def test_the_default_order_walks_by_cursor_with_a_filter(client, who, talks) -> None:
    pages = walk(client, who.viewer.headers, f"{DIALOGS}?q=%D0%BE%D0%BB%D1%8C%D0%B3&limit=1&cursor=")
    assert [id for page in pages for id in page] == [talks.ids[2], talks.ids[0]]
