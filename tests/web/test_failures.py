"""Errors as answers: problem+json for programs, a page or a toast for people."""

from __future__ import annotations

import errno
import json
from typing import Any

import psycopg
import pytest
import sqlalchemy.exc
from flask import Flask, abort
from flask.testing import FlaskClient
from jinja2 import DictLoader
from psycopg import errors as pg
from psycopg_pool import PoolTimeout
from pydantic import BaseModel, Field
from werkzeug.exceptions import BadRequestKeyError, UnprocessableEntity

from aiguro_web import errors

from .apps import lines, problem, small_app


def app_raising(error: BaseException, path: str = "/api/x", **config: Any) -> FlaskClient:
    app = small_app(**config)

    def view() -> str:
        raise error

    app.add_url_rule(path, "x", view, methods=["GET", "POST"])
    return app.test_client()


def wrapped(origin: BaseException, kind: type[sqlalchemy.exc.DBAPIError] = sqlalchemy.exc.OperationalError) -> Any:
    return kind("INSERT INTO client VALUES (%s)", {"name": "Иван Тайный"}, origin)


def lost(origin: BaseException, kind: type[sqlalchemy.exc.DBAPIError] = sqlalchemy.exc.OperationalError) -> Any:
    return kind("INSERT INTO client VALUES (%s)", {"name": "Иван Тайный"}, origin, connection_invalidated=True)


def test_a_refusal_carries_code_sentence_and_fields() -> None:
    refusal = errors.Invalid("Проверьте текст", message="обязательное поле", errors={"stages/0/name": "пусто"})
    body = problem(app_raising(refusal).get("/api/x?q=секрет"), 400)
    assert body["code"] == "invalid"
    assert body["error"] == body["detail"] == "Проверьте текст"
    assert body["instance"] == "/api/x"
    assert body["type"] == "about:blank"
    assert {"pointer": "/message", "message": "обязательное поле"} in body["errors"]
    assert {"pointer": "/stages/0/name", "message": "пусто"} in body["errors"]


def test_an_unknown_path_under_the_api_is_json() -> None:
    client = small_app().test_client()
    for path in ("/api", "/api/", "/api/нет", "/api//x", "/webhooks/x", "/chat/key/messages", "/.well-known/x"):
        assert problem(client.get(path), 404)["code"] == "not_found"


def test_a_slash_more_is_not_found_and_never_a_redirect() -> None:
    app = small_app()
    app.add_url_rule("/api/x", "x", lambda: "да", methods=["POST"])
    client = app.test_client()
    for path in ("/api/x/", "//api/x", "/api//x"):
        assert client.post(path).status_code == 404


def test_a_wrong_method_says_which_are_right() -> None:
    response = app_raising(errors.Conflict()).delete("/api/x")
    problem(response, 405)
    assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "POST", "OPTIONS"}


def test_our_own_error_tells_nothing_and_is_logged_without_people(capfd: pytest.CaptureFixture[str]) -> None:
    try:
        try:
            raise KeyError("+7 912 345-67-89")
        except KeyError as cause:
            raise ValueError("Иван Тайный token=abcdef ivan@example.com") from cause
    except ValueError as error:
        response = app_raising(error).get("/api/x?phone=79123456789")
    body = problem(response, 500)
    log = capfd.readouterr().err
    for secret in ("Тайный", "abcdef", "ivan@", "912", "79123456789"):
        assert secret not in response.get_data(as_text=True)
        assert secret not in log
    (line,) = lines(log, "unexpected")
    assert line["request_id"] == body["request_id"]
    assert line["route"] == "/api/x"
    assert any("view" in frame for frame in line["trace"])
    assert {"KeyError", "ValueError"} <= set(line["trace"])


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (sqlalchemy.exc.OperationalError(None, None, psycopg.OperationalError("connection refused")), 503),
        (psycopg.OperationalError("connection refused"), 503),
        (lost(psycopg.OperationalError("server closed the connection unexpectedly")), 503),
        (lost(psycopg.InterfaceError("closed"), sqlalchemy.exc.InterfaceError), 503),
        (wrapped(psycopg.OperationalError("number of parameters must be between 0 and 65535")), 500),
        (wrapped(psycopg.InterfaceError("no such cursor"), sqlalchemy.exc.InterfaceError), 500),
        (wrapped(pg.AdminShutdown("terminating")), 503),
        (wrapped(pg.CannotConnectNow("starting up")), 503),
        (wrapped(pg.ConnectionFailure("08006")), 503),
        (wrapped(pg.ReadOnlySqlTransaction("standby"), sqlalchemy.exc.InternalError), 503),
        (wrapped(pg.DiskFull("disk")), 503),
        (wrapped(pg.TooManyConnections("many")), 503),
        (wrapped(pg.SerializationFailure("again")), 503),
        (wrapped(pg.DeadlockDetected("again")), 503),
        (wrapped(pg.LockNotAvailable("again")), 503),
        (wrapped(pg.QueryCanceled("statement timeout")), 504),
        (pg.DiskFull("disk"), 503),
        (sqlalchemy.exc.TimeoutError("QueuePool limit"), 503),
        (PoolTimeout("pool"), 503),
        (OSError(errno.ENOSPC, "No space left on device"), 503),
        (wrapped(pg.UniqueViolation("key"), sqlalchemy.exc.IntegrityError), 409),
        (wrapped(pg.ForeignKeyViolation("key"), sqlalchemy.exc.IntegrityError), 409),
        (wrapped(pg.CheckViolation("check"), sqlalchemy.exc.IntegrityError), 400),
        (wrapped(pg.NumericValueOutOfRange("out of range"), sqlalchemy.exc.DataError), 400),
        (wrapped(psycopg.DataError("NUL"), sqlalchemy.exc.DataError), 400),
        (wrapped(pg.UndefinedTable("no table"), sqlalchemy.exc.ProgrammingError), 500),
        (OSError(errno.EPERM, "no"), 500),
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates"), 400),
        (UnprocessableEntity(), 400),
        (BadRequestKeyError("name"), 400),
        (RuntimeError("боль"), 500),
    ],
)
def test_trouble_below_becomes_the_status_of_the_contract(
    error: Exception, status: int, capfd: pytest.CaptureFixture[str]
) -> None:
    response = app_raising(error).get("/api/x")
    problem(response, status)
    assert ("Retry-After" in response.headers) == (status == 503)
    assert response.headers["Cache-Control"] == "no-store"
    assert "Тайный" not in capfd.readouterr().err


