"""How heavy pages are: what a first load brings, compressed, and in how many requests (performance.md's budgets)."""

from __future__ import annotations

import re
import urllib.parse
import urllib.request
from dataclasses import dataclass, field

KIB = 1024
PAGE_MAX, REQUESTS_MAX, FRAGMENT_MAX = 100 * KIB, 8, 12 * KIB
_PARTS = re.compile(r"""<(?:script|link|img|use|source|audio)\b[^>]*?\s(?:src|href)=["']([^"'#]+)""")
ENCODINGS = {"Accept-Encoding": "zstd, br, gzip"}


@dataclass
class Weight:
    """Bytes as they come over the wire, and which requests brought them."""

    name: str
    is_page: bool
    bytes: int = 0
    requests: list[str] = field(default_factory=list)

    @property
    def fits(self) -> bool:
        if self.is_page:
            return self.bytes <= PAGE_MAX and len(self.requests) <= REQUESTS_MAX
        return self.bytes <= FRAGMENT_MAX

    def __str__(self) -> str:
        budget = (
            f"at most {PAGE_MAX // KIB} KiB, {REQUESTS_MAX} requests"
            if self.is_page
            else f"at most {FRAGMENT_MAX // KIB} KiB"
        )
        count = f"{len(self.requests)} requests" if self.is_page else "fragment"
        return f"{self.name:38} {self.bytes / KIB:7.1f} KiB  {count:12} {budget}  {'ok' if self.fits else 'ABOVE'}"


def addresses(uuid: str, client: int, funnel: int) -> list[tuple[str, bool]]:
    """Pages, and (True) fragments, around one dialog and its client."""
    pages = (
        "overview",
        f"deals?funnel={funnel}",
        f"deals/table?funnel={funnel}",
        f"messengers?queue=open&uuid={uuid}",
        "clients",
        f"clients/{client}",
        "clients/imports",
        "support",
        "integrations",
    )
    fragments = (
        "overview/numbers",
        "overview/waiting",
        f"deals/board?funnel={funnel}",
        f"deals/table/rows?funnel={funnel}",
        "messengers/list?queue=open",
        f"messengers/{uuid}",
        f"messengers/{uuid}/messages",
        f"messengers/{uuid}/drawer",
        "clients/rows",
        "search?q=доставка",
        "notifications",
    )
    return [(f"/dashboard/{path}", False) for path in pages] + [(f"/dashboard/{path}", True) for path in fragments]


def weigh(base: str, path: str, cookie: str, *, fragment: bool = False) -> Weight:
    """A page with everything that it names, or a fragment alone."""
    found = Weight(path, not fragment)
    path = urllib.parse.quote(path, safe="/?&=%")
    html = _fetch(found, base + path, {"Cookie": cookie} | ({"HX-Request": "true"} if fragment else {}))
    if not fragment:
        for part in dict.fromkeys(_PARTS.findall(_unpacked(base + path, cookie))):
            if part.startswith("/static/"):
                _fetch(found, base + part, {})
    assert html
    return found


def _fetch(found: Weight, url: str, headers: dict[str, str]) -> bytes:
    with urllib.request.urlopen(urllib.request.Request(url, headers=ENCODINGS | headers)) as answer:
        body: bytes = answer.read()
    found.bytes += len(body)
    found.requests.append(url)
    return body


def _unpacked(url: str, cookie: str) -> str:
    with urllib.request.urlopen(urllib.request.Request(url, headers={"Cookie": cookie})) as answer:
        return str(answer.read().decode())
