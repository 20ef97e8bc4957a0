"""The words of refusal."""

from __future__ import annotations

import pickle

import pytest

from aiguro_web import errors


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (errors.Invalid, 400),
        (errors.Unauthorized, 401),
        (errors.Forbidden, 403),
        (errors.NotFound, 404),
        (errors.Conflict, 409),
        (errors.Stale, 412),
        (errors.TooLarge, 413),
        (errors.Unsupported, 415),
        (errors.Mismatch, 422),
        (errors.TooMany, 429),
        (errors.Unavailable, 503),
        (errors.Timeout, 504),
    ],
)
def test_each_refusal_has_its_status_and_a_sentence(kind: type[errors.AppError], status: int) -> None:
    refusal = kind()
    assert refusal.status == status
    assert refusal.message == refusal.title != ""
    assert kind("Так нельзя").message == "Так нельзя"


def test_keywords_name_the_wrong_fields() -> None:
    refusal = errors.Invalid("Этап из другой воронки", stage_id="выберите этап этой воронки", errors={"a/0": "нет"})
    assert refusal.fields == {"a/0": "нет", "stage_id": "выберите этап этой воронки"}


def test_a_refusal_survives_a_journey_between_processes() -> None:
    sent = errors.Unauthorized("Нет", token="плох", headers={"X": "1"}, code="expired")
    got = pickle.loads(pickle.dumps(sent))
    assert (type(got), got.detail, got.fields, got.headers, got.code) == (
        errors.Unauthorized,
        "Нет",
        {"token": "плох"},
        {"WWW-Authenticate": "Bearer", "X": "1"},
        "expired",
    )


def test_an_unauthorized_answer_names_the_scheme() -> None:
    assert errors.Unauthorized().headers == {"WWW-Authenticate": "Bearer"}
