"""The English catalogue says everything that the pages say."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask_babel import force_locale

from aiguro_web.errors import Invalid
from aiguro_web.pages.forms.auth import LoginForm

from .catalogue import ROOT, read_english, said

CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)
HOLE = re.compile(r"%\(\w+\)s|\{\w+\}")  # the second is filled in the browser
TRANSLATED_TWICE = re.compile(r"""plural\((?:(?!["'][а-яё])[^\n])*?,\s*(?:_|gettext|lazy_gettext)\(""", re.IGNORECASE)


def test_every_text_of_the_pages_is_translated() -> None:
    known = {message.id for message in read_english() if message.id and message.string and not message.fuzzy}
    missing = [(message.id, message.locations) for message in said() if message.id and message.id not in known]
    assert missing == []


def test_the_catalogue_keeps_nothing_that_is_said_no_more() -> None:
    needed = {message.id for message in said()}
    assert [message.id for message in read_english() if message.id not in needed] == []


def test_translations_are_in_english_and_keep_the_holes() -> None:
    for message in read_english():
        if not message.id:
            continue
        asked, answered = _forms(message.id), _forms(message.string)
        assert len(asked) == len(answered), message.id
        for source, english in zip(asked, answered, strict=True):
            assert english.strip(), source
            assert not CYRILLIC.search(english), source
            assert sorted(HOLE.findall(english)) == sorted(HOLE.findall(source)), source


def test_plurals_are_given_words_and_not_translations_of_them() -> None:
    """plural() looks its words up itself: what is translated already would not be found, and «5 row» be said."""
    files = [*(ROOT / "templates").rglob("*.html"), *(ROOT / "aiguro_web" / "pages").rglob("*.py")]
    assert [file.name for file in files if TRANSLATED_TWICE.search(file.read_text())] == []


def _forms(text: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


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
