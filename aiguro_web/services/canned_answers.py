"""Canned answers: what managers write often, with variables that a dialog fills."""

from __future__ import annotations

import re
import uuid as uuids
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import TypedDict, cast

from sqlalchemy import and_, delete, func, or_, select, text

from ..errors import Conflict, Invalid, NotFound
from ..extensions import db
from ..models import CannedAnswer, Client, Dialog, Organization, Stage
from ..models.canned_answer import CANNED_ANSWERS_MAX, CANNED_NAME_MAX
from ..models.message import TEXT_MAX
from ..models.text import is_visible, one_line
from . import journal
from .access import Actor

FOUND_MAX = 20  # answers that a search offers
# What may stand in braces, in either language.
VARIABLES = ("имя", "клиент", "менеджер", "компания", "телефон", "почта", "этап", "сумма")
_ENGLISH = dict(
    zip(("name", "client", "manager", "company", "phone", "email", "stage", "price"), VARIABLES, strict=True)
)
_PLACE = re.compile(r"\{\s*([^{}\s]{1,30})\s*\}")


class AnswerRow(TypedDict):
    """A canned answer; times are in UTC."""

    id: int
    name: str
    text: str
    updated_at: datetime


_COLUMNS = (CannedAnswer.id, CannedAnswer.name, CannedAnswer.text, CannedAnswer.updated_at)


def list_answers(who: Actor, search: str = "", limit: int = CANNED_ANSWERS_MAX) -> list[AnswerRow]:
    """The organisation's answers by name; with `search` those whose name or text has these words, those whose name
    begins so first."""
    who.must("write_dialog")
    query = select(*_COLUMNS).where(CannedAnswer.org_id == who.home)
    order = [func.lower(CannedAnswer.name), CannedAnswer.id]
    if words := search.strip()[:100]:
        name, body = (field.icontains(words, autoescape=True) for field in (CannedAnswer.name, CannedAnswer.text))
        query = query.where(or_(name, body))
        order = [CannedAnswer.name.istartswith(words, autoescape=True).desc(), name.desc(), *order]
    rows = db.session.execute(query.order_by(*order).limit(limit)).mappings()
    return [cast(AnswerRow, dict(row)) for row in rows]


def list_filled(who: Actor, uuid: uuids.UUID, search: str = "") -> list[AnswerRow]:
    """As `list_answers`, at most FOUND_MAX, their variables filled from this dialog. Raises NotFound."""
    values = _values(who, uuid)
    return [{**row, "text": fill(row["text"], values)} for row in list_answers(who, search, FOUND_MAX)]


def fill(words: str, values: Mapping[str, str]) -> str:
    """`words` with what stands in braces replaced; what nobody knows stays as it is, for a person to see."""

    def known(found: re.Match[str]) -> str:
        name = found[1].lower()
        return values.get(_ENGLISH.get(name, name)) or found[0]

    return _PLACE.sub(known, words)


def get_answer(who: Actor, answer_id: int) -> AnswerRow:
    """Raises NotFound."""
    who.must("write_dialog")
    query = select(*_COLUMNS).where(CannedAnswer.org_id == who.home, CannedAnswer.id == answer_id)
    row = db.session.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("Готовый ответ не найден")
    return cast(AnswerRow, dict(row))


def create(who: Actor, name: str, words: str) -> AnswerRow:
    """A new answer. Raises Invalid, Conflict when there are CANNED_ANSWERS_MAX already."""
    who.must("write_dialog")
    _one_at_a_time(who)
    many = db.session.scalar(select(func.count()).where(CannedAnswer.org_id == who.home)) or 0
    if many >= CANNED_ANSWERS_MAX:
        raise Conflict(f"Готовых ответов уже {CANNED_ANSWERS_MAX}: удалите лишние")
    row = CannedAnswer(org_id=who.home, author_id=who.user_id, **_checked(who, name, words, None))
    db.session.add(row)
    db.session.flush()  # its id
    journal.note(who, "create", "canned_answer", row.id, name=row.name)
    return get_answer(who, row.id)


def change(who: Actor, answer_id: int, name: str, words: str) -> AnswerRow:
    """Another name or text. Raises Invalid, NotFound."""
    who.must("write_dialog")
    _one_at_a_time(who)
    query = select(CannedAnswer).where(CannedAnswer.org_id == who.home, CannedAnswer.id == answer_id)
    row = db.session.scalar(query)
    if row is None:
        raise NotFound("Готовый ответ не найден")
    for field, value in _checked(who, name, words, answer_id).items():
        setattr(row, field, value)
    row.updated_at = db.session.scalars(select(func.now())).one()
    db.session.flush()  # the answer reads the row again
    journal.note(who, "change", "canned_answer", row.id, name=row.name)
    return get_answer(who, row.id)


def remove(who: Actor, answer_id: int) -> None:
    """Raises NotFound."""
    who.must("write_dialog")
    own = (CannedAnswer.org_id == who.home, CannedAnswer.id == answer_id)
    name = db.session.scalar(delete(CannedAnswer).where(*own).returning(CannedAnswer.name))
    if name is None:
        raise NotFound("Готовый ответ не найден")
    journal.note(who, "delete", "canned_answer", answer_id, name=name)


def _checked(who: Actor, name: str, words: str, own_id: int | None) -> dict[str, str]:
    name, words = one_line(name), words.replace("\r\n", "\n").strip()
    wrong = {}
    if not name or len(name) > CANNED_NAME_MAX:
        wrong["name"] = f"от 1 до {CANNED_NAME_MAX} символов"
    elif _is_taken(who, name, own_id):
        wrong["name"] = "ответ с таким названием уже есть"
    if not is_visible(words) or len(words) > TEXT_MAX:
        wrong["text"] = f"от 1 до {TEXT_MAX} символов"
    if wrong:
        raise Invalid("Готовый ответ заполнен неверно", errors=wrong)
    return {"name": name, "text": words}


def _is_taken(who: Actor, name: str, own_id: int | None) -> bool:
    same = (CannedAnswer.org_id == who.home, func.lower(CannedAnswer.name) == func.lower(name))
    return (
        db.session.scalar(select(CannedAnswer.id).where(*same, CannedAnswer.id != (own_id or 0)).limit(1)) is not None
    )


def _one_at_a_time(who: Actor) -> None:
    """Names are unique whatever their letters' case, and there is an end to how many: one change at a time."""
    key = f"canned answers of {who.home}"
    db.session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": key})


def _values(who: Actor, uuid: uuids.UUID) -> dict[str, str]:
    query = (
        select(Client.name, Client.phone, Client.email, Stage.name, Dialog.price, Organization.display_name)
        .select_from(Dialog)
        .join(Client, and_(Client.org_id == Dialog.org_id, Client.id == Dialog.client_id))
        .join(Stage, and_(Stage.org_id == Dialog.org_id, Stage.id == Dialog.stage_id))
        .join(Organization, Organization.id == Dialog.org_id)
        .where(Dialog.org_id == who.home, Dialog.uuid == uuid, Dialog.deleted_at.is_(None))
    )
    row = db.session.execute(query).one_or_none()
    if row is None:
        raise NotFound("Диалог не найден")
    client, phone, email, stage, price, company = row
    first = client.split()[0] if client.split() else ""
    found = (first, client, who.name, company, phone, email, stage, _price(price))
    return dict(zip(VARIABLES, found, strict=True))


def _price(price: Decimal | None) -> str:
    return f"{price:,.0f} ₽".replace(",", "\u202f") if price else ""
