"""Guards: who is asking. Each door names one; it runs before the view, in a short transaction of its own.

`bearer`: a token in the Authorization header, cookies ignored. `resolved` and `support`: the same, and the organisation
of a call without one in its path. `page`: the browser's session. `desk`: the same, AIGURO's staff alone, outside of all
organisations. `public`: nobody in particular. A guard sets `g.who`, `g.rate_key` and, for tokens, `g.identity`; it
answers None, a response instead of the view's, or raises AppError.
"""

from __future__ import annotations

import contextlib
import logging
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Protocol

from flask import Flask, Response, after_this_request, current_app, g, request
from joserfc.jwk import OKPKey, RSAKey

from ..errors import Conflict, Forbidden, NotFound, Unauthorized, Unavailable
from ..extensions import db, enter_organization
from ..services import organizations
from ..services.access import Actor
from . import active_org, body, limits, sessions
from .active_org import NO_ORG
from .jwks import JwksCache, JwksDown
from .remembered import Remembered
from .tenancy import read_id
from .tokens import ClerkRules, Identity, Pending, Refused, Verifier, fingerprint

log = logging.getLogger(__name__)

ACTOR_FOR = 15  # seconds a removed member or a revoked token may still be let in
ACTORS_MAX = 10_000
_BEARER = re.compile(r"bearer +([\x21-\x7e]+)", re.IGNORECASE)


@dataclass(frozen=True)
class Guard:
    """What a door is given: `guard(view_args)`."""

    kind: str
    run: Callable[[dict[str, Any]], Response | None]

    def __call__(self, view_args: dict[str, Any]) -> Response | None:
        return self.run(view_args)


class Recognize(Protocol):
    """`services.users.recognize`: this room knows no noun, so `create_app` hands it in."""

    def __call__(
        self, issuer: str, subject: str, *, user_id: int | None, jti: str | None,
        org_gid: str | None, org_role: str | None,
    ) -> Actor | None: ...  # fmt: skip


@dataclass
class _State:
    """What one application keeps between requests."""

    verifier: Verifier
    recognize: Recognize
    session_person: Callable[[int], Actor | None]
    actors: Remembered[tuple[bytes, int | None], Actor]


def init_app(
    app: Flask,
    *,
    own_key: Callable[[str], OKPKey | None],
    recognize: Recognize,
    session_person: Callable[[int], Actor | None],
    signed_in: sessions.SignedIn,
) -> None:
    """Read Clerk's settings, bind the session. The functions are those of services/signing and services/users."""
    issuer = app.config["CLERK_ISSUER"]
    rules = ClerkRules(issuer, frozenset(app.config["CLERK_AUTHORIZED_PARTIES"])) if issuer else None
    jwks = JwksCache(app.config["CLERK_JWKS_URL"] or f"{issuer}/.well-known/jwks.json")

    def clerk_key(kid: str) -> RSAKey | None:
        return jwks.key(kid)

    def own_key_of(kid: str) -> OKPKey | None:
        with own_transaction():
            return own_key(kid)

    app.extensions["aiguro_auth"] = _State(
        Verifier(rules, clerk_key, own_key_of), recognize, session_person, Remembered(ACTORS_MAX)
    )
    sessions.init_app(app, signed_in)
    app.before_request(_nowhere)


def _nowhere() -> None:
    """A call of an address that is not there costs as any other: of its token's user, else of its address."""
    if request.routing_exception is not None and request.path.startswith("/api/"):
        with contextlib.suppress(Unauthorized, Forbidden, Unavailable):
            _verified(_state(), _header_token())


def forget(user_id: int | None = None) -> None:
    """Let go of what this process remembers: of one user, so that a removal holds at once, or of all."""
    state = _state()
    if user_id is None:
        state.verifier.remembered.forget()
    state.actors.forget(None if user_id is None else lambda key, who: who.user_id == user_id)


def forget_organization(org_id: int) -> None:
    """Let go of everybody inside this organisation, as soon as the request has committed its end."""

    def let_go(response: Response) -> Response:
        _state().actors.forget(lambda key, who: who.org == org_id)
        return response

    after_this_request(let_go)


def still(who: Actor) -> bool:
    """Whether this person is still who they were when a stream began: same role in the same organisation, not signed
    out since."""
    with own_transaction():
        person = _state().session_person(who.user_id) if who.user_id is not None else None
        return person is not None and who == (person if who.org is None else _inside(person, who.org))


def _bearer(view_args: dict[str, Any]) -> None:
    state, token = _state(), _header_token()
    g.identity = identity = _verified(state, token)
    org_id = _org_of(view_args)
    g.who = _actor(state, identity, (fingerprint(token or ""), org_id))


def _resolving(*, desk: bool) -> Callable[[dict[str, Any]], None]:
    """As `_bearer`, for calls without an organisation in their path."""

    def run(view_args: dict[str, Any]) -> None:
        _bearer({})
        with own_transaction():
            g.who = active_org.choose(g.who, g.identity.org_gid, desk=desk)

    return run


