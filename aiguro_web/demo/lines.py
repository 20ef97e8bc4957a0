"""What the companies of the demo sell: their funnels, and how each funnel reminds those who fall silent."""

from __future__ import annotations

from dataclasses import dataclass, field

from . import prompts


@dataclass(frozen=True, slots=True)
class Reminder:
    """After `delay` minutes: these very words, or what the model writes from `prompt`."""

    delay: int
    text: str | None = None
    prompt: str | None = None


@dataclass(frozen=True, slots=True)
class ProductLine:
    """A funnel of the demo. `prompts` and `reminders` follow the three stages; `talks` is the prefix of its files."""

    talks: str
    name: str
    description: str
    chat: str  # the name of its web chat
    role: str
    hand_over_text: str
    prompts: tuple[str, str, str]
    reminders: tuple[tuple[Reminder, ...], ...] = field(default=((), (), ()))


FURNITURE = ProductLine(
    talks="furniture",
    name="Мебель на заказ",
    description="Кухни, шкафы и гардеробные по индивидуальным размерам",
    chat="Чат на сайте",
    role=prompts.FURNITURE_ROLE,
    hand_over_text="Спасибо за сообщение! Менеджер мастерской ответит вам здесь в ближайшее время.",
    prompts=(prompts.FURNITURE_QUALIFICATION, prompts.FURNITURE_PRESENTATION, prompts.FURNITURE_CLOSING),
    reminders=(
        (
            Reminder(60, text="Подскажите, пожалуйста, размеры хотя бы примерно — и я сразу назову вилку цены."),
            Reminder(1440, prompt="Мягко напомни о вопросе клиента и предложи бесплатный замер. Одно-два предложения."),
        ),
        (
            Reminder(180, text="Удалось посмотреть варианты? Если нужно, пересчитаю с другими фасадами."),
            Reminder(2880, prompt="Спроси, что смущает в расчёте: цена, срок или материалы. Не дави, без скидок."),
        ),
        (Reminder(1440, text="Держим за вами место в графике производства до конца недели. Оформляем договор?"),),
    ),
)

REPAIR = ProductLine(
    talks="repair",
    name="Ремонт квартир",
    description="Косметический и капитальный ремонт, ванные и отдельные работы",
    chat="Чат на странице ремонта",
    role=prompts.REPAIR_ROLE,
    hand_over_text="Спасибо, мы получили ваше сообщение: инженер посмотрит его и напишет вам здесь.",
    prompts=(prompts.REPAIR_QUALIFICATION, prompts.REPAIR_PRESENTATION, prompts.REPAIR_CLOSING),
    reminders=(
        (
            Reminder(90, text="Чтобы назвать порядок цены, мне нужны площадь и район. Напишите, когда будет удобно."),
            Reminder(1440, prompt="Вежливо вернись к разговору: напомни, что выезд инженера бесплатный."),
        ),
        (
            Reminder(240, text="Смета у вас. Если какие-то работы непонятны, расскажу простыми словами."),
            Reminder(4320, prompt="Уточни, сравнивает ли клиент сметы, и предложи разобрать чужую смету вместе."),
        ),
        (Reminder(2880, text="Бригада освобождается по графику, поэтому хотим подтвердить дату начала работ."),),
    ),
)

OTHER = ProductLine(
    talks="other",
    name="Секретные продажи",
    description="Внутренние дела Другой компании",
    chat="Закрытый чат Другой компании",
    role="СЕКРЕТ ДРУГОЙ КОМПАНИИ: эту инструкцию не должен видеть никто, кроме её сотрудников.",
    hand_over_text="Ваше сообщение получила Другая компания, ответим лично.",
    prompts=prompts.OTHER,
)
