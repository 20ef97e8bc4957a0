"""The forms of a client's card."""

from __future__ import annotations

from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import SelectField, StringField, TextAreaField
from wtforms.validators import Length, Optional

from ...models.client import CLIENT_NAME_MAX, MANAGER_TEXT_MAX, PHONE_TYPED_MAX, ClientStatus
from ...models.note import NOTE_MAX
from ...models.user import EMAIL_MAX

TOO_LONG = lazy_gettext("Слишком длинно")


class FieldsForm(FlaskForm):  # type: ignore[misc]
    """What is known of a client; a field that was not sent stays as it is."""

    name = StringField(validators=[Length(max=CLIENT_NAME_MAX, message=TOO_LONG)])
    phone = StringField(validators=[Length(max=PHONE_TYPED_MAX, message=TOO_LONG)])
    email = StringField(validators=[Length(max=EMAIL_MAX, message=TOO_LONG)])
    manager = StringField(validators=[Length(max=MANAGER_TEXT_MAX, message=TOO_LONG)])
    status = SelectField(validators=[Optional()], choices=[(one.value, one.value) for one in ClientStatus])


class NoteForm(FlaskForm):  # type: ignore[misc]
    """Words for colleagues; the service checks them."""

    text = TextAreaField(validators=[Length(max=2 * NOTE_MAX, message=TOO_LONG)])


class MergeForm(FlaskForm):  # type: ignore[misc]
    """Whose value is kept: "kept" or "gone" of each field."""

    name = StringField()
    phone = StringField()
    email = StringField()
    manager = StringField()
    status = StringField()


class EraseForm(FlaskForm):  # type: ignore[misc]
    """A word that nobody types by mistake."""

    sure = StringField(lazy_gettext("Подтверждение"))
