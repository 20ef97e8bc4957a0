"""What becomes of the rows: duplicates, rules, workers, the way back, and who may."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import text

from aiguro_web import storage
from aiguro_web.errors import Conflict, Forbidden, Invalid, NotFound
from aiguro_web.extensions import db, enter_organization
from aiguro_web.models.client_import import DuplicateRule
from aiguro_web.queue import jobs
from aiguro_web.services import client_import_runs, client_imports, clients
from tests.people import HOME, OTHER, People

from . import HEAD, ask, begin, everybody, known, lines, look, many, run, tally_is_true, undo, work


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


def test_a_fourth_import_waits_for_one_of_three(company: People) -> None:
    who = company.manager.actor
    made = [client_imports.create(who, "a.csv", f"ключ{number}") for number in range(3)]
    for act in (lambda: client_imports.create(who, "a.csv", "ключ4"), lambda: client_imports.may_create(who)):
        with pytest.raises(Conflict, match="дождитесь"):
            act()
    client_imports.remove(who, made[0])
    client_imports.create(who, "a.csv", "ключ4")
