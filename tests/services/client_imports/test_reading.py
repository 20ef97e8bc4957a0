"""What a file says: encodings, separators, titles, columns, rejected rows."""

from __future__ import annotations

import time
import tracemalloc

import pytest

from aiguro_web import storage
from aiguro_web.errors import Conflict, Invalid
from aiguro_web.models.client_import import DuplicateRule, ImportState
from aiguro_web.services import client_import_files, client_imports, formulas
from tests.people import People

from . import HEAD, ask, begin, everybody, lines, look, run


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1251"])
@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_any_table_programs_encoding_and_separator_are_understood(
    company: People, encoding: str, separator: str
) -> None:
    content = "ФИО,Почта\nЖанна Щёткина,zh@x.ru\n".replace(",", separator).encode(encoding)
    import_id = begin(company, content)
    run(company, import_id)
    assert [row[0] for row in everybody()] == ["Жанна Щёткина"]


@pytest.mark.parametrize(("content", "words"), [
    ("", "Файл пуст"),
    ("\ufeff \n\n", "Файл пуст"),
    (b"PK\x03\x04 xlsx", "Сохранить как"),
    (bytes.fromhex("d0cf11e0a1b11ae1"), "Сохранить как"),
    (b"%PDF-1.7 ...", "не таблица"),
    (bytes(range(32)) * 9, "не таблица"),
])  # fmt: skip
def test_what_is_no_csv_is_refused_at_once(company: People, content: str | bytes, words: str) -> None:
    raw = content.encode() if isinstance(content, str) else content
    with pytest.raises(Invalid, match=words):
        storage.receive("a.csv", iter([raw]), sniffer=storage.TableSniffer)


@pytest.mark.parametrize(("content", "words"), [
    ("Имя;Телефон\n", "только заголовки"),
    ("Имя;Телефон\nПривет всем кто тут, Юлия;1\n".encode("koi8-r"), "кодировку"),
    ("Имя;Телефон\nПривет всем кто тут, Юлия;1\n".encode("cp866"), "кодировку"),
    (b"\xff\xfea\x00b", "повреждён"),
    (";".join(["Имя"] * 61) + "\nа\n", "столбцов"),
    ("Имя;Почта\n" + ";" * 200_000 + "\n", "столбцов"),
])  # fmt: skip
def test_what_cannot_be_read_says_why(company: People, content: str | bytes, words: str) -> None:
    order = look(company, begin(company, content))
    assert order["state"] == ImportState.failed
    assert words in order["error"]


@pytest.mark.parametrize("line", [
    "@." * 6000 + " x;b", "a" * 20_000 + "@" + "b." * 20_000 + ";", "+7" + "8 " * 20_000 + "x;b", " " * 50_000 + "x;b",
    "Имя " + "имя" * 20_000 + ";b",
])  # fmt: skip
def test_a_long_cell_is_told_in_no_time_whatever_is_in_it(line: str) -> None:
    start = time.perf_counter()
    for content in (f"{line}\n1;2\n", f"1;2\n{line}\n" * 20):
        client_import_files.open_table(content.encode()).guess()
    assert time.perf_counter() - start < 1


def test_a_line_of_separators_is_refused_before_it_becomes_cells() -> None:
    content = b"a;b\n" + b";" * 5_000_000
    tracemalloc.start()
    with pytest.raises(Invalid, match="столбцов"):
        client_import_files.open_table(content)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 25_000_000


def test_a_file_of_blank_lines_is_given_up_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_import_files, "LINES_MAX", 1000)
    with pytest.raises(Invalid, match="строк"):
        client_import_files.open_table(b"a;b\n" + b";\n" * 1000 + b"1;2")


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_any_end_of_line_is_one(newline: str) -> None:
    table = client_import_files.open_table(newline.join(["Имя;Почта", "", '"А;\nБ";a@x.ru', "В;b@x.ru"]).encode())
    assert list(table.numbered()) == [(3, ["А;\nБ", "a@x.ru"]), (4, ["В", "b@x.ru"])]


