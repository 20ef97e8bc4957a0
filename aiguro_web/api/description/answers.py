"""What an operation answers: its success, what did not change, and every refusal as problem+json (RFC 9457)."""

from __future__ import annotations

from typing import Any

from ... import errors
from ...web.failures import PROBLEM
from ...web.operation import Operation
from ...web.wording import of_status
from . import texts
from .parameters import example_path, tagged
from .schemas import REF, Schema, Shapes

JSON = "application/json"
BYTES = "application/octet-stream"

_KNOWN = {kind.status: kind for kind in errors.AppError.__subclasses__()}
_DETAILS = {
    400: "Проверьте поля запроса",
    403: "Для этого действия не хватает прав",
    404: "Не найдено",
    409: "Этот же запрос уже выполняется",
    412: "Данные изменились с тех пор, как вы их открыли. Обновите и повторите",
    413: "Запрос больше 1024 КиБ",
    415: "Нужен Content-Type: application/json",
    422: "Этот Idempotency-Key уже использован с другими данными",
    429: "Слишком много запросов. Повторите через 12 с",
}
_NAMES = {
    401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 405: "MethodNotAllowed", 409: "Conflict", 412: "Stale",
    413: "TooLarge", 415: "Unsupported", 422: "Mismatch", 429: "TooMany", 500: "Internal", 503: "Unavailable",
    504: "Timeout",
}  # fmt: skip
_OWN_HEADERS = {401: "WWW-Authenticate", 405: "Allow", 429: "Retry-After", 503: "Retry-After"}

