"""Clerk's session tokens: the good ones of both versions, and a refusal for every rule."""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from joserfc.jwk import OKPKey, RSAKey

from aiguro_web.web.tokens import ClerkRules, Identity, Pending, Refused, Verifier

from .issuing import ISSUER, KID, PARTY, claims_v1, claims_v2, header, part, raw_json, rsa_key, sign, sign_raw


def make_verifier(clock: Callable[[], float] = time.time) -> Verifier:
    keys: dict[str, RSAKey] = {KID: rsa_key()}
    return Verifier(ClerkRules(ISSUER, frozenset({PARTY})), keys.get, lambda kid: None, clock)


def now(seconds: int = 0) -> int:
    return int(time.time()) + seconds


def encoded(claims: dict[str, Any]) -> bytes:
    return json.dumps(claims).encode()


def test_a_version_2_token_names_user_session_and_organisation() -> None:
    identity = make_verifier().verify(sign(claims_v2()))
    assert identity == Identity(ISSUER, "user_1", None, "org_1", "admin", "sess_1", None, None, identity.expires_at)
    assert identity.expires_at - now() in (59, 60)


def test_version_1_and_2_of_the_same_session_give_the_same_identity() -> None:
    verifier, exp = make_verifier(), now(50)
    assert verifier.verify(sign(claims_v1(exp=exp))) == verifier.verify(sign(claims_v2(exp=exp)))


@pytest.mark.parametrize("claims", [claims_v1, claims_v2])
def test_a_member_without_admin_rights_keeps_the_role_name_without_its_prefix(claims: Any) -> None:
    role = {"org_role": "org:member"} if claims is claims_v1 else {"o": {"id": "org_1", "rol": "member"}}
    assert make_verifier().verify(sign(claims(**role))).org_role == "member"


@pytest.mark.parametrize("claims", [{"v": 2}, {"v": 2, "o": {}}, {"v": 1}, {}])
def test_a_personal_session_has_no_organisation(claims: dict[str, Any]) -> None:
    base = {"org_id": None, "org_role": None, "org_slug": None}
    identity = make_verifier().verify(sign(claims_v1(**base, **claims)))
    assert (identity.org_gid, identity.org_role) == (None, None)


def test_a_version_2_token_does_not_speak_through_version_1_claims() -> None:
    identity = make_verifier().verify(sign(claims_v2(o=None, org_id="org_9", org_role="org:admin")))
    assert identity.org_gid is None


def test_a_token_without_typ_is_good() -> None:
    assert make_verifier().verify(sign(claims_v2(), header(typ=None))).subject == "user_1"


@pytest.mark.parametrize(
    "times",
    [
        {"exp": -4},
        {"nbf": 4},
        {"iat": 4},
        {"iat": -10, "exp": 3590},
    ],
    ids=["expired 4 s ago", "valid in 4 s", "issued in 4 s", "lives exactly an hour"],
)
def test_a_clock_5_seconds_off_is_forgiven(times: dict[str, int]) -> None:
    claims = claims_v2(**({"iat": now(-30)} | {name: now(value) for name, value in times.items()}))
    assert make_verifier().verify(sign(claims)).subject == "user_1"


def test_a_pending_session_is_known_but_may_not() -> None:
    with pytest.raises(Pending) as caught:
        make_verifier().verify(sign(claims_v2(sts="pending")))
    assert caught.value.identity.subject == "user_1"


def test_an_expired_pending_session_is_refused_and_not_called_pending() -> None:
    with pytest.raises(Refused):
        make_verifier().verify(sign(claims_v2(sts="pending", exp=now(-60), iat=now(-120))))


def hmac_with_public_key() -> str:
    data = part(raw_json(alg="HS256", kid=KID)) + b"." + part(encoded(claims_v2()))
    signature = hmac.digest(rsa_key().as_pem(private=False), data, "sha256")
    return (data + b"." + part(signature)).decode()


def other_algorithm(name: str) -> str:
    return sign(claims_v2(), header(alg=name))


def ed25519_under_clerks_id() -> str:
    return sign(claims_v2(), header(alg="Ed25519"), OKPKey.generate_key("Ed25519", {"kid": KID}))


def with_embedded_key() -> str:
    evil = RSAKey.generate_key(2048)
    return sign(claims_v2(), header(jwk=evil.as_dict(private=False)), evil)


def doubled_claim() -> bytes:
    return encoded(claims_v2())[:-1] + b', "sub": "user_2"}'


def doubled_nested_claim() -> bytes:
    return encoded(claims_v2(o=None))[:-1] + b', "o": {"id": "org_1", "id": "org_2", "rol": "admin"}}'


def changed(index: int) -> str:
    parts = sign(claims_v2()).split(".")
    parts[index] = parts[index][:-8] + ("AAAAAAAA" if not parts[index].endswith("AAAAAAAA") else "BBBBBBBB")
    return ".".join(parts)


