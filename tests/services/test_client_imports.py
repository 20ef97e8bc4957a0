"""Importing clients: what a file says, what becomes of its rows, and the way back."""

from __future__ import annotations

import os
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, create_engine, text

from aiguro_web import queue, storage
from aiguro_web.errors import Conflict, Forbidden, Invalid, NotFound
from aiguro_web.extensions import db, enter_organization
from aiguro_web.models.client_import import DuplicateRule, ImportState
from aiguro_web.queue import jobs
from aiguro_web.services import client_import_files, client_import_runs, client_imports, clients, erasure, formulas
from aiguro_web.services.client_imports import ImportRow
from tests import databases, people
from tests.people import HOME, OTHER, People

HEAD = "Имя;Телефон;Почта;Менеджер;Статус;Источник;Заметки\r\n"
Start = Callable[..., int]


@pytest.fixture(scope="module")
def committed(worker_id: str) -> Iterator[tuple[Flask, Engine]]:
    """Real commits: the worker's pieces are transactions of their own. One database for all of these tests."""
    with databases.clone(f"imports_{worker_id}_{os.getpid()}") as urls:
        app, admin = databases.make_app(urls), create_engine(urls.admin)
        yield app, admin
        admin.dispose()
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


@pytest.fixture
def company(committed: tuple[Flask, Engine], monkeypatch: pytest.MonkeyPatch) -> Iterator[People]:
    """The people of an organisation without any clients."""
    app, admin = committed
    monkeypatch.setattr(queue, "_flask", app)
    with admin.begin() as connection:
        connection.execute(
            text("TRUNCATE client, client_tally, client_import, journal_entry, procrastinate_jobs CASCADE")
        )
    with app.app_context():
        found = people.load()
        enter_organization(HOME)
        yield found
        db.session.remove()


def work(name: str, import_id: int) -> None:
    """As the worker does it; afterwards the test's own session again."""
    jobs.tasks[name].func(org_id=HOME, import_id=import_id)
    enter_organization(HOME)


def begin(company: People, content: str | bytes) -> int:
    """A file is uploaded and read."""
    raw = content.encode() if isinstance(content, str) else content
    stored = storage.receive("клиенты.csv", iter([raw]), sniffer=storage.TableSniffer)
    import_id = client_imports.create(company.manager.actor, stored.name, stored.key)
    db.session.commit()
    work("read_import", import_id)
    return import_id


def run(company: People, import_id: int, rule: DuplicateRule = DuplicateRule.skip) -> ImportRow:
    client_imports.run(company.manager.actor, import_id, rule)
    db.session.commit()
    work("run_import", import_id)
    return look(company, import_id)


def undo(company: People, import_id: int) -> ImportRow:
    client_imports.undo(company.manager.actor, import_id)
    db.session.commit()
    work("undo_import", import_id)
    return look(company, import_id)


def look(company: People, import_id: int) -> ImportRow:
    db.session.rollback()
    return client_imports.get_import(company.viewer.actor, import_id)


def ask(query: str, **values: Any) -> Any:
    db.session.rollback()
    return db.session.execute(text(query), values).all()


def known(**wish: str) -> int:
    """Somebody who is a client already."""
    made = clients.create(people.load().admin.actor, wish)
    db.session.commit()
    return made


def lines(company: People, import_id: int, part: Any) -> list[tuple[int, str]]:
    rows = client_imports.list_rows(company.viewer.actor, look(company, import_id), part)
    return [(row["number"], row["reason"]) for row in rows]


def everybody() -> list[tuple[Any, ...]]:
    query = "SELECT name, phone, email, status, source FROM client WHERE deleted_at IS NULL ORDER BY id"
    return [tuple(row) for row in ask(query)]


def tally_is_true() -> None:
    """The kept counts are those of the rows."""
    kept = "SELECT COALESCE(sum(clients), 0) FROM client_tally"
    assert ask(kept)[0][0] == ask("SELECT count(*) FROM client WHERE deleted_at IS NULL AND NOT is_test")[0][0]


