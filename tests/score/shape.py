"""Criteria: addresses, methods, statuses, repeats, and the description."""

from __future__ import annotations

import json
import re
import threading
import time
from dataclasses import replace
from functools import lru_cache
from typing import Any

import jsonschema
import urllib3

from aiguro_web.web.operation import Operation
from tests import given

from .access import Complaints, NotApplicable, problem
from .asking import Answer, Target

ALWAYS = {400, 401, 403, 405, 413, 415, 429, 500, 503, 504}
MOVES_BETWEEN_FUNNELS = {"api_files.attach"}  # its `f` is where to, not where from
UPDATED = re.compile(rb'"(updated_at|last_activity|lastActivity)": ?"[^"]*"')


def rest(target: Target) -> Complaints:
    """A create says where the new thing is, and it is there; the plural spelling answers the same."""
    operation, walked = target.operation, False
    made = target.ask()
    if made.status != operation.status:
        yield f"{made}, not {operation.status}"
        return
    if operation.status == 201:
        walked = True
        yield from _at_its_location(target, made)
    for endpoint in given.spelled(operation)[1:]:
        walked = True
        if target.reads:
            one, other = target.ask(), target.ask(target.good(endpoint))
            same = (one.status, other.headers.get("ETag"), one.body) == (
                other.status,
                other.headers.get("ETag"),
                other.body,
            )
            same = same or not operation.kept and one.status == other.status
        else:
            other = target.ask(target.good(endpoint))
            same = other.status == made.status and _shape(other) == _shape(made)
        if not same:
            yield f"the alias {endpoint} answers otherwise: {other}"
    if not walked:
        raise NotApplicable("creates nothing and has one spelling")


def _at_its_location(target: Target, made: Answer) -> Complaints:
    location = made.headers.get("Location")
    if not location:
        yield "201 without Location"
        return
    found = target.ask(given.Call("GET", location.removeprefix(target.stand.address)), body=None)
    if found.status != 200:
        yield f"Location: {found}"
    elif "id" in made.json() and found.json().get("id") != made.json()["id"]:
        yield "Location is another thing"


def _shape(answer: Answer) -> list[str]:
    body = answer.json()
    return sorted(body) if isinstance(body, dict) else []


def methods(target: Target) -> Complaints:
    call = target.good()
    adapter = target.stand.app.url_map.bind("localhost")
    allowed = set(adapter.allowed_methods(call.path))
    options = target.ask(replace(call, method="OPTIONS", json=None, form=None, file=None), role=None)
    named = {name.strip() for name in options.headers.get("Allow", "").split(",")}
    if options.status not in (200, 204) or not named >= {call.method, "OPTIONS"}:
        yield f"OPTIONS: {options.status} Allow: {named}"
    for method in sorted({"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"} - allowed):
        answer = target.ask(replace(call, method=method, json=None, form=None, file=None))
        yield from problem(answer, 405)
        if call.method not in answer.headers.get("Allow", ""):
            yield f"405 with Allow: {answer.headers.get('Allow')}"
    if target.reads:
        got, head = target.ask(call), target.ask(replace(call, method="HEAD"))
        if head.status != got.status or head.body or head.headers.get("ETag") != got.headers.get("ETag"):
            yield f"HEAD: {head.status}, {len(head.body)} bytes, {head.headers.get('ETag')}"
        if head.headers.get("Content-Length") != got.headers.get("Content-Length"):
            yield f"HEAD is {head.headers.get('Content-Length')} long, GET {got.headers.get('Content-Length')}"


