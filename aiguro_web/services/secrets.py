"""Secrets at rest: messenger tokens, app secrets and private keys are stored encrypted, never as they are."""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_PURPOSE = b"aiguro secrets at rest"  # the same SECRET_KEY signs cookies: each purpose derives a key of its own
_box: MultiFernet | None = None


class Unreadable(Exception):
    """No configured SECRET_KEY opens this secret: the key was changed without keeping the old one in the list."""


def configure(secret_key: str) -> None:
    """Once at start. `secret_key` is the setting SECRET_KEY: keys parted by commas, the first one encrypts."""
    global _box
    keys = [part.strip() for part in secret_key.split(",") if part.strip()]
    if not keys:
        raise ValueError("SECRET_KEY is empty")
    _box = MultiFernet([Fernet(_derived(key)) for key in keys])


def encrypt(text: str) -> bytes:
    """What may be stored. The same text gives other bytes each time."""
    return _configured().encrypt(text.encode())


def decrypt(stored: bytes) -> str:
    """The text behind stored bytes. Raises Unreadable."""
    try:
        return _configured().decrypt(bytes(stored)).decode()
    except InvalidToken as error:
        raise Unreadable("a stored secret does not open with SECRET_KEY") from error


def renew(stored: bytes) -> bytes:
    """The same secret under the first key of the list, for after a rotation. Raises Unreadable."""
    return encrypt(decrypt(stored))


def _derived(key: str) -> bytes:
    raw = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(key.encode())
    return base64.urlsafe_b64encode(raw)


def _configured() -> MultiFernet:
    if _box is None:
        raise RuntimeError("secrets.configure(SECRET_KEY) was not called at start")
    return _box
