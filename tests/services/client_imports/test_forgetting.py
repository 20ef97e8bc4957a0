"""What is forgotten: after its time, and by erasure."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from aiguro_web.errors import Conflict
from aiguro_web.extensions import db, enter_organization
from aiguro_web.queue import jobs
from aiguro_web.services import client_imports
from tests.people import HOME, People

from . import ask, begin, erase, everybody, known, look, many, run, undo


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