def other_header() -> str:
    head, rest = sign(claims_v2()).split(".", 1)
    changed_head = part(json.dumps(header(cat="cl_other")).encode()).decode()
    assert changed_head != head
    return f"{changed_head}.{rest}"


def other_spelling() -> str:
    """The same signature bytes, spelt with other unused bits in the last character."""
    token = sign(claims_v2())
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + alphabet[alphabet.index(token[-1]) ^ 1]


REFUSALS: dict[str, Callable[[], str]] = {
    # shape
    "an empty token": lambda: "",
    "a word": lambda: "abc",
    "two parts": lambda: sign(claims_v2()).rsplit(".", 1)[0],
    "four parts": lambda: sign(claims_v2()) + ".AAAA",
    "an empty signature": lambda: sign(claims_v2()).rsplit(".", 1)[0] + ".",
    "padding": lambda: sign(claims_v2()) + "==",
    "a line break at the end": lambda: sign(claims_v2()) + "\n",
    "plain base64 letters": lambda: sign(claims_v2()) + "+/",
    "a part no base64 text can have": lambda: sign(claims_v2()).rsplit(".", 1)[0] + ".AAAAA",
    "another spelling of the same signature": other_spelling,
    "letters that are not ASCII": lambda: "é" + sign(claims_v2()),
    "a lone surrogate": lambda: "\udcff" + sign(claims_v2()),
    "more than 8 KB": lambda: sign(claims_v2(filler="x" * 8192)),
    # header
    "no alg": lambda: sign_raw(raw_json(kid=KID, typ="JWT"), encoded(claims_v2())),
    "alg none": lambda: (part(raw_json(alg="none", kid=KID)) + b"." + part(encoded(claims_v2())) + b".AA").decode(),
    "HS256 with the public key as its secret": hmac_with_public_key,
    "RS384": lambda: other_algorithm("RS384"),
    "PS256": lambda: other_algorithm("PS256"),
    "Ed25519 under a key id of Clerk": ed25519_under_clerks_id,
    "rs256 in small letters": lambda: sign_raw(raw_json(alg="rs256", kid=KID), encoded(claims_v2())),
    "a list as alg": lambda: sign_raw(raw_json(alg=["RS256"], kid=KID), encoded(claims_v2())),
    "no kid": lambda: sign(claims_v2(), header(kid=None)),
    "a number as kid": lambda: sign_raw(raw_json(alg="RS256", kid=1), encoded(claims_v2())),
    "an unknown kid": lambda: sign(claims_v2(), header(kid="ins_9"), rsa_key("ins_9")),
    "a foreign key under a known kid": lambda: sign(claims_v2(), None, RSAKey.generate_key(2048)),
    "a key brought along in the header": with_embedded_key,
    "typ at+jwt": lambda: sign(claims_v2(), header(typ="at+jwt")),
    "typ in small letters": lambda: sign(claims_v2(), header(typ="jwt")),
    "typ null": lambda: sign_raw(b'{"alg":"RS256","kid":"ins_1","typ":null}', encoded(claims_v2())),
    "crit": lambda: sign_raw(raw_json(alg="RS256", kid=KID, crit=["exp"], exp=1), encoded(claims_v2())),
    "an empty crit": lambda: sign_raw(raw_json(alg="RS256", kid=KID, crit=[]), encoded(claims_v2())),
    "an unencoded payload": lambda: sign_raw(
        raw_json(alg="RS256", kid=KID, crit=["b64"], b64=False), encoded(claims_v2())
    ),
    "a doubled name in the header": lambda: sign_raw(
        b'{"alg":"RS256","kid":"x","kid":"ins_1"}', encoded(claims_v2())
    ),
    "a header that is a list": lambda: sign_raw(b"[]", encoded(claims_v2())),
    "a header 3000 levels deep": lambda: sign_raw(b"[" * 3000, encoded(claims_v2())),
    "a header in UTF-16": lambda: sign_raw('{"alg":"RS256","kid":"ins_1"}'.encode("utf-16"), encoded(claims_v2())),
    "bytes that are no text": lambda: sign_raw(b"\xff\xfe\xfd", encoded(claims_v2())),
    # signature
    "a changed header": other_header,
    "a changed payload": lambda: changed(1),
    "a changed signature": lambda: changed(2),
    # claims as a whole
    "a payload that is no JSON": lambda: sign(b"user_1"),
    "a payload that is a list": lambda: sign(b"[]"),
    "a payload with NaN": lambda: sign(encoded(claims_v2())[:-1] + b', "x": NaN}'),
    "a payload 5000 levels deep": lambda: sign(b'{"x":' + b"[" * 5000),
    "a doubled claim": lambda: sign(doubled_claim()),
    "a doubled claim inside the organisation": lambda: sign(doubled_nested_claim()),
    # times
    "no exp": lambda: sign(claims_v2(exp=None)),
    "no nbf": lambda: sign(claims_v2(nbf=None)),
    "no iat": lambda: sign(claims_v2(iat=None)),
    "exp as text": lambda: sign(claims_v2(exp=str(now(60)))),
    "exp with a fraction": lambda: sign(claims_v2(exp=now(60) + 0.5)),
    "exp as a whole float": lambda: sign(claims_v2(exp=float(now(60)))),
    "exp without end": lambda: sign(encoded(claims_v2(exp=None))[:-1] + b', "exp": 1e999}'),
    "nbf true": lambda: sign(claims_v2(nbf=True)),
    "iat true": lambda: sign(claims_v2(iat=True)),
    "expired 5 seconds ago": lambda: sign(claims_v2(exp=now(-5), iat=now(-65), nbf=now(-65))),
    "valid only in 10 seconds": lambda: sign(claims_v2(nbf=now(10))),
    "issued in 10 seconds": lambda: sign(claims_v2(iat=now(10))),
    "a life of more than an hour": lambda: sign(claims_v2(iat=now(-1), exp=now(3600))),
    "an end before its beginning": lambda: sign(claims_v2(iat=now(4), exp=now(3), nbf=now(0))),
    # who
    "no iss": lambda: sign(claims_v2(iss=None)),
    "another iss": lambda: sign(claims_v2(iss="https://evil.test")),
    "iss with a slash more": lambda: sign(claims_v2(iss=ISSUER + "/")),
    "a list with the right iss": lambda: sign(claims_v2(iss=[ISSUER])),
    "no sub": lambda: sign(claims_v2(sub=None)),
    "an empty sub": lambda: sign(claims_v2(sub="")),
    "a number as sub": lambda: sign(claims_v2(sub=1)),
    "a sub with a NUL": lambda: sign(claims_v2(sub="user\x00")),
    "a sub with a lone surrogate": lambda: sign(claims_v2(sub="user\ud800")),
    "a sub longer than its column": lambda: sign(claims_v2(sub="u" * 256)),
    "no sid": lambda: sign(claims_v2(sid=None)),
    "an empty sid": lambda: sign(claims_v2(sid="")),
    "no azp": lambda: sign(claims_v2(azp=None)),
    "an azp that is not configured": lambda: sign(claims_v2(azp="https://evil.test")),
    "a list with a configured azp": lambda: sign(claims_v2(azp=[PARTY])),
    "sts unknown": lambda: sign(claims_v2(sts="frozen")),
    # organisation
    "v 3": lambda: sign(claims_v2(v=3)),
    "v 0": lambda: sign(claims_v2(v=0)),
    "v as text": lambda: sign(claims_v2(v="2")),
    "v as a float": lambda: sign(claims_v2(v=2.0)),
    "v true": lambda: sign(claims_v1(v=True)),
    "o that is text": lambda: sign(claims_v2(o="org_1")),
    "o without an id": lambda: sign(claims_v2(o={"rol": "admin"})),
    "an organisation id with a NUL": lambda: sign(claims_v2(o={"id": "org\x00", "rol": "admin"})),
    "an organisation id longer than its column": lambda: sign(claims_v1(org_id="o" * 129)),
    "a role that is a list": lambda: sign(claims_v1(org_role=["org:admin"])),
}  # fmt: skip


