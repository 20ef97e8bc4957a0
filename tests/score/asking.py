"""Calls of one operation over the wire, and everything that was answered."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, urlencode

import urllib3

from aiguro_web.web.operation import Operation
from tests import given
from tests.given import Call

from .stand import Company, Rows, Stand

MARK = re.compile(rb"org(\d+)n\d+-")
FOUNDS = "api_organizations.create"
_pool = urllib3.PoolManager(maxsize=32, retries=False)


@dataclass(frozen=True)
class Answer:
    """What came back; `body` as it was sent (maybe packed)."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float
    asked: str = ""

    def json(self) -> Any:
        return json.loads(self.body) if self.body else None

    def __str__(self) -> str:
        return f"{self.asked} → {self.status} {self.body[:120].decode(errors='replace')}"


@dataclass
class Target:
    """One operation, the company that asks for it, and the answers so far. `broken`: a word of served.BREAKS."""

    stand: Stand
    operation: Operation
    company: Company
    broken: str = ""
    number: int = 0
    seen: list[Answer] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    expecting: bool = False  # whether a 5xx is being provoked
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def reads(self) -> bool:
        return self.operation.method == "GET"

    @property
    def public(self) -> bool:
        return self.operation.guard == "public"

    def good(self, endpoint: str = "", company: Company | None = None) -> Call:
        """A call that should succeed; of a write about rows of its own."""
        company = company or self.company
        own: Rows = company.rows
        if not self.reads:
            if self.operation.method == "DELETE" and self.operation.rule.endswith("/organization/<org>"):
                company = self.company = self.stand.company()
            own = self.stand.fresh(company.org, self.operation.endpoint)
        call = given.call(self.stand.app, self.operation, own, company.org, endpoint)
        if self.operation.endpoint == FOUNDS:  # a company that nobody has founded yet, and a token that proves it
            return replace(call, json={**call.json, "gid": f"org_{time.monotonic_ns()}"})
        return call

    def ask(
        self, call: Call | None = None, *, role: str | None = "admin", company: Company | None = None,
        headers: Mapping[str, str] | None = None, body: bytes | None = None, kind: str = "application/json",
        raw_query: str | None = None, timeout: float = 45,
    ) -> Answer:  # fmt: skip
        """One call, by default a good one by the company's admin."""
        call = call or self.good()
        company = company or self.company
        self.number += 1
        sent = {
            "Accept-Encoding": "identity",
            "X-Forwarded-For": f"10.{id(self) % 250}.{self.number // 200 % 250}.{self.number % 200 + 1}",
        }
        if role is not None and not self.public:
            sent["Authorization"] = f"Bearer {company.tokens[role]}"
            if self.operation.endpoint == FOUNDS and role == "admin":
                sent["Authorization"] = (
                    f"Bearer {self.stand.clerk.token(company.user, (call.json or {}).get('gid', 'org_x'))}"
                )
        if self.broken:
            sent["X-Score-Break"] = self.broken
        content, its_kind = _content(call) if body is None else (body, kind)
        if its_kind:
            sent["Content-Type"] = its_kind
        sent |= dict(headers or {})
        sent = {name: value for name, value in sent.items() if value != "-"}
        query = raw_query if raw_query is not None else urlencode(call.query)
        address = self.stand.address + call.path + (f"?{query}" if query else "")
        began = time.monotonic()
        reply = _pool.request(
            call.method, address, body=content, headers=sent, decode_content=False, redirect=False, timeout=timeout
        )
        return self._keep(
            Answer(reply.status, reply.headers, reply.data, time.monotonic() - began, f"{call.method} {call.path}"),
            company,
        )

    def _keep(self, answer: Answer, company: Company) -> Answer:
        with self.lock:
            self.seen.append(answer)
            if answer.status >= 500 and not self.expecting:
                self.faults.append(f"unprovoked {answer}")
            echoed = answer.asked.partition(" ")[2].encode()  # a problem names the path that was asked for
            strange = {int(org) for org in MARK.findall(answer.body.replace(echoed, b""))} - {
                company.org,
                self.company.org,
            }
            if strange:
                self.faults.append(f"a leak: rows of {strange} in {answer}")
        return answer

    @contextmanager
    def provoking(self) -> Iterator[None]:
        """Within: a 5xx is what we ask for."""
        self.expecting = True
        try:
            yield
        finally:
            self.expecting = False

    def rows_of(self, answer: Answer) -> list[dict[str, Any]]:
        """The list in an answer; the files' envelope is the contract's one exception."""
        found = answer.json()
        return list(found["files"]) if isinstance(found, dict) and "files" in found else list(found)


def _content(call: Call) -> tuple[bytes | None, str]:
    if call.json is not None:
        return json.dumps(call.json, ensure_ascii=False).encode(), "application/json"
    if call.file is not None:
        return call.multipart()
    if call.form is not None:
        return urlencode(call.form).encode(), "application/x-www-form-urlencoded"
    return (b"", "application/json") if call.method == "POST" else (None, "")


def at(call: Call, path: str) -> Call:
    return replace(call, path=path)


def quoted(text: str) -> str:
    return quote(text, safe="")