def test_a_stray_validation_error_is_four_hundred_with_every_field() -> None:
    class Wish(BaseModel):
        name: str = Field(max_length=3)
        price: int

    app = small_app()
    app.add_url_rule("/api/x", "x", lambda: Wish.model_validate({"name": "слишком", "price": "дорого"}).name)
    body = problem(app.test_client().get("/api/x"), 400)
    assert body["errors"] == [
        {"pointer": "/name", "message": "не длиннее 3 символов"},
        {"pointer": "/price", "message": "нужно целое число"},
    ]
    assert "слишком" not in json.dumps(body, ensure_ascii=False)


def test_russian_words_of_abort_are_kept_and_english_ones_are_not() -> None:
    app = small_app()
    app.add_url_rule("/api/<word>", "x", lambda word: abort(404, {"ru": "Нет такого этапа", "en": "No stage"}[word]))
    client = app.test_client()
    assert problem(client.get("/api/ru"), 404)["error"] == "Нет такого этапа"
    assert "stage" not in problem(client.get("/api/en"), 404)["error"]


def test_a_token_refusal_keeps_its_challenge() -> None:
    response = app_raising(errors.Unauthorized()).get("/api/x")
    problem(response, 401)
    assert response.headers["WWW-Authenticate"] == "Bearer"


def page_app(error: Exception) -> Flask:
    app = small_app()
    app.jinja_loader = DictLoader(
        {
            "errors/error.html": "<h1>{{ status }} {{ title }}</h1><p>{{ detail }}</p><i>{{ request_id }}</i>",
            "errors/_toast.html": "<div class=toast>{{ detail }}</div>",
        }
    )

    def view() -> str:
        raise error

    app.add_url_rule("/dashboard/x", "x", view)
    return app


def test_people_get_a_page() -> None:
    response = page_app(errors.NotFound("Диалога нет")).test_client().get("/dashboard/x", headers={"Accept": "*/*"})
    assert response.status_code == 404
    assert response.mimetype == "text/html"
    text = response.get_data(as_text=True)
    assert "Диалога нет" in text
    assert response.headers["X-Request-Id"] in text


def test_htmx_gets_a_toast_and_swaps_nothing() -> None:
    client = page_app(errors.Conflict("Сделка уже закрыта")).test_client()
    response = client.get("/dashboard/x", headers={"HX-Request": "true"})
    assert response.status_code == 409
    assert response.headers["HX-Reswap"] == "none"
    assert response.headers["HX-Trigger"].isascii()
    assert json.loads(response.headers["HX-Trigger"])["toast"] == {"message": "Сделка уже закрыта", "kind": "error"}
    assert response.get_data(as_text=True) == "<div class=toast>Сделка уже закрыта</div>"


def test_a_page_asked_for_as_json_answers_json() -> None:
    client = page_app(errors.Conflict()).test_client()
    problem(client.get("/dashboard/x", headers={"Accept": "application/json"}), 409)


def test_a_broken_error_page_still_answers() -> None:
    app = page_app(errors.NotFound("<b>нет</b>"))
    app.jinja_loader = DictLoader({"errors/error.html": "{{ nothing.at.all }}"})
    response = app.test_client().get("/dashboard/x")
    assert response.status_code == 404
    assert "&lt;b&gt;нет" in response.get_data(as_text=True)