def _page(view_args: dict[str, Any]) -> Response | None:
    g.rate_key = None
    sessions.check_fetch_site()
    with own_transaction():
        person = sessions.find_person()
        rows = sessions.find_memberships()
    after_this_request(_unkept)
    if person is None:
        return sessions.login_again()
    body.refuse_nul()
    chosen = sessions.chosen_org()
    row = next((row for row in rows if row["org_id"] == chosen), rows[0] if rows else None)
    if row is None and not person.staff:
        raise Forbidden("Вас пока не пригласили ни в одну организацию. Попросите приглашение у её администратора.")
    if row is None and request.path == sessions.HOME:
        return sessions.go_to(sessions.DESK)
    _same_organization(row["org_id"] if row else None)
    g.memberships = rows
    g.timezone = row["timezone"] if row else None
    g.who = replace(person, org=row["org_id"], role=row["role"]) if row else person
    return None


def _same_organization(org_id: int | None) -> None:
    """A page says which organisation it shows: what a tab left open would do in another one is refused."""
    shown = request.headers.get("X-Organization")
    if shown is not None and shown != str(org_id):
        words = "В другой вкладке открыта другая организация. Обновите страницу"
        raise Conflict(words, code=sessions.ANOTHER_ORG)


def _desk(view_args: dict[str, Any]) -> Response | None:
    """As `_page`, for AIGURO's staff alone: outside of every organisation, and without the role that they may have in
    one of theirs, so that it cannot follow them into another's. For everybody else the desk is not there."""
    answer = _page(view_args)
    if answer is None:
        if not g.who.staff:
            raise NotFound("Не найдено")
        g.who = replace(g.who, org=None, role=None)
    return answer


def _unkept(response: Response) -> Response:
    """Back, after signing out, must show nothing."""
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _public(view_args: dict[str, Any]) -> None:
    g.rate_key = None
    g.who = Actor("person", None)


bearer = Guard("bearer", _bearer)
resolved = Guard("bearer", _resolving(desk=False))  # staff are members there, or nobody
support = Guard("bearer", _resolving(desk=True))  # staff are at their desk: any organisation's, or all
page = Guard("page", _page)
desk = Guard("page", _desk)
public = Guard("public", _public)


def _header_token() -> str | None:
    """The token of exactly one Authorization header (a server joins several ones by commas, which no token has)."""
    headers = request.headers.getlist("Authorization")
    found = _BEARER.fullmatch(headers[0]) if len(headers) == 1 else None
    return found[1] if found else None


def _verified(state: _State, token: str | None) -> Identity:
    """Who the token speaks for; spends the user's budget of calls, or the address's when there is no good token.

    Nobody pays for our own outage: without keys or the database nothing is known of the token, and nothing spent.
    """
    g.rate_key = None
    try:
        if token is None:
            raise Refused("no bearer token")
        identity = state.verifier.verify(token)
    except Pending as pending:
        g.rate_key = ("user", pending.identity.subject)
        limits.spend()
        raise Forbidden("Вход ещё не завершён: закончите его там, где начали") from None
    except Refused as refused:
        log.info("token refused: %s", refused)
        limits.spend()
        raise Unauthorized from None
    except JwksDown:
        raise Unavailable("Ключи проверки входа сейчас недоступны", headers={"Retry-After": "5"}) from None
    g.rate_key = ("user", identity.subject)
    limits.spend()
    return identity


def _actor(state: _State, identity: Identity, key: tuple[bytes, int | None]) -> Actor:
    """Who acts, inside the asked organisation if one was asked for. Raises Unauthorized, Forbidden."""
    known = state.actors.get(key)
    if known is not None:
        return known
    org_id = key[1]
    with own_transaction():
        who = state.recognize(
            identity.issuer, identity.subject, user_id=identity.user_id, jti=identity.jti,
            org_gid=identity.org_gid, org_role=identity.org_role,
        )  # fmt: skip
        found = _inside(who, org_id) if who is not None and org_id is not None else who
    if who is None:
        log.info("token refused: its user or the token itself was switched off")
        limits.allow(
            limits.ADDRESS, *limits.BUDGETS[limits.ADDRESS], limits.address()
        )  # no good token: the address pays
        raise Unauthorized
    if found is None:
        raise Forbidden(NO_ORG)
    state.actors.put(key, found, time.time() + ACTOR_FOR)
    return found


def _inside(person: Actor, org_id: int) -> Actor | None:
    """The person as a member of that organisation; None for those who are not."""
    rows = organizations.list_memberships(person.user_id) if person.user_id is not None else []
    role = next((row["role"] for row in rows if row["org_id"] == org_id), None)
    return replace(person, org=org_id, role=role) if role is not None else None


def _org_of(view_args: dict[str, Any]) -> int | None:
    """The `<org>` of the route; None for routes without one. An id that cannot be one is no one's. Raises Forbidden."""
    if "org" not in view_args:
        return None
    org_id = read_id(str(view_args["org"]))
    if org_id is None:
        raise Forbidden(NO_ORG)
    return org_id


def _state() -> _State:
    state: _State = current_app.extensions["aiguro_auth"]
    return state


@contextmanager
def own_transaction() -> Iterator[None]:
    """Short, outside of every organisation; what first sight created is kept whatever the view does."""
    enter_organization(None)
    try:
        yield
        db.session.commit()
    except BaseException:
        db.session.rollback()
        raise
    finally:
        enter_organization(None)
