"""The live stream of the pages: names of what changed in the viewer's organisation, never the content itself."""

from __future__ import annotations

import time
from collections.abc import Iterator

from flask import Flask, Response, current_app, g, request
from sqlalchemy.exc import SQLAlchemyError

from .. import live
from ..services import topics
from ..services.access import Actor
from ..web import auth, tenancy
from ..web.door import Door

bp = Door("live", __name__, guard=auth.page, url_prefix="/dashboard/live")

BEAT = 15.0  # seconds between signs of life
CHECK = 30.0  # seconds after which a removed member is let go
PAUSE = 0.2  # seconds in which further changes gather into one event


@bp.get("")
def stream() -> Response:
    """Server-sent events: `changed` with names (`dialogs`, `dialog-<uuid>`, `*` for all), `beat` as a sign of life.

    `?dialog=<uuid>` adds the dialog that is open.
    """
    who: Actor = g.who
    who.must("read")
    wanted = [topics.dialogs(who.home), topics.connections(who.home)]
    if "dialog" in request.args:
        wanted.append(topics.dialog(who.home, tenancy.get_uuid(request.args["dialog"])))
    response = Response(mimetype="text/event-stream")
    live.seats.take(response, {live.ALL: current_app.config["STREAMS_MAX"]})
    response.response = _events(current_app._get_current_object(), who, wanted)  # type: ignore[attr-defined]
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"  # nginx must pass each event on at once
    return response


def _events(app: Flask, who: Actor, wanted: list[str]) -> Iterator[str]:
    checked = time.monotonic()
    with live.listen(wanted) as subscription:
        yield _event("beat")
        while True:
            came = subscription.wait(BEAT)
            if subscription.closed:
                return
            if time.monotonic() - checked >= CHECK:
                if not _still(app, who):
                    return
                checked = time.monotonic()
            if came:
                yield _event("changed", " ".join(sorted(topic.rpartition(":")[2] for topic in came)))
                time.sleep(PAUSE)
            else:
                yield _event("beat")


def _event(name: str, data: str = "") -> str:
    return f"event: {name}\ndata: {data}\n\n"


def _still(app: Flask, who: Actor) -> bool:
    """While the database is away nothing can change, and nothing is told."""
    try:
        with app.app_context():  # of its own: the request and what it held are long over
            return auth.still(who)
    except SQLAlchemyError:
        return True
