"""Clerk's public keys, fetched over the network and kept: the one thing about a token that is not in the token.

A set is good for an hour and, while the issuer is down, for a day. The network is asked by one thread at a time and
never inside a transaction; those who hold an old set meanwhile use it.
"""

from __future__ import annotations

import json
import logging
import math
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx2
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

TTL = 3600.0  # seconds a fetched set is taken as it is
STALE = 86400.0  # seconds it is served when a newer one cannot be had
UNKNOWN_PAUSE = 300.0  # seconds between fetches that an unknown key id causes
RETRY_PAUSE = 10.0  # seconds between tries while the issuer is down
FETCH_LIMIT = 2.0  # seconds for the whole answer
BODY_MAX = 256 * 1024  # bytes; a real set has 2 KB
RSA_MIN = 2048  # bits, RFC 7518 §3.3

log = logging.getLogger(__name__)


class JwksDown(Exception):
    """No set of keys is at hand, and none could be fetched."""


class JwksCache:
    """The keys of one address. `clock` is monotonic seconds."""

    def __init__(
        self,
        url: str,
        fetch: Callable[[str], bytes] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._fetch = fetch or fetch_body
        self._clock = clock
        self._keys: dict[str, RSAKey] = {}
        self._fetched = -math.inf
        self._tried = -math.inf  # the last fetch for want of a fresh set
        self._asked = -math.inf  # the last fetch for an unknown id
        self._lock = threading.Lock()

    def key(self, kid: str) -> RSAKey | None:
        """The RSA key of that id; None when the issuer has none. Raises JwksDown."""
        if self._due(kid):
            self._refresh(kid)
        if self._age() > STALE:
            raise JwksDown(self._url)
        return self._keys.get(kid)

    def _age(self) -> float:
        return self._clock() - self._fetched

    def _due(self, kid: str) -> bool:
        if self._age() > TTL:
            return self._clock() - self._tried > RETRY_PAUSE
        return kid not in self._keys and self._clock() - self._asked > UNKNOWN_PAUSE

    def _refresh(self, kid: str) -> None:
        """Fetch once, whoever comes first; the others wait only when there is no key to go on with meanwhile."""
        wait = FETCH_LIMIT if self._age() > STALE or kid not in self._keys else 0
        if not self._lock.acquire(timeout=wait):
            return
        try:
            if self._due(kid):
                self._fetch_once(expired=self._age() > TTL)
        finally:
            self._lock.release()

    def _fetch_once(self, *, expired: bool) -> None:
        try:
            self._keys = usable_keys(self._fetch(self._url))
            self._fetched = self._clock()
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
            log.warning("keys of the token issuer could not be fetched: %s", type(error).__name__)
        if expired:  # noted at the end: until then the others still see that a fetch is due, and wait for this one
            self._tried = self._clock()
        else:
            self._asked = self._clock()


def fetch_body(url: str) -> bytes:
    """The answer's body within FETCH_LIMIT and BODY_MAX, without redirects. Raises httpx2.HTTPError, ValueError."""
    deadline = time.monotonic() + FETCH_LIMIT
    body = bytearray()
    with httpx2.stream("GET", url, timeout=FETCH_LIMIT, follow_redirects=False) as answer:
        if answer.status_code != 200:
            raise ValueError(f"status {answer.status_code}")
        for piece in answer.iter_bytes():
            body += piece
            if len(body) > BODY_MAX:
                raise ValueError("too large")
            if time.monotonic() > deadline:
                raise httpx2.ReadTimeout("too slow")
    return bytes(body)


def usable_keys(body: bytes) -> dict[str, RSAKey]:
    """The public RSA signing keys of a JWK set by id; whatever else it holds is ignored. Raises ValueError."""
    try:
        rows = json.loads(body)["keys"]
        found = {row["kid"]: _rsa(row) for row in rows if _signs_rs256(row)}
    except (KeyError, TypeError, RecursionError, JoseError) as error:
        raise ValueError("not a JWK set") from error
    keys = {kid: key for kid, key in found.items() if key is not None}
    if not keys:
        raise ValueError("no usable key")
    return keys


def _signs_rs256(row: Any) -> bool:
    return (
        isinstance(row, dict)
        and row.get("kty") == "RSA"
        and isinstance(row.get("kid"), str)
        and row.get("use", "sig") == "sig"
        and row.get("alg", "RS256") == "RS256"
    )


def _rsa(row: dict[str, Any]) -> RSAKey | None:
    """Only the public numbers are taken: a private part in a published set is not ours to hold."""
    try:
        key = RSAKey.import_key({"kty": "RSA", "n": row["n"], "e": row["e"], "kid": row["kid"]})
    except (JoseError, KeyError, ValueError, TypeError):
        return None
    return key if key.public_key.key_size >= RSA_MIN else None
