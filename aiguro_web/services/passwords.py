"""Passwords: argon2id, a bounded number at once, and the same work for accounts that do not exist."""

from __future__ import annotations

import secrets as random
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ..errors import Invalid, Unavailable

PASSWORD_MIN, PASSWORD_MAX = 8, 256  # characters
AT_ONCE = 4  # each takes 19 MiB; a flood of logins must not take the memory of the process
WAIT = 3.0  # seconds for a turn

# OWASP Password Storage Cheat Sheet: argon2id with 19 MiB, 2 iterations, 1 lane
hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_nobodys = hasher.hash(random.token_hex(16))
_turns = threading.BoundedSemaphore(AT_ONCE)


def hash_new(password: str) -> str:
    """What is stored of a new password. Raises Invalid when it is too short or too long."""
    if not PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
        raise Invalid("Некорректный пароль", password=f"от {PASSWORD_MIN} до {PASSWORD_MAX} знаков")
    with _turn():
        return hasher.hash(_bytes(password))


def matches(stored: str | None, password: str) -> bool:
    """Whether the password is the stored one. Without a stored one the same work is done, and the answer is no."""
    with _turn():
        try:
            hasher.verify(stored or _nobodys, _bytes(password[: PASSWORD_MAX + 1]))
        except (VerificationError, InvalidHashError):
            return False
    return stored is not None


def is_outdated(stored: str) -> bool:
    """Whether it was hashed with other parameters than today's."""
    return hasher.check_needs_rehash(stored)


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")


@contextmanager
def _turn() -> Iterator[None]:
    if not _turns.acquire(timeout=WAIT):
        raise Unavailable("Слишком много входов одновременно, попробуйте через несколько секунд")
    try:
        yield
    finally:
        _turns.release()
