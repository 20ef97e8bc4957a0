"""Migrations: numbered by hand without gaps, in one line, equal to the models, and there is a way back."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import flask_migrate
import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, create_engine, text

from aiguro_web.embedded import Urls
from aiguro_web.models import Base
from tests import databases

from .conftest import House
from .test_walls import holes

FOLDER = databases.ROOT / "migrations" / "versions"
NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.py")
FIRST, QUEUE = "0001", "0004"
TRACES = (
    "SELECT count(*) FROM pg_policies",
    "SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relrowsecurity",
)

# Everything that the models state about a table, as PostgreSQL says it itself.
SHAPES = {
    "columns": """
        SELECT c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) ||
               CASE WHEN a.attnotnull THEN ' not null' ELSE '' END || ' ' || a.attidentity::text ||
               COALESCE(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname = ANY(:tables)""",
    "constraints": """
        SELECT k.conrelid::regclass || ' ' || k.conname || ' ' || pg_get_constraintdef(k.oid) FROM pg_constraint k
        WHERE k.connamespace = 'public'::regnamespace AND k.conrelid::regclass::text = ANY(:tables)""",
    "indexes": """
        SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i
        WHERE i.indrelid::regclass::text = ANY(:tables)""",
}


def facts(path: Path) -> dict[str, str | None]:
    """The plain assignments of a migration."""
    found: dict[str, str | None] = {}
    for node in ast.parse(path.read_text("utf-8")).body:
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and isinstance(node.value, ast.Constant)
        ):
            found[node.targets[0].id] = node.value.value
    return found


def disorder(paths: list[Path]) -> list[str]:
    """What is wrong with the order of these files."""
    found, before = [], None
    for number, path in enumerate(sorted(paths), 1):
        name, said = NAME.fullmatch(path.name), facts(path)
        if name is None or int(name[1]) != number:
            found.append(f"{path.name} is not number {number:04}")
        elif said.get("revision") != name[1] or said.get("down_revision") != before:
            found.append(f"{path.name} says {said.get('revision')} after {said.get('down_revision')}")
        before = said.get("revision")
    return found


def test_migrations_stand_in_one_line() -> None:
    paths = [path for path in FOLDER.glob("*.py") if path.name != "__init__.py"]
    assert len(paths) >= 4
    assert disorder(paths) == []


@pytest.mark.parametrize("files", [
    {"0001_a.py": ("0001", None), "0003_b.py": ("0003", "0001")},
    {"0001_a.py": ("0001", None), "0002_b.py": ("0002", None)},
    {"0001_a.py": ("0001", None), "0002_b.py": ("0002", "0001"), "0002_c.py": ("0002", "0001")},
    {"0001_a.py": ("9999", None)},
    {"a1b2c3_new_table.py": ("a1b2c3", None)},
])  # fmt: skip
def test_a_gap_a_fork_and_a_random_name_are_found(files: dict[str, tuple[str, str | None]], tmp_path: Path) -> None:
    for name, (revision, before) in files.items():
        (tmp_path / name).write_text(f"revision = {revision!r}\ndown_revision = {before!r}\n")
    assert disorder(list(tmp_path.iterdir())) != []


@contextmanager
def empty_database() -> Iterator[Urls]:
    """A database in which nothing has been made yet."""
    name = f"empty_{os.getpid()}"
    with psycopg.connect(databases.plain(databases.server().admin_url()), autocommit=True) as admin:
        admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        admin.execute(f'CREATE DATABASE "{name}" OWNER aiguro_owner')
        yield databases.server().urls(name)
        admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def shape(connection: Connection) -> dict[str, set[str]]:
    tables = {"tables": list(Base.metadata.tables)}
    return {name: set(connection.scalars(text(query), tables)) for name, query in SHAPES.items()}


SEARCHED = """SELECT pg_get_functiondef(p.oid) FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
              AND p.proname IN ('search_plain', 'search_placed', 'search_words') ORDER BY p.oid"""


@pytest.fixture
def made_of_models(house: House) -> Iterator[Engine]:
    """What the models alone would make; an index may name a function."""
    with empty_database() as urls:
        engine = create_engine(urls.owner)
        with house.admin.connect() as migrated, engine.begin() as connection:
            for function in migrated.scalars(text(SEARCHED)):
                connection.exec_driver_sql(function.replace("%", "%%"))
        Base.metadata.create_all(engine)
        yield engine
        engine.dispose()


def test_the_database_is_what_the_models_say(house: House, made_of_models: Engine) -> None:
    with house.admin.connect() as migrated, made_of_models.connect() as made:
        ours, theirs = shape(migrated), shape(made)
    for name in SHAPES:
        assert ours[name] - theirs[name] == set(), f"{name} that only the migrations know"
        assert theirs[name] - ours[name] == set(), f"{name} that only the models know"
        assert ours[name]


def test_alembic_finds_nothing_to_do(house: House) -> None:
    with create_engine(house.urls.owner).connect() as connection:
        assert _difference(connection) == []


@pytest.mark.parametrize("damage", [
    "ALTER TABLE message ADD COLUMN forgotten text",
    "ALTER TABLE client DROP COLUMN source",
    "DROP INDEX ix_dialog_thread",
    "CREATE TABLE forgotten (id bigint PRIMARY KEY)",
])  # fmt: skip
def test_a_forgotten_migration_is_found(house: House, damage: str) -> None:
    with create_engine(house.urls.owner).connect() as connection:
        connection.execute(text(damage))
        assert _difference(connection) != []
        connection.rollback()


def _difference(connection: Connection) -> list[object]:
    def ours(name: str | None, kind: str, parents: object) -> bool:
        return not (kind == "table" and (name or "").startswith(("procrastinate_", "alembic_")))

    context = MigrationContext.configure(connection, opts={"include_name": ours, "compare_type": True})
    return list(compare_metadata(context, Base.metadata))


def test_the_way_back_takes_the_wall_down_and_forward_builds_it_again() -> None:
    """The first migration and the queue's refuse: behind them lies only loss."""
    with empty_database() as urls:
        app, admin = databases.make_app(urls), create_engine(urls.admin)
        with app.app_context():
            flask_migrate.upgrade(revision=f"{int(QUEUE) - 1:04}")
            flask_migrate.downgrade(revision=FIRST)
            with admin.connect() as connection:
                assert [connection.scalar(text(query)) for query in TRACES] == [0, 0, 0]
            flask_migrate.upgrade()
            for revision in ("base", f"{int(QUEUE) - 1:04}"):
                with pytest.raises(SystemExit):
                    flask_migrate.downgrade(revision=revision)
        with admin.connect() as connection:
            assert list(holes(connection)) == []
        admin.dispose()
