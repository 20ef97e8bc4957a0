"""Every tenant table stands behind row-level security with composite keys; what looks across is a short list."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, text

from .conftest import House
from .rows import tenant_tables

APP, LOOKUP = "aiguro_app", "aiguro_lookup"
LOOKS_ACROSS = {
    "lookup_memberships",
    "lookup_org_by_gid",
    "lookup_connection",
    "lookup_active_connections",
    "lookup_overdue_outbox",
    "lookup_expired_answers",
    "lookup_erasable_dialogs",
    "lookup_storage_keys",
    "lookup_ticket",
    "lookup_tickets",
    "lookup_ticket_total",
    "lookup_desk",
    "lookup_desk_tally",
    "lookup_funnel",
    "lookup_overdue_clients",
    "lookup_old_imports",
}
SEARCHES = {"search_messages", "search_tickets", "search_ticket_messages", "search_clients"}
LOOKS_ACROSS |= {"lookup_read_notifications"} | SEARCHES
LOOKUP_TABLES = {"dialog", "message", "ticket_message", "client_words", "notification", "organization", "membership", "messenger_connection", "outbox", "idempotency_key", "ticket", "funnel",
                 "client", "client_import",
                 "file", "attachment", "ticket_file"}  # fmt: skip
ABOVE_TENANTS = {"app_user", "api_token", "signing_key", "alembic_version", "personal_idempotency_key"}
# Columns that name a row of another table without a foreign key, and why.
FREE_REFERENCES = {
    ("message", "connection_id"),  # makes external ids unique; the connection may be gone
    ("dialog_tally", "stage_id"),  # kept by triggers from the dialogs, whose stage is checked
}
NOUNS = {"connection": "messenger_connection", "identity": "client_identity"}
EXPRESSION = "({key} = ( SELECT (NULLIF(current_setting('app.org_id'::text, true), ''::text))::bigint))"

TABLES = """
    SELECT c.relname AS name, c.relrowsecurity AS walled, c.relforcerowsecurity AS forced,
           c.relowner::regrole::text AS owner,
           (SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
            WHERE i.indrelid = c.oid AND i.indisprimary) AS first_key,
           EXISTS (SELECT FROM pg_attribute a
                   WHERE a.attrelid = c.oid AND a.attname = 'org_id' AND a.attnotnull) AS tenant
    FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
      AND c.relname NOT LIKE 'procrastinate%' ORDER BY 1
"""
POLICIES = "SELECT tablename, policyname, roles, cmd, permissive, qual, with_check FROM pg_policies"
KEYS = """
    SELECT k.conrelid::regclass::text AS name, k.confrelid::regclass::text AS target,
           ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY u (n, i)
                 JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n ORDER BY u.i) AS own,
           ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY u (n, i)
                 JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.n ORDER BY u.i) AS theirs
    FROM pg_constraint k WHERE k.contype = 'f' AND k.connamespace = 'public'::regnamespace
      AND k.conrelid::regclass::text NOT LIKE 'procrastinate%'
"""
COLUMNS = """
    SELECT table_name, column_name FROM information_schema.columns
    WHERE table_schema = 'public' AND column_name LIKE '%\\_id' AND table_name NOT LIKE 'procrastinate%'
"""
DEFINERS = """
    SELECT p.proname AS name, p.proowner::regrole::text AS owner, p.proconfig AS settings,
           EXISTS (SELECT FROM aclexplode(COALESCE(p.proacl, acldefault('f', p.proowner))) a
                   WHERE a.grantee = 0) AS public
    FROM pg_proc p WHERE p.prosecdef AND p.pronamespace = 'public'::regnamespace
