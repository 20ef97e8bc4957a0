"""Search finds words in any form, phones by any digits, names by their beginnings, and only what is the caller's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from aiguro_web.extensions import db, enter_organization
from aiguro_web.models.ticket import Department
from aiguro_web.services import search, snippets, tickets
from aiguro_web.services.access import Actor
from aiguro_web.services.search import Found
from tests.people import HOME, OTHER, People

CLIENT = "INSERT INTO client (org_id, name, phone, email) VALUES (:org, :name, :phone, :email) RETURNING id"
DIALOG = """INSERT INTO dialog (org_id, funnel_id, stage_id, client_id, thread_id)
            SELECT :org, s.funnel_id, s.id, :client, :thread FROM stage s WHERE s.org_id = :org ORDER BY s.id LIMIT 1
            RETURNING id"""
MESSAGE = """INSERT INTO message (org_id, dialog_id, role, text, position)
             VALUES (:org, :dialog, :role, :text, 1) RETURNING id"""


class Desk:
    """One organisation's rows, and what its people find."""

    def __init__(self, who: Actor) -> None:
        self.who = who

    def _add(self, statement: str, **values: Any) -> int:
        enter_organization(self.who.home)
        found: int = db.session.execute(text(statement), {"org": self.who.home, **values}).scalar_one()
        return found

    def client(self, name: str = "", phone: str = "", email: str = "") -> int:
        return self._add(CLIENT, name=name, phone=phone, email=email)

    def dialog(self, client: int, thread: str = "") -> int:
        return self._add(DIALOG, client=client, thread=thread)

    def message(self, words: str, role: str = "user", dialog: int | None = None) -> int:
        return self._add(MESSAGE, dialog=dialog or self.dialog(self.client("Кто-то")), role=role, text=words)

    def find(self, words: str) -> Found:
        enter_organization(self.who.home)
        return search.find(self.who, words)

    def ids(self, words: str) -> list[int]:
        enter_organization(self.who.home)
        return search.client_ids(self.who, words)

    def texts(self, words: str) -> list[str]:
        return ["".join(piece.text for piece in hit["text"]) for hit in self.find(words).messages]


@pytest.fixture
def desk(who: People) -> Iterator[Desk]:
    return Desk(who.manager.actor)


@pytest.fixture
def others(who: People) -> Desk:
    return Desk(who.stranger.actor)


@pytest.mark.parametrize("words", [
    "доставка", "ДОСТАВКИ", "доставкой", "доставку", "достав", "дост", "вазы", "хрустальная ваза", "ваза доставка",
    "ёлка", "елки", "елк", "«ёлка»", "екатеринбург дост", "спасибо", "и доставка", "доставка,ваза",
])  # fmt: skip
def test_a_message_is_found_by_its_words_in_any_form(desk: Desk, words: str) -> None:
    said = "Подскажите: доставка «хрустальной» вазы и ёлки—в Екатеринбург? спасибо🙂"
    desk.message("совсем о другом")
    desk.message(said)
    assert desk.texts(words) == [said]


@pytest.mark.parametrize("words", ["доставка самолёт", "оставка", "ва доставка", "", "  ", "?!", "и", "' | 'а", ":*"])
def test_what_was_not_said_is_not_found(desk: Desk, words: str) -> None:
    desk.message("Подскажите про доставку вазы")
    assert desk.texts(words) == []


@pytest.mark.parametrize(
    "words", ["a'b", "\\", "а & б | !в", "a:*", "{}", "%s %(x)s", "'); DROP TABLE message; --", "𝕏" * 200, "x" * 5000]
)
def test_signs_of_the_query_language_are_only_signs(desk: Desk, words: str) -> None:
    desk.message("обычные слова")
    desk.find(words)


def test_words_of_any_length_and_kind_are_kept(desk: Desk) -> None:
    long = "щ" * 5000
    desk.message(
        f"{long} 'кавычки' \\ \\\\ {{}} <b>жирный</b> user@mail.example https://сайт.рф/путь " + "слово " * 3000
    )
    for words in ("щ" * 100, "кавычки", "жирный", "mail.example", "сайт"):
        assert len(desk.texts(words)) == 1, words


def test_the_newest_messages_come_first_and_not_those_of_the_system_or_of_deleted_dialogs(desk: Desk) -> None:
    dialog = desk.dialog(desk.client("Кто-то"))
    for number in range(10):
        desk.message(f"договор {number}", dialog=dialog)
    desk.message("договор системы", role="system")
    gone = desk.dialog(desk.client("Ушедший"))
    desk.message("договор ушедшего", dialog=gone)
    db.session.execute(text("UPDATE dialog SET deleted_at = now() WHERE id = :id"), {"id": gone})
    assert desk.texts("договоры") == [f"договор {number}" for number in range(9, 3, -1)]


def test_messages_of_long_ago_are_found_through_empty_years(desk: Desk) -> None:
    old = desk.message("редкостное слово")
    new = desk.message("обычное слово")
    db.session.execute(text("UPDATE message SET id = id + 50 * 32768 WHERE id = :id"), {"id": new})
    assert old < new
    assert desk.texts("редкостный") == ["редкостное слово"]
    assert desk.texts("слово") == ["обычное слово", "редкостное слово"]


