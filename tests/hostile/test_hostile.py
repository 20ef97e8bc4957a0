"""Whatever comes in, 2xx to 4xx in JSON goes out (security.md, "What comes in"): our own list, on every operation."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import Any

import pytest
from werkzeug.test import TestResponse

from aiguro_web.web.operation import Operation, operations
from tests import given
from tests.people import HOME
from tests.rules.conftest import House
from tests.undone import undone

from . import lists

PROBLEM_KEYS = {"type", "title", "status", "detail", "instance", "error", "code", "request_id"}


class Attacker:
    """Calls an operation, and keeps what was answered wrongly."""

    def __init__(self, house: House, operation: Operation) -> None:
        self.house, self.operation = house, operation
        self.good = given.call(house.app, operation, house.rows[HOME], HOME)
        self.client = house.app.test_client()
        self.wrong: list[str] = []
        self.calls = 0

    def send(self, what: str, allowed: set[int] | None = None, **arguments: Any) -> TestResponse:
        """One call; `headers` join the token's."""
        if self.calls % 90 == 0:
            self.house.rest()
        self.calls += 1
        if arguments.get("data") is None and "json" not in arguments:
            arguments.pop("data", None)
        headers = {**self.house.people.admin.headers, **arguments.pop("headers", {})}
        given_arguments = {"path": self.good.path, "method": self.operation.method, **arguments}
        with undone(self.house.app):
            reply = self.client.open(**given_arguments, headers=headers)
        trouble = flaws(reply, allowed)
        if trouble:
            self.wrong.append(f"{self.operation.method} {self.operation.rule} {what[:80]!r}: {trouble}")
        return reply


def flaws(reply: TestResponse, allowed: set[int] | None = None) -> str:
    """What is wrong with an answer to nonsense; '' for nothing."""
    status, kind = reply.status_code, reply.headers.get("Content-Type", "")
    if not 200 <= status < 500:
        return f"{status} {reply.get_data(as_text=True)[:200]}"
    if allowed is not None and status not in allowed:
        return f"{status}, not {sorted(allowed)}: {reply.get_data(as_text=True)[:200]}"
    if "html" in kind or reply.headers.get("X-Content-Type-Options") != "nosniff":
        return f"{status} is {kind}"
    if "Set-Cookie" in reply.headers:
        return "a cookie"
    if status >= 400 and reply.request.method != "HEAD":
        return _flaws_of_a_problem(reply, kind)
    return ""


def _flaws_of_a_problem(reply: TestResponse, kind: str) -> str:
    if kind != "application/problem+json":
        return f"{reply.status_code} is {kind}"
    body = json.loads(reply.get_data())
    if not set(body) >= PROBLEM_KEYS or body["status"] != reply.status_code:
        return f"not a problem: {body}"
    if not isinstance(body["error"], str) or not body["error"]:
        return "no sentence"
    bad = [one for one in body.get("errors", []) if set(one) != {"pointer", "message"}]
    return f"errors {bad}" if bad else ""


@pytest.fixture
def attackers(house: House) -> list[Attacker]:
    return [Attacker(house, operation) for operation in operations(house.app)]


def no_harm(attackers: list[Attacker], least: int) -> None:
    wrong = [line for attacker in attackers for line in attacker.wrong]
    assert not wrong, f"{len(wrong)} of them\n" + "\n".join(wrong)
    assert sum(attacker.calls for attacker in attackers) >= least


def test_bodies(attackers: list[Attacker]) -> None:
    for one in attackers:
        takes = one.operation.takes is not None
        for data, kind, allowed in lists.BODIES:
            reading = allowed if takes and one.operation.method not in ("GET", "DELETE") else None  # contract.md §1
            one.send(
                f"body {data[:40]!r} {kind[:30]}",
                reading,
                data=data,
                content_type=kind,
                query_string=dict(one.good.query),
            )
    no_harm(attackers, 200)


def test_values_of_every_field(attackers: list[Attacker]) -> None:
    turn = 0
    for one in attackers:
        for name in given.fields(one.operation.takes):
            rest = {key: value for key, value in (one.good.json or {}).items() if key != name}
            turn += 1
            for text in lists.some(lists.VALUES, turn):
                body = json.dumps(rest, ensure_ascii=False)[:-1] + (", " if rest else "") + f'"{name}": {text}}}'
                one.send(
                    f"{name}: {text[:40]}",
                    data=body.encode("utf-8"),
                    content_type=lists.JSON,
                    query_string=dict(one.good.query),
                )
    no_harm(attackers, 100)