"""
SETTINGS = ["search_path=pg_catalog, public, pg_temp"]


def holes(connection: Connection) -> Iterator[str]:
    """What is wrong with the wall of this database."""
    tables = {row.name: row for row in connection.execute(text(TABLES))}
    tenants = {name for name, row in tables.items() if row.tenant}
    yield from (
        f"{name} is neither a tenant's nor known" for name in set(tables) - tenants - ABOVE_TENANTS - {"organization"}
    )
    for name in sorted(tenants | {"organization"}):
        row = tables[name]
        if not row.walled or not row.forced:
            yield f"{name} has no forced row-level security"
        if name in tenants and row.first_key != "org_id":
            yield f"{name}: org_id is not first in its key"
        if row.owner == APP:
            yield f"{name} belongs to the application"
    yield from _policies(connection, tenants)
    yield from _references(connection, tenants)
    for row in connection.execute(text(DEFINERS)):
        if row.name not in LOOKS_ACROSS or row.owner != LOOKUP or row.settings != SETTINGS or row.public:
            yield f"{row.name} runs with another's rights: {row.owner}, {row.settings}, public: {row.public}"


def _policies(connection: Connection, tenants: set[str]) -> Iterator[str]:
    walled = set()
    for row in connection.execute(text(POLICIES)):
        roles = re.findall(r"\w+", str(row.roles))
        if roles == [LOOKUP] and row.cmd == "SELECT" and row.tablename in LOOKUP_TABLES:
            continue
        expected = EXPRESSION.format(key="id" if row.tablename == "organization" else "org_id")
        shown = re.sub(r' AS "?nullif"?', "", row.qual or "")
        check = re.sub(r' AS "?nullif"?', "", row.with_check or row.qual or "")
        if (roles, row.cmd, row.permissive, shown, check) != (["public"], "ALL", "PERMISSIVE", expected, expected):
            yield f"{row.tablename} has the policy {row.policyname}: {row.qual}, {row.with_check}"
        walled.add(row.tablename)
    yield from (f"{name} has no policy" for name in sorted((tenants | {"organization"}) - walled))


def _references(connection: Connection, tenants: set[str]) -> Iterator[str]:
    tied = set(FREE_REFERENCES)
    for row in connection.execute(text(KEYS)):
        tied |= {(row.name, column) for column in row.own}
        if row.target in tenants and ("org_id", "org_id") not in zip(row.own, row.theirs, strict=True):
            yield f"{row.name} {row.own} may point into another organisation's {row.target}"
        if row.target == "organization" and row.own != ["org_id"]:
            yield f"{row.name} {row.own} names another organisation"
    for name, column in connection.execute(text(COLUMNS)):
        noun = column.removesuffix("_id")
        if NOUNS.get(noun, noun) in tenants and (name, column) not in tied:
            yield f"{name}.{column} has no foreign key"


def test_the_wall_has_no_hole(house: House) -> None:
    with house.admin.connect() as connection:
        assert list(holes(connection)) == []


def test_the_models_and_the_database_agree_on_who_is_a_tenant(house: House) -> None:
    with house.admin.connect() as connection:
        found = {row.name for row in connection.execute(text(TABLES)) if row.tenant}
    assert found == {table.name for table in tenant_tables()}


@pytest.mark.parametrize(("damage", "word"), [
    ("CREATE TABLE leak (id bigint PRIMARY KEY, org_id bigint NOT NULL)", "leak"),
    ("CREATE TABLE leak (id bigint PRIMARY KEY, secret text)", "leak"),
    ("ALTER TABLE message DISABLE ROW LEVEL SECURITY", "message"),
    ("ALTER TABLE message NO FORCE ROW LEVEL SECURITY", "message"),
    ("DROP POLICY tenant ON client", "client has no policy"),
    ("CREATE POLICY open ON client FOR SELECT USING (true)", "open"),
    ("ALTER POLICY tenant ON client WITH CHECK (true)", "client has the policy"),
    ("ALTER POLICY tenant ON client USING (org_id > 0)", "client has the policy"),
    ("CREATE POLICY lookup ON client_note FOR SELECT TO aiguro_lookup USING (true)", "client_note"),
    ("ALTER TABLE attachment DROP CONSTRAINT fk_attachment_org_id_message_id", "attachment.message_id"),
    ("ALTER TABLE client ADD UNIQUE (id); ALTER TABLE ticket ADD client_id bigint REFERENCES client (id)", "ticket"),
    ("CREATE FUNCTION peek() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT 1::bigint'", "peek"),
    ("ALTER FUNCTION lookup_org_by_gid OWNER TO postgres", "lookup_org_by_gid"),
    ("ALTER FUNCTION lookup_org_by_gid RESET search_path", "lookup_org_by_gid"),
    ("GRANT EXECUTE ON FUNCTION lookup_org_by_gid TO PUBLIC", "lookup_org_by_gid"),
])  # fmt: skip
def test_a_hole_is_found(house: House, damage: str, word: str) -> None:
    with house.admin.connect() as connection:
        connection.execute(text(damage))
        assert any(word in hole for hole in holes(connection)), damage
        connection.rollback()


def test_the_named_functions_are_all_there(house: House) -> None:
    with house.admin.connect() as connection:
        assert {row.name for row in connection.execute(text(DEFINERS))} == LOOKS_ACROSS


def test_the_applications_role_has_no_power_over_the_wall(house: House) -> None:
    powers = text("""
        SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication AS power,
               pg_has_role(:app, 'aiguro_owner', 'MEMBER') OR pg_has_role(:app, :lookup, 'MEMBER') AS member,
               has_schema_privilege(:app, 'public', 'CREATE') AS creates
        FROM pg_roles WHERE rolname = :app
    """)
    rights = text("""
        SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
          AND c.relname NOT LIKE 'procrastinate%' AND has_table_privilege(:app, c.oid, 'TRUNCATE, REFERENCES, TRIGGER')
    """)
    with house.admin.connect() as connection:
        row = connection.execute(powers, {"app": APP, "lookup": LOOKUP}).one()
        assert tuple(row) == (False, False, False)
        assert connection.scalars(rights, {"app": APP}).all() == []
        lookup = connection.execute(powers, {"app": LOOKUP, "lookup": "pg_monitor"}).one()
        assert tuple(lookup) == (False, False, False)


def test_no_view_looks_past_the_wall(house: House) -> None:
    views = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm')"
    with house.admin.connect() as connection:
        assert connection.scalars(text(views)).all() == []
