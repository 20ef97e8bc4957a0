"""The forms of signing in."""

from __future__ import annotations

from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import EmailField, HiddenField, IntegerField, PasswordField
from wtforms.validators import DataRequired, Length, NumberRange

from ...models.user import EMAIL_MAX
from ...services.passwords import PASSWORD_MAX


class LoginForm(FlaskForm):  # type: ignore[misc]
    """E-mail and password of a local user; `next` is where to go afterwards."""

    email = EmailField(
        lazy_gettext("Почта"),
        [
            DataRequired(lazy_gettext("Укажите почту")),
            Length(max=EMAIL_MAX, message=lazy_gettext("Слишком длинный адрес")),
        ],
        render_kw={"autocomplete": "username", "autofocus": True},
    )
    password = PasswordField(
        lazy_gettext("Пароль"),
        [
            DataRequired(lazy_gettext("Укажите пароль")),
            Length(max=PASSWORD_MAX, message=lazy_gettext("Слишком длинный пароль")),
        ],
        render_kw={"autocomplete": "current-password"},
    )
    next = HiddenField()


class ChooseOrgForm(FlaskForm):  # type: ignore[misc]
    """Which of one's organisations the pages show."""

    org_id = IntegerField(validators=[DataRequired(), NumberRange(min=1, max=2**63 - 1)])
    next = HiddenField()
