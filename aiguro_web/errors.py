"""The contract's words for what can go wrong: every refusal of the application is one of these classes."""

from collections.abc import Mapping


class AppError(Exception):
    """A refusal meant for the caller.

    `detail` is a Russian sentence for people; keyword fields name what is wrong in the input
    (`Invalid("Этап из другой воронки", stage_id="выберите этап этой воронки")`). A field's name is a JSON pointer
    without its first slash: `errors={"followups/0/text": "…"}` does for names that are no Python words.
    """

    status: int = 500
    code: str = "internal"
    title: str = "Внутренняя ошибка"

    def __init__(
        self,
        detail: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        errors: Mapping[str, str] | None = None,
        code: str | None = None,
        **fields: str,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.fields: dict[str, str] = {**(errors or {}), **fields}
        self.headers: dict[str, str] = dict(headers or {})
        if code is not None:
            self.code = code

    @property
    def message(self) -> str:
        """A sentence for people, never empty."""
        return self.detail or self.title

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.detail, self.headers, self.fields, self.code)


def _rebuild(kind: type[AppError], detail: str, headers: dict[str, str], fields: dict[str, str], code: str) -> AppError:
    """Exceptions travel between processes by pickle; keyword arguments do not survive its default way."""
    return kind(detail, headers=headers, errors=fields, code=code)


class Invalid(AppError):
    """The input cannot be accepted as it is."""

    status, code, title = 400, "invalid", "Некорректные данные"


class Unauthorized(AppError):
    """Nobody, or nobody we can believe. One body for every reason."""

    status, code, title = 401, "unauthorized", "Требуется вход"

    def __init__(
        self,
        detail: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        errors: Mapping[str, str] | None = None,
        code: str | None = None,
        **fields: str,
    ) -> None:
        challenge = {"WWW-Authenticate": "Bearer", **(headers or {})}
        super().__init__(detail, headers=challenge, errors=errors, code=code, **fields)


class Forbidden(AppError):
    """Known, but not allowed."""

    status, code, title = 403, "forbidden", "Недостаточно прав"


class NotFound(AppError):
    """Absent, or another organisation's: the same answer."""

    status, code, title = 404, "not_found", "Не найдено"


class Conflict(AppError):
    """True input, wrong moment: the state of the object does not allow it."""

    status, code, title = 409, "conflict", "Действие сейчас невозможно"


class Stale(AppError):
    """If-Match names a version that is no longer the current one."""

    status, code, title = 412, "stale", "Данные уже изменены"


class TooLarge(AppError):
    """More bytes than this address takes."""

    status, code, title = 413, "too_large", "Слишком большой запрос"


class Unsupported(AppError):
    """A body in a format that is not read here."""

    status, code, title = 415, "unsupported_media_type", "Формат не поддерживается"


class Mismatch(AppError):
    """An Idempotency-Key that was already used with another body. Invalid input is 400, never this."""

    status, code, title = 422, "idempotency_mismatch", "Ключ уже использован с другими данными"


class TooMany(AppError):
    """A limit of calls is spent. `Retry-After` says when to come back."""

    status, code, title = 429, "too_many_requests", "Слишком много запросов"


class Unavailable(AppError):
    """Something we need is away for a while."""

    status, code, title = 503, "unavailable", "Сервис временно недоступен"


class Timeout(AppError):
    """The work did not fit into its time."""

    status, code, title = 504, "timeout", "Время ожидания истекло"
