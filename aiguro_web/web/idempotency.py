"""Idempotency-Key on every POST (contract.md §1): the first call works, its repeats get its answer byte for byte.

The key is reserved, and that committed, before the work; the answer is kept in the work's own transaction. A refusal
did nothing: it lets the key go. Bodies are compared by an HMAC; of a form with files, over its parts.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Response, current_app, g, request

from .. import deadlines
from ..errors import Invalid
from ..extensions import db, enter_organization
from ..services import idempotency
from ..services.access import Actor
from . import body, multipart

KEY_MAX = 255  # characters
TIDY = 5  # seconds to let a key go when the request's own time is over
KEPT_HEADERS = ("Content-Type", "Location", "HX-Trigger", "HX-Push-Url")
REPLAYED = ("Idempotent-Replayed", "true")
_CALL = "aiguro.idempotent_call"


@dataclass(slots=True)
class _Call:
    who: Actor
    route: str
    key: str
    place: bytes  # the route's arguments and the query: the same key elsewhere is another request
    digest: bytes  # empty until a form was read
    since: datetime | None = None  # when it was reserved: whoever takes over a dead call's key has another moment


def once(route: str, arguments: dict[str, Any], work: Callable[[], Response]) -> Response:
    """`work`, or what it answered before. Raises Invalid, Conflict, Mismatch."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return work()
    if not 1 <= len(key) <= KEY_MAX or not (key.isascii() and key.isprintable()):
        raise Invalid(
            "Неверный Idempotency-Key", errors={"Idempotency-Key": f"от 1 до {KEY_MAX} печатных знаков ASCII"}
        )
    place = repr((sorted(arguments.items()), sorted(request.args.items(multi=True)))).encode()
    streamed = multipart.is_multipart()
    call = _Call(g.who, route, key, place, b"" if streamed else _hmac(place, body.raw()))
    with _transaction(call.who):
        answer = idempotency.reserve(call.who, route, key, call.digest)
    if isinstance(answer, idempotency.Answer):
        if streamed:
            idempotency.same(answer, _hmac(place, multipart.digest()))
        return Response(answer.body, answer.status, headers=[*answer.headers.items(), REPLAYED])
    call.since = answer
    request.environ[_CALL] = call
    try:
        return work()
    except BaseException:
        with deadlines.apart(TIDY), _transaction(call.who):
            idempotency.release(call.who, route, key, answer)
        raise


def keep(response: Response) -> None:
    """Within the work's transaction, before its commit: note what it answers."""
    call: _Call | None = request.environ.get(_CALL)
    if call is None:
        return
    if response.status_code >= 400:
        idempotency.release(call.who, call.route, call.key, call.since)
        return
    digest = call.digest or _hmac(call.place, multipart.digest())
    headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    idempotency.keep(
        call.who, call.route, call.key, call.since, digest, (response.status_code, headers, response.get_data())
    )


@contextmanager
def _transaction(who: Actor) -> Iterator[None]:
    """A short one of its own, committed."""
    db.session.remove()
    enter_organization(who.org)
    try:
        yield
        db.session.commit()
    finally:
        db.session.remove()


def _hmac(place: bytes, content: bytes) -> bytes:
    secret = str(current_app.config["SECRET_KEY"]).split(",")[0].encode()
    derived = hashlib.blake2b(secret, digest_size=32, person=b"aiguro.idempot").digest()
    return hmac.digest(derived, len(place).to_bytes(4, "big") + place + content, "sha256")
