"""`GET /api/openapi.json`: what this API takes and answers, for programs (OpenAPI 3.1)."""

from __future__ import annotations

import json
from typing import Any

from flask import Flask, Response, current_app

from ..web import auth, conditional, limits
from ..web.body import respond
from ..web.door import Door
from .description import document

bp = Door("api_openapi", __name__, guard=auth.public, url_prefix="/api")

_KEPT = "aiguro_openapi"


@bp.get("/openapi.json")
def show() -> Response:
    """The document, made once a process."""
    limits.spend()
    text, tag = _written(current_app)
    return respond(text, headers={"ETag": tag})


def described(app: Flask) -> dict[str, Any]:
    """The document itself."""
    kept: dict[str, Any] | None = app.extensions.get(_KEPT)
    if kept is None:
        kept = app.extensions[_KEPT] = document.build(app)
    return kept


def _written(app: Flask) -> tuple[bytes, str]:
    kept: tuple[bytes, str] | None = app.extensions.get(f"{_KEPT}_json")
    if kept is None:
        text = json.dumps(described(app), ensure_ascii=False, separators=(",", ":")).encode()
        kept = app.extensions[f"{_KEPT}_json"] = text, conditional.etag_of(text)
    return kept
