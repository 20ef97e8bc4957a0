"""What the demo company asked AIGURO's support."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ..extensions import db
from ..models import Ticket, TicketMessage, User
from ..models.ticket import Department, Priority, TicketStatus
from ..models.ticket_message import TicketRole


@dataclass(frozen=True, slots=True)
class Case:
    """`said`: hours ago, who (a letter of the talks, or С for support), words. The first one is the description."""

    subject: str
    department: Department
    status: TicketStatus
    priority: Priority
    said: tuple[tuple[float, str, str], ...]


CASES = (
    Case(
        "Отключили бота в Telegram: что со старыми диалогами?",
        Department.technical,
        TicketStatus.waiting,
        Priority.medium,
        (
            (74, "Р", "Здравствуйте! Мы меняли токен бота и удалили подключение Telegram. Старые диалоги пропадут?"),
            (73.2, "С", "Анна, добрый день! Нет, диалоги и история остаются, но отвечать в них пока не через что."),
            (73.1, "С", "Подключите бота заново в разделе «Интеграции»: новые сообщения пойдут через него."),
            (50, "Р", "Поняла. А бота с новым именем можно?"),
            (49, "С", "Можно, но клиентам придётся написать ему первыми: Telegram не даёт боту начинать разговор."),
        ),
    ),
    Case(
        "Закрывающие документы",
        Department.billing,
        TicketStatus.closed,
        Priority.low,
        (
            (312, "Р", "Пришлите, пожалуйста, акт и счёт-фактуру за прошлый месяц на почту бухгалтерии."),
            (309, "С", "Отправили через систему обмена документами, дублируем на почту. Проверьте, пожалуйста."),
            (308, "Р", "Всё получили, спасибо!"),
        ),
    ),
    Case(
        "Как поставить чат на сайт?",
        Department.technical,
        TicketStatus.closed,
        Priority.medium,
        (
            (220, "М", "Добрый день. Куда на сайте вставить код чата? Сайт на конструкторе."),
            (219, "С", "Здравствуйте, Илья! В настройках страницы найдите «HTML-код перед </body>»."),
            (218.9, "С", "Туда вставьте «Код для сайта» из раздела «Интеграции»."),
            (218.5, "М", "Получилось, чат появился. Благодарю!"),
        ),
    ),
    Case(
        "Ассистент слишком рано предлагает замер",
        Department.general,
        TicketStatus.in_progress,
        Priority.medium,
        (
            (29, "Р", "Ассистент иногда зовёт на замер, не узнав размеров. Как поправить промпт?"),
            (27, "С", "Посмотрели пример. Напишите в промпте явно, какие поля нужны до перехода."),
            (6, "Р", "Переписала, посмотрите, пожалуйста, ещё раз: теперь он спрашивает всё сразу."),
        ),
    ),
    Case(
        "Сообщение клиенту не дошло",
        Department.technical,
        TicketStatus.open,
        Priority.high,
        (
            (
                1.5,
                "М",
                "У сообщения красный значок «Нет подключения». Клиентка в Telegram не получила ответ.",
            ),
            (1.4, "М", "Речь о смете на балкон. Как ей теперь написать?"),
        ),
    ),
)


def add(org_id: int, speaking: dict[str, User], staff: User, funnel_id: int, now: datetime) -> None:
    """The tickets with their messages, into the current transaction."""
    people = {**speaking, "С": staff}
    for case in CASES:
        moments = [now - timedelta(hours=hours) for hours, _, _ in case.said]
        ticket = Ticket(
            org_id=org_id,
            funnel_id=funnel_id if case.department == Department.technical else None,
            author_id=people[case.said[0][1]].id,
            subject=case.subject,
            department=case.department,
            status=case.status,
            priority=case.priority,
            messages_count=len(case.said),
            created_at=moments[0],
            updated_at=moments[-1],
        )
        db.session.add(ticket)
        db.session.flush()  # its id
        for (_, letter, words), at in zip(case.said, moments, strict=True):
            author = people[letter]
            role = TicketRole.support if author.is_staff else TicketRole.user
            db.session.add(
                TicketMessage(org_id=org_id, ticket_id=ticket.id, role=role, text=words, author_id=author.id,
                              author_name=author.label, created_at=at)
            )  # fmt: skip
