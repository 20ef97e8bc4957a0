"""Criteria: what a call costs: bytes, statements, waiting."""

from __future__ import annotations

import gzip
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import brotli
import zstandard

from .access import Complaints, NotApplicable, problem
from .asking import Answer, Target

ASKS_A_REMOTE = {"api_connections.create", "api_connections.create_own"}  # a bot; a web chat needs nobody
BUDGET = 6  # statements of a read (performance.md)
UNPACK = {
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
}


def etag(target: Target) -> Complaints:
    operation = target.operation
    if not target.reads:
        yield from _write_is_unkept(target)
        return
    first = target.ask()
    tag, kept = first.headers.get("ETag"), first.headers.get("Cache-Control", "")
    if not operation.kept or operation.gives is None:
        if tag or "no-store" not in kept:
            yield f"near a secret, but {tag} and {kept}"
        return
    if (
        not tag
        or kept != "private, no-cache"
        or not {"Authorization", "Accept-Encoding", "Origin"} <= set(_names(first, "Vary"))
    ):
        yield f"ETag {tag}, Cache-Control {kept}, Vary {first.headers.get('Vary')}"
        return
    for given in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        again = target.ask(headers={"If-None-Match": given})
        if again.status != 304 or again.body or not again.headers.get("ETag"):
            yield f"If-None-Match {given}: {again} {again.headers.get('ETag')}"
    renewed = target.ask(headers={"If-None-Match": target.ask(headers={"If-None-Match": tag}).headers.get("ETag", "")})
    if renewed.status != 304:  # a 304 may name a newer tag of the same answer
        yield f"the tag of a 304 is not known: {renewed}"
    if target.ask(headers={"If-None-Match": '"x"'}).status != 200:
        yield "a foreign tag is 304"
    packed = target.ask(headers={"Accept-Encoding": "gzip"}).headers.get("ETag", "")
    if target.ask(headers={"Accept-Encoding": "gzip", "If-None-Match": packed}).status != 304:
        yield "the tag of a packed answer is not known"
    target.stand.touch(target.company.org)
    now, asked = target.ask(), target.ask(headers={"If-None-Match": tag})
    if now.body == first.body:
        yield "nothing that it shows could be changed: the check is worth nothing"
    elif asked.status != 200 or asked.body != now.body or now.headers.get("ETag") == tag:
        yield f"304 for what has changed: {asked}"


def _write_is_unkept(target: Target) -> Complaints:
    answer = target.ask()
    if "no-store" not in answer.headers.get("Cache-Control", ""):
        yield f"a write is kept: {answer.headers.get('Cache-Control')}"
    if not target.operation.match:
        if not answer.headers.get("ETag"):
            raise NotApplicable("no GET and honours no If-Match; its answer is no-store")
        return
    call = target.good()
    yield from problem(target.ask(call, headers={"If-Match": '"stale"'}), 412)
    now = target.ask(replace(call, method="GET", json=None), body=None)
    if now.status == 200:
        fresh = target.ask(call, headers={"If-Match": now.headers.get("ETag", "")})
        if fresh.status != target.operation.status:
            yield f"If-Match of the current version: {fresh}"
    if target.ask(call, headers={"If-Match": "*"}).status != target.operation.status:
        yield "If-Match: * is refused"


def _names(answer: Answer, header: str) -> list[str]:
    return [name.strip() for name in answer.headers.get(header, "").split(",")]


def paging(target: Target) -> Complaints:
    operation = target.operation
    if not operation.listed:
        raise NotApplicable("no list")
    call = target.good()
    whole = target.ask(call)
    rows = target.rows_of(whole)
    if not isinstance(whole.json(), list) and "files" not in whole.json():
        yield "no bare array"
    if len(rows) < 2:
        yield f"the list has {len(rows)} rows: nothing to page through"
        return
    if whole.headers.get("X-Total-Count") != str(len(rows)) or 'rel="first"' not in whole.headers.get("Link", ""):
        yield f"X-Total-Count {whole.headers.get('X-Total-Count')} of {len(rows)}, Link {whole.headers.get('Link')}"
    walked = []
    for number in range(1, len(rows) + 1):
        page = target.ask(replace(call, query={"limit": 1, "page": number}))
        walked += target.rows_of(page)
        rels = {rel for rel in ("first", "prev", "next", "last") if f'rel="{rel}"' in page.headers.get("Link", "")}
        wanted = {"first", "last"} | ({"prev"} if number > 1 else set()) | ({"next"} if number < len(rows) else set())
        if rels != wanted or page.headers.get("X-Total-Count") != str(len(rows)):
            yield f"page {number}: {rels}, {page.headers.get('X-Total-Count')}"
    if walked != rows:
        yield "the pages are not the list"
    if target.rows_of(target.ask(replace(call, query={"limit": 1, "page": 999_999}))) != []:
        yield "rows past the end"
    yield from _cursor(target)
    for wrong in (
        "limit=0",
        "limit=1001",
        "page=0",
        "page=-1",
        "page=x",
        "page=1_0",
        "limit=1.5",
        "cursor=garbage",
        "page=1&page=2",
        "cursor=&page=2",
    ):
        yield from (f"{wrong}: {trouble}" for trouble in problem(target.ask(call, raw_query=wrong), 400))


