"""Both doors read the same limits, which the models name."""

from __future__ import annotations

import ast
from typing import Any

import pytest
from wtforms.validators import Length

from aiguro_web.models.message import KEY_MAX, TEXT_MAX
from aiguro_web.models.messenger_connection import CONNECTION_NAME_MAX, TOKEN_MAX
from aiguro_web.pages.forms.integrations import TelegramForm, WebchatForm
from aiguro_web.pages.forms.messengers import MessageForm
from aiguro_web.schemas.connections import ConnectionIn
from aiguro_web.schemas.messages import MessageIn

from ..conftest import House
from ..sources import Source, of_rooms


def test_both_doors_read_the_same_limits(house: House) -> None:
    schema = {name: _max(field) for name, field in ConnectionIn.model_fields.items()}
    assert (schema["name"], schema["token"]) == (CONNECTION_NAME_MAX, TOKEN_MAX)
    assert _max(MessageIn.model_fields["text"]) == TEXT_MAX
    with house.app.test_request_context("/"):
        assert [_length(form.name) for form in (TelegramForm(), WebchatForm())] == [CONNECTION_NAME_MAX] * 2
        assert _length(TelegramForm().token) == TOKEN_MAX
        assert _length(MessageForm().key) == KEY_MAX


def _max(field: Any) -> int | None:
    return next((found for rule in field.metadata if (found := getattr(rule, "max_length", None)) is not None), None)


def _length(field: Any) -> int | None:
    return next((rule.max for rule in field.validators if isinstance(rule, Length)), None)


def bare_limits(source: Source) -> list[str]:
    """Lengths written as numbers where models should name them."""
    found = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call):
            called = node.func.id if isinstance(node.func, ast.Name) else ""
            for word in node.keywords:
                long = word.arg == "max_length" or (called == "Length" and word.arg == "max")
                if long and isinstance(word.value, ast.Constant):
                    found.append(f"{source.path}:{word.value.lineno} {word.arg}={word.value.value}")
    return found


@pytest.mark.parametrize("source", of_rooms("schemas", "pages", "api"), ids=lambda source: source.path)
def test_limits_are_named_in_the_models(source: Source) -> None:
    assert bare_limits(source) == []


def test_a_limit_written_as_a_number_is_found() -> None:
    assert bare_limits(Source("schemas/x.py", "a = Field(max_length=64)")) != []
    assert bare_limits(Source("pages/forms/x.py", "a = [Length(max=64)]")) != []
    assert bare_limits(Source("pages/forms/x.py", "a = [Length(max=TEXT_MAX)]")) == []
