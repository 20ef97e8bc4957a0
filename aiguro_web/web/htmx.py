"""HTMX: is it asking, which layout suits, and a toast with the answer."""

from __future__ import annotations

import json
from typing import Literal

from flask import Flask, Response, after_this_request, request
from htmx_flask import Htmx

Kind = Literal["success", "error", "info", "warning"]
BARE, WHOLE = "layouts/bare.html", "layouts/app.html"

htmx = Htmx()


def init_app(app: Flask) -> None:
    """Bind htmx-flask; templates get `layout()` and `is_htmx()`."""
    htmx.init_app(app)
    app.jinja_env.globals.update(layout=layout, is_htmx=is_htmx)


def is_htmx() -> bool:
    """Whether a fragment is asked for: a request of htmx that neither boosts a link nor restores its history."""
    headers = request.headers
    return (
        headers.get("HX-Request") == "true"
        and headers.get("HX-Boosted") != "true"
        and headers.get("HX-History-Restore-Request") != "true"
    )


def layout(whole: str = WHOLE) -> str:
    """The template that a page extends: bare for a fragment, else `whole`."""
    return BARE if is_htmx() else whole


def toast(message: str, kind: Kind = "success") -> None:
    """Show a message with this answer; other triggers of the answer stay."""

    def tell(response: Response) -> Response:
        add_trigger(response, "toast", {"message": message, "kind": kind})
        return response

    after_this_request(tell)


def add_trigger(response: Response, event: str, detail: object = None) -> None:
    """Add an event to HX-Trigger. Headers are ASCII, so the JSON is."""
    given = response.headers.get("HX-Trigger", "")
    if given.startswith("{"):
        events = json.loads(given)
    else:
        events = {name.strip(): None for name in given.split(",") if name.strip()}
    events[event] = detail
    response.headers["HX-Trigger"] = json.dumps(events)