def test_queries(attackers: list[Attacker]) -> None:
    for turn, one in enumerate(attackers):
        good = one.good.arguments()
        known = set(given.fields(one.operation.query))
        for number, name in enumerate(sorted([*known, "made_up"])):
            others = "".join(f"&{key}={value}" for key, value in one.good.query.items() if key != name)
            for text in lists.some(lists.QUERIES, turn + number):
                one.send(f"?{name}={text[:40]}", **{**good, "query_string": f"{name}={text}{others}"})
            if name in known:
                one.send(f"?{name} twice", {400, 403, 404}, **{**good, "query_string": f"{name}=1&{name}=1{others}"})
        one.send("?" + "&" * 3, **{**good, "query_string": "&&&=&=a&a"})
        one.send("many names", **{**good, "query_string": "&".join(f"a{n}=1" for n in range(500))})
    no_harm(attackers, 300)


def test_ids_in_paths(attackers: list[Attacker]) -> None:
    for turn, one in enumerate(attackers):
        names = given.arguments_of(one.house.app, one.operation.endpoint)
        for number, name in enumerate(sorted(names)):
            own = given.values(one.house.rows[HOME], HOME, one.operation.endpoint)
            mark = 7_777_777_777 if not hasattr(own[name], "hex") or isinstance(own[name], int) else _marked(own[name])
            path = given.address(one.house.app, one.operation.endpoint, one.operation.method, {**own, name: mark})
            for text in lists.some(lists.IDS, turn + number):
                # `0` is a funnel's id in one place, and a code may be any text
                allowed = None if (name, text) == ("f", "0") or name in ("code", "token") else {400, 403, 404, 405}
                one.send(
                    f"{name}={text[:40]}", allowed, **{**one.good.arguments(), "path": path.replace(str(mark), text)}
                )
    no_harm(attackers, 200)


def _marked(known: Any) -> Any:
    return type(known)(int=7) if hasattr(known, "hex") else known


def test_headers(attackers: list[Attacker]) -> None:
    for turn, one in enumerate(attackers):
        for headers in lists.HEADERS if os.environ.get("HOSTILE_ALL") else lists.HEADERS[turn % 3 :: 3]:
            one.send(f"{headers}", **one.good.arguments(), headers=headers)
        if one.operation.method == "POST":
            for key in lists.KEYS:
                allowed = {400} if one.operation.once and not 1 <= len(key) <= 255 else None
                one.send(f"key {key[:20]}", allowed, **one.good.arguments(), headers={"Idempotency-Key": key})
        for method in ("TRACE", "CONNECT", "PROPFIND", "PATCH", "FOO", "get"):
            one.send(f"method {method}", path=one.good.path, method=method)
    no_harm(attackers, 400)


def test_authorization(attackers: list[Attacker]) -> None:
    for one in attackers:
        if one.operation.guard == "public":
            continue
        token = one.house.people.admin.token
        for text in lists.TOKENS:
            one.house.rest()
            value = text.replace("{}", token)
            headers = {"Authorization": value.encode().decode("latin-1")}
            one.send(f"Authorization {text}", {401}, **one.good.arguments(), headers=headers)
    no_harm([one for one in attackers if one.operation.guard != "public"], 100)


