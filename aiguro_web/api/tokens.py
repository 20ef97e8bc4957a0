"""Tokens of our own: one for a password (`POST /api/token`), and the public keys that verify them."""

from __future__ import annotations

import json

from flask import Response, jsonify
from pydantic import BaseModel, ConfigDict, Field

from ..errors import Invalid
from ..services import api_tokens, signing, users
from ..web import auth, failures, limits, sessions
from ..web.body import read_form
from ..web.door import Door, outside
from ..web.operation import Api

bp = Api("tokens", __name__, tag="Вход", guard=auth.public, url_prefix="/api")
well_known = Door("well_known", __name__, guard=auth.public)


class TokenForm(BaseModel):
    """RFC 6749 §4.3.2; `scope` and others are not looked at."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"grant_type": "password", "username": "anna@example.com", "password": "correct horse battery"}
            ]
        }
    )

    grant_type: str = Field(description="Всегда `password`")
    username: str = Field(description="Почта")
    password: str


class TokenOut(BaseModel):
    """`expires_in` is in seconds."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"access_token": "eyJhbGciOi…", "token_type": "Bearer", "expires_in": 43200}]}
    )

    access_token: str
    token_type: str = Field(description="Всегда `Bearer`")
    expires_in: int = Field(description="Сколько секунд токен действует")


@bp.post(
    "/token", summary="Получить токен по почте и паролю",
    about="RFC 6749 §4.3, форма urlencoded. Неверные данные: 400, `error` — слово RFC 6749, текст для людей в "
    "`detail`. `Idempotency-Key` не учитывается.",
    form=TokenForm, gives=TokenOut, needs="", once=False, kept=False,
)  # fmt: skip
def create() -> Response:
    """A bearer token for e-mail and password (RFC 6749 §4.3, form-encoded); `Idempotency-Key` is not looked at.

    400 carries RFC 6749's word in `error` and the sentence for people in `detail`. Five wrong tries in five
    minutes for an account and address, thirty tries of an address: 429.
    """
    limits.spend()
    try:
        form = read_form(TokenForm)
    except Invalid as refusal:
        return _refusal("invalid_request", refusal.message)
    if form.grant_type != "password":
        return _refusal("unsupported_grant_type", "Поддерживается только grant_type=password")
    sessions.spend_try(form.username)
    try:
        account = users.find_account(form.username)
        with outside():
            renewed = users.verify(account, form.password)
        user = users.admit(account, renewed)
    except Invalid as refusal:
        return _refusal("invalid_grant", refusal.message)
    sessions.forgive_tries(form.username)
    issued = api_tokens.issue(user.id, name="Вход по паролю", life=api_tokens.PASSWORD_LIFE)
    return _unkept(jsonify({"access_token": issued.token, "token_type": "Bearer", "expires_in": issued.expires_in}))


@well_known.get("/.well-known/jwks.json")
def keys() -> Response:
    """The JWK Set (RFC 7517) of the keys that sign our tokens: public halves only."""
    response = jsonify(signing.public_set())
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


def _refusal(word: str, sentence: str) -> Response:
    """The one place of the contract where `error` is a code."""
    response = failures.problem(Invalid(sentence, code=word))
    body = json.loads(response.get_data()) | {"error": word}
    response.set_data(json.dumps(body, ensure_ascii=False))
    return _unkept(response)


def _unkept(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    response.headers["Pragma"] = "no-cache"
    return response
