"""Signing in and out: by password, at Clerk; and choosing the organisation that the pages show."""

from __future__ import annotations

import logging

from flask import Response, current_app, g, make_response, render_template, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from ..errors import AppError, Forbidden, Invalid, TooMany
from ..services import users
from ..web import active_org, auth, body, oidc, sessions
from ..web.door import Door, outside
from .forms.auth import ChooseOrgForm, LoginForm

log = logging.getLogger(__name__)
bp = Door("auth", __name__, guard=auth.public)
inside = Door("session", __name__, guard=auth.page)
_NEXT = "after_clerk"


@bp.route("/login", methods=["GET", "POST"])
def login() -> AnyResponse:
    """The form, and what it sends."""
    sessions.check_fetch_site()
    form = LoginForm()
    if request.method != "POST":
        form.next.data = sessions.local_path(request.args.get("next"))
        return sessions.go_to(form.next.data) if sessions.find_person() else _form(form)
    body.refuse_nul()
    if not form.validate_on_submit():
        return _form(form, Invalid())
    email = form.email.data or ""
    try:
        sessions.spend_try(email)
        account = users.find_account(email)
        with outside():
            renewed = users.verify(account, form.password.data or "")
        user = users.admit(account, renewed)
    except (Invalid, TooMany) as refusal:
        return _form(form, refusal)
    sessions.forgive_tries(email)
    return _begin(user.id, form.next.data)


@bp.post("/logout")
def logout() -> AnyResponse:
    """Signs the person out everywhere, in other browsers too: a stolen cookie ends as well.

    Needs no right and no user: a session that is over can be left too.
    """
    sessions.check_fetch_site()
    person = sessions.find_person()
    if person is not None and person.user_id is not None:
        users.end_sessions(person.user_id)
    sessions.end()
    response = sessions.go_to(url_for("auth.login"))
    response.headers["Clear-Site-Data"] = '"cache"'
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.get("/login/clerk")
def clerk() -> AnyResponse:
    """Off to Clerk; `state`, `nonce` and the PKCE verifier wait in the session."""
    session[_NEXT] = sessions.local_path(request.args.get("next"))
    try:
        with outside():
            return oidc.send_away(_callback_address())
    except oidc.OidcFailed as failed:
        return _clerk_failed(failed)


@bp.get("/login/clerk/callback")
def clerk_callback() -> AnyResponse:
    """Back from Clerk: known by (issuer, subject), never by e-mail."""
    target = session.get(_NEXT)
    try:
        with outside():
            person = oidc.take_back()
    except oidc.OidcFailed as failed:
        return _clerk_failed(failed)
    user = users.first_sight(person.issuer, person.subject, person.name, person.email)
    return _begin(user.id, target)


@inside.post("/dashboard/org")
def choose_org() -> AnyResponse:
    """Show another organisation from now on; only one's own can be chosen."""
    form = ChooseOrgForm()
    if not form.validate_on_submit() or form.org_id.data not in [row["org_id"] for row in g.memberships]:
        raise Forbidden(active_org.NO_ORG)
    sessions.choose_org(form.org_id.data)
    return sessions.go_to(sessions.local_path(form.next.data))


def _begin(user_id: int, target: str | None) -> AnyResponse:
    person = users.session_person(user_id)
    if person is None:
        return _form(LoginForm(), Forbidden("Этот пользователь отключён"))
    sessions.begin(person)
    return sessions.go_to(sessions.local_path(target))


def _form(form: LoginForm, refusal: AppError | None = None) -> Response:
    """The sign-in page; with a refusal, its words above the fields and its status."""
    if refusal is not None and refusal.detail:
        form.form_errors.append(refusal.detail)
    page = render_template("auth/login.html", form=form, clerk=oidc.is_configured(), demo=_demo())
    response = make_response(page, refusal.status if refusal is not None else 200)
    response.headers.extend(refusal.headers if refusal is not None else {})
    response.headers["Cache-Control"] = "no-store"
    return response


def _clerk_failed(failed: oidc.OidcFailed) -> Response:
    log.warning("signing in at Clerk failed: %s", failed)
    form = LoginForm()
    form.next.data = sessions.local_path(session.pop(_NEXT, None))
    return _form(form, Invalid("Не удалось войти через Clerk. Попробуйте ещё раз"))


def _callback_address() -> str:
    """Our callback as the browser knows it; with PUBLIC_URL never from the Host header."""
    base = current_app.config["PUBLIC_URL"]
    path = url_for("auth.clerk_callback")
    return base + path if base else url_for("auth.clerk_callback", _external=True)


def _demo() -> list[str]:
    """The demo logins with their password, where they work."""
    return [f"{email} · {current_app.config['DEMO_PASSWORD']}" for email in users.list_demo_emails()]
