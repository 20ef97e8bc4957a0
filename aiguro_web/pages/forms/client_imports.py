"""The forms of an import: what the columns are, and what becomes of clients who are here already."""

from __future__ import annotations

from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import BooleanField, SelectField, SelectMultipleField

from ...models.client_import import DuplicateRule, ImportField

FIELDS = (
    (ImportField.none.value, lazy_gettext("Не импортировать")),
    (ImportField.name.value, lazy_gettext("Имя")),
    (ImportField.phone.value, lazy_gettext("Телефон")),
    (ImportField.email.value, lazy_gettext("Почта")),
    (ImportField.manager.value, lazy_gettext("Менеджер")),
    (ImportField.status.value, lazy_gettext("Статус")),
    (ImportField.source.value, lazy_gettext("Источник")),
    (ImportField.notes.value, lazy_gettext("Заметка")),
)


class ColumnsForm(FlaskForm):  # type: ignore[misc]
    """The field of each column, in the order of the file."""

    column = SelectMultipleField(choices=FIELDS)
    has_titles = BooleanField()


class RunForm(FlaskForm):  # type: ignore[misc]
    """How to start."""

    rule = SelectField(choices=[(rule.value, rule.value) for rule in DuplicateRule], coerce=DuplicateRule)
