"""The clients of the demo: made-up names, e-mails of a reserved domain, phones under a code that no operator has."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """`key` names the client in the talks."""

    key: str
    name: str
    source: str
    email: str = ""
    notes: str = ""
    active: bool = True


def phone_of(number: int) -> str:
    """The phone of the client in place `number`: +7 945 000-…, a code that is given to nobody."""
    return f"+7945000{(number * 1237 + 1402) % 10_000:04d}"


DEMO = (
    Person("olga", "Ольга Смирнова", "Сайт", "o.smirnova@mail.example"),
    Person("irina", "Ирина Ковалёва", "Рекомендация", "kovaleva@mail.example", "Пришла от Натальи Ореховой."),
    Person("tatiana", "Татьяна Белова", "Сайт"),
    Person("elena", "Елена Гусева", "2ГИС", "gusevaelena@mail.example"),
    Person("marina", "Марина Захарова", "Сайт", "", "Звонить после 18:00, днём на смене."),
    Person("natalia", "Наталья Орехова", "Рекомендация", "orekhova.n@mail.example", "Постоянный клиент: кухня и шкаф."),
    Person("svetlana", "Светлана Миронова", "Авито"),
    Person("yulia", "Юлия Карпова", "ВКонтакте", "karpova.y@mail.example"),
    Person("anya", "Анна Дроздова", "Сайт"),
    Person("daria", "Дарья Фомина", "Яндекс Карты", "fomina@mail.example"),
    Person("ekaterina", "Екатерина Лаптева", "Сайт", "lapteva.design@mail.example", "Дизайнер интерьеров."),
    Person("vera", "Вера Тихонова", "Авито"),
    Person("galina", "Галина Сомова", "Рекомендация", "", "Пожилая клиентка: писать проще, крупные суммы повторять."),
    Person("polina", "Полина Ершова", "ВКонтакте"),
    Person("alina", "Алина Зотова", "Сайт", "alina.zotova@mail.example"),
    Person("nina", "Нина Быстрова", "2ГИС"),
    Person("lidia", "Лидия Рощина", "Сайт", "", "Просила не звонить, только писать."),
    Person("kristina", "Кристина Юдина", "ВКонтакте", "yudina@mail.example"),
    Person("oksana", "Оксана Бойко", "Авито", active=False),
    Person("sergey", "Сергей Панин", "Сайт", "s.panin@mail.example"),
    Person("alexey", "Алексей Громов", "Сайт"),
    Person("dmitry", "Дмитрий Носков", "Яндекс Карты", "noskov.d@mail.example"),
    Person("andrey", "Андрей Платов", "Рекомендация", "platov@mail.example", "Офис на Заводской, оплата по счёту."),
    Person("pavel", "Павел Кузьмин", "Авито"),
    Person("maxim", "Максим Лыткин", "Сайт", "lytkin@mail.example"),
    Person("nikita", "Никита Седов", "ВКонтакте"),
    Person("igor", "Игорь Чернов", "2ГИС", "i.chernov@mail.example"),
    Person("viktor", "Виктор Гладков", "Рекомендация"),
    Person("artem", "Артём Рябов", "Сайт", "ryabov.artem@mail.example"),
    Person("konstantin", "Константин Власов", "Сайт"),
    Person("roman", "Роман Ильин", "Авито", "", "Сдаёт две квартиры."),
    Person("evgeny", "Евгений Сухов", "Яндекс Карты"),
    Person("mikhail", "Михаил Щукин", "Сайт", "shchukin@mail.example"),
    Person("stas", "Станислав Воробьёв", "2ГИС", active=False),
    Person("denis", "Денис Котов", "Сайт", "kotov.d@mail.example"),
    Person("timur", "Тимур Ахметов", "Рекомендация"),
    Person("oleg", "Олег Дьяков", "Авито", "dyakov@mail.example"),
    Person("vadim", "Вадим Лосев", "Сайт"),
    Person("grigory", "Григорий Маслов", "Яндекс Карты"),
    Person("kirill", "Кирилл Субботин", "ВКонтакте", "subbotin@mail.example"),
)

OTHER = (
    Person("secret1", "Тайный покупатель Первый", "Закрытый список", "secret1@secret.example", "СЕКРЕТ: код 7741."),
    Person("secret2", "Тайный покупатель Второй", "Закрытый список", "secret2@secret.example"),
    Person("secret3", "Тайный покупатель Третий", "Закрытый список"),
)
