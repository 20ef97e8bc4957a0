"""WTForms of the pages, beside the screens that use them."""

from __future__ import annotations

from typing import TypeVar

from flask_wtf import FlaskForm

from ...errors import Invalid

Form = TypeVar("Form", bound=FlaskForm)


def read(kind: type[Form]) -> Form:
    """What a form sent, checked. Raises Invalid, for forms that are not shown again with their errors."""
    form: Form = kind()
    if not form.validate_on_submit():
        errors = {name: " ".join(str(word) for word in words) for name, words in form.errors.items() if name}
        raise Invalid(" ".join(errors.values()), errors=errors)
    return form
