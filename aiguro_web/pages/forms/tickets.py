"""The forms of support that carry no files; those with files are read piece by piece, as schemas/tickets.py says."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from flask_wtf import FlaskForm
from wtforms import SelectField
from wtforms.validators import Optional

from ...models.ticket import Department, Priority, TicketStatus


def _one_of(kind: type[StrEnum]) -> Any:
    """A field that may be left out: then the ticket keeps what it has."""
    return SelectField(validators=[Optional()], choices=[("", "")] + [(value.value, value.value) for value in kind])


class ChangeForm(FlaskForm):  # type: ignore[misc]
    """What support sets, and of which a company may set the state."""

    status = _one_of(TicketStatus)
    department = _one_of(Department)
    priority = _one_of(Priority)

    def wish(self) -> dict[str, Any]:
        """What was chosen, for `tickets.change`."""
        kinds: dict[str, type[StrEnum]] = {"status": TicketStatus, "department": Department, "priority": Priority}
        return {name: kind(self[name].data) for name, kind in kinds.items() if self[name].data}
