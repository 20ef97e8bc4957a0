"""The form of a canned answer."""

from __future__ import annotations

from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from ...models.canned_answer import CANNED_NAME_MAX
from ...models.message import TEXT_MAX
from ...models.text import one_line


class CannedAnswerForm(FlaskForm):  # type: ignore[misc]
    """Its name, by which it is found, and what it says."""

    name = StringField(
        lazy_gettext("Название"),
        [
            DataRequired(lazy_gettext("Назовите ответ")),
            Length(max=CANNED_NAME_MAX, message=lazy_gettext("Слишком длинное название")),
        ],
        filters=[lambda text: one_line(text or "")],
        render_kw={"autocomplete": "off", "maxlength": CANNED_NAME_MAX, "autofocus": True},
    )
    text = TextAreaField(
        lazy_gettext("Текст"),
        [
            DataRequired(lazy_gettext("Напишите текст ответа")),
            Length(max=TEXT_MAX, message=lazy_gettext("Слишком длинный текст")),
        ],
        render_kw={"rows": 7, "maxlength": TEXT_MAX},
    )
