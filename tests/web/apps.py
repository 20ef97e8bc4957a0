"""Small Flask applications around the toolkit."""

from __future__ import annotations

import json
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from aiguro_web.web import toolkit


def small_app(**config: Any) -> Flask:
    """An application with the whole toolkit and no routes but its own; its log goes to stdout."""
    app = Flask("small", template_folder=None, static_folder=None)
    app.config.update(SECRET_KEY="k" * 40, TESTING=True, AIGURO_ENV="test")
    app.config.update(config)
    toolkit.init_app(app)
    return app


def problem(response: TestResponse, status: int) -> dict[str, Any]:
    """The problem of a refused call, checked for everything that the contract promises of each."""
    assert response.status_code == status, response.get_data(as_text=True)
    assert response.content_type == "application/problem+json"
    body: dict[str, Any] = json.loads(response.data)
    assert {"type", "title", "status", "detail", "instance", "error", "code", "request_id"} <= set(body)
    assert body["status"] == status
    assert isinstance(body["error"], str)
    assert body["error"]
    assert body["request_id"] == response.headers["X-Request-Id"]
    assert any("а" <= letter <= "я" for letter in body["error"].lower()), body["error"]
    return body


def lines(text: str, event: str) -> list[dict[str, Any]]:
    """The log's lines of one event."""
    parsed = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return [line for line in parsed if line["event"] == event]
