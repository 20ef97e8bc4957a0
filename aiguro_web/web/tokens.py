"""Whom a bearer token speaks for: Clerk's session tokens and our own. Pure: no Flask, no database, no network.

The key decides the algorithm, never the token: a key id of ours means Ed25519, any other one Clerk's RS256. The rules
are those of Clerk's manual JWT verification and RFC 8725; every one of them has a refusal in tests/identity.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from .remembered import Remembered

OWN_ISSUER = "aiguro"
OWN_KID = "aiguro-"  # how the ids of our signing keys begin
OWN_ALGORITHM = "Ed25519"
CLERK_ALGORITHM = "RS256"
TOKEN_MAX = 8192  # bytes
SKEW = 5  # seconds between our clock and the issuer's
CLERK_LIFE_MAX = 3600  # seconds from iat to exp
OWN_LIFE_MAX = 366 * 86400
REMEMBER = 60  # seconds a verified token is not verified again
REMEMBER_MAX = 10_000  # tokens

_SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_WORD = re.compile(r"[\x21-\x7e]{1,255}")  # an id: visible ASCII, so that it fits a column and a log line
_USER_ID = re.compile(r"[1-9][0-9]{0,17}")


class _Registry(JWSRegistry):
    """Of one algorithm. Not strict about header names (Clerk adds `cat`), nor shorter than the token may be."""

    max_header_length = TOKEN_MAX

    def __init__(self, algorithm: str) -> None:
        super().__init__(algorithms=[algorithm], strict_check_header=False)


_REGISTRIES = {name: _Registry(name) for name in (OWN_ALGORITHM, CLERK_ALGORITHM)}


class Refused(Exception):
    """The token speaks for nobody. The reason is for our log; the caller always reads the same sentence."""


class Pending(Exception):
    """The token is good, but its session still has something to do at Clerk (`sts: pending`)."""

    def __init__(self, identity: Identity) -> None:
        super().__init__("session is pending")
        self.identity = identity


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a verified token speaks for. `org_gid`, `org_role` are Clerk's; `user_id`, `org_id`, `jti` are ours."""

    issuer: str
    subject: str
    user_id: int | None
    org_gid: str | None
    org_role: str | None
    session_id: str
    jti: str | None
    org_id: int | None
    expires_at: int


@dataclass(frozen=True, slots=True)
class ClerkRules:
    """What the configuration says of Clerk: its issuer and the origins (`azp`) that may get tokens for us."""

    issuer: str
    parties: frozenset[str]