def test_a_file_is_tried_out_run_and_undone(company: People) -> None:
    import_id = begin(
        company, HEAD + "Иван;8 900 123-45-67;IVAN@x.ru;анна админ;активный;Сайт;Шкаф\r\nКто;123;;;;;\r\n"
    )
    order = look(company, import_id)
    assert (order["state"], order["fresh"], order["rejected"], order["total"]) == ("ready", 1, 1, 2)
    assert everybody() == []
    order = run(company, import_id)
    assert (order["state"], order["added"]) == ("done", 1)
    assert everybody() == [("Иван", "+79001234567", "ivan@x.ru", "active", "Сайт")]
    assert ask("SELECT text, author_name FROM client_note") == [("Шкаф", "Михаил Менеджер")]
    assert ask("SELECT manager_id FROM client")[0][0] == company.admin.actor.user_id
    journal = "SELECT act, actor_name FROM journal_entry WHERE subject = 'client'"
    assert ask(journal) == [("import", "Михаил Менеджер")]
    tally_is_true()
    order = undo(company, import_id)
    assert (order["state"], order["undone"], order["kept"]) == ("undone", 1, 0)
    assert everybody() == []
    tally_is_true()


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


def test_duplicates_are_found_here_and_in_earlier_rows(company: People) -> None:
    old = known(name="Старая", phone="+79000000001")
    import_id = begin(company, "Имя;Телефон;Почта\nА;8 900 000 00 01;\nБ;;b@x.ru\nВ;+79000000003;B@X.ru\n")
    assert lines(company, import_id, "duplicate") == [(2, "совпадает телефон"), (4, "повтор строки 3")]
    rows = client_imports.list_rows(company.viewer.actor, look(company, import_id), "duplicate")
    assert [(row["client_id"], row["client"]) for row in rows] == [(old, "Старая"), (None, None)]


def test_a_row_that_names_two_clients_is_neither(company: People) -> None:
    known(name="Первый", phone="+79000000001")
    known(name="Второй", email="b@x.ru")
    import_id = begin(company, "Имя;Телефон;Почта\nА;89000000001;b@x.ru\n")
    ((_, reason),) = lines(company, import_id, "rejected")
    assert reason == "телефон принадлежит одному клиенту, а почта — другому"


@pytest.mark.parametrize(("rule", "after", "counts"), [
    (DuplicateRule.skip, ("Старая", "+79000000001", "", "active", ""), (0, 1)),
    (DuplicateRule.fill, ("Старая", "+79000000001", "n@x.ru", "active", "Сайт"), (1, 0)),
    (DuplicateRule.overwrite, ("Новая", "+79000000001", "n@x.ru", "inactive", "Сайт"), (1, 0)),
])  # fmt: skip
def test_each_rule_does_what_it_says_and_an_undo_puts_it_back(
    company: People, rule: DuplicateRule, after: tuple[str, ...], counts: tuple[int, int]
) -> None:
    known(name="Старая", phone="+79000000001")
    before = everybody()
    import_id = begin(company, HEAD + "Новая;89000000001;n@x.ru;;неактивный;Сайт;слова\r\n")
    order = run(company, import_id, rule)
    assert (order["changed"], order["skipped"]) == counts
    assert everybody() == [after]
    tally_is_true()
    undo(company, import_id)
    assert everybody() == before
    assert ask("SELECT count(*) FROM client_note")[0][0] == 0
    tally_is_true()


def test_rows_of_one_client_change_them_one_after_another_and_unwind(company: People) -> None:
    import_id = begin(company, "Имя;Телефон;Источник\nА;89000000001;\nБ;89000000001;Сайт\nВ;89000000001;Звонок\n")
    order = run(company, import_id, DuplicateRule.overwrite)
    assert (order["added"], order["changed"]) == (1, 2)
    assert everybody() == [("В", "+79000000001", "", "active", "Звонок")]
    order = undo(company, import_id)
    assert (order["undone"], order["kept"]) == (3, 0)
    assert everybody() == []


