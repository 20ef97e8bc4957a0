"""Our own tokens as such: what the verifier takes, and a refusal for every rule."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from joserfc.jwk import OKPKey

from aiguro_web.web.tokens import OWN_KID, ClerkRules, Identity, Refused, Verifier

from .issuing import ISSUER, KID, PARTY, claims_v2, header, rsa_key, sign

OUR_KID = OWN_KID + "1"
JTI = "j" * 32


@cache
def our_key(kid: str = OUR_KID, curve: Any = "Ed25519") -> OKPKey:
    return OKPKey.generate_key(curve, {"kid": kid})


def make_verifier() -> Verifier:
    clerk = ClerkRules(ISSUER, frozenset({PARTY}))
    return Verifier(clerk, {KID: rsa_key()}.get, {OUR_KID: our_key()}.get)


def our_claims(**over: Any) -> dict[str, Any]:
    now = int(time.time())
    base = {"iss": "aiguro", "sub": "7", "jti": JTI, "iat": now, "nbf": now, "exp": now + 60}
    return {name: value for name, value in {**base, **over}.items() if value is not None}


def our_sign(claims: dict[str, Any], key: OKPKey | None = None, **over: Any) -> str:
    head = {"alg": "Ed25519", "kid": OUR_KID, "typ": "JWT"} | over
    return sign(claims, head, key or our_key())


def test_our_token_names_the_user_by_our_id() -> None:
    identity = make_verifier().verify(our_sign(our_claims(org=3)))
    assert identity == Identity("aiguro", "7", 7, None, None, "", JTI, 3, identity.expires_at)


def test_a_token_for_a_year_is_good() -> None:
    now = int(time.time())
    assert make_verifier().verify(our_sign(our_claims(exp=now + 365 * 86400))).user_id == 7


def now(seconds: int = 0) -> int:
    return int(time.time()) + seconds


REFUSALS: dict[str, Callable[[], str]] = {
    "the algorithm's older name EdDSA": lambda: our_sign(our_claims(), alg="EdDSA"),
    "another key under our id": lambda: our_sign(our_claims(), OKPKey.generate_key("Ed25519")),
    "an unknown key of ours": lambda: our_sign(our_claims(), our_key(OWN_KID + "2"), kid=OWN_KID + "2"),
    "our claims under Clerk's key": lambda: sign(our_claims()),
    "Clerk's claims under our key": lambda: our_sign(claims_v2()),
    "Clerk's key calling itself ours": lambda: sign(our_claims(), header(kid=OUR_KID)),
    "our key calling itself Clerk's": lambda: our_sign(our_claims(), kid=KID),
    "another iss": lambda: our_sign(our_claims(iss="aiguro2")),
    "no jti": lambda: our_sign(our_claims(jti=None)),
    "a number as jti": lambda: our_sign(our_claims(jti=1)),
    "no sub": lambda: our_sign(our_claims(sub=None)),
    "a number as sub": lambda: our_sign(our_claims(sub=7)),
    "a sub that is no number": lambda: our_sign(our_claims(sub="admin")),
    "a sub with a zero in front": lambda: our_sign(our_claims(sub="07")),
    "a negative sub": lambda: our_sign(our_claims(sub="-7")),
    "Arabic digits as sub": lambda: our_sign(our_claims(sub="٧")),
    "a sub larger than any id": lambda: our_sign(our_claims(sub="9" * 19)),
    "expired": lambda: our_sign(our_claims(iat=now(-60), nbf=now(-60), exp=now(-5))),
    "no exp": lambda: our_sign(our_claims(exp=None)),
    "no nbf": lambda: our_sign(our_claims(nbf=None)),
    "longer than a year": lambda: our_sign(our_claims(exp=now(400 * 86400))),
    "an organisation as text": lambda: our_sign(our_claims(org="3")),
    "organisation true": lambda: our_sign(our_claims(org=True)),
    "organisation zero": lambda: our_sign(our_claims(org=0)),
}


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
@pytest.mark.parametrize("make", list(REFUSALS.values()), ids=list(REFUSALS))
def test_refuses(make: Callable[[], str]) -> None:
    with pytest.raises(Refused):
        make_verifier().verify(make())
