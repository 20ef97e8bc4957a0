"""What an exception means to the caller: a refusal of the contract, or nothing (then it is our own error)."""

from __future__ import annotations

import errno

import psycopg
import sqlalchemy.exc
from flask_wtf.csrf import CSRFError
from psycopg_pool import PoolTimeout
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException

from ..errors import AppError, Conflict, Invalid, Timeout, Unavailable
from . import wording

SOON, LATER = "1", "5"  # seconds of Retry-After: a restarting server, a lack of room


class Refused(AppError):
    """An HTTP refusal that came from a library: its status with our words."""

    def __init__(self, status: int, detail: str = "", headers: dict[str, str] | None = None) -> None:
        code, title, words = wording.of_status(status)
        super().__init__(detail or words, headers=headers, code=code)
        self.status, self.title = status, title


def meaning(error: BaseException) -> AppError | None:
    """The refusal that `error` stands for; None for what nobody expected."""
    match error:
        case AppError():
            return error
        case HTTPException():
            return _of_http(error)
        case ValidationError():
            return invalid(wording.of_validation(error))
        case sqlalchemy.exc.TimeoutError() | PoolTimeout():
            return Unavailable("Сервер перегружен, повторите через секунду", headers={"Retry-After": SOON})
        case sqlalchemy.exc.DBAPIError():
            # Without a statement: connecting failed, or a commit.
            return _of_database(error.orig, lost=error.connection_invalidated or error.statement is None)
        case psycopg.Error():
            return _of_database(error, lost=isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError)))
        case OSError() if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return Unavailable("На сервере кончилось место", headers={"Retry-After": LATER})
        case UnicodeError():
            return Invalid("В запросе недопустимые символы")
    return None


def invalid(errors: dict[str, str]) -> Invalid:
    """One refusal of every wrong field; the sentence names the first."""
    at, words = next(iter(errors.items()), ("", ""))
    name = at.strip("/").replace("/", ".")
    sentence = f"Поле «{name}»: {words}" if name else (words[:1].upper() + words[1:])
    return Invalid(sentence, errors=errors)


def _of_http(error: HTTPException) -> AppError | None:
    if isinstance(error, CSRFError):
        return Refused(400, "Страница устарела. Обновите её и повторите")
    status = error.code or 500
    if status >= 500 and getattr(error, "original_exception", None) is not None:
        return meaning(error.original_exception)  # type: ignore[attr-defined]
    if status < 400:
        return None
    description = error.description or ""
    kept = {
        name: value
        for name, value in error.get_headers()
        if name.lower() in ("allow", "retry-after", "www-authenticate", "content-range")
    }
    return Refused(400 if status == 422 else status, description if wording.is_russian(description) else "", kept)


def _of_database(error: BaseException | None, lost: bool) -> AppError | None:
    """By SQLSTATE, https://www.postgresql.org/docs/current/errcodes-appendix.html; without one, `lost` says whether the
    connection is gone: what fails over a living one (too many parameters) is our own error."""
    state = getattr(error, "sqlstate", None) or ""
    if state in ("57014", "25P04"):  # query_canceled (statement_timeout), transaction_timeout
        return Timeout("База данных не успела ответить")
    if state.startswith(("53", "58")):  # disk full, out of memory or connections; input/output
        return Unavailable("Серверу не хватает места или памяти", headers={"Retry-After": LATER})
    if state in ("40001", "40P01", "55P03"):  # serialization, deadlock, lock not available
        return Unavailable("Данные сейчас меняет кто-то другой, повторите", headers={"Retry-After": SOON})
    if state.startswith(("08", "57P", "25006")) or state == "25P03":  # connection, shutdown, read-only standby
        return Unavailable(headers={"Retry-After": SOON})
    if state in ("23505", "23503", "23P01"):  # unique, foreign key, exclusion
        return Conflict("Такая запись уже есть или на неё ссылаются другие")
    if state == "23514" or isinstance(error, psycopg.DataError):  # check; a value that no column can hold
        return Invalid("Значение нельзя сохранить")
    if lost and not state:
        return Unavailable(headers={"Retry-After": SOON})
    return None


def worth_a_trace(error: BaseException, refusal: AppError) -> bool:
    """Refusals by the database say that a check of ours is missing, or that the server is in trouble: log those."""
    return not isinstance(error, (AppError, HTTPException, ValidationError, UnicodeError)) or refusal.status >= 500
