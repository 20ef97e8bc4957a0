"""Canned answers of the demo's companies."""

from __future__ import annotations

from ..services import canned_answers
from ..services.access import Actor

ANSWERS = (
    ("Приветствие", "{имя}, здравствуйте! Меня зовут {менеджер}, {компания}. Чем могу помочь?"),
    ("Замер", "{имя}, записала вас на замер. Мастер позвонит за час по номеру {телефон}: это удобный номер?"),
    (
        "Оплата частями",
        "Можно оплатить частями: 40 % при заказе, остальное после установки. Сумма по договору {сумма}.",
    ),
    ("Перезвоним", "{имя}, уточню у мастера и напишу вам здесь до {время}."),
    ("Спасибо", "{имя}, спасибо, что выбрали нас! Если что-то понадобится, пишите в этот чат."),
)


def add(who: Actor) -> None:
    """What this company's managers write every day."""
    for name, text in ANSWERS:
        canned_answers.create(who, name, text)
