"""Secrets at rest, and passwords."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher

from aiguro_web.errors import Invalid, Unavailable
from aiguro_web.services import passwords, secrets

OLD, NEW = "o" * 32, "n" * 32


@pytest.fixture(autouse=True)
def box() -> Iterator[None]:
    before = secrets._box
    yield
    secrets._box = before


def test_a_secret_comes_back_and_is_not_readable_at_rest() -> None:
    secrets.configure(OLD)
    stored = secrets.encrypt("123:токен")
    assert secrets.decrypt(stored) == "123:токен"
    assert b"123" not in stored
    assert stored != secrets.encrypt("123:токен")


def test_an_old_key_behind_the_comma_still_opens_and_renewing_moves_to_the_new_one() -> None:
    secrets.configure(OLD)
    stored = secrets.encrypt("x")
    secrets.configure(f"{NEW}, {OLD}")
    assert secrets.decrypt(stored) == "x"
    renewed = secrets.renew(stored)
    secrets.configure(NEW)
    assert secrets.decrypt(renewed) == "x"
    with pytest.raises(secrets.Unreadable):
        secrets.decrypt(stored)


def test_a_changed_byte_is_noticed() -> None:
    secrets.configure(OLD)
    stored = bytearray(secrets.encrypt("x"))
    stored[20] ^= 1
    with pytest.raises(secrets.Unreadable):
        secrets.decrypt(bytes(stored))


@pytest.mark.parametrize("setting", ["", " ", ","])
def test_an_empty_key_is_refused_at_start(setting: str) -> None:
    with pytest.raises(ValueError):
        secrets.configure(setting)


def test_nothing_is_encrypted_before_the_start() -> None:
    secrets._box = None
    with pytest.raises(RuntimeError):
        secrets.encrypt("x")


def test_a_password_matches_only_itself() -> None:
    stored = passwords.hash_new("правильный пароль")
    assert stored.startswith("$argon2id$")
    assert passwords.matches(stored, "правильный пароль")
    assert not passwords.matches(stored, "правильный пароль ")
    assert not passwords.matches(stored, "")


def test_without_a_stored_password_nothing_matches_not_even_the_stand_in() -> None:
    assert not passwords.matches(None, "")
    assert not passwords.matches("no hash at all", "x")


def test_without_a_stored_password_the_same_work_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[str] = []

    class Watching(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override]
            verified.append(str(hash).split("$")[3])
            return super().verify(hash, password)

    watching = Watching(time_cost=2, memory_cost=19 * 1024, parallelism=1)
    monkeypatch.setattr(passwords, "hasher", watching)
    passwords.matches(passwords.hash_new("a password"), "another one")
    passwords.matches(None, "another one")
    assert len(verified) == 2
    assert verified[0] == verified[1]


def test_an_odd_password_is_wrong_and_not_an_error() -> None:
    stored = passwords.hash_new("eight letters")
    for odd in ("\x00", "\ud800", "x" * 1_000_000, "́" * 300):
        assert not passwords.matches(stored, odd)


def test_a_password_longer_than_the_limit_does_not_match_by_its_beginning() -> None:
    stored = passwords.hash_new("x" * passwords.PASSWORD_MAX)
    assert not passwords.matches(stored, "x" * (passwords.PASSWORD_MAX + 1))


@pytest.mark.parametrize("password", ["", "1234567", "x" * 257])
def test_a_new_password_has_a_length(password: str) -> None:
    with pytest.raises(Invalid):
        passwords.hash_new(password)


def test_other_parameters_are_outdated() -> None:
    weaker = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1)
    assert passwords.is_outdated(weaker.hash("x"))
    assert not passwords.is_outdated(passwords.hash_new("eight letters"))


def test_a_flood_of_logins_waits_for_its_turn_and_then_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_turns", threading.BoundedSemaphore(1))
    monkeypatch.setattr(passwords, "WAIT", 0.05)
    with passwords._turn(), pytest.raises(Unavailable):
        passwords.matches(None, "x")
    assert not passwords.matches(None, "x")
