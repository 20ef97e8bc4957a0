"""The live stream of the pages: names of what changed in the viewer's organisation, never the content itself."""

from __future__ import annotations

import time
from collections.abc import Iterator

from flask import Flask, Response, current_app, g, request
from sqlalchemy.exc import SQLAlchemyError

from .. import live
from ..services import staff_desk, topics
from ..services.access import Actor
from ..web import auth, tenancy
from ..web.door import Door

bp = Door("live", __name__, guard=auth.page, url_prefix="/dashboard/live")

BEAT = 15.0  # seconds between signs of life
CHECK = 30.0  # seconds after which a removed member is let go
PERSON_MAX = 30  # streams of one person, whose tabs must not take everybody's
OPEN_MAX = 5  # things of a kind that one page has open
PAUSE = 0.2  # seconds in which further changes gather into one event


@bp.get("")
def stream() -> Response:
    """Server-sent events: `changed` with names (`dialogs`, `dialog-<uuid>`, `*` for all), `beat` as a sign of life.

    `?dialog=<uuid>`, `?ticket=<id>`, `?client=<id>` add what is open, several if need be.
    """
    who: Actor = g.who
    if who.org is None:  # support at its desk, outside of every organisation
        staff_desk.must_be_staff(who)
        wanted = [topics.desk()]
    else:
        who.must("read")
        wanted = _wanted(who)
    response = Response(mimetype="text/event-stream")
    every: int = current_app.config["STREAMS_MAX"]
    live.seats.take(response, {live.ALL: every, f"person {who.user_id}": min(every, PERSON_MAX)})
    response.response = _events(current_app._get_current_object(), who, wanted)  # type: ignore[attr-defined]
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"  # nginx must pass each event on at once
    return response


def _wanted(who: Actor) -> list[str]:
    """What every page hears, and what stands open on this one."""
    org = who.home
    wanted = [topics.dialogs(org), topics.connections(org), topics.clients(org), topics.tickets(org), topics.work(org)]
    if who.user_id is not None:
        wanted.append(topics.person(org, who.user_id))
    if who.staff:
        wanted.append(topics.desk())
    for text in request.args.getlist("dialog")[:OPEN_MAX]:
        uuid = tenancy.get_uuid(text)
        wanted += [topics.dialog(org, uuid), topics.presence(org, uuid)]
    wanted += [topics.ticket(org, tenancy.get_id(text)) for text in request.args.getlist("ticket")[:OPEN_MAX]]
    wanted += [topics.client(org, tenancy.get_id(text)) for text in request.args.getlist("client")[:OPEN_MAX]]
    return wanted


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