def _cursor(target: Target) -> Complaints:
    call, path, walked, total = target.good(), "", [], len(target.rows_of(target.ask()))
    query = "cursor=&limit=1"
    while query and len(walked) <= total:
        page = target.ask(call, raw_query=query)
        walked += [str(row.get("id", row)) for row in target.rows_of(page)]
        link = page.headers.get("Link", "")
        if link and ('rel="next"' not in link or 'rel="last"' in link):
            yield f"a walk's Link: {link}"
        path = link.partition("<")[2].partition(">")[0]
        query = path.partition("?")[2]
    if len(walked) != total or len(set(walked)) != total:
        yield f"the walk found {len(walked)} rows, {len(set(walked))} of them different, of {total}"


def queries(target: Target) -> Complaints:
    """As many statements in a small company as in a big one, and no large table is read whole."""
    counts: dict[int, int] = {}
    ends_it = target.operation.method == "DELETE" and target.operation.rule.endswith("/organization/<org>")
    for company in (target.company, target.stand.big)[: 1 if ends_it else 2]:
        asked: dict[str, Any] = {} if ends_it else {"company": company}
        answers = []
        for _ in range(4):  # the first ones also learn who asks
            call = target.good(**asked)
            call = replace(call, query={**call.query, "limit": 2}) if target.operation.listed else call
            answers.append(target.ask(call, **asked, headers={"X-Score-Explain": "1"}))
        if answers[-1].status != target.operation.status:
            yield f"{answers[-1]}"
        counts[company.org] = min(int(answer.headers.get("X-Score-Statements", "0")) for answer in answers[1:])
        scans = answers[-1].headers.get("X-Score-Scans")
        if scans:
            yield f"reads all of {scans}"
    if len(set(counts.values())) > 1:
        yield f"statements: {list(counts.values())} in a small company and in a big one"
    if target.reads and not target.public and max(counts.values()) > BUDGET:
        yield f"{max(counts.values())} statements"


def remote(target: Target) -> Complaints:
    """While the messenger hangs for 5 s, a call is answered at once; who must ask it holds no connection meanwhile."""
    telegram, call = target.stand.telegram, target.good()
    if target.operation.endpoint in ASKS_A_REMOTE:
        raise NotApplicable("asks the messenger before it says 201 (contract), outside of any transaction")
    answer = target.ask(call, timeout=30)
    if answer.seconds > 2:
        yield f"answered after {answer.seconds:.1f} s"
    if answer.status != target.operation.status:
        yield f"{answer}"
    assert telegram is not None


def compression(target: Target) -> Complaints:
    company = target.stand.big if target.reads else target.company
    plain = target.ask(target.good(company=company), company=company)
    kind = plain.headers.get("Content-Type", "")
    for coding in ("zstd", "br", "gzip"):
        packed = target.ask(target.good(company=company), company=company, headers={"Accept-Encoding": coding})
        named = _coding(packed)
        if len(plain.body) <= 480 or "json" not in kind:
            if named is not None and "json" in kind:
                yield f"{len(plain.body)} bytes are packed"
            continue
        if len(plain.body) >= 530 and named != coding:
            yield f"asked for {coding}, {len(plain.body)} bytes came as {named}"
        elif named == coding and target.reads and target.operation.kept and UNPACK[coding](packed.body) != plain.body:
            yield f"{coding} unpacks to something else"
        if named and "Accept-Encoding" not in packed.headers.get("Vary", ""):
            yield "Vary does not name Accept-Encoding"
    if _coding(target.ask(target.good(company=company), company=company, headers={"Accept-Encoding": "gzip;q=0"})):
        yield "packed against the caller's will"
    if len(plain.body) <= 500 or "json" not in kind:
        raise NotApplicable(
            f"its answer has {len(plain.body)} bytes of {kind or 'nothing'}: left as it is, which was seen"
        )


def _coding(answer: Answer) -> str | None:
    coding = answer.headers.get("Content-Encoding")
    return None if coding == "identity" else coding


def timeouts(targets: list[Target]) -> dict[int, list[str]]:
    """With every table locked, each operation ends at its limit with 504, frees its connection, and answers afterwards."""
    found: dict[int, list[str]] = {id(target): [] for target in targets}
    calls = {id(target): target.good() for target in targets}

    def one(target: Target) -> None:
        with target.provoking():
            answer = target.ask(calls[id(target)], headers={"X-Score-Seconds": "1"}, timeout=8)
        if target.operation.endpoint.startswith("tokens."):
            found[id(target)] += [] if answer.status in (504, 200) else [str(answer)]
            return
        found[id(target)] += list(problem(answer, 504))
        if not 0.9 < answer.seconds < 4:
            found[id(target)].append(f"after {answer.seconds:.1f} s")

    with target_stand(targets).locked(), ThreadPoolExecutor(6) as pool:
        list(pool.map(one, targets))
        time.sleep(0.5)
        still = target_stand(targets).waiting()
    for target in targets:
        if still:
            found[id(target)].append(f"{still} statements were still running")
        after = target.ask()
        if after.status != target.operation.status:
            found[id(target)].append(f"afterwards {after}")
    return found


def target_stand(targets: list[Target]):  # noqa: ANN201 - a Stand
    return targets[0].stand
