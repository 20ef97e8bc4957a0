"""People: first sight, passwords, names; and that demo people do not exist in production."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import func, select

from aiguro_web.errors import Conflict, Invalid
from aiguro_web.extensions import db
from aiguro_web.models import User
from aiguro_web.services import passwords, users
from tests import people

from .conftest import PASSWORD

Make = Callable[..., int]


def test_somebody_seen_twice_at_once_is_one_user(committed_app: Flask) -> None:
    barrier, found, failed = threading.Barrier(8), [], []

    def see() -> None:
        with committed_app.app_context():
            try:
                barrier.wait()
                found.append(users.first_sight("https://clerk.test", "user_race").id)
                db.session.commit()
            except Exception as error:
                failed.append(error)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=see) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (failed, len(found), len(set(found))) == ([], 8, 1)
    count = db.session.scalar(select(func.count()).select_from(User).where(User.subject == "user_race"))
    assert count == 1


def test_a_name_that_comes_later_replaces_the_empty_one_and_stays(app: Flask) -> None:
    user = users.first_sight("https://clerk.test", "user_n")
    assert (user.name, user.email) == ("", "")
    users.first_sight("https://clerk.test", "user_n", "Анна", "Anna@X.example")
    users.first_sight("https://clerk.test", "user_n")
    assert (user.name, user.email) == ("Анна", "anna@x.example")


def test_the_same_subject_of_two_issuers_is_two_people(app: Flask) -> None:
    assert users.first_sight("https://a.test", "u").id != users.first_sight("https://b.test", "u").id


def test_somebody_of_clerk_is_never_found_by_e_mail(app: Flask, make_user: Make) -> None:
    local = make_user("anna@identity.example")
    clerks = users.first_sight("https://clerk.test", "user_e", "Анна", "anna@identity.example")
    only = users.first_sight("https://clerk.test", "user_o", "Олег", "oleg@identity.example")
    found = users.find_by_email("anna@identity.example")
    assert found is not None
    assert found.id == local != clerks.id
    assert only.email
    assert users.find_by_email("oleg@identity.example") is None


@pytest.mark.parametrize(("given", "kept"), [
    ("  Анна \n Иванова\t", "Анна Иванова"), ("a\u202eb\u2066c", "abc"), ("a\x00b\x1bc", "a b c"), ("\ud800x", "x"),
    ("x" * 500, "x" * 200), ("\u200b", ""),
])  # fmt: skip
def test_a_name_is_one_plain_line(given: str, kept: str) -> None:
    assert users.clean_name(given) == kept


def test_signing_in_finds_the_address_in_any_case_and_with_spaces(app: Flask, make_user: Make) -> None:
    user_id = make_user("signin@identity.example")
    assert people.sign_in("  SignIn@Identity.Example ", PASSWORD).id == user_id


@pytest.mark.parametrize("email", [
    "wrong@identity.example", "unknown@identity.example", "off@identity.example", "none@identity.example", "", "\x00",
    "a\x00@identity.example", "\ud800@identity.example", "x" * 10_000, "%", "' OR 1=1 --",
])  # fmt: skip
def test_whoever_may_not_sign_in_reads_the_same_after_the_same_work(
    email: str, app: Flask, make_user: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_user("wrong@identity.example")
    make_user("off@identity.example", is_active=False)
    make_user("none@identity.example", password_hash=None)
    verified: list[str] = []

    class Watching(PasswordHasher):
        def verify(self, hash: Any, password: Any) -> Any:
            verified.append(hash)
            return super().verify(hash, password)

    monkeypatch.setattr(passwords, "hasher", Watching(time_cost=2, memory_cost=19 * 1024, parallelism=1))
    password = "не тот пароль" if email.startswith("wrong") else PASSWORD
    with pytest.raises(Invalid) as caught:
        people.sign_in(email, password)
    assert caught.value.message == users.WRONG
    assert len(verified) == 1


def test_a_hash_of_weaker_parameters_is_renewed_at_the_next_login(app: Flask, make_user: Make) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    user_id = make_user("weak@identity.example", password_hash=weak)
    with pytest.raises(Invalid):
        people.sign_in("weak@identity.example", "не тот пароль")
    assert db.session.get_one(User, user_id).password_hash == weak
    people.sign_in("weak@identity.example", PASSWORD)
    renewed = db.session.get_one(User, user_id).password_hash
    assert renewed != weak
    assert renewed is not None
    assert not passwords.is_outdated(renewed)
    assert people.sign_in("weak@identity.example", PASSWORD).id == user_id


def test_demo_people_do_not_exist_in_production(app: Flask, make_user: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    user_id = make_user("demo@identity.example", is_demo=True)
    assert people.sign_in("demo@identity.example", PASSWORD).id == user_id
    assert "demo@identity.example" in users.list_demo_emails()
    monkeypatch.setitem(app.config, "AIGURO_ENV", "production")
    with pytest.raises(Invalid, match=users.WRONG):
        people.sign_in("demo@identity.example", PASSWORD)
    assert users.list_demo_emails() == []
    assert users.session_person(user_id) is None


def test_an_address_is_taken_once_in_any_case(app: Flask, make_user: Make) -> None:
    make_user("taken@identity.example")
    with pytest.raises(Conflict):
        users.add_local("TAKEN@identity.example", "", PASSWORD)


@pytest.mark.parametrize("email", ["", "x", "a b@x.example", "a@x", "a@x.example\x00", "a" * 300 + "@x.example"])
def test_a_local_user_needs_an_address(email: str, app: Flask) -> None:
    with pytest.raises(Invalid):
        users.add_local(email, "", PASSWORD)


def test_a_new_password_ends_the_old_one(app: Flask, make_user: Make) -> None:
    user = db.session.get_one(User, make_user("new@identity.example"))
    users.set_password(user, "другой пароль 2")
    with pytest.raises(Invalid):
        people.sign_in("new@identity.example", PASSWORD)
    assert people.sign_in("new@identity.example", "другой пароль 2").id == user.id


def test_a_name_that_clients_see_is_never_the_e_mail(app: Flask, make_user: Make) -> None:
    user_id = make_user("nameless@identity.example", name="")
    person = users.session_person(user_id)
    assert person is not None
    assert (person.name, person.email) == ("", "nameless@identity.example")
    assert db.session.get_one(User, user_id).label == "nameless@identity.example"
