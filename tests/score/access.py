"""Criteria: who may ask, from where, how often, and with what."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tests import given
from tests.doors import WORDS

from .asking import Answer, Target
from .stand import ORIGIN

EXPOSED = {"ETag", "Link", "Location", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-Id", "X-Total-Count"}
PROBLEM = {"type", "title", "status", "detail", "instance", "error", "code", "request_id"}

UNCHECKED = {"token", *WORDS}  # arguments that are no ids
CHOSEN_BY_THE_GUARD = "orgId"

Complaints = Iterator[str]


class NotApplicable(Exception):
    """This criterion says nothing about this operation; the text says why."""


def problem(answer: Answer, status: int) -> Complaints:
    """What is wrong with a refusal."""
    if answer.status != status:
        yield f"{answer}, not {status}"
        return
    if answer.headers.get("Content-Type") != "application/problem+json":
        yield f"{answer} is {answer.headers.get('Content-Type')}"
        return
    body = answer.json()
    if not set(body) >= PROBLEM or body["status"] != status or not isinstance(body["error"], str) or not body["error"]:
        yield f"no problem+json of the contract: {answer}"
    if body.get("request_id") != answer.headers.get("X-Request-Id"):
        yield "another request_id than the header's"


def bearer(target: Target) -> Complaints:
    if target.public:
        raise NotApplicable("anybody may ask (contract)")
    good = target.company.tokens["admin"]
    head, claims, signature = good.split(".")
    read = json.loads(base64.urlsafe_b64decode(claims + "=="))
    old = _part({**read, "iat": 1, "nbf": 1, "exp": 2})
    foreign = _part({"alg": "HS256", "typ": "JWT", "kid": "x"})
    nobody = _part({"alg": "none"})
    cookie = target.stand.app.session_interface.get_signing_serializer(target.stand.app).dumps(  # type: ignore[attr-defined]
        {"_user_id": str(target.company.user), "_fresh": True, "org_id": target.company.org}
    )
    call = target.good()
    tries: dict[str, dict[str, str]] = {
        "none": {"Authorization": "-"}, "garbage": {"Authorization": "Bearer garbage"},
        "expired": {"Authorization": f"Bearer {head}.{old}.{signature}"},
        "foreign algorithm": {"Authorization": f"Bearer {foreign}.{claims}.{signature}"},
        "no algorithm": {"Authorization": f"Bearer {nobody}.{claims}."},
        "a cookie": {"Authorization": "-", "Cookie": f"session={cookie}"},
        "basic": {"Authorization": "Basic YTpi"},
    }  # fmt: skip
    bodies = set()
    for what, headers in tries.items():
        answer = target.ask(call, headers=headers)
        yield from (f"{what}: {trouble}" for trouble in problem(answer, 401))
        if answer.headers.get("WWW-Authenticate") != "Bearer":
            yield f"{what}: no WWW-Authenticate"
        bodies.add(json.dumps({**(answer.json() or {}), "request_id": ""}, sort_keys=True))
    if len(bodies) > 1:
        yield "401 differs by its reason"
    in_url = target.ask(replace(call, query={**call.query, "access_token": good}), headers={"Authorization": "-"})
    if in_url.status != 401:
        yield "a token in the address is taken"
    needs = target.operation.needs
    if needs in ("manage", "write_dialog", "write_client", "write_ticket"):
        yield from problem(target.ask(target.good(), role="viewer"), 403)


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def validation(target: Target) -> Complaints:
    operation, walked = target.operation, 0
    for name in given.arguments_of(target.stand.app, operation.endpoint):
        if name in UNCHECKED:
            continue
        own = given.values(target.company.rows, target.company.org, operation.endpoint)
        for text in ("0x1", "9" * 30, "'", "%00"):
            mark = (
                type(own[name])(int=7) if hasattr(own[name], "bytes") and not isinstance(own[name], int) else 77_777_777
            )
            path = given.address(target.stand.app, operation.endpoint, operation.method, {**own, name: mark})
            answer = target.ask(replace(target.good(), path=path.replace(str(mark), text)))
            walked += 1
            if answer.status not in ((403, 400, 404) if name == "org" else (404, 400)):
                yield f"{name}={text}: {answer}"
    for name in given.fields(operation.query):
        others = "&".join(f"{key}={value}" for key, value in target.good().query.items() if key != name)
        yield from problem(target.ask(target.good(), raw_query=f"{name}=%00&{others}"), 400)
        tries = [target.ask(target.good(), raw_query=f"{name}={text}&{others}") for text in ("x_0", "a" * 1500)]
        walked += 1
        refused = [
            answer for answer in tries if answer.status == 400 or name == CHOSEN_BY_THE_GUARD and answer.status == 403
        ]
        yield from _pointed(refused[0], name) if refused else [f"anything is taken as {name}"]
    if operation.takes is not None:
        for body in (b"[]", b"{", b'{"a": NaN}', b'{"a": 1, "a": 2}', b'{"a": "\\u0000"}', b"\xff\xfe{\x00}\x00"):
            yield from problem(target.ask(target.good(), body=body), 400)
        yield from problem(target.ask(target.good(), body=b"{}", kind="text/plain"), 415)
        yield from problem(target.ask(target.good(), body=b'{"a": "' + b"a" * 1_100_000 + b'"}'), 413)
        names = [name for name in given.fields(operation.takes) if name != CHOSEN_BY_THE_GUARD]
        wrong = json.dumps({name: {"of": [1]} for name in names}).encode()
        answer = target.ask(replace(target.good(), query={}), body=wrong)
        walked += 1
        if operation.takes.model_fields:
            yield from problem(answer, 400)
            yield from _pointed(answer, *given.fields(operation.takes))
    if operation.form is not None and not target.public:
        yield from problem(target.ask(target.good(), body=b"garbage", kind="multipart/form-data; boundary=x"), 400)
        walked += 1
    if not walked:
        if operation.form is None:
            raise NotApplicable("it takes nothing")
        yield from (
            problem(target.ask(target.good(), body=b"a=b", kind="application/x-www-form-urlencoded"), 400)
            if not target.public
            else ()
        )


def _pointed(answer: Answer, *names: str) -> Complaints:
    if answer.status == 400:
        pointers = [one["pointer"].lstrip("/").split("/")[0] for one in (answer.json().get("errors") or [])]
        if not pointers or not set(pointers) <= set(names):
            yield f"no pointer to {names}: {answer}"


def limits(target: Target) -> Complaints:
    """Each call spends exactly one, says so, and a budget that is spent ends in 429."""
    left: list[int] = []
    signed = target.operation.endpoint == "api_download.download"  # its link names whose budget it spends
    by_address = target.public and not signed
    for _ in range(3):  # an old call may leave the window in between
        call = target.good()
        first, second = target.ask(call), target.ask(call)
        left = [
            int(answer.headers.get("RateLimit", "").partition("r=")[2].partition(";")[0] or -1)
            for answer in (first, second)
        ]
        if left[0] - left[1] == 1:
            break
    for answer in (first, second):
        policy = answer.headers.get("RateLimit-Policy", "")
        wanted = '"address";q=100;w=60' if by_address else '"user";q=1000;w=60'
        if policy != wanted:
            yield f"RateLimit-Policy: {policy!r}"
    if not by_address and left[0] - left[1] != 1:
        yield f"two calls left {left[0]} and {left[1]}"
    if signed:
        for _ in range(1001):
            answer = target.ask(target.good())
            if answer.status == 429:
                break
    elif target.public:
        address = {"X-Forwarded-For": f"172.16.{target.number % 250}.{id(target) % 250}"}
        answer = first
        for _ in range(101):
            answer = target.ask(headers=address, body=b"x=y", kind="application/x-www-form-urlencoded")
            if answer.status == 429:
                break
    else:
        answer = target.ask(headers={"Authorization": f"Bearer {spent(target)}"})
    yield from problem(answer, 429)
    if not 1 <= int(answer.headers.get("Retry-After", "0")) <= 300:
        yield f"429 without Retry-After: {answer.headers.get('Retry-After')}"


_spent: dict[str, tuple[str, float]] = {}


def spent(target: Target) -> str:
    """The token of somebody who has just made his 1000 calls of this minute; the real budget, really spent."""
    from concurrent.futures import ThreadPoolExecutor

    known = _spent.get(target.stand.address)
    if known is not None and time.monotonic() - known[1] < 45:
        return known[0]
    company = target.stand.company()
    asking = Target(
        target.stand, next(one for one in _operations(target) if one.endpoint == "api_funnels.index"), company
    )
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: asking.ask().status, range(1001)))
    if answers.count(200) != 1000 or answers.count(429) != 1:
        raise AssertionError(f"of 1001 calls {answers.count(200)} were answered and {answers.count(429)} refused")
    _spent[target.stand.address] = company.tokens["admin"], time.monotonic()
    return company.tokens["admin"]


def _operations(target: Target) -> list[Any]:
    from aiguro_web.web.operation import operations

    return operations(target.stand.app)


def cors(target: Target) -> Complaints:
    call = target.good()
    asked = {
        "Access-Control-Request-Method": call.method,
        "Access-Control-Request-Headers": "authorization, content-type, idempotency-key, if-match",
    }
    options = replace(call, method="OPTIONS", json=None, form=None, file=None)
    for origin, allowed in ((ORIGIN, True), ("https://evil.example", False), ("null", False)):
        before = target.ask(options, role=None, headers={"Origin": origin, **asked})
        after = target.ask(call if target.reads else None, headers={"Origin": origin})
        refused = target.ask(call, role=None, headers={"Origin": origin, "Authorization": "Bearer x"})
        for what, answer in (("preflight", before), ("answer", after), ("refusal", refused)):
            if (answer.headers.get("Access-Control-Allow-Origin") == origin) is not allowed:
                yield f"{what} from {origin}: {answer.headers.get('Access-Control-Allow-Origin')}"
            if "Origin" not in answer.headers.get("Vary", "") and what != "preflight":
                yield f"{what}: Vary is {answer.headers.get('Vary')}"
        if allowed:
            if before.status not in (200, 204) or call.method not in before.headers.get(
                "Access-Control-Allow-Methods", ""
            ):
                yield f"preflight: {before.status} {before.headers.get('Access-Control-Allow-Methods')}"
            names = {name.strip() for name in after.headers.get("Access-Control-Expose-Headers", "").split(",")}
            if not names >= EXPOSED:
                yield f"not exposed: {EXPOSED - names}"


def error_shape(target: Target) -> Complaints:
    app, operation = target.stand.app, target.operation
    path = target.good().path
    absent = target.ask(replace(target.good(), path=path + "/nothing/here"))
    yield from problem(absent, 404)
    if absent.json()["instance"] != path + "/nothing/here":
        yield "instance is not the path"
    if not target.public:
        yield from problem(target.ask(role=None), 401)
    own = given.values(target.company.rows, target.company.org, operation.endpoint)
    theirs = given.values(target.stand.other.rows, target.stand.other.org, operation.endpoint)
    for name in sorted(
        given.arguments_of(app, operation.endpoint) - UNCHECKED
    ):  # foreign: this is where a leak would show
        wrong = theirs if name == "org" else {**own, name: theirs[name]}
        foreign = target.ask(
            replace(target.good(), path=given.address(app, operation.endpoint, operation.method, wrong))
        )
        yield from problem(foreign, 403 if name == "org" else 404)
        if foreign.status < 300:
            target.faults.append(f"a leak: foreign {name}: {foreign}")
