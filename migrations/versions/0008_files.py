"""Which bytes in storage belong to a row, over all organisations; files that were uploaded to a funnel go with it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

TABLES = ("file", "attachment", "ticket_file")
KNOWN = " UNION ALL ".join(
    f"SELECT storage_key::text FROM {table} WHERE storage_key = ANY (p_keys)" for table in TABLES
)


def upgrade() -> None:
    op.create_index("ix_attachment_storage_key", "attachment", ["storage_key"])
    # Until now a file of a funnel could only be uploaded there.
    op.add_column("funnel_file", sa.Column("uploaded", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.alter_column("funnel_file", "uploaded", server_default=sa.false())
    for table in TABLES:
        op.execute(f"GRANT SELECT (storage_key) ON {table} TO aiguro_lookup")
        op.execute(f"CREATE POLICY lookup ON {table} FOR SELECT TO aiguro_lookup USING (true)")
    op.execute("GRANT CREATE ON SCHEMA public TO aiguro_lookup")
    op.execute(
        f"CREATE FUNCTION lookup_storage_keys(p_keys text[]) RETURNS TABLE (storage_key text) AS $$ {KNOWN} $$ "
        "LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
    )
    op.execute("REVOKE ALL ON FUNCTION lookup_storage_keys(text[]) FROM PUBLIC")
    op.execute("ALTER FUNCTION lookup_storage_keys(text[]) OWNER TO aiguro_lookup")
    op.execute("REVOKE CREATE ON SCHEMA public FROM aiguro_lookup")


def downgrade() -> None:
    op.execute("DROP FUNCTION lookup_storage_keys(text[])")
    for table in TABLES:
        op.execute(f"DROP POLICY lookup ON {table}")
        op.execute(f"REVOKE SELECT (storage_key) ON {table} FROM aiguro_lookup")
    op.drop_column("funnel_file", "uploaded")
    op.drop_index("ix_attachment_storage_key", "attachment")
