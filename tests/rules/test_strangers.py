"""Every address with an id answers a stranger exactly as if that id did not exist; nothing of the other changes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import text
from werkzeug.test import TestResponse

from aiguro_web.errors import NotFound
from aiguro_web.web import auth, toolkit
from aiguro_web.web.door import Door
from tests.doors import BYTES, STREAMS, Way, address, insider, knock, sign_in, ways
from tests.people import HOME, OTHER

from .conftest import House

ABSENT: dict[str, Any] = {
    "org": 8_000_001, "f": 8_000_002, "uuid": UUID(int=8_000_003), "id": 8_000_004, "message_id": 8_000_005,
    "connection_id": 8_000_006, "key": "key-that-nobody-has", "ticket_message_id": 8_000_007, "act_id": 8_000_021, "client_id": 8_000_031, "other_id": 8_000_032, "note_id": 8_000_033, "merge_id": 8_000_034, "view_id": 8_000_022, "ticket_file_id": 8_000_010, "code": "code-that-nobody-has",
}  # fmt: skip
QUERIES = {  # ids in a query string: argument -> the table and column it names
    "/dashboard/messengers?uuid={}": ("dialog", "uuid"),
    "/dashboard/messengers?thread_id={}": ("dialog", "id"),
    "/dashboard/messengers?funnel={}": ("funnel", "id"),
    "/dashboard/messengers/list?funnel={}": ("funnel", "id"),
    "/dashboard/messengers/list?uuid={}": ("dialog", "uuid"),
    "/dashboard/messengers/{own}/messages/older?before={}": ("message", "id"),
    "/dashboard/support?ticket={}": ("ticket", "id"),
    "/dashboard/support/list?ticket={}": ("ticket", "id"),
    "/dashboard/support?topic={}": ("funnel", "id"),
    "/api/organization/2/funnel/0/dialogs?manager={}": ("app_user", "id"),
    "/api/organization/2/clients?manager={}": ("app_user", "id"),
}
# Headers that tell what was answered; the rest tell when and to which request.
HEADERS = ("Content-Type", "ETag", "Allow", "Location", "HX-Trigger", "HX-Redirect", "HX-Replace-Url", "Link",
           "X-Total-Count", "Cache-Control", "Retry-After", "WWW-Authenticate")  # fmt: skip
ASKING = re.compile(
    r'("request_id": ?"[^"]*"|Номер запроса для поддержки: [\w-]+|csrf[-_]token" (content|value)="[^"]*")'
)


def answer(response: TestResponse, *names: object) -> tuple[int, list[str | None], str]:
    """Status, headers and body, without the address that was asked, the ids in it and the number of the request."""
    words = [response.request.path, *(str(name) for name in names if len(str(name)) > 5)]

    def blank(text: str | None) -> str | None:
        for word in words:
            text = text.replace(word, "…") if text is not None else None
        return text

    headers = [blank(response.headers.get(name)) for name in HEADERS if name != "ETag" or response.status_code >= 400]
    return response.status_code, headers, ASKING.sub("", blank(response.get_data(as_text=True)) or "")


def variants(house: House, way: Way) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """For each id in the address: its name, the arguments with the other's id, and with nobody's."""
    own, other = house.values(OTHER, way.endpoint), house.values(HOME, way.endpoint)
    for name in way.ids:
        foreign = {**own, name: other[name]}
        if name == "org":  # everything of the other organisation below it
            foreign = dict(other)
        if name == "key":  # a key is a right of its own: foreign is one that belongs to another messenger
            foreign = {
                **own,
                name: house.values(OTHER, "webchat" if way.endpoint == "webhooks.receive" else "webhooks")[name],
            }
        yield name, foreign, {**foreign, name: ABSENT[name]}


def differences(house: House, app: Flask, way: Way) -> list[str]:
    """Where a foreign id is answered otherwise than an absent one, or is not refused."""
    found = []
    stranger = house.people.stranger
    for name, foreign, absent in variants(house, way):
        for htmx in (True, False) if way.guard == "page" else (True,):
            said = [
                answer(knock(app, way, address(app, way, values), stranger, htmx=htmx), *values.values())
                for values in (foreign, absent)
            ]
            if said[0] != said[1]:
                found.append(f"{way} {name}: {said[0]} but absent {said[1]}")
            expected = 403 if name == "org" else 404
            if htmx and said[0][0] != expected:
                found.append(f"{way} {name}: {said[0][0]} instead of {expected}")
    return found


def with_ids(house: House) -> list[Way]:
    return [way for way in ways(house.app) if way.ids and way.guard is not None]


def test_a_foreign_id_is_answered_as_an_absent_one(house: House) -> None:
    before = house.fingerprint(HOME)
    walked = with_ids(house)
    found = [difference for way in walked for difference in differences(house, house.app, way)]
    assert found == []
    assert house.fingerprint(HOME) == before
    assert len(walked) >= 30


def test_methods_that_an_address_does_not_know_tell_nothing_either(house: House) -> None:
    before = house.fingerprint(HOME)
    for way in with_ids(house):
        for method in ("PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"):
            for _, foreign, absent in variants(house, way):
                said = {
                    answer(_bare(house, way, address(house.app, way, values), method), *values.values())[0]
                    for values in (foreign, absent)
                }
                assert len(said) == 1, (method, str(way))
    assert house.fingerprint(HOME) == before


def _bare(house: House, way: Way, path: str, method: str) -> TestResponse:
    client = sign_in(house.app, house.people.stranger) if way.guard == "page" else house.app.test_client()
    headers = house.people.stranger.headers if way.guard == "bearer" else {}
    house.rest()
    return client.open(path, method=method, headers=headers, buffered=False)


@pytest.mark.parametrize("pattern", QUERIES)
def test_a_foreign_id_in_a_query_is_answered_as_an_absent_one(house: House, pattern: str) -> None:
    table, column = QUERIES[pattern]
    foreign = house.rows[HOME][table][column]
    absent = UUID(int=8_000_003) if column == "uuid" else 8_000_004
    own = house.rows[OTHER]["dialog"]["uuid"]
    said = []
    for name in (foreign, absent):
        client = sign_in(house.app, house.people.stranger)
        headers = house.people.stranger.headers if pattern.startswith("/api") else {"HX-Request": "true"}
        said.append(answer(client.get(pattern.format(name, own=own), headers=headers), name))
    assert said[0] == said[1]


@pytest.mark.parametrize("path", ["/dashboard/org", "/dashboard/integrations/connect/webchat"])
def test_a_foreign_id_in_a_form_is_answered_as_an_absent_one(house: House, path: str) -> None:
    before = house.fingerprint(HOME), house.fingerprint(OTHER)
    said = []
    for org, funnel in ((HOME, house.rows[HOME]["funnel"]["id"]), (8_000_001, 8_000_002)):
        browser = sign_in(house.app, house.people.stranger)
        form = {"org_id": str(org), "funnel": str(funnel), "name": "чат"}
        said.append(answer(browser.post(path, data=form, headers={"HX-Request": "true"})))
    assert said[0] == said[1]
    assert said[0][0] in (403, 422)
    assert (house.fingerprint(HOME), house.fingerprint(OTHER)) == before


def test_a_dialog_asked_for_through_another_funnel_is_404(house: House) -> None:
    """Ids below a funnel are looked for in that funnel (contract.md §1), messenger connections too."""
    below = [
        way
        for way in with_ids(house)
        if "f" in way.arguments
        and {"uuid", "id", "code"} & way.arguments
        and not way.endpoint.startswith("api_files.attach")
    ]  # any file of the organisation may be attached
    for way in below:
        values = {**house.values(OTHER, way.endpoint), "f": _first_funnel(house)}
        status = knock(house.app, way, address(house.app, way, values), house.people.stranger).status_code
        assert status == 404, str(way)
    assert below


def _first_funnel(house: House) -> int:
    with house.admin.connect() as connection:
        query = "SELECT min(id) FROM funnel WHERE org_id = :org"
        found: int = connection.execute(text(query), {"org": OTHER}).scalar_one()
    assert found != house.rows[OTHER]["funnel"]["id"]
    return found


def test_ones_own_ids_open_every_address(house: House) -> None:
    """So that the walk above proves something: the same addresses work for whom they belong to."""
    last = (
        "client_cards.delete",
        "client_cards.erase",
        "client_cards.remove_note",
        "client_cards.change_note",
        "client_imports.remove",
        "integrations.switch",
        "integrations.remove",
    )  # they take away what the others need
    for way in sorted(with_ids(house), key=lambda way: last.index(way.endpoint) if way.endpoint in last else -1):
        if way.endpoint in STREAMS | BYTES or way.endpoint in (*last, "webhooks.receive", "messengers.older"):
            continue
        if way.method == "DELETE":  # it takes away what the others need: each one's own tests show that it works
            continue
        path = address(house.app, way, house.values(OTHER, way.endpoint))
        status = knock(house.app, way, path, insider(house.people, way)).status_code
        assert status < 400 or status == 409, (str(way), status)


def test_an_address_that_tells_a_foreign_id_from_an_absent_one_is_found(house: House) -> None:
    app = house.app
    known = house.rows[HOME]["dialog"]["uuid"]

    def leak(uuid: str) -> str:
        raise NotFound("Диалог чужой" if uuid == str(known) else "Диалог не найден")

    door = Door("leak", __name__, guard=auth.bearer)
    door.add_url_rule("/api/leak/<uuid>", view_func=leak)
    made = _made_up(door)
    way = Way("GET", "/api/leak/<uuid>", "leak.leak", frozenset({"uuid"}), "bearer")
    made.extensions |= {name: app.extensions[name] for name in ("aiguro_auth", "limits", "sqlalchemy")}
    assert differences(house, made, way) != []


def _made_up(door: Door) -> Flask:
    app = Flask("made up")
    app.config["TESTING"] = True
    toolkit.init_app(app)
    app.register_blueprint(door)
    return app
