"""The browser's session: its cookie, who it means, and where signing in may lead."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlencode, urlsplit

from flask import Flask, Request, Response, current_app, redirect, request, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_login import UserMixin, current_user, login_user
from limits import RateLimitItemPerSecond

from ..errors import Forbidden
from ..extensions import login
from ..services.access import Actor
from ..services.organizations import MembershipRow
from . import limits

HOME = "/dashboard/messengers"
DESK = "/dashboard/desk"  # the home of AIGURO's staff who belong to no organisation
LIFE = timedelta(days=14)
_TRIES = RateLimitItemPerSecond(5, 300, namespace="login")  # security.md: 5 tries in 5 minutes
_TRIES_OF_ADDRESS = ("login-address", 30, 300)  # whatever the accounts: hashing is dear
ORG = "org_id"  # the session's chosen organisation
ANOTHER_ORG = "another_organization"  # the code of a refusal that a page's background refreshes tell, too
VERSION = "version"  # the user's session_version when it began
_SAFE = ("GET", "HEAD", "OPTIONS")
_NOT_IN_A_PATH = re.compile(r"[\x00-\x20\x7f-\xa0\\]")  # browsers drop or turn these, and a path becomes a host
_USER_ID = re.compile(r"[1-9][0-9]{0,17}")


SignedIn = Callable[[int], tuple[Actor, list[MembershipRow]] | None]


class SessionUser(UserMixin):  # type: ignore[misc]
    """What Flask-Login keeps of a signed-in person."""

    def __init__(self, person: Actor, memberships: list[MembershipRow] | None = None) -> None:
        self.person, self.memberships = person, memberships or []
        self.id = str(person.user_id)


class SessionCookie(SecureCookieSessionInterface):
    """Secure as soon as the browser speaks TLS with us, or with the proxy that we trust."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Machines have no session: neither its cost, nor a cookie that could be mistaken for a right."""
        if request.path.startswith(("/api/", "/webhooks/")):
            return self.make_null_session(app)
        return super().open_session(app, request)

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure or str(app.config["PUBLIC_URL"]).startswith("https://")


def init_app(app: Flask, signed_in: SignedIn) -> None:
    """Bind Flask-Login without its context processor: an error page must not ask the database who is looking."""
    app.session_interface = SessionCookie()
    app.config.update(
        SESSION_COOKIE_NAME="aiguro_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=LIFE,
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session
    )
    app.extensions["aiguro_signed_in"] = signed_in
    login.init_app(app, add_context_processor=False)
    login.session_protection = None


@login.user_loader  # type: ignore[untyped-decorator]
def _load(user_id: str) -> SessionUser | None:
    if not _USER_ID.fullmatch(user_id):
        return None
    found = current_app.extensions["aiguro_signed_in"](int(user_id))
    if found is None or found[0].session_version != session.get(VERSION, 0):
        return None
    return SessionUser(*found)


def find_person() -> Actor | None:
    """Whom this session means, outside of any organisation; asks the database."""
    return current_user.person if current_user.is_authenticated else None


def find_memberships() -> list[MembershipRow]:
    """The organisations of `find_person`, which has asked for them, too."""
    found: list[MembershipRow] = current_user.memberships if current_user.is_authenticated else []
    return found


def begin(person: Actor) -> None:
    """Sign in: nothing of the session before survives, so that nobody can have planted it."""
    session.clear()
    session.permanent = True
    session[VERSION] = person.session_version
    login_user(SessionUser(person))


def end() -> None:
    """Forget this browser's session; a copy of its cookie ends by `users.end_sessions`."""
    session.clear()


def chosen_org() -> int | None:
    """The organisation that the person chose; whether they still belong to it is for the guard to say."""
    org_id = session.get(ORG)
    return org_id if isinstance(org_id, int) else None


def choose_org(org_id: int) -> None:
    """Remember the organisation for the next pages."""
    session[ORG] = org_id


def spend_try(account: str) -> None:
    """Count a try to sign in. Raises TooMany at the sixth in five minutes for this account from this address, and at
    the 31st from this address for whatever accounts."""
    limits.allow(*_TRIES_OF_ADDRESS, limits.address())
    limits.allow(_TRIES.namespace, _TRIES.amount, _TRIES.multiples, *_try_key(account))


def forgive_tries(account: str) -> None:
    """Somebody who knew the password was no attacker: their tries are counted from the beginning,
    but not those of their address: a known password must not buy endless hashing."""
    limits.forgive(_TRIES.namespace, _TRIES.amount, _TRIES.multiples, *_try_key(account))


def _try_key(account: str) -> tuple[str, str]:
    """Storages get a digest instead of an e-mail."""
    digest = hashlib.sha256(account.strip().lower().encode("utf-8", "surrogatepass")).hexdigest()
    return digest, limits.address().replace("/", "_")


def check_fetch_site() -> None:
    """A write must come from our own pages. Browsers that say nothing are left to the CSRF token. Raises Forbidden."""
    if request.method not in _SAFE and request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        raise Forbidden("Запрос пришёл с чужого сайта")


def local_path(target: str | None) -> str:
    """`target` if it is a path of this site that may follow signing in, else HOME."""
    if not target or len(target) > 2000 or not target.startswith("/") or target.startswith("//"):
        return HOME
    if _NOT_IN_A_PATH.search(target) or target.split("?")[0].rstrip("/") in ("", "/login", "/logout"):
        return HOME
    try:
        parts = urlsplit(target)
    except ValueError:
        return HOME
    return HOME if parts.scheme or parts.netloc or target.startswith("/login/") else target


def go_to(path: str) -> Response:
    """A redirect that HTMX follows too."""
    if request.headers.get("HX-Request") == "true":
        return Response(status=204, headers={"HX-Redirect": path})
    return redirect(path, 303)  # type: ignore[return-value]


def login_again() -> Response:
    """Where a page sends those who are not signed in; fragments and streams get a 401 instead of a page."""
    if request.headers.get("HX-Request") == "true":
        return Response(status=401, headers={"HX-Redirect": _login_path(_shown_path())})
    if request.accept_mimetypes.best == "text/event-stream":
        return Response(status=401)
    here_path = request.full_path.rstrip("?") if request.method in _SAFE else ""
    return redirect(_login_path(here_path), 303)  # type: ignore[return-value]


def _shown_path() -> str:
    """Path and query of the page that a fragment belongs to; '' when the browser tells nonsense."""
    try:
        here = urlsplit(request.headers.get("HX-Current-URL", ""))
    except ValueError:
        return ""
    return f"{here.path}?{here.query}" if here.query else here.path


def _login_path(back: str) -> str:
    back = local_path(back) if back else HOME
    return "/login" if back == HOME else "/login?" + urlencode({"next": back})
