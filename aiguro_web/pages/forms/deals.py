"""The forms of deals: where one goes, what it is worth, whose it is, how it ended, a new one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from flask_babel import gettext, lazy_gettext
from flask_wtf import FlaskForm
from wtforms import DecimalField, IntegerField, RadioField, SelectField, StringField, TextAreaField, ValidationError
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional
from wtforms.widgets import TextInput

from ...models.client import CLIENT_NAME_MAX, MANAGER_TEXT_MAX
from ...models.dialog import CLOSE_RATIO_MAX, DESCRIPTION_MAX, LOST_REASON_MAX, PRICE_MAX, TAG_MAX, TAGS_MAX, Outcome
from ...models.stage import CODE_MAX
from ...models.text import one_line
from ...services.dialog_moves import Terms

JUST_CLOSED = "closed"  # how a deal ended, where nobody says
PRICE_SIZE = 24  # as it is typed, with spaces
_AMOUNT = r"-?[0-9]{1,20}(\.[0-9]{0,20})?"


def _line(text: str | None) -> str:
    return one_line(text or "")


class PriceField(DecimalField):
    """Rubles, as people type them: «12 500,50»; nothing is 0."""

    widget = TextInput()  # a number's own would refuse the space

    def process_formdata(self, valuelist: list[str]) -> None:
        typed = "".join(valuelist[0].replace("₽", "").split()).replace(",", ".") if valuelist else ""
        if not re.fullmatch(_AMOUNT, typed or "0"):
            self.data = None
            raise ValueError(gettext("Сумма: нужно число"))
        self.data = Decimal(typed or "0")

    def pre_validate(self, form: Any) -> None:
        if self.data is None:
            return
        if not 0 <= self.data <= PRICE_MAX:
            raise ValidationError(gettext("Сумма: от 0 до 999 999 999 999,99"))
        if self.data != self.data.quantize(Decimal("0.01")):
            raise ValidationError(gettext("Сумма: не больше двух знаков после запятой"))


class MoveForm(FlaskForm):  # type: ignore[misc]
    """`now` is the stage where the person saw it: one that has moved on since is not moved back unseen."""

    stage = StringField(validators=[DataRequired(lazy_gettext("Выберите этап")), Length(max=CODE_MAX)])
    now = StringField(validators=[Length(max=CODE_MAX)])

    def wish(self) -> tuple[str, str | None]:
        """The stage to go to, and the one left."""
        return self.stage.data or "", self.now.data or None


class AssignForm(FlaskForm):  # type: ignore[misc]
    """A member by id, e-mail or name; '' nobody."""

    manager = StringField(
        validators=[Length(max=MANAGER_TEXT_MAX, message=lazy_gettext("Слишком длинное имя"))], filters=[_line]
    )


class TermsForm(FlaskForm):  # type: ignore[misc]
    """What is not sent stays as it is. Tags stand in one line, parted by commas."""

    price = PriceField()
    close_ratio = IntegerField(
        validators=[
            Optional(),
            NumberRange(0, CLOSE_RATIO_MAX, lazy_gettext("Вероятность: от 0 до 100")),
        ]
    )
    tags = StringField()
    description = TextAreaField(
        validators=[Length(max=DESCRIPTION_MAX, message=lazy_gettext("Слишком длинное описание"))]
    )

    def validate_tags(self, field: StringField) -> None:
        tags = _tags(field.data)
        if len(tags) > TAGS_MAX:
            raise ValidationError(gettext("Меток слишком много"))
        if any(len(tag) > TAG_MAX for tag in tags):
            raise ValidationError(gettext("Слишком длинная метка"))

    def terms(self) -> Terms:
        """What was sent."""
        sent = {name for name, field in self._fields.items() if field.raw_data}
        return Terms(
            price=self.price.data if "price" in sent else None,
            close_ratio=(self.close_ratio.data or 0) if "close_ratio" in sent else None,
            tags=_tags(self.tags.data) if "tags" in sent else None,
            description=(self.description.data or "").strip() if "description" in sent else None,
        )


def _tags(text: str | None) -> list[str]:
    return list(dict.fromkeys(tag for part in (text or "").split(",") if (tag := one_line(part))))


class ClosingForm(FlaskForm):  # type: ignore[misc]
    """How a deal ended; a lost one says why."""

    outcome = RadioField(
        lazy_gettext("Чем закончилась сделка"),
        [InputRequired(lazy_gettext("Выберите, чем закончилась сделка"))],
        choices=[
            (Outcome.won.value, lazy_gettext("Выиграна")),
            (Outcome.lost.value, lazy_gettext("Проиграна")),
            (JUST_CLOSED, lazy_gettext("Просто закрыть")),
        ],
    )
    lost_reason = StringField(
        lazy_gettext("Почему проиграна"),
        [Length(max=LOST_REASON_MAX, message=lazy_gettext("Слишком длинная причина"))],
        filters=[_line],
        render_kw={"autocomplete": "off", "maxlength": LOST_REASON_MAX},
    )

    def validate_lost_reason(self, field: StringField) -> None:
        if self.outcome.data == Outcome.lost and not field.data:
            raise ValidationError(gettext("Напишите, почему: по причинам видно, что терять не стоит"))

    def ended(self) -> Outcome | None:
        return Outcome(self.outcome.data) if self.outcome.data != JUST_CLOSED else None


class NewDealForm(FlaskForm):  # type: ignore[misc]
    """A deal that a person begins by hand, with a client who is not in the list yet."""

    name = StringField(
        lazy_gettext("Клиент"),
        [
            DataRequired(lazy_gettext("Как зовут клиента?")),
            Length(max=CLIENT_NAME_MAX, message=lazy_gettext("Слишком длинное имя")),
        ],
        filters=[_line],
        render_kw={"autocomplete": "off", "autofocus": True, "maxlength": CLIENT_NAME_MAX},
    )
    stage = SelectField(lazy_gettext("Этап"), [DataRequired(lazy_gettext("Выберите этап"))])
    price = PriceField(
        lazy_gettext("Сумма, ₽"), render_kw={"inputmode": "decimal", "autocomplete": "off", "maxlength": PRICE_SIZE}
    )

    def offer(self, stages: Iterable[tuple[str, str]]) -> None:
        """Which stages can be chosen."""
        self.stage.choices = list(stages)
