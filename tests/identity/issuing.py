"""Tokens made by hand, good and bad: what Clerk would issue, and what an attacker would send instead."""

from __future__ import annotations

import base64
import json
import time
from functools import cache
from typing import Any

from joserfc import jws
from joserfc.jwk import OKPKey, RSAKey
from joserfc.jws import JWSRegistry

ISSUER = "https://clerk.test"
PARTY = "https://app.test"
KID = "ins_1"


@cache
def rsa_key(kid: str = KID, bits: int = 2048) -> RSAKey:
    """Clerk's key of that id; made once, since making it is slow."""
    return RSAKey.generate_key(bits, {"kid": kid})


def jwk_set(*keys: RSAKey) -> dict[str, Any]:
    """What Clerk publishes for these keys."""
    rows = [{**key.as_dict(private=False), "use": "sig", "alg": "RS256"} for key in keys or (rsa_key(),)]
    return {"keys": rows}


def claims_v1(**over: Any) -> dict[str, Any]:
    """A version 1 session of a member of `org_1`; a claim set to None is left out."""
    return _claims({"org_id": "org_1", "org_role": "org:admin", "org_slug": "one"}, over)


def claims_v2(**over: Any) -> dict[str, Any]:
    """A version 2 session of a member of `org_1`; a claim set to None is left out."""
    return _claims({"v": 2, "o": {"id": "org_1", "rol": "admin", "slg": "one"}}, over)


def _claims(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    now = int(time.time())
    always = {"iss": ISSUER, "sub": "user_1", "sid": "sess_1", "azp": PARTY, "iat": now, "nbf": now, "exp": now + 60}
    return {name: value for name, value in {**always, **base, **over}.items() if value is not None}


def header(**over: Any) -> dict[str, Any]:
    """Clerk's header; `cat` is really there."""
    base = {"alg": "RS256", "kid": KID, "typ": "JWT", "cat": "cl_B7d4PD111AAA"}
    return {name: value for name, value in {**base, **over}.items() if value is not None}


def sign(claims: dict[str, Any] | bytes, head: dict[str, Any] | None = None, key: RSAKey | OKPKey | None = None) -> str:
    """A signed token with exactly this header and these claims (or these raw bytes)."""
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    head = header() if head is None else head
    registry = JWSRegistry(algorithms=[head["alg"]], strict_check_header=False)
    return jws.serialize_compact(head, payload, key or rsa_key(), registry=registry)


def sign_raw(raw_header: bytes, payload: bytes, key: RSAKey | None = None) -> str:
    """A token whose header is these bytes, with a true RS256 signature over it: for headers no library would write."""
    model = JWSRegistry.algorithms["RS256"]
    data = b".".join((part(raw_header), part(payload)))
    return b".".join((data, part(model.sign(data, key or rsa_key())))).decode()


def part(raw: bytes) -> bytes:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def raw_json(**fields: Any) -> bytes:
    return json.dumps(fields).encode()