@pytest.mark.parametrize("make", list(REFUSALS.values()), ids=list(REFUSALS))
def test_refuses(make: Callable[[], str]) -> None:
    verifier = make_verifier()
    with pytest.raises(Refused):
        verifier.verify(make())
    assert len(verifier.remembered) == 0


def test_without_clerk_in_the_configuration_its_tokens_are_refused() -> None:
    verifier = Verifier(None, {KID: rsa_key()}.get, lambda kid: None)
    with pytest.raises(Refused):
        verifier.verify(sign(claims_v2()))


def test_a_good_token_is_verified_once_and_remembered_a_minute() -> None:
    asked: list[str] = []
    moment = [time.time()]

    def key(kid: str) -> RSAKey:
        asked.append(kid)
        return rsa_key()

    verifier = Verifier(ClerkRules(ISSUER, frozenset({PARTY})), key, lambda kid: None, lambda: moment[0])
    token = sign(claims_v2(exp=now(300)))
    verifier.verify(token)
    moment[0] += 59
    verifier.verify(token)
    assert asked == [KID]
    moment[0] += 2
    verifier.verify(token)
    assert asked == [KID, KID]


def test_a_remembered_token_is_not_remembered_past_its_end() -> None:
    moment = [time.time()]
    verifier = make_verifier(lambda: moment[0])
    token = sign(claims_v2(exp=now(20)))
    verifier.verify(token)
    moment[0] += 26
    with pytest.raises(Refused):
        verifier.verify(token)


def test_the_token_itself_is_not_kept_in_memory() -> None:
    verifier = make_verifier()
    token = sign(claims_v2())
    verifier.verify(token)
    assert token not in repr(verifier.remembered.__dict__)
