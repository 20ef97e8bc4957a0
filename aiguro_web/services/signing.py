"""The keys that sign our own tokens: Ed25519, the private half encrypted at rest, the public half published.

The newest key that is not retired signs; every one that is not retired is published and verifies.
"""

from __future__ import annotations

import json
import time
from typing import Any

from joserfc import jws
from joserfc.jwk import OKPKey
from joserfc.jws import JWSRegistry
from sqlalchemy import func, select, text, update

from ..extensions import db
from ..models import SigningKey
from . import secrets

ALGORITHM = "Ed25519"  # the name of RFC 9864; the older `EdDSA` does not say which curve
KID_PREFIX = "aiguro-"  # web/tokens.py tells our tokens from Clerk's by it
KEEP = 60.0  # seconds a public key is used without asking the database
_LOCK = 7_233_001  # of pg_advisory_xact_lock: two processes must not both make the first key
_registry = JWSRegistry(algorithms=[ALGORITHM])
_public: dict[str, tuple[float, OKPKey]] = {}


def sign(claims: dict[str, Any]) -> str:
    """A token with these claims. The first call ever makes the first key."""
    row = _current() or _first()
    key = OKPKey.import_key(json.loads(secrets.decrypt(row.private_encrypted)))
    header = {"alg": ALGORITHM, "kid": row.kid, "typ": "JWT"}
    return jws.serialize_compact(header, json.dumps(claims), key, registry=_registry)


def public_key(kid: str) -> OKPKey | None:
    """The key that verifies tokens of that id; None for unknown and retired ones (for up to KEEP seconds late)."""
    kept = _public.get(kid)
    if kept is not None and kept[0] > time.monotonic():
        return kept[1]
    jwk = db.session.scalar(select(SigningKey.public_jwk).where(SigningKey.kid == kid, SigningKey.retired_at.is_(None)))
    if jwk is None:
        _public.pop(kid, None)
        return None
    key = OKPKey.import_key(jwk)
    _public[kid] = (time.monotonic() + KEEP, key)
    return key


def public_set() -> dict[str, Any]:
    """The JWK Set (RFC 7517) for `/.well-known/jwks.json`: public halves only."""
    rows = db.session.scalars(
        select(SigningKey.public_jwk).where(SigningKey.retired_at.is_(None)).order_by(SigningKey.id.desc())
    )
    return {"keys": list(rows)}


def add_key() -> str:
    """Make a new key, which signs from now on; give its id. Older keys go on verifying until they are retired."""
    key = OKPKey.generate_key("Ed25519")
    kid = KID_PREFIX + key.thumbprint()
    public = {**key.as_dict(private=False), "kid": kid, "use": "sig", "alg": ALGORITHM}
    private = json.dumps(key.as_dict(private=True))
    db.session.add(
        SigningKey(kid=kid, algorithm=ALGORITHM, private_encrypted=secrets.encrypt(private), public_jwk=public)
    )
    db.session.flush()  # `sign` selects it in the same transaction
    return kid


def retire_key(kid: str) -> None:
    """From now on nothing is signed with it, and its tokens are refused within KEEP seconds."""
    db.session.execute(
        update(SigningKey).where(SigningKey.kid == kid, SigningKey.retired_at.is_(None)).values(retired_at=func.now())
    )
    _public.pop(kid, None)


def forget() -> None:
    """Ask the database for every key anew."""
    _public.clear()


def _current() -> SigningKey | None:
    newest = select(SigningKey).where(SigningKey.retired_at.is_(None)).order_by(SigningKey.id.desc()).limit(1)
    return db.session.scalar(newest)


def _first() -> SigningKey:
    db.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    if _current() is None:
        add_key()
    row = _current()
    assert row is not None
    return row
