"""An application for a real server."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from aiguro_web.web.body import read_json, respond

from .apps import small_app


class Text(BaseModel):
    text: str


app = small_app()


@app.post("/api/text")
def text() -> Any:
    """How long the text is."""
    return respond({"length": len(read_json(Text).text)})