def statuses(target: Target) -> Complaints:
    """Whatever was seen so far is declared, and in the description too."""
    operation = target.operation
    declared = {operation.status, 304, 404, *ALWAYS, *operation.refuses}
    declared |= set(getattr(operation, "also", ()))
    declared |= {409, 422} if operation.method == "POST" and operation.once else set()
    declared |= {412} if operation.match else set()
    own = re.compile("^" + re.sub(r"<[^>]+>", "[^/]+", operation.rule) + "$")
    seen = {
        answer.status
        for answer in target.seen
        if answer.asked.startswith(f"{operation.method} ") and own.match(answer.asked.split(" ", 1)[1])
    }
    if not seen & {operation.status, 304}:
        yield f"never {operation.status}: {seen}"
    if seen - declared:
        yield f"not declared: {seen - declared}"
    described = set(_described(target).get("responses", {}))
    if described and {str(status) for status in seen} - described - {"404", "304"}:
        yield f"not described: {sorted({str(status) for status in seen} - described)}"


def urls(target: Target) -> Complaints:
    call = target.good()
    parts = call.path.split("/")
    twisted = {
        "a slash behind": call.path + "/",
        "two slashes": call.path.replace("/api/", "/api//", 1),
        "capitals": "/".join([*parts[:-1], parts[-1] + "X"]),
    }
    if parts[-1].isalpha():
        twisted["capitals"] = "/".join([*parts[:-1], parts[-1].upper()])
    for what, path in twisted.items():
        answer = target.ask(replace(call, path=path))
        refused = (403, 404, 405) if target.operation.rule.endswith("<org>") else (404, 405)
        if answer.status not in refused or "Location" in answer.headers:
            yield f"{what}: {answer}"
    names = given.arguments_of(target.stand.app, target.operation.endpoint)
    if (
        target.operation.endpoint not in MOVES_BETWEEN_FUNNELS
        and "f" in names
        and names & {"uuid", "id", "code", "message_id", "connection_id"}
    ):
        for endpoint in given.spelled(target.operation):
            own = given.values(target.company.rows, target.company.org, target.operation.endpoint)
            wrong = {**own, "f": target.company.second["funnel"]["id"]}
            path = given.address(target.stand.app, endpoint, call.method, wrong)
            yield from problem(target.ask(replace(target.good(), path=path)), 404)


def idempotency(target: Target) -> Complaints:
    method = target.operation.method
    if method == "POST":
        if not target.operation.once:
            raise NotApplicable("its key is not looked at (contract)")
        yield from _replay(target)
        yield from _running(target)
        return
    call = target.good()
    first, second = target.ask(call), target.ask(call)
    if method == "DELETE":
        if first.status != target.operation.status:
            yield f"{first}"
        yield from (
            problem(second, 403 if target.operation.rule.endswith("/organization/<org>") else 404)
            if "detach" not in call.path
            else ()
        )
    elif first.status != second.status or _steady(first) != _steady(second):
        yield f"the second time: {second}"


def _steady(answer: Answer) -> bytes:
    return UPDATED.sub(b"", answer.body)


def _replay(target: Target) -> Complaints:
    call, key = target.good(), {"Idempotency-Key": f"k-{time.monotonic_ns()}"}
    first = target.ask(call, headers=key)
    again = target.ask(call, headers=key)
    if first.status != target.operation.status:
        yield f"with a key: {first}"
    if (again.status, again.body, again.headers.get("Location")) != (
        first.status,
        first.body,
        first.headers.get("Location"),
    ):
        yield f"another answer to the same key: {again}"
    if again.headers.get("Idempotent-Replayed") != "true" or "Idempotent-Replayed" in first.headers:
        yield "Idempotent-Replayed is not said"
    other = replace(call, query={**call.query, "made_up": "1"})
    yield from problem(target.ask(other, headers=key), 422)
    yield from problem(target.ask(call, headers={"Idempotency-Key": "k" * 256}), 400)
    yield from problem(target.ask(call, headers={"Idempotency-Key": ""}), 400)


