"""What imports of clients read by: clients by phone and e-mail, what became of each row, and whose 30 days are over."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0019"
down_revision = "0018"

SHOWN = "deleted_at IS NULL AND NOT is_test"
# By the e-mail as it is stored, which is in lower case: `lower` is not leakproof, so that behind row-level security an
# index on it would never be used (design.md §4.3).
INDEXES = {
    "ix_client_phone": f"client (org_id, phone) WHERE phone <> '' AND {SHOWN}",
    "ix_client_email": f"client (org_id, email) WHERE email <> '' AND {SHOWN}",
    "ix_client_import_row_outcome": "client_import_row (org_id, import_id, outcome, number) WHERE outcome IS NOT NULL",
    "ix_client_import_row_phone": "client_import_row (org_id, phone) WHERE phone IS NOT NULL",
    "ix_client_import_row_email": "client_import_row (org_id, email) WHERE email IS NOT NULL",
    "ix_client_import_kept": "client_import (created_at) WHERE rows_forgotten_at IS NULL",
    "ix_client_import_storage_key": "client_import (storage_key) WHERE storage_key IS NOT NULL",
}
READ = ("phone", "email")
COUNTS = ("fresh", "duplicates", "undone", "kept")
TABLES = ("file", "attachment", "ticket_file")  # as 0008 has them
KEYS = "lookup_storage_keys(p_keys text[])"
OLD = "lookup_old_imports(p_days integer)"


def upgrade() -> None:
    for name in COUNTS:
        op.add_column("client_import", sa.Column(name, sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("client_import", sa.Column("encoding", sa.String(16), server_default="", nullable=False))
    op.add_column("client_import", sa.Column("separator", sa.String(1), server_default="", nullable=False))
    op.add_column("client_import", sa.Column("titles", JSONB(), server_default=sa.text("'[]'"), nullable=False))
    op.add_column("client_import", sa.Column("has_titles", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("client_import", sa.Column("rows_forgotten_at", sa.DateTime(timezone=True), nullable=True))
    outcome = sa.Enum("added", "changed", "skipped", "undone", "kept", name="import_outcome", native_enum=False,
                      create_constraint=True, length=24)  # fmt: skip
    op.add_column("client_import_row", sa.Column("outcome", outcome, nullable=True))
    for name in READ:
        read = sa.Computed(f"fields ->> '{name}'", persisted=True)
        op.add_column("client_import_row", sa.Column(name, sa.Text(), read, nullable=True))
    for name, body in INDEXES.items():
        op.execute(f"CREATE INDEX {name} ON {body}")

    op.execute(
        "GRANT SELECT (org_id, id, storage_key, state, created_at, rows_forgotten_at) ON client_import TO aiguro_lookup"
    )
    op.execute("CREATE POLICY lookup ON client_import FOR SELECT TO aiguro_lookup USING (true)")
    op.execute("GRANT CREATE ON SCHEMA public TO aiguro_lookup")
    _look(KEYS, "storage_key text", _known((*TABLES, "client_import")))
    _look(
        OLD,
        "org_id bigint, id bigint",
        "SELECT org_id, id FROM client_import WHERE rows_forgotten_at IS NULL AND state NOT IN ('running', 'undoing') "
        "AND created_at < now() - make_interval(days => p_days) ORDER BY created_at LIMIT 1000",
    )
    op.execute("REVOKE CREATE ON SCHEMA public FROM aiguro_lookup")


def _known(tables: tuple[str, ...]) -> str:
    return " UNION ALL ".join(
        f"SELECT storage_key::text FROM {table} WHERE storage_key = ANY (p_keys)" for table in tables
    )


def _look(function: str, columns: str, query: str) -> None:
    op.execute(f"DROP FUNCTION IF EXISTS {function.replace('p_keys ', '').replace('p_days ', '')}")
    op.execute(
        f"CREATE FUNCTION {function} RETURNS TABLE ({columns}) AS $$ {query} $$ "
        "LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
    )
    op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
    op.execute(f"ALTER FUNCTION {function} OWNER TO aiguro_lookup")


def downgrade() -> None:
    op.execute("GRANT CREATE ON SCHEMA public TO aiguro_lookup")
    op.execute("DROP FUNCTION lookup_old_imports(integer)")
    _look(KEYS, "storage_key text", _known(TABLES))
    op.execute("REVOKE CREATE ON SCHEMA public FROM aiguro_lookup")
    op.execute("DROP POLICY lookup ON client_import")
    op.execute("REVOKE ALL ON client_import FROM aiguro_lookup")
    for name in INDEXES:
        op.execute(f"DROP INDEX {name}")
    for name in ("outcome", *READ):
        op.drop_column("client_import_row", name)
    for name in ("rows_forgotten_at", "has_titles", "titles", "separator", "encoding", *COUNTS):
        op.drop_column("client_import", name)
