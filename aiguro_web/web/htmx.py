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


def toast(message: str, kind: Kind = "success", *, undo: str = "") -> None:
    """Show a message with this answer, with a button that posts to the address `undo`; other triggers stay."""
    _tell("toast", {"message": message, "kind": kind} | ({"undo": undo} if undo else {}))


def refresh(*names: str) -> None:
    """Let what listens to these names (`data-live`) fetch itself anew at once, not only by the stream."""
    _tell("refresh", {"names": names})


def close(place: Literal["modal", "drawer"] = "modal") -> None:
    """Close the dialog that the request came from."""
    _tell(f"close-{place}")


def _tell(event: str, detail: object = None) -> None:
    def tell(response: Response) -> Response:
        add_trigger(response, event, detail)
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