def test_multipart_bodies(attackers: list[Attacker]) -> None:
    walls = [
        (lists.many_parts("b"), "multipart/form-data; boundary=b"),
        (b"--b--\r\n", "multipart/form-data; boundary=b"),
        (b"", "multipart/form-data; boundary=b"),
        (b"--b\r\n\r\nx\r\n--b--", "multipart/form-data; boundary=b"),
        (b"garbage", "multipart/form-data; boundary=b"),
        (b"--b", "multipart/form-data; boundary=" + "b" * 3000),
        (b"--b", "multipart/form-data; boundary=\xff"),
        (b"--b\r\n" + b"X: y\r\n" * 10_000 + b"\r\nx\r\n--b--", "multipart/form-data; boundary=b"),
        (b"--b\r\nContent-Disposition: form-data; name=\"" + b"n" * 100_000 + b"\"\r\n\r\nx\r\n--b--", "multipart/form-data; boundary=b"),
    ]  # fmt: skip
    for one in attackers:
        operation = one.operation
        if operation.method != "POST" or not (operation.files or operation.takes or operation.form):
            continue  # a body that nobody reads is nobody's
        for data, kind in walls:
            one.send(f"{kind[:40]} {data[:40]!r}", {400, 413, 415}, data=data, content_type=kind)
        field = (operation.files or ("file",))[0]
        for filename in (
            "../../etc/passwd",
            "a\x00.png",
            "",
            "я" * 5000,
            "\u202egnp.exe",
            "con",
            ".",
            'a"b',
            "a\r\nX: y",
        ):
            for content in (b"", given.PNG, b"<script>") if operation.files else (b"x",):
                form = f'--b\r\nContent-Disposition: form-data; name="{field}"; filename="{filename}"\r\n\r\n'.encode()
                fields = "".join(
                    f'--b\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
                    for key, value in (one.good.form or {}).items()
                )
                body = fields.encode() + form + content + b"\r\n--b--\r\n"
                one.send(
                    f"file {filename[:20]!r} {content[:8]!r}", data=body, content_type="multipart/form-data; boundary=b"
                )
    no_harm(attackers, 50)


def test_a_search_takes_wildcards_literally(attackers: list[Attacker]) -> None:
    walked = 0
    for one in attackers:
        if one.operation.query is None or "q" not in one.operation.query.model_fields:
            continue
        found = {}
        for words in ("", "org1n1", "%", "_", "\\", "%%", "org1n_", "%' OR '1'='1"):
            reply = one.send(f"q={words}", {200}, query_string={"q": words})
            found[words] = len(json.loads(reply.get_data()))
        assert found[""] >= 1, one.operation.rule
        assert [found[words] for words in ("%", "_", "\\", "%%", "org1n_", "%' OR '1'='1")] == [0] * 6, (
            one.operation.rule,
            found,
        )
        walked += 1
    assert walked >= 1
    no_harm(attackers, 1)


def test_protected_fields_are_never_set(attackers: list[Attacker]) -> None:
    """Ids, organisation, counters and times in a body change nothing (contract.md §1)."""
    protected = {
        "id": 424242424242, "uuid": "0000000a-0000-4000-8000-00000000000a", "org_id": 424242, "organization_id": 424242,
        "created_at": "1999-01-01T00:00:00Z", "updated_at": "1999-01-01T00:00:00Z", "created": "1999-01-01T00:00:00Z",
        "messages_count": 424242, "deals_count": 424242, "deleted_at": "1999-01-01T00:00:00Z", "author_id": 424242,
        "sender_id": 424242, "is_test": True, "secret_encrypted": "x", "storage_key": "x", "is_staff": True,
        "last_activity": "1999-01-01T00:00:00Z", "__proto__": {"is_staff": True}, "unread": 424242,
    }  # fmt: skip
    for one in attackers:
        if one.operation.takes is None or one.operation.method == "GET":
            continue
        extra = {name: value for name, value in protected.items() if name not in one.operation.takes.model_fields}
        call = replace(one.good, json={**(one.good.json or {}), **extra})
        reply = one.send("protected fields", None, **call.arguments())
        text = reply.get_data(as_text=True) if reply.status_code < 400 else ""
        assert "424242" not in text, (one.operation.rule, text)
        assert "1999-01-01" not in text, (one.operation.rule, text)
        assert "0000000a-" not in text, (one.operation.rule, text)
    no_harm(attackers, 1)


def test_flaws_are_found() -> None:
    from flask import Flask, Response

    app = Flask("flaws")
    answers = [
        Response("boom", 500), Response("<b>", 200, content_type="text/html"), Response("{}", 400, mimetype="application/json"),
        Response('{"status": 404}', 400, content_type="application/problem+json"),
    ]  # fmt: skip
    for made in answers:
        app.view_functions.clear()
        fresh = Flask("flaws")
        fresh.add_url_rule("/", view_func=lambda made=made: made)
        assert flaws(fresh.test_client().get("/")) != ""