class Verifier:
    """Verifies tokens with keys it is given and remembers those that were good. Raises Refused, Pending."""

    def __init__(
        self,
        clerk: ClerkRules | None,
        clerk_key: Callable[[str], RSAKey | None],
        own_key: Callable[[str], OKPKey | None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._clerk = clerk
        self._clerk_key = clerk_key
        self._own_key = own_key
        self._clock = clock
        self.remembered: Remembered[bytes, Identity] = Remembered(REMEMBER_MAX, clock)

    def verify(self, token: str) -> Identity:
        """The identity in a good token. The signature is checked first, then the claims."""
        digest = fingerprint(token)
        known = self.remembered.get(digest)
        if known is not None:
            return known
        header = read_header(token)
        own = header["kid"].startswith(OWN_KID)
        identity = self._own(token, header) if own else self._clerks(token, header)
        self.remembered.put(digest, identity, min(identity.expires_at, self._clock() + REMEMBER))
        return identity

    def _own(self, token: str, header: dict[str, Any]) -> Identity:
        _expect_algorithm(header, OWN_ALGORITHM)
        claims = signed_claims(token, self._own_key(header["kid"]), OWN_ALGORITHM)
        return own_identity(claims, self._clock())

    def _clerks(self, token: str, header: dict[str, Any]) -> Identity:
        _expect_algorithm(header, CLERK_ALGORITHM)
        if self._clerk is None:
            _refuse("Clerk is not configured")
        claims = signed_claims(token, self._clerk_key(header["kid"]), CLERK_ALGORITHM)
        return clerk_identity(claims, self._clerk, self._clock())


def fingerprint(token: str) -> bytes:
    """What a token is remembered by, so that the token itself is kept nowhere."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def read_header(token: str) -> dict[str, Any]:
    """The header of a well-formed token: not yet to be believed, but it names the key. Raises Refused."""
    if len(token) > TOKEN_MAX:
        _refuse("longer than 8 KB")
    if not _SHAPE.fullmatch(token):
        _refuse("not three base64url parts")
    first, second, third = token.split(".")
    header = strict_object(_decode(first))
    _decode(second), _decode(third)
    if not isinstance(header.get("alg"), str):
        _refuse("no alg")
    if not is_word(header.get("kid")):
        _refuse("no kid")
    if header.get("typ", "JWT") != "JWT":
        _refuse("typ is not JWT")
    if "crit" in header:
        _refuse("crit is not supported")
    return header


def signed_claims(token: str, key: RSAKey | OKPKey | None, algorithm: str) -> dict[str, Any]:
    """The claims of a token whose signature holds under `key`. Raises Refused."""
    if key is None:
        _refuse("unknown key")
    try:
        signed = jws.deserialize_compact(token, key, registry=_REGISTRIES[algorithm])
    except (JoseError, ValueError, TypeError) as error:
        raise Refused(f"signature: {type(error).__name__}") from error
    return strict_object(signed.payload or b"")


def clerk_identity(claims: dict[str, Any], rules: ClerkRules, now: float) -> Identity:
    """Check the claims of a Clerk session token, version 1 or 2. Raises Refused, Pending."""
    _check_times(claims, now, CLERK_LIFE_MAX)
    if claims.get("iss") != rules.issuer:
        _refuse("iss")
    subject, session_id, party = (_word(claims, name) for name in ("sub", "sid", "azp"))
    if party not in rules.parties:
        _refuse("azp")
    org_gid, org_role = _organization(claims)
    identity = Identity(
        issuer=rules.issuer, subject=subject, user_id=None, org_gid=org_gid, org_role=org_role,
        session_id=session_id, jti=None, org_id=None, expires_at=claims["exp"],
    )  # fmt: skip
    status = claims.get("sts", "active")
    if status == "pending":
        raise Pending(identity)
    if status != "active":
        _refuse("sts")
    return identity


def own_identity(claims: dict[str, Any], now: float) -> Identity:
    """Check the claims of a token that this server issued. Raises Refused."""
    _check_times(claims, now, OWN_LIFE_MAX)
    if claims.get("iss") != OWN_ISSUER:
        _refuse("iss")
    subject, jti = _word(claims, "sub"), _word(claims, "jti")
    if not _USER_ID.fullmatch(subject):
        _refuse("sub")
    org_id = claims.get("org")
    if org_id is not None and (type(org_id) is not int or not 0 < org_id < 2**63):
        _refuse("org")
    return Identity(
        issuer=OWN_ISSUER, subject=subject, user_id=int(subject), org_gid=None, org_role=None,
        session_id="", jti=jti, org_id=org_id, expires_at=claims["exp"],
    )  # fmt: skip


def strict_object(raw: bytes) -> dict[str, Any]:
    """A JSON object in UTF-8 without repeated names, NaN or infinities, at any depth. Raises Refused."""
    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError is a ValueError
        raise Refused("not strict JSON") from error
    if not isinstance(value, dict):
        _refuse("not an object")
    return value


def _check_times(claims: dict[str, Any], now: float, life_max: int) -> None:
    for name in ("exp", "nbf", "iat"):
        if type(claims.get(name)) is not int:  # neither a bool nor 1.0
            _refuse(f"{name} is not an integer")
    if now >= claims["exp"] + SKEW:
        _refuse("expired")
    if claims["nbf"] > now + SKEW or claims["iat"] > now + SKEW:
        _refuse("not valid yet")
    if not 0 < claims["exp"] - claims["iat"] <= life_max:
        _refuse("lives too long")


def _organization(claims: dict[str, Any]) -> tuple[str | None, str | None]:
    """Clerk's organisation id and the role there without `org:`; (None, None) for a personal session.

    Version 1 has flat `org_id`, `org_role` (`org:admin`), version 2 an object `o` with `id`, `rol` (`admin`).
    """
    version = claims.get("v", 1)
    if type(version) is not int or version not in (1, 2):
        _refuse("unknown version")
    if version == 1:
        gid, role = claims.get("org_id"), claims.get("org_role")
    else:
        org = claims.get("o", {})
        if not isinstance(org, dict) or (org and "id" not in org):
            _refuse("o")
        gid, role = org.get("id"), org.get("rol")
    if gid is None:
        return None, None
    if not is_word(gid) or len(gid) > 128 or not (role is None or is_word(role)):
        _refuse("organisation")
    return gid, role.removeprefix("org:") if role else None


def _word(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name)
    if not is_word(value):
        _refuse(name)
    return str(value)


def is_word(value: object) -> bool:
    """Whether it is text of 1 to 255 visible ASCII characters, as ids are."""
    return isinstance(value, str) and _WORD.fullmatch(value) is not None


def _expect_algorithm(header: dict[str, Any], algorithm: str) -> None:
    if header["alg"] != algorithm:
        _refuse("alg")


def _decode(part: str) -> bytes:
    """Base64url without padding, in its one canonical spelling: else one token would have several."""
    try:
        raw = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (binascii.Error, ValueError) as error:
        raise Refused("base64url") from error
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii") != part:
        _refuse("base64url is not canonical")
    return raw


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("repeated name")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _refuse(reason: str) -> NoReturn:
    raise Refused(reason)