def test_whoever_appeared_since_the_dry_run_is_found_again(company: People) -> None:
    import_id = begin(company, "Имя;Телефон\nА;89000000001\n")
    assert look(company, import_id)["fresh"] == 1
    known(name="Тем временем", phone="+79000000001")
    order = run(company, import_id)
    assert (order["added"], order["skipped"]) == (0, 1)
    assert len(everybody()) == 1


def test_an_undo_leaves_what_people_did_since(company: People) -> None:
    known(name="Старая", phone="+79000000001")
    content = "Имя;Телефон;Источник\nНовая;89000000001;Сайт\nИзменят;89000000002;\nНе тронут;89000000003;\nСкажут;89000000004;\n"
    import_id = begin(company, content)
    run(company, import_id, DuplicateRule.overwrite)
    ids = {row[1]: row[0] for row in ask("SELECT id, phone FROM client")}
    clients.change(company.admin.actor, ids["+79000000001"], {"name": "Сам поправил"})
    clients.change(company.admin.actor, ids["+79000000002"], {"name": "Поправили"})
    talk = """INSERT INTO dialog (org_id, uuid, funnel_id, stage_id, client_id, thread_id, channel)
              SELECT :org, gen_random_uuid(), s.funnel_id, s.id, :client, 'x', '' FROM stage s
              WHERE s.org_id = :org ORDER BY s.id LIMIT 1"""
    db.session.execute(text(talk), {"org": HOME, "client": ids["+79000000004"]})
    db.session.commit()
    order = undo(company, import_id)
    assert (order["undone"], order["kept"]) == (1, 3)
    assert lines(company, import_id, "kept") == [
        (2, "изменено после импорта и оставлено: имя"),
        (3, "изменено после импорта: имя"),
        (5, "с клиентом уже есть диалог"),
    ]
    assert everybody() == [
        ("Сам поправил", "+79000000001", "", "active", ""),  # the source was put back, the name is theirs
        ("Поправили", "+79000000002", "", "active", ""),
        ("Скажут", "+79000000004", "", "active", ""),
    ]
    tally_is_true()


def many(number: int) -> str:
    return "Имя;Телефон\n" + "".join(f"К{n};8900{n:07}\n" for n in range(number))


def test_a_worker_that_was_killed_in_the_midst_is_followed_by_another(
    company: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_import_runs, "PIECE", 10)
    import_id = begin(company, many(35))
    client_imports.run(company.manager.actor, import_id, DuplicateRule.skip)
    db.session.commit()
    whole = client_import_runs._write
    calls: list[int] = []

    def dies(*arguments: Any) -> None:
        whole(*arguments)
        calls.append(1)
        if len(calls) == 3:
            raise SystemExit

    monkeypatch.setattr(client_import_runs, "_write", dies)
    with pytest.raises(SystemExit):
        work("run_import", import_id)
    enter_organization(HOME)
    order = look(company, import_id)
    assert (order["state"], order["handled"], len(everybody())) == ("running", 20, 20)
    monkeypatch.setattr(client_import_runs, "_write", whole)
    work("run_import", import_id)
    work("run_import", import_id)
    order = look(company, import_id)
    assert (order["state"], order["added"], len(everybody())) == ("done", 35, 35)
    tally_is_true()


