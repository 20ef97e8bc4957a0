"""The description of the API: valid, whole, with examples that hold, and true to the code that it describes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import validate

from aiguro_web.api.description import document, texts
from aiguro_web.api.description.parameters import ARGUMENTS
from aiguro_web.api.openapi import described
from aiguro_web.services.access import RIGHTS
from aiguro_web.web.operation import Api, operations
from tests.described import Described
from tests.people import HOME, People

API = Path(document.__file__).resolve().parents[1]
UNDESCRIBED = {"/api/openapi.json", "/api/docs"}  # the description itself
RUSSIAN = re.compile("[а-яё]", re.IGNORECASE)
READS = {"read_json": "takes", "read_query": "query", "read_form": "form", "multipart.read": "form"}


@pytest.fixture
def said(app: Flask) -> Described:
    return Described.of(app)


def test_the_document_is_valid(said: Described) -> None:
    validate(said.document)


def test_every_address_of_the_api_is_described(app: Flask) -> None:
    known = {(one.method, rule) for one in operations(app) for rule in (one.rule, *one.aliases)}
    served = {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/")
    }
    assert {rule for _, rule in served - known} == UNDESCRIBED
    assert known - served == set()
    paths = described(app)["paths"]
    assert sum(len(methods) for methods in paths.values()) == len(operations(app)), "two operations share an address"


def test_an_alias_is_named_where_its_operation_is_described(app: Flask, said: Described) -> None:
    for one in operations(app):
        words = said.operations[one.method, one.rule]["description"]
        for alias in one.aliases:
            assert f"`{document.parameters.path_of(alias)}`" in words, alias


def test_everything_is_said_in_russian(app: Flask, said: Described) -> None:
    for operation in said.operations.values():
        name = operation["operationId"]
        assert RUSSIAN.search(operation["summary"]), name
        assert RUSSIAN.search(operation["description"]), name
        for parameter in map(said.follow, operation["parameters"]):
            if parameter["in"] != "query":
                assert RUSSIAN.search(parameter["description"]), (name, parameter["name"])
        for status, response in operation["responses"].items():
            assert RUSSIAN.search(said.follow(response)["description"]), (name, status)
    assert {one.tag for one in operations(app)} <= set(texts.TAGS), "say in texts.TAGS what the noun is"


def test_every_argument_of_an_address_is_explained(app: Flask) -> None:
    named = {name for one in operations(app) for name in document.parameters.arguments(one.rule)}
    assert named <= set(ARGUMENTS), "add a line to description/parameters.py"


def test_operation_ids_are_words_and_unique(said: Described) -> None:
    ids = [one["operationId"] for methods in said.document["paths"].values() for one in methods.values()]
    assert len(ids) == len(set(ids))
    assert [id for id in ids if not re.fullmatch("[a-z][A-Za-z]+", id)] == []


def test_every_body_and_answer_has_an_example_that_holds(said: Described) -> None:
    faults = []
    for name, media in said.media():
        if "application/octet-stream" in name:
            continue
        if "example" not in media:
            faults.append(f"{name}: no example")
        else:
            faults += [f"{name} {fault}" for fault in said.faults(media["schema"], media["example"])]
    assert faults == []


def test_the_examples_of_objects_and_parameters_hold(said: Described) -> None:
    faults = []
    for name, schema in said.document["components"]["schemas"].items():
        for example in schema.get("examples", []):
            faults += [f"{name} {fault}" for fault in said.faults(schema, example)]
    for operation in said.operations.values():
        for one in map(said.follow, operation["parameters"]):
            if "example" in one:
                faults += [f"{one['name']} {fault}" for fault in said.faults(one["schema"], one["example"])]
    assert faults == []


def test_a_wrong_example_is_found(said: Described) -> None:
    funnel = {"$ref": "#/components/schemas/Problem"}
    assert said.faults(funnel, {"title": ""})
    assert said.faults({"type": "string", "format": "date-time"}, "вчера")
    assert said.faults({"type": "string", "format": "uuid"}, "1")


def test_every_right_is_named_for_people(app: Flask) -> None:
    known = {right for rights in RIGHTS.values() for right in rights}
    for one in operations(app):
        assert one.needs in known | {""}, one.endpoint


def test_a_public_operation_asks_for_no_token(app: Flask, said: Described) -> None:
    for one in operations(app):
        operation = said.operations[one.method, one.rule]
        assert (operation.get("security") == []) is (one.guard == "public"), one.endpoint
        assert ("401" in operation["responses"]) is (one.guard != "public"), one.endpoint


def _views() -> Iterator[tuple[str, ast.FunctionDef, dict[str, str]]]:
    """Every view of the room, with what its declaration says of its input."""
    for path in sorted(API.glob("*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            for call in node.decorator_list if isinstance(node, ast.FunctionDef) else []:
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in (
                    "get", "post", "put", "patch", "delete",
                ):  # fmt: skip
                    assert isinstance(node, ast.FunctionDef)
                    told = {one.arg: ast.unparse(one.value) for one in call.keywords if one.arg in READS.values()}
                    yield f"{path.name}: {node.name}", node, told


def test_a_view_reads_what_it_declares() -> None:
    wrong, seen = [], 0
    for name, view, told in _views():
        for call in ast.walk(view):
            if not isinstance(call, ast.Call) or not call.args:
                continue
            word = ast.unparse(call.func)
            kind = next((READS[known] for known in READS if word in (known, f"body.{known}")), None)
            if kind is not None:
                seen += 1
                if told.get(kind) != ast.unparse(call.args[0]):
                    wrong.append(f"{name}: reads {ast.unparse(call)} but declares {kind}={told.get(kind)}")
    assert wrong == []
    assert seen > 5


ROOT = f"/api/organization/{HOME}"
FUNNELS = "/api/organization/<org>/funnels"
FUNNEL = "/api/organization/<org>/funnel/<f>"
NEW = "/api/organization/<org>/funnel"


def test_what_the_toolkit_answers_is_described(app: Flask, client: FlaskClient, who: People, said: Described) -> None:
    """304, 400, 405, 409 and 422 of a key, 412, 413, 415: by one operation of each kind."""
    headers = who.admin.headers
    lists = client.get(f"{ROOT}/funnels?limit=1&page=1", headers=headers)
    same = client.get(f"{ROOT}/funnels?limit=1&page=1", headers=headers | {"If-None-Match": lists.headers["ETag"]})
    key = headers | {"Idempotency-Key": "one"}
    wish = {"display_name": "Описанная"}
    made, again = (client.post(f"{ROOT}/funnel", headers=key, json=wish) for _ in range(2))
    other = client.post(f"{ROOT}/funnel", headers=key, json={"display_name": "Другая"})
    one = f"{ROOT}/funnel/{made.json['id']}"
    stale = client.put(one, headers=headers | {"If-Match": '"0"'}, json=wish)
    answers = [
        (200, "GET", FUNNELS, lists),
        (304, "GET", FUNNELS, same),
        (400, "GET", FUNNELS, client.get(f"{ROOT}/funnels?limit=0", headers=headers)),
        (405, "GET", FUNNELS, client.patch(f"{ROOT}/funnels", headers=headers)),
        (201, "POST", NEW, made),
        (201, "POST", NEW, again),
        (422, "POST", NEW, other),
        (400, "POST", NEW, client.post(f"{ROOT}/funnel", headers=headers, data="{", content_type="application/json")),
        (400, "POST", NEW, client.post(f"{ROOT}/funnel", headers=headers, json={"display_name": 7})),
        (413, "POST", NEW, client.post(f"{ROOT}/funnel", headers=headers, json={"display_name": "я" * 600_000})),
        (415, "POST", NEW, client.post(f"{ROOT}/funnel", headers=headers, data="<a/>", content_type="text/xml")),
        (403, "POST", NEW, client.post(f"{ROOT}/funnel", headers=who.viewer.headers, json=wish)),
        (412, "PUT", FUNNEL, stale),
        (404, "GET", FUNNEL, client.get(f"{ROOT}/funnel/999999999", headers=headers)),
        (400, "POST", "/api/token", client.post("/api/token", data={"grant_type": "password"})),
    ]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert [status for status, *_ in answers] == [answer.status_code for *_, answer in answers]
    assert [fault for _, method, rule, answer in answers for fault in said.differences(method, rule, answer)] == []


def test_an_answer_that_is_not_as_described_is_found(client: FlaskClient, who: People, said: Described) -> None:
    answer = client.get(f"{ROOT}/funnels", headers=who.admin.headers)
    assert said.differences("GET", "/api/organization/<org>/clients", answer) != []
    assert said.differences("POST", NEW, answer) != []


def test_it_is_served_to_everybody_with_a_tag(client: FlaskClient) -> None:
    first = client.get("/api/openapi.json")
    assert (first.status_code, first.mimetype) == (200, "application/json")
    assert first.json["openapi"].startswith("3.1")
    assert "RateLimit" in first.headers
    again = client.get("/api/openapi.json", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.get_data()) == (304, b"")


def test_the_page_shows_every_operation(app: Flask, client: FlaskClient) -> None:
    page = client.get("/api/docs")
    assert (page.status_code, page.mimetype) == (200, "text/html")
    text = page.get_data(as_text=True)
    assert '<html lang="ru"' in text
    for one in operations(app):
        assert f'id="{document.operation_id(one)}"' in text, one.endpoint
    assert len(re.findall(r'\bid="([^"]+)"', text)) == len(set(re.findall(r'\bid="([^"]+)"', text)))
    anchors = set(re.findall(r'\bid="([^"]+)"', text))
    assert set(re.findall(r'href="#([^"]+)"', text)) <= anchors


def test_the_page_is_light(client: FlaskClient) -> None:
    text = client.get("/api/docs").get_data(as_text=True)
    files = re.findall(r'(?:href|src)="(/static/dist/[^"#]+)"', text)
    packed = {"Accept-Encoding": "br"}
    sizes = {path: len(client.get(path, headers=packed).get_data()) for path in {"/api/docs", *files}}
    assert sum(sizes.values()) <= 100_000, sizes


def test_an_operation_that_is_registered_is_described() -> None:
    app = Flask("small")
    app.config["PUBLIC_URL"] = "https://crm.example"
    door = Api("api_made_up", __name__, tag="Выдумки", guard=lambda arguments: None)
    door.post("/made-up/<id>", "/made-ups/<id>", summary="Выдумать", gives=dict[str, int], needs="manage")(
        lambda id: id
    )
    app.register_blueprint(door)
    made = document.build(app)
    validate(made)
    operation = made["paths"]["/api/made-up/{id}"]["post"]
    assert operation["operationId"] == "madeUpLambda" or operation["operationId"].startswith("madeUp")
    assert "администратор" in operation["description"]
    assert {"200", "400", "401", "403", "404", "409", "422", "429", "500", "503", "504"} <= set(operation["responses"])
    assert made["servers"] == [{"url": "https://crm.example"}]