@pytest.mark.parametrize("cell", ["=1", " =1", "\n+1", "\t@x", "\x00-1", "\xa0=1", "\uff1d1", "\ufeff\uff20x", "\tx"])
def test_what_a_table_program_would_calculate_is_guarded_and_read_back(cell: str) -> None:
    assert formulas.guarded(cell) == f"'{cell}"
    assert formulas.bare(f"'{cell}") == cell
    assert formulas.guarded("а=1") == "а=1"
    assert formulas.bare("'а") == "'а"


def test_more_rows_than_allowed_are_refused(company: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aiguro_web.services.client_import_files.IMPORT_ROWS_MAX", 3)
    assert "больше 3 строк" in look(company, begin(company, "Имя\n" + "а\n" * 4))["error"]
    assert look(company, begin(company, "Имя\n" + "а\n" * 3))["state"] == ImportState.ready


def test_ragged_quoted_blank_and_nul_rows_are_read_as_a_table_program_does(company: People) -> None:
    content = 'Имя;Заметки;Почта\n\n"Анна";"две\nстроки; и ""кавычки""";a@x.ru;лишнее\nБорис\n;;\nВе\0ра;;v@x.ru\n'
    import_id = begin(company, content)
    assert look(company, import_id)["total"] == 3
    assert [number for number, _ in lines(company, import_id, "new")] == [3, 4, 6]
    run(company, import_id)
    assert [row[0] for row in everybody()] == ["Анна", "Борис", "Вера"]
    assert ask("SELECT text FROM client_note") == [('две\nстроки; и "кавычки"',)]


def test_a_quote_that_nobody_closed_rejects_its_row_alone(company: People) -> None:
    import_id = begin(company, "Имя;Почта\nАнна;a@x.ru\n" + '"Борис;b@x.ru\n' + "Клиент;c@x.ru\n" * 900)
    assert lines(company, import_id, "rejected") == [(3, "слишком длинная ячейка: похоже, в файле не закрыта кавычка")]
    assert look(company, import_id)["fresh"] == 1


def test_without_titles_columns_are_known_by_what_stands_in_them(company: People) -> None:
    import_id = begin(company, "a@x.ru,Анна,+7 900 000-00-01\nb@x.ru,Борис,8 900 000 00 02\n")
    order = look(company, import_id)
    assert (order["columns"], order["has_titles"], order["total"]) == (["email", "name", "phone"], False, 2)


def test_several_columns_make_one_name_and_one_note(company: People) -> None:
    run(company, begin(company, "Фамилия;Имя;Отчество;Комментарий;Примечание\nПетров;Иван;Ильич;раз;два\n"))
    assert [row[0] for row in everybody()] == ["Петров Иван Ильич"]
    assert ask("SELECT text FROM client_note") == [("Комментарий: раз\nПримечание: два",)]


def test_rejected_rows_name_each_wrong_field(company: People) -> None:
    content = HEAD + "А;12;b@;;спит;;\r\n;;;;;x;\r\nБ;7,9E+10;;;;;\r\n" + "я" * 201 + ";;;;;;\r\n"
    import_id = begin(company, content)
    found = dict(lines(company, import_id, "rejected"))
    assert all(word in found[2] for word in ("Телефон: ", "Почта: ", "Статус: "))
    assert found[3] == "нет ни имени, ни телефона, ни почты"
    assert "Excel испортил" in found[4]
    assert "не больше 200" in found[5]
    with pytest.raises(Conflict, match="нет строк"):
        client_imports.run(company.manager.actor, import_id, DuplicateRule.skip)


def test_a_guarded_cell_of_a_downloaded_file_is_read_back(company: People) -> None:
    run(company, begin(company, "Имя;Телефон\n'=Анна;'+7 900 000-00-01\n"))
    assert everybody() == [("=Анна", "+79000000001", "", "active", "")]
