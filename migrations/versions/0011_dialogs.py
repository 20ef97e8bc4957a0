"""Dialogs: where the trial ones and the deleted ones are found, and whose 30 days of undo are over."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"

INDEXES = {
    "ix_dialog_trial": "(org_id, funnel_id, id DESC) WHERE is_test AND deleted_at IS NULL",
    "ix_dialog_deleted": "(deleted_at) WHERE deleted_at IS NOT NULL",
}
LOOKUP = "lookup_erasable_dialogs(p_days integer)"


def upgrade() -> None:
    for name, body in INDEXES.items():
        op.execute(f"CREATE INDEX {name} ON dialog {body}")
    op.execute("GRANT SELECT (org_id, deleted_at) ON dialog TO aiguro_lookup")
    op.execute("CREATE POLICY lookup ON dialog FOR SELECT TO aiguro_lookup USING (true)")
    op.execute("GRANT CREATE ON SCHEMA public TO aiguro_lookup")
    op.execute(
        f"CREATE FUNCTION {LOOKUP} RETURNS TABLE (org_id bigint) AS $$ "
        "SELECT DISTINCT org_id FROM dialog WHERE deleted_at < now() - make_interval(days => p_days) $$ "
        "LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
    )
    op.execute(f"REVOKE ALL ON FUNCTION {LOOKUP} FROM PUBLIC")
    op.execute(f"ALTER FUNCTION {LOOKUP} OWNER TO aiguro_lookup")
    op.execute("REVOKE CREATE ON SCHEMA public FROM aiguro_lookup")


def downgrade() -> None:
    op.execute(f"DROP FUNCTION {LOOKUP}")
    op.execute("DROP POLICY lookup ON dialog")
    op.execute("REVOKE ALL ON dialog FROM aiguro_lookup")
    for name in INDEXES:
        op.execute(f"DROP INDEX {name}")