_WORD: Schema = {"type": "string", "minLength": 1}
PROBLEM_SCHEMA: Schema = {
    "type": "object",
    "description": "Ошибка (RFC 9457).",
    "required": ["type", "title", "status", "detail", "instance", "error", "code", "request_id"],
    "properties": {
        "type": {"type": "string", "description": "Всегда `about:blank`: вид ошибки называет `code`"},
        "title": {**_WORD, "description": "Коротко, одинаково для всех ошибок этого вида"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {**_WORD, "description": "Что случилось, для людей"},
        "instance": {"type": "string", "description": "Путь запроса"},
        "error": {**_WORD, "description": "То же, что `detail`; у `POST /api/token` — слово из RFC 6749"},
        "code": {**_WORD, "description": "Слово для программ"},
        "request_id": {"type": "string", "description": "Номер запроса в нашем журнале, он же `X-Request-Id`"},
        "errors": {
            "type": "array",
            "description": "Что не так с полями",
            "items": {
                "type": "object",
                "required": ["pointer", "message"],
                "properties": {
                    "pointer": {"type": "string", "description": "Указатель JSON на поле или имя параметра"},
                    "message": {**_WORD, "description": "Объяснение"},
                },
            },
        },
    },
}

HEADERS: dict[str, tuple[Schema, str, str]] = {
    "X-Request-Id": ({"type": "string"}, "9f2c4e1ab07d5c36", "Номер запроса в нашем журнале"),
    "RateLimit-Policy": ({"type": "string"}, '"user";q=1000;w=60', "Сколько вызовов (`q`) за сколько секунд (`w`)"),
    "RateLimit": ({"type": "string"}, '"user";r=987;t=12', "Сколько осталось (`r`), через сколько секунд место (`t`)"),
    "Cache-Control": ({"type": "string"}, "private, no-cache", "Можно ли хранить ответ"),
    "ETag": ({"type": "string"}, '"8a2f0c51d1e94d63b0f4d3d2b9a7c6e5"', "Версия ответа для `If-None-Match`, `If-Match`"),
    "Link": (
        {"type": "string"}, '</api/organization/1/funnels?limit=100&page=2>; rel="next"',
        "Соседние страницы (RFC 8288): `first`, `prev`, `next`, `last`; при обходе по `cursor` — только `next`",
    ),
    "X-Total-Count": ({"type": "integer", "minimum": 0}, "42", "Сколько всего строк, если это сосчитано"),
    "Location": ({"type": "string"}, "/api/organization/1/funnel/3", "Где теперь лежит созданное"),
    "Idempotent-Replayed": ({"type": "string", "const": "true"}, "true", "Это повтор прежнего ответа"),
    "WWW-Authenticate": ({"type": "string"}, "Bearer", "Как представиться"),
    "Retry-After": ({"type": "integer", "minimum": 0}, "12", "Через сколько секунд повторить"),
    "Allow": ({"type": "string"}, "GET, HEAD, OPTIONS", "Методы, которые адрес принимает"),
    "Content-Range": ({"type": "string"}, "bytes 0-1023/48213", "Какая это часть и сколько байт всего"),
    "Content-Disposition": ({"type": "string"}, "attachment; filename=price.pdf", "Имя файла"),
}  # fmt: skip


def header_components() -> dict[str, Schema]:
    """Every header that answers carry."""
    return {
        name: {"description": words, "schema": schema, "example": _typed(schema, example)}
        for name, (schema, example, words) in HEADERS.items()
    }


def response_components() -> dict[str, Schema]:
    """The refusals that read the same everywhere."""
    return {name: _refusal(status, _problem(status)) for status, name in _NAMES.items()}


def of_operation(operation: Operation, shapes: Shapes) -> dict[str, Schema]:
    """Every answer of an operation by its status."""
    found: dict[str, Schema] = {}
    for status in (operation.status, *operation.also):
        found[str(status)] = _success(operation, status, shapes)
    if tagged(operation):
        found["304"] = {"description": texts.STATUSES[304], "headers": _headers(*_always(operation), "ETag")}
    for status in refusals(operation):
        if status in _NAMES:
            found[str(status)] = {"$ref": f"#/components/responses/{_NAMES[status]}"}
        else:
            found[str(status)] = _refusal(status, _problem(status, operation, shapes))
    return found


def refusals(operation: Operation) -> list[int]:
    """Every status of 400 and above that it may answer: those of its kind, and its own."""
    found = {400, 405, 429, 500, 503, 504, *operation.refuses}
    if operation.guard != "public":
        found |= {401, 403}
    if operation.rule.count("<") > operation.rule.count("<org>"):
        found.add(404)
    if operation.takes is not None or operation.form is not None:
        found |= {413, 415}
    if operation.method == "POST" and operation.once:
        found |= {409, 413, 422}
    if operation.match:
        found.add(412)
    return sorted(found)


def _success(operation: Operation, status: int, shapes: Shapes) -> Schema:
    names = [*_always(operation), *(["ETag"] if tagged(operation) else [])]
    names += ["Location"] if status == 201 else []
    names += ["Idempotent-Replayed"] if operation.method == "POST" and operation.once else []
    names += ["Content-Disposition"] if operation.gives is None else []
    names += ["Content-Range"] if status == 206 else []
    answer: Schema = {"description": texts.STATUSES[status], "headers": _headers(*names)}
    if operation.gives is None:
        answer["content"] = {BYTES: {"schema": {"type": "string", "format": "binary"}}}
    else:
        schema = shapes.schema(operation.gives, "serialization")
        answer["content"] = {JSON: {"schema": schema, "example": shapes.example(schema)}}
    return answer


def _always(operation: Operation) -> list[str]:
    """What its successes carry, an unchanged one too."""
    pages = ["Link", "X-Total-Count"] if operation.listed else []
    return ["X-Request-Id", "RateLimit-Policy", "RateLimit", "Cache-Control", *pages]


def _refusal(status: int, example: Schema) -> Schema:
    names = ["X-Request-Id", *([_OWN_HEADERS[status]] if status in _OWN_HEADERS else [])]
    names += ["RateLimit-Policy", "RateLimit"]
    return {
        "description": texts.STATUSES.get(status) or of_status(status)[1],
        "headers": _headers(*names),
        "content": {PROBLEM: {"schema": {"$ref": f"{REF}Problem"}, "example": example}},
    }


def _problem(status: int, operation: Operation | None = None, shapes: Shapes | None = None) -> Schema:
    code, title, detail = of_status(status)
    kind = _KNOWN.get(status)
    sentence = _DETAILS.get(status, detail)
    body: Schema = {
        "type": "about:blank",
        "title": kind.title if kind else title,
        "status": status,
        "detail": sentence,
        "instance": example_path(operation) if operation else "/api/organization/1/clients",
        "error": sentence,
        "code": kind.code if kind else code,
        "request_id": HEADERS["X-Request-Id"][1],
    }
    if operation is not None and shapes is not None and status == 400:
        wrong = _wrong_field(operation, shapes)
        if wrong is None:
            body["detail"] = body["error"] = detail
        else:
            body["errors"] = [{"pointer": f"/{wrong[0]}", "message": wrong[1]}]
    return body


def _wrong_field(operation: Operation, shapes: Shapes) -> tuple[str, str] | None:
    """A field that could be wrong, and the words for it."""
    model = operation.takes or operation.form
    if model is not None:
        shape = shapes.resolved(shapes.schema(model, "validation"))
        needed, known = shape.get("required", []), list(shape.get("properties", {}))
        if needed:
            return needed[0], "обязательное поле"
        if known:
            return known[0], "некорректное значение"
    return ("limit", "должно быть не больше 1000") if operation.listed else None


def _headers(*names: str) -> dict[str, Schema]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _typed(schema: Schema, example: str) -> Any:
    return int(example) if schema["type"] == "integer" else example
