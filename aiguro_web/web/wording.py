"""Russian words for refusals: HTTP statuses, and pydantic's errors by their type."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

STATUSES: dict[int, tuple[str, str, str]] = {  # status: code, title, detail
    400: ("invalid", "Некорректные данные", "Запрос составлен неверно"),
    401: ("unauthorized", "Требуется вход", "Войдите, чтобы продолжить"),
    403: ("forbidden", "Недостаточно прав", "Это действие вам недоступно"),
    404: ("not_found", "Не найдено", "Такого адреса или объекта нет"),
    405: ("method_not_allowed", "Метод не поддерживается", "Этот адрес не принимает такой метод"),
    406: ("not_acceptable", "Формат ответа не поддерживается", "В таком формате ответить нельзя"),
    408: ("request_timeout", "Запрос не дошёл", "Запрос не пришёл целиком за отведённое время"),
    409: ("conflict", "Действие сейчас невозможно", "Состояние объекта не позволяет это сделать"),
    410: ("gone", "Больше не существует", "Этот объект удалён"),
    411: ("length_required", "Нужна длина запроса", "Укажите Content-Length"),
    412: ("stale", "Данные уже изменены", "Обновите данные и повторите"),
    413: ("too_large", "Слишком большой запрос", "Запрос больше, чем принимает этот адрес"),
    414: ("uri_too_long", "Слишком длинный адрес", "Адрес запроса слишком длинный"),
    415: ("unsupported_media_type", "Формат не поддерживается", "Тело запроса в таком формате не принимается"),
    416: ("range_not_satisfiable", "Нет такого фрагмента", "Запрошенной части файла нет"),
    417: ("expectation_failed", "Ожидание не выполнено", "Заголовок Expect не поддерживается"),
    422: ("invalid", "Некорректные данные", "Запрос составлен неверно"),
    428: ("precondition_required", "Нужен If-Match", "Укажите версию данных в If-Match"),
    429: ("too_many_requests", "Слишком много запросов", "Подождите немного и повторите"),
    431: ("headers_too_large", "Слишком большие заголовки", "Заголовки запроса слишком большие"),
    500: ("internal", "Внутренняя ошибка", "Ошибка на нашей стороне. Мы уже знаем о ней"),
    501: ("not_implemented", "Не поддерживается", "Это действие не поддерживается"),
    502: ("bad_gateway", "Сбой связи", "Соседний сервис ответил непонятно"),
    503: ("unavailable", "Сервис временно недоступен", "Повторите через несколько секунд"),
    504: ("timeout", "Время ожидания истекло", "Запрос не уложился в отведённое время"),
}
_FALLBACK = "некорректное значение"
_TECHNICAL = ("function-", "lax-or-strict", "json-or-python", "constrained-")


def of_status(status: int) -> tuple[str, str, str]:
    """Code, title and detail of an HTTP status, for any status of 400 and above."""
    return STATUSES.get(status) or STATUSES[400 if status < 500 else 500]


def is_russian(text: str | None) -> bool:
    """Whether a sentence was written for our people (libraries write English)."""
    return bool(text) and re.search("[а-яё]", text or "", re.IGNORECASE) is not None


def genitive(number: int, one: str, many: str) -> str:
    """«21 символа», «5 символов»: the form after «не больше», «не меньше»."""
    return f"{number} {one if number % 10 == 1 and number % 100 != 11 else many}"


def _letters(key: str, comparison: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda ctx: f"{comparison} {genitive(ctx[key], 'символа', 'символов')}"


def _value_error(ctx: Mapping[str, Any]) -> str:
    """Our own validators speak Russian; what a library says in English is not shown."""
    text = str(ctx.get("error") or "")
    return text if is_russian(text) else _FALLBACK


_NUMBER, _WHOLE, _TEXT, _LIST = "нужно число", "нужно целое число", "нужна строка", "нужен список"
_DATE, _MOMENT, _OBJECT, _YES_NO = "нужна дата", "нужны дата и время в ISO 8601", "нужен объект", "нужно true или false"

PYDANTIC: dict[str, str | Callable[[Mapping[str, Any]], str]] = {
    "missing": "обязательное поле",
    "extra_forbidden": "лишнее поле",
    "frozen_field": "это поле менять нельзя",
    "none_required": "значение должно быть пустым (null)",
    "string_type": _TEXT,
    "string_unicode": "недопустимые символы",
    "string_too_short": lambda ctx: (
        "не может быть пустым" if ctx["min_length"] == 1 else _letters("min_length", "не короче")(ctx)
    ),
    "string_too_long": _letters("max_length", "не длиннее"),
    "string_pattern_mismatch": "неверный формат",
    "string_not_ascii": "только латиница и цифры",
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": "слишком большое число",
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "decimal_type": _NUMBER,
    "decimal_parsing": _NUMBER,
    "decimal_max_digits": lambda ctx: f"не больше {genitive(ctx['max_digits'], 'цифры', 'цифр')}",
    "decimal_max_places": lambda ctx: f"не больше {genitive(ctx['decimal_places'], 'знака', 'знаков')} после запятой",
    "decimal_whole_digits": lambda ctx: f"не больше {genitive(ctx['whole_digits'], 'цифры', 'цифр')} до запятой",
    "bool_type": _YES_NO,
    "bool_parsing": _YES_NO,
    "greater_than": lambda ctx: f"должно быть больше {ctx['gt']}",
    "greater_than_equal": lambda ctx: f"должно быть не меньше {ctx['ge']}",
    "less_than": lambda ctx: f"должно быть меньше {ctx['lt']}",
    "less_than_equal": lambda ctx: f"должно быть не больше {ctx['le']}",
    "multiple_of": lambda ctx: f"должно делиться на {ctx['multiple_of']}",
    "too_short": lambda ctx: f"не меньше {genitive(ctx['min_length'], 'элемента', 'элементов')}",
    "too_long": lambda ctx: f"не больше {genitive(ctx['max_length'], 'элемента', 'элементов')}",
    "enum": lambda ctx: f"допустимые значения: {ctx['expected']}".replace(" or ", ", "),
    "literal_error": lambda ctx: f"допустимые значения: {ctx['expected']}".replace(" or ", ", "),
    "list_type": _LIST,
    "tuple_type": _LIST,
    "set_type": _LIST,
    "dict_type": _OBJECT,
    "mapping_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "date_type": _DATE,
    "date_parsing": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_from_datetime_inexact": _DATE,
    "date_past": "дата должна быть в прошлом",
    "date_future": "дата должна быть в будущем",
    "datetime_type": _MOMENT,
    "datetime_parsing": _MOMENT,
    "datetime_object_invalid": _MOMENT,
    "datetime_from_date_parsing": _MOMENT,
    "datetime_past": "время должно быть в прошлом",
    "datetime_future": "время должно быть в будущем",
    "timezone_naive": "время без часового пояса",
    "timezone_aware": "укажите часовой пояс",
    "time_type": "нужно время",
    "time_parsing": "нужно время",
    "uuid_type": "нужен UUID",
    "uuid_parsing": "нужен UUID",
    "url_parsing": "нужен адрес (URL)",
    "url_type": "нужен адрес (URL)",
    "url_scheme": "адрес с такой схемой не принимается",
    "url_too_long": lambda ctx: f"не длиннее {genitive(ctx['max_length'], 'символа', 'символов')}",
    "union_tag_invalid": "неизвестный вид",
    "union_tag_not_found": "вид не указан",
    "json_invalid": "неверный JSON",
    "json_type": "нужен JSON",
    "recursion_loop": "слишком глубокая вложенность",
    "value_error": _value_error,
    "assertion_error": _value_error,
}


def of_pydantic(kind: str, ctx: Mapping[str, Any], message: str = "") -> str:
    """What is wrong with one value, in Russian. A custom error keeps its own words where they are Russian."""
    words = PYDANTIC.get(kind)
    if kind == "value_error" and "email" in message:
        return "неверный e-mail"
    if words is None:
        return message if is_russian(message) else _FALLBACK
    if isinstance(words, str):
        return words
    try:
        return words(ctx)
    except KeyError:
        return _FALLBACK


def pointer(path: tuple[int | str, ...]) -> str:
    """A JSON pointer (RFC 6901) of pydantic's location; the names that it gives to its own branches are left out."""
    parts = [str(part) for part in path if not (isinstance(part, str) and part.startswith(_TECHNICAL))]
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)


def of_validation(failure: ValidationError, most: int = 100) -> dict[str, str]:
    """Every error of a body or query by its pointer; the first `most` of them, never the values themselves."""
    found: dict[str, str] = {}
    for error in failure.errors(include_url=False, include_input=False):
        words = of_pydantic(error["type"], error.get("ctx") or {}, error["msg"])
        found.setdefault(pointer(error["loc"]), words)
        if len(found) == most:
            break
    return found