def _running(target: Target) -> Complaints:
    call, key = target.good(), {"Idempotency-Key": f"r-{time.monotonic_ns()}"}
    answers: list[Answer] = []
    with target.stand.locked("SHARE ROW EXCLUSIVE", but=("idempotency_key", "membership")):
        thread = threading.Thread(target=lambda: answers.append(target.ask(call, headers=key)))
        thread.start()
        time.sleep(0.4)
        over = bool(answers)  # it had nothing to write
        with target.provoking():  # without the key's protection it would wait for the locks as the first does
            second = target.ask(call, headers={**key, "X-Score-Seconds": "1"})
    thread.join(40)
    if not over:
        yield from problem(second, 409)
    if not answers or answers[0].status != target.operation.status:
        yield f"the first, after waiting: {answers}"


@lru_cache(maxsize=4)
def description(address: str) -> dict[str, Any]:
    reply = urllib3.request("GET", f"{address}/api/openapi.json")
    return dict(json.loads(reply.data)) if reply.status == 200 else {}


def _path_of(operation: Operation) -> str:
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", operation.rule)


def _described(target: Target) -> dict[str, Any]:
    paths = description(target.stand.address).get("paths", {})
    return dict(_found(paths, _path_of(target.operation)).get(target.operation.method.lower(), {}))


def _found(paths: dict[str, Any], wanted: str) -> dict[str, Any]:
    blank = re.sub(r"\{\w+\}", "{}", wanted)
    return next((item for path, item in paths.items() if re.sub(r"\{\w+\}", "{}", path) == blank), {})


def documentation(target: Target) -> Complaints:
    document, told = description(target.stand.address), _described(target)
    if not told:
        yield "not in /api/openapi.json"
        return
    if not told.get("summary") or not told.get("operationId"):
        yield "no summary or operationId"
    if not told.get("security") and not document.get("security") and not target.public:
        yield "no security"
    takes = target.operation.takes or target.operation.form
    contents = told.get("requestBody", {}).get("content", {})
    if takes is not None and not contents:
        yield "the body is not described"
    pieces = [("request", contents)] + [
        (status, _whole(document, reply).get("content", {})) for status, reply in told.get("responses", {}).items()
    ]
    for place, content in pieces:
        for kind, media in content.items():
            yield from _examples(document, f"{place} {kind}", media)
    good = str(target.operation.status)
    answered = _whole(document, told.get("responses", {}).get(good, {})).get("content", {})
    if target.operation.gives is not None and not any(_has_example(document, media) for media in answered.values()):
        yield f"no example of its {good}"
    real = target.ask()
    schema = answered.get("application/json", {}).get("schema")
    if schema is not None and real.status == target.operation.status:
        yield from (f"the real answer: {trouble}" for trouble in _invalid(document, schema, real.json()))


def _whole(document: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in part:
        found: Any = document
        for step in part["$ref"].removeprefix("#/").split("/"):
            found = found[step.replace("~1", "/").replace("~0", "~")]
        part = found
    return part


def _has_example(document: dict[str, Any], media: dict[str, Any]) -> bool:
    schema = _whole(document, media.get("schema", {}))
    inner = _whole(document, schema.get("items", {})) if schema.get("type") == "array" else schema
    return any(name in holder for holder in (media, schema, inner) for name in ("example", "examples"))


def _examples(document: dict[str, Any], place: str, media: dict[str, Any]) -> Complaints:
    schema = media.get("schema", {})
    found = [media["example"]] if "example" in media else []
    found += [one.get("value") for one in media.get("examples", {}).values()]
    found += _whole(document, schema).get("examples", []) if isinstance(schema, dict) else []
    for one in found:
        yield from (f"the example of {place}: {trouble}" for trouble in _invalid(document, schema, one))


def _invalid(document: dict[str, Any], schema: dict[str, Any], value: Any) -> list[str]:
    whole = {**schema, "components": document.get("components", {})}
    validator = jsonschema.Draft202012Validator(whole)
    return [f"{error.json_path}: {error.message}"[:200] for error in validator.iter_errors(value)][:3]