def test_two_workers_on_one_import_add_each_client_once(company: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_import_runs, "PIECE", 10)
    import_id = begin(company, many(60))
    client_imports.run(company.manager.actor, import_id, DuplicateRule.skip)
    db.session.commit()
    threads = [
        threading.Thread(target=jobs.tasks["run_import"].func, kwargs={"org_id": HOME, "import_id": import_id})
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    order = look(company, import_id)
    assert (order["state"], order["added"], len(everybody())) == ("done", 60, 60)


def test_columns_can_be_chosen_anew_before_the_run(company: People) -> None:
    import_id = begin(company, "Имя;Телефон\nАнна;a@x.ru\n")
    assert look(company, import_id)["rejected"] == 1
    who = company.manager.actor
    for wrong in (["name"], ["", ""], ["name", "age"], ["phone", "phone"]):
        with pytest.raises(Invalid):
            client_imports.choose_columns(who, import_id, wrong, has_titles=True)
        db.session.rollback()
    client_imports.choose_columns(who, import_id, ["name", "email"], has_titles=True)
    db.session.commit()
    work("read_import", import_id)
    order = look(company, import_id)
    assert (order["state"], order["fresh"], order["rejected"]) == ("ready", 1, 0)
    run(company, import_id)
    with pytest.raises(Conflict):
        client_imports.choose_columns(who, import_id, ["email", "name"], has_titles=True)


def test_a_person_says_whether_the_first_row_names_the_columns(company: People) -> None:
    import_id = begin(company, "Кто;Где\nАнна;a@x.ru\n")
    assert look(company, import_id)["total"] == 2
    client_imports.choose_columns(company.manager.actor, import_id, ["name", "email"], has_titles=True)
    db.session.commit()
    work("read_import", import_id)
    order = look(company, import_id)
    assert (order["total"], order["fresh"], order["titles"]) == (1, 1, ["Кто", "Где"])


def test_a_dry_run_that_was_given_up_leaves_nothing(company: People) -> None:
    stored = storage.receive("a.csv", iter([many(5).encode()]), sniffer=storage.TableSniffer)
    import_id = client_imports.create(company.manager.actor, stored.name, stored.key)
    db.session.commit()
    client_imports.remove(company.manager.actor, import_id)
    db.session.commit()
    work("read_import", import_id)
    assert ask("SELECT count(*) FROM client_import_row")[0][0] == 0
    assert ask("SELECT args->'keys'->>0 FROM procrastinate_jobs WHERE task_name = 'delete_bytes'") == [(stored.key,)]


def test_what_goes_on_cannot_be_removed_started_or_undone(company: People) -> None:
    import_id, who = begin(company, many(3)), company.manager.actor
    with pytest.raises(Conflict):
        client_imports.undo(who, import_id)
    db.session.rollback()
    client_imports.run(who, import_id, DuplicateRule.skip)
    db.session.commit()
    for act in (client_imports.remove, client_imports.undo):
        with pytest.raises(Conflict):
            act(who, import_id)
        db.session.rollback()
    with pytest.raises(Conflict, match="уже запущен"):
        client_imports.run(who, import_id, DuplicateRule.skip)


def test_a_viewer_sees_and_a_stranger_does_not(company: People) -> None:
    import_id = begin(company, many(3))
    assert [row["id"] for row in client_imports.list_imports(company.viewer.actor)] == [import_id]
    for act in (client_imports.remove, client_imports.undo):
        with pytest.raises(Forbidden):
            act(company.viewer.actor, import_id)
    enter_organization(OTHER)
    db.session.rollback()
    assert client_imports.list_imports(company.stranger.actor) == []
    with pytest.raises(NotFound):
        client_imports.get_import(company.stranger.actor, import_id)


def test_rows_and_bytes_are_forgotten_after_their_time_and_the_counts_stay(company: People) -> None:
    import_id = begin(company, many(3))
    run(company, import_id)
    young = begin(company, many(2))
    age = "UPDATE client_import SET created_at = now() - interval '31 days' WHERE id = :id"
    db.session.execute(text(age), {"id": import_id})
    db.session.commit()
    jobs.tasks["forget_imports"].func(timestamp=0)
    enter_organization(HOME)
    order = look(company, import_id)
    assert (order["state"], order["added"], order["storage_key"]) == ("done", 3, None)
    assert order["rows_forgotten_at"] is not None
    assert ask("SELECT DISTINCT import_id FROM client_import_row") == [(young,)]
    with pytest.raises(Conflict, match="30 дней"):
        client_imports.undo(company.manager.actor, import_id)


def erase(company: People, phone: str) -> None:
    """As the worker does it after an admin's order."""
    ((client_id,),) = ask("SELECT id FROM client WHERE phone = :phone AND deleted_at IS NULL", phone=phone)
    erasure.order(company.admin.actor, client_id)
    db.session.commit()
    jobs.tasks["erase_client"].func(org_id=HOME, client_id=client_id)
    enter_organization(HOME)
    assert ask("SELECT count(*) FROM client WHERE id = :id", id=client_id) == [(0,)]


def test_the_erasure_of_one_client_leaves_the_undo_of_the_others_and_their_time(company: People) -> None:
    import_id = begin(company, many(3))
    run(company, import_id)
    erase(company, "+79000000001")
    order = look(company, import_id)
    assert (order["storage_key"], order["rows_forgotten_at"]) == (None, None)
    order = undo(company, import_id)
    assert (order["state"], order["undone"], everybody()) == ("undone", 3, [])
    db.session.execute(text("UPDATE client_import SET created_at = now() - interval '31 days'"))
    db.session.commit()
    jobs.tasks["forget_imports"].func(timestamp=0)
    enter_organization(HOME)
    assert ask("SELECT count(*) FROM client_import_row") == [(0,)]
    assert look(company, import_id)["rows_forgotten_at"] is not None


def test_an_erased_client_stands_in_no_row_of_an_import_and_comes_back_by_none(company: People) -> None:
    known(name="Первый", phone="+79000000001")
    known(name="Второй", email="b@x.ru")
    import_id = begin(company, "Имя;Телефон;Почта\nА;89000000001;b@x.ru\nБ;89000000001;\nВ;89000000003;\n")
    erase(company, "+79000000001")
    rows = ask("SELECT number, verdict, cells, fields FROM client_import_row ORDER BY number")
    assert [tuple(row) for row in rows[:2]] == [(2, "rejected", [], {}), (3, "rejected", [], {})]
    with pytest.raises(Conflict, match="Файл удалён"):
        client_imports.choose_columns(company.manager.actor, import_id, ["name", "phone", ""], has_titles=True)
    db.session.rollback()
    run(company, import_id)
    assert [row[0] for row in everybody()] == ["Второй", "В"]


@pytest.mark.parametrize("name", ["phone", "email"])
def test_the_rows_of_an_erased_client_are_found_by_index(company: People, name: str) -> None:
    begin(company, many(1000))
    db.session.execute(text("ANALYZE client_import_row"))
    query = f"""EXPLAIN SELECT import_id, number FROM client_import_row
                WHERE org_id = 1 AND {name} = '+79000000001' AND client_id IS NULL"""
    plan = "\n".join(db.session.scalars(text(query)))
    assert f"ix_client_import_row_{name}" in plan, plan


def test_a_fourth_import_waits_for_one_of_three(company: People) -> None:
    who = company.manager.actor
    made = [client_imports.create(who, "a.csv", f"ключ{number}") for number in range(3)]
    for act in (lambda: client_imports.create(who, "a.csv", "ключ4"), lambda: client_imports.may_create(who)):
        with pytest.raises(Conflict, match="дождитесь"):
            act()
    client_imports.remove(who, made[0])
    client_imports.create(who, "a.csv", "ключ4")


def test_a_guarded_cell_of_a_downloaded_file_is_read_back(company: People) -> None:
    run(company, begin(company, "Имя;Телефон\n'=Анна;'+7 900 000-00-01\n"))
    assert everybody() == [("=Анна", "+79000000001", "", "active", "")]
