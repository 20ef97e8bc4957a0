"""Paths are exact: ids in ASCII digits without leading zeros, no redirects for slashes, no NUL in an address."""

from __future__ import annotations

from typing import Any

from flask import Flask, request
from werkzeug.routing import BaseConverter, ValidationError

from ..errors import Invalid, NotFound

ID_MAX = 2**63 - 1


class WholeNumber(BaseConverter):
    """`<int:…>` of this application. werkzeug's own takes Arabic digits and fails on 5000 of them."""

    regex = r"(?:0|[1-9][0-9]{0,18})"

    def to_python(self, value: str) -> int:
        number = int(value)
        if number > ID_MAX:
            raise ValidationError
        return number

    def to_url(self, value: Any) -> str:
        return str(int(value))


def init_app(app: Flask) -> None:
    """Bind before the first route."""
    app.url_map.converters["int"] = WholeNumber
    app.url_map.merge_slashes = False
    app.url_map.redirect_defaults = False


def refuse_nul() -> None:
    """Raises NotFound, Invalid for an address with bytes that nothing here can be named by, and for one that werkzeug
    would straighten (`//api`): what looks at the bare path must see what was routed."""
    if "//" in request.environ["PATH_INFO"]:
        raise NotFound
    if "\x00" in request.path or "\ufffd" in request.path:  # U+FFFD: the bytes were no UTF-8
        raise NotFound
    if b"%00" in request.query_string or b"\x00" in request.query_string:
        raise Invalid("В адресе недопустимый символ (NUL)")
