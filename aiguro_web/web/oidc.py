"""Signing in at Clerk: OpenID Connect, code flow with state, nonce and PKCE. Never called in a transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import OAuth
from flask import Flask, Response, current_app
from joserfc.errors import JoseError

from .tokens import SKEW, is_word

TIMEOUT = 5  # seconds for each of the provider's answers
ALGORITHMS = ["RS256"]  # from here, never from the provider's metadata or the token
_FAILURES = (AuthlibBaseError, JoseError, requests.RequestException, ValueError, KeyError, TypeError, RuntimeError)


class OidcFailed(Exception):
    """The provider did not vouch for anybody. The reason is for our log."""


@dataclass(frozen=True, slots=True)
class Person:
    """Whom the provider vouches for. The e-mail is '' unless the provider has verified it."""

    issuer: str
    subject: str
    name: str
    email: str


def init_app(app: Flask) -> None:
    """One client of its own for each application; none without CLERK_CLIENT_ID."""
    oauth = OAuth(app)
    app.extensions["aiguro_oidc"] = oauth
    issuer = app.config["CLERK_ISSUER"]
    if not issuer or not app.config["CLERK_CLIENT_ID"]:
        return
    oauth.register(
        "clerk",
        client_id=app.config["CLERK_CLIENT_ID"],
        client_secret=app.config["CLERK_CLIENT_SECRET"],
        server_metadata_url=f"{issuer}/.well-known/openid-configuration",
        client_kwargs={"scope": "openid profile email", "code_challenge_method": "S256", "default_timeout": TIMEOUT},
    )


def is_configured() -> bool:
    """Whether people can sign in at Clerk here."""
    return _client() is not None


def send_away(redirect_uri: str) -> Response:
    """The redirect to the provider. Raises OidcFailed."""
    client = _known_client()
    try:
        answer: Response = client.authorize_redirect(redirect_uri)
    except _FAILURES as error:
        raise OidcFailed(type(error).__name__) from error
    return answer


def take_back() -> Person:
    """Whom the provider sent back to our callback: its code is changed for a verified id token. Raises OidcFailed."""
    client = _known_client()
    try:
        token = client.authorize_access_token(claims_options=_expected(client), leeway=SKEW)
        claims = token.get("userinfo")
        if not claims or not is_word(claims.get("sub")):
            raise OidcFailed("no id token")
        facts = dict(claims)
        if not facts.get("name") or not facts.get("email"):
            facts |= _userinfo(client, token, facts["sub"])
    except _FAILURES as error:
        raise OidcFailed(type(error).__name__) from error
    verified = facts.get("email_verified") is True
    return Person(_issuer(), str(facts["sub"]), _text(facts.get("name")), _text(facts.get("email")) if verified else "")


def _client() -> Any:
    return current_app.extensions["aiguro_oidc"].create_client("clerk")


def _known_client() -> Any:
    """The client with the provider's metadata loaded and narrowed to what we accept. Raises OidcFailed."""
    client = _client()
    if client is None:
        raise OidcFailed("not configured")
    try:
        metadata = client.load_server_metadata()
    except _FAILURES as error:
        raise OidcFailed(type(error).__name__) from error
    if metadata.get("issuer") != _issuer():
        raise OidcFailed("the metadata names another issuer")
    metadata["id_token_signing_alg_values_supported"] = ALGORITHMS
    return client


def _expected(client: Any) -> dict[str, Any]:
    """Authlib checks the audience only when it is told to."""
    return {
        "iss": {"essential": True, "value": _issuer()},
        "aud": {"essential": True, "value": client.client_id},
        "sub": {"essential": True},
    }


def _userinfo(client: Any, token: dict[str, Any], subject: str) -> dict[str, Any]:
    """More of the same person (OpenID Connect Core §5.3.2: only with the same `sub`); without it, it goes on."""
    if "userinfo_endpoint" not in client.server_metadata:
        return {}
    try:
        found = dict(client.userinfo(token=token))
    except _FAILURES:
        return {}
    return found if found.get("sub") == subject else {}


def _issuer() -> str:
    return str(current_app.config["CLERK_ISSUER"])


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
