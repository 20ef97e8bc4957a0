"""The forms that connect a messenger."""

from __future__ import annotations

from collections.abc import Iterable

from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import PasswordField, SelectField, StringField
from wtforms.validators import DataRequired, Length

from ...models.messenger_connection import CONNECTION_NAME_MAX, TOKEN_MAX
from ...models.text import one_line
from ...services.funnels import FunnelRow


def _line(text: str | None) -> str:
    return one_line(text or "")


def _stripped(text: str | None) -> str:
    return (text or "").strip()


class ConnectForm(FlaskForm):  # type: ignore[misc]
    """What every connection has."""

    name = StringField(
        lazy_gettext("Название для вас"),
        [Length(max=CONNECTION_NAME_MAX, message=lazy_gettext("Слишком длинное название"))],
        filters=[_line],
        render_kw={"autocomplete": "off", "maxlength": CONNECTION_NAME_MAX},
    )
    funnel = SelectField(
        lazy_gettext("Воронка"), [DataRequired(lazy_gettext("Выберите воронку"))], coerce=int, validate_choice=True
    )

    def offer(self, funnels: Iterable[FunnelRow]) -> None:
        """Which funnels can be chosen."""
        self.funnel.choices = [(row["id"], row["display_name"]) for row in funnels]


class TelegramForm(ConnectForm):
    """A bot: its token is checked with Telegram and never shown again."""

    token = PasswordField(
        lazy_gettext("Токен бота"),
        [
            DataRequired(lazy_gettext("Вставьте токен, который выдал @BotFather")),
            Length(max=TOKEN_MAX, message=lazy_gettext("Это не похоже на токен: слишком длинно")),
        ],
        filters=[_stripped],
        render_kw={"autocomplete": "off", "spellcheck": "false", "maxlength": TOKEN_MAX},
    )


class WebchatForm(ConnectForm):
    """A chat on the company's own site."""
