"""The forms of the dialogs' screen."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import StringField, TextAreaField
from wtforms.validators import Length

from ...models.message import KEY_MAX


class MessageForm(FlaskForm):  # type: ignore[misc]
    """A manager's words; the service checks them. `key` is made by the browser: a repeat sends nothing new."""

    text = TextAreaField()
    key = StringField(validators=[Length(max=KEY_MAX, message="Слишком длинный ключ сообщения")])
