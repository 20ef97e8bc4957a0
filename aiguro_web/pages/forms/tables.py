"""The forms of tables: a saved view, a new client."""

from __future__ import annotations

from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import BooleanField, StringField
from wtforms.validators import DataRequired, Length

from ...models.client import CLIENT_NAME_MAX, MANAGER_TEXT_MAX, PHONE_TYPED_MAX
from ...models.saved_view import VIEW_NAME_MAX
from ...models.text import one_line

EMAIL_MAX = 254


def _line(text: str | None) -> str:
    return one_line(text or "")


class ViewForm(FlaskForm):  # type: ignore[misc]
    """The name of a view, and whether colleagues see it."""

    name = StringField(
        lazy_gettext("Название"),
        [
            DataRequired(lazy_gettext("Как назвать вид?")),
            Length(max=VIEW_NAME_MAX, message=lazy_gettext("Слишком длинное название")),
        ],
        filters=[_line],
        render_kw={"autocomplete": "off", "autofocus": True, "maxlength": VIEW_NAME_MAX},
    )
    shared = BooleanField(lazy_gettext("Показывать всем в организации"))


class ClientForm(FlaskForm):  # type: ignore[misc]
    """A client that a person enters. `manager` '' means nobody."""

    name = StringField(
        lazy_gettext("Имя"),
        [Length(max=CLIENT_NAME_MAX, message=lazy_gettext("Слишком длинное имя"))],
        filters=[_line],
        render_kw={"autocomplete": "off", "autofocus": True, "maxlength": CLIENT_NAME_MAX},
    )
    phone = StringField(
        lazy_gettext("Телефон"),
        [Length(max=PHONE_TYPED_MAX, message=lazy_gettext("Слишком длинный телефон"))],
        filters=[_line],
        render_kw={"autocomplete": "off", "inputmode": "tel", "maxlength": PHONE_TYPED_MAX},
    )
    email = StringField(
        lazy_gettext("Почта"),
        [Length(max=EMAIL_MAX, message=lazy_gettext("Слишком длинная почта"))],
        filters=[_line],
        render_kw={"autocomplete": "off", "inputmode": "email", "maxlength": EMAIL_MAX},
    )
    manager = StringField(validators=[Length(max=MANAGER_TEXT_MAX)])
    anyway = BooleanField(lazy_gettext("Всё равно создать"))
