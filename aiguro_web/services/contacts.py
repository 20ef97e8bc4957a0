"""How a client is reached: phones and e-mails as they are stored."""

from __future__ import annotations

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from ..errors import Invalid
from ..models.client import PHONE_MAX
from ..models.user import EMAIL_MAX

REGION = "RU"  # where a number without a country code belongs


def checked_phone(text: str) -> str:
    """A phone in E.164, its extension behind it. Raises Invalid for what cannot be a phone."""
    wrong = Invalid("Некорректный телефон", phone="это не похоже на номер телефона, пример: +7 900 123-45-67")
    try:
        number = phonenumbers.parse(text, REGION)
    except phonenumbers.NumberParseException as error:
        raise wrong from error
    if not phonenumbers.is_possible_number(number):
        raise wrong
    phone = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    phone += f";ext={number.extension}" if number.extension else ""
    if len(phone) > PHONE_MAX:
        raise wrong
    return phone


def checked_email(text: str) -> str:
    """An e-mail in lower case; whether it receives anything is not asked. Raises Invalid for what cannot be one."""
    try:
        address = validate_email(text, check_deliverability=False, test_environment=True).normalized.lower()
    except EmailNotValidError as error:
        raise Invalid("Некорректная почта", email="это не похоже на адрес почты") from error
    if len(address) > EMAIL_MAX:
        raise Invalid("Некорректная почта", email=f"не больше {EMAIL_MAX} символов")
    return address


def digits(text: str) -> str:
    """The digits of a phone as they stand in E.164: the 8 that Russians dial first is a 7 there."""
    found = "".join(sign for sign in text if sign.isascii() and sign.isdigit())
    return "7" + found[1:] if len(found) == 11 and found[0] == "8" else found
