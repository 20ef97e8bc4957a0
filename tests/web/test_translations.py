"""The English catalogue says everything that the pages say."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask_babel import force_locale

from aiguro_web.errors import Invalid
from aiguro_web.pages.forms.auth import LoginForm

from .catalogue import read_english, said

CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)
HOLE = re.compile(r"%\(\w+\)s")


def test_every_text_of_the_pages_is_translated() -> None:
    known = {message.id for message in read_english() if message.id and message.string and not message.fuzzy}
    missing = [(message.id, message.locations) for message in said() if message.id and message.id not in known]
    assert missing == []


def test_the_catalogue_keeps_nothing_that_is_said_no_more() -> None:
    needed = {message.id for message in said()}
    assert [message.id for message in read_english() if message.id not in needed] == []


def test_translations_are_in_english_and_keep_the_holes() -> None:
    for message in read_english():
        if isinstance(message.id, str) and message.id:
            assert not CYRILLIC.search(str(message.string)), message.id
            assert sorted(HOLE.findall(str(message.string))) == sorted(HOLE.findall(message.id)), message.id


@pytest.fixture
def posting(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", False)
    with app.test_request_context("/login", method="POST", data={"email": "", "password": "п" * 2000}):
        yield app


def test_the_sign_in_form_speaks_the_language_of_the_page(posting: Flask) -> None:
    form = LoginForm()
    assert not form.validate_on_submit()
    assert (str(form.email.label.text), [*map(str, form.email.errors)]) == ("Почта", ["Укажите почту"])
    assert [*map(str, form.password.errors)] == ["Слишком длинный пароль"]
    with force_locale("en"):
        form = LoginForm()
        assert not form.validate_on_submit()
        assert (str(form.email.label.text), [*map(str, form.email.errors)]) == ("E-mail", ["Enter your e-mail"])
        assert [*map(str, form.password.errors)] == ["The password is too long"]


def test_errors_of_the_services_stay_russian(posting: Flask) -> None:
    with force_locale("en"):
        assert Invalid().title
        assert CYRILLIC.search(Invalid().title)
