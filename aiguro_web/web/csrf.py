"""The token that a page's write must bring."""

from __future__ import annotations

from typing import cast

from flask import current_app, request
from flask_wtf import CSRFProtect


class Csrf(CSRFProtect):  # type: ignore[misc]
    """A form with files is read by its view, piece by piece: its token comes in a header, while nothing is read yet."""

    def _get_csrf_token(self) -> str | None:
        if request.mimetype != "multipart/form-data":
            return cast("str | None", super()._get_csrf_token())
        names = current_app.config["WTF_CSRF_HEADERS"]
        return next((request.headers[name] for name in names if name in request.headers), None)


csrf = Csrf()