@pytest.mark.parametrize("words", [
    "+7 912 345-67-89", "8 912 345-67-89", "89123456789", "9123456789", "345-67", "6789", "8 (912) 345", "7912", "345",
    "анна 6789", "Анна", "петр", "ПЕТРОВА анна", "anna", "shop.example", "anna.p@shop", "анна shop", "семёнова", "семен",
])  # fmt: skip
def test_a_client_is_found_by_name_phone_and_address(desk: Desk, words: str) -> None:
    desk.client("Иван Сидоров", "+74950000000", "ivan@other.example")
    anna = desk.client("Анна Петрова-Семёнова", "+79123456789", "anna.p@shop.example")
    assert desk.ids(words) == [anna]
    assert [hit["id"] for hit in desk.find(words).clients] == [anna]


@pytest.mark.parametrize("words", ["12", "912 346", "нна", "анна иван", "", "—"])
def test_a_client_is_not_found_by_anything_else(desk: Desk, words: str) -> None:
    desk.client("Анна Петрова", "+79123456789", "anna.p@shop.example")
    assert desk.ids(words) == []


def test_a_client_is_found_by_what_they_are_called_now(desk: Desk) -> None:
    anna = desk.client("Анна", "+79123456789")
    db.session.execute(text("UPDATE client SET name = 'Мария', phone = '+79990001122' WHERE id = :id"), {"id": anna})
    assert (desk.ids("анна"), desk.ids("мария"), desk.ids("0001122"), desk.ids("345")) == ([], [anna], [anna], [])
    db.session.execute(text("DELETE FROM client WHERE id = :id"), {"id": anna})
    assert desk.ids("мария") == []


def test_the_newest_clients_come_first_and_no_more_than_asked_for(desk: Desk) -> None:
    ids = [desk.client(f"Однофамилец {number}") for number in range(5)]
    enter_organization(HOME)
    assert search.client_ids(desk.who, "однофамилец", limit=3) == ids[:1:-1]


def test_a_dialog_is_found_by_its_client_its_thread_its_address_and_its_funnel(desk: Desk) -> None:
    dialog = desk.dialog(desk.client("Зоя Космодемьянская"), thread="thread-77")
    desk.dialog(desk.client("Другой"))
    uuid = db.session.execute(text("SELECT uuid FROM dialog WHERE id = :id"), {"id": dialog}).scalar_one()
    for words in ("зоя", "thread-77", str(uuid), "зоя продажи"):
        assert [hit["uuid"] for hit in desk.find(words).dialogs] == [uuid], words
    assert len(desk.find("продажи").dialogs) == 2
    assert desk.find("никто продажи").dialogs == []


def test_a_ticket_is_found_by_its_subject_and_by_what_was_written_in_it(desk: Desk, who: People) -> None:
    enter_organization(HOME)
    ticket = tickets.open_ticket(
        desk.who,
        subject="Не приходят счета",
        description="Письма пропали на прошлой неделе",
        department=Department.billing,
    )
    db.session.flush()
    for words in ("счёт", "приходить", "письмо", "неделя пропали"):
        assert [hit["id"] for hit in desk.find(words).tickets] == [ticket], words


def test_another_organisations_rows_never_come(desk: Desk, others: Desk) -> None:
    client = others.client("Секретный Клиент", "+79123456789", "secret@shop.example")
    others.message("секретное слово", dialog=others.dialog(client, thread="secret-thread"))
    enter_organization(OTHER)
    tickets.open_ticket(others.who, subject="Секретный тикет", description="секрет", department=Department.general)
    assert others.ids("секретный") == [client]
    assert others.find("секретный").messages
    assert others.find("секретный").tickets
    for words in ("секретный", "79123456789", "secret", "secret-thread", "секретное слово"):
        assert not desk.find(words), words
        assert desk.ids(words) == []


@pytest.mark.parametrize("name", ["search_messages", "search_tickets", "search_ticket_messages", "search_clients"])
def test_the_functions_take_the_organisation_from_the_setting_alone(others: Desk, desk: Desk, name: str) -> None:
    others.message("секретное", dialog=others.dialog(others.client("секретное")))
    enter_organization(OTHER)
    tickets.open_ticket(others.who, subject="секретное", description="секретное", department=Department.general)
    db.session.flush()
    ask = text(f"SELECT count(*) FROM {name}(:query, 10)")
    assert db.session.scalar(ask, {"query": "'{}секретн':*"}) == 1
    for query in ("'{}секретн':*", f"'{OTHER}.0.секретн':*", f"'{{}}x' | '{OTHER}':*"):
        enter_organization(HOME)
        assert db.session.scalar(ask, {"query": query}) == 0
        enter_organization(None)
        assert db.session.scalar(ask, {"query": query}) == 0


@pytest.mark.parametrize(("said", "words", "marked"), [
    ("Сколько стоит доставка?", ["доставки"], ["доставка"]),
    ("Ёлка и ёлки", ["елка"], ["Ёлка", "ёлки"]),
    ("<script>alert(1)</script> договор", ["договор"], ["договор"]),
    ("ничего такого", ["другое"], []),
])  # fmt: skip
def test_hits_are_marked_in_pieces(said: str, words: list[str], marked: list[str]) -> None:
    pieces = snippets.cut(said, words)
    assert [piece.text for piece in pieces if piece.is_hit] == marked
    assert "".join(piece.text for piece in pieces) == said


def test_a_long_text_is_cut_around_the_hit() -> None:
    pieces = snippets.cut("слово " * 500 + "договор " + "слово " * 500, ["договор"])
    shown = "".join(piece.text for piece in pieces)
    assert [piece.text for piece in pieces if piece.is_hit] == ["договор"]
    assert shown.startswith("…слово")
    assert shown.endswith("…")
    assert len(shown) <= snippets.LENGTH + 2
