"""The wall between tenants: row-level security, and the few named functions that look across it."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

SETTING = "(SELECT NULLIF(current_setting('app.org_id', true), '')::bigint)"

# Every table with org_id. Later migrations call wall() of their own tables.
TENANT_TABLES = (
    "membership", "funnel", "stage", "stage_entry", "assistant", "prompt_version", "followup_rule", "client",
    "client_identity", "dialog", "dialog_tally", "message", "attachment", "messenger_connection", "inbound_update",
    "outbox", "ticket", "ticket_message", "file", "journal_entry", "idempotency_key",
)  # fmt: skip

LOOKUP_TABLES = ("organization", "membership", "messenger_connection", "outbox")

FUNCTIONS = {
    "lookup_memberships(p_user bigint)": """
        RETURNS TABLE (org_id bigint, gid text, display_name text, role text, timezone text, locale text,
                       removed_at timestamptz)
        AS $$ SELECT m.org_id, o.gid, o.display_name, m.role, o.timezone, o.locale, m.removed_at
              FROM membership m JOIN organization o ON o.id = m.org_id
              WHERE m.user_id = p_user AND o.is_active AND o.archived_at IS NULL ORDER BY m.org_id $$""",
    "lookup_org_by_gid(p_gid text)": """
        RETURNS bigint
        AS $$ SELECT id FROM organization WHERE gid = p_gid AND archived_at IS NULL $$""",
    "lookup_connection(p_key text)": """
        RETURNS TABLE (org_id bigint, id bigint, messenger_type text, is_active boolean, secret_encrypted bytea)
        AS $$ SELECT org_id, id, messenger_type, is_active, secret_encrypted
              FROM messenger_connection WHERE key = p_key AND removed_at IS NULL $$""",
    "lookup_active_connections(p_type text)": """
        RETURNS TABLE (org_id bigint, id bigint)
        AS $$ SELECT org_id, id FROM messenger_connection
              WHERE messenger_type = p_type AND is_active AND status <> 'broken' AND removed_at IS NULL
              ORDER BY org_id, id $$""",
    "lookup_overdue_outbox(p_seconds integer)": """
        RETURNS TABLE (org_id bigint, dialog_id bigint)
        AS $$ SELECT DISTINCT org_id, dialog_id FROM outbox
              WHERE status IN ('queued', 'sending')
                AND GREATEST(not_before, updated_at) < now() - make_interval(secs => p_seconds) LIMIT 1000 $$""",
}


def wall(table: str, key: str = "org_id") -> None:
    """Shut `table` to everyone but the organisation that the session has entered; FORCE holds the owner too."""
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY tenant ON {table} USING ({key} = {SETTING})")


def upgrade() -> None:
    for table in TENANT_TABLES:
        wall(table)
    wall("organization", key="id")
    op.execute(
        """DO $$ BEGIN
             IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'aiguro_lookup') THEN
               CREATE ROLE aiguro_lookup NOLOGIN NOBYPASSRLS;
             END IF;
             IF current_setting('server_version_num')::int >= 160000 AND NOT pg_has_role('aiguro_lookup', 'SET') THEN
               EXECUTE 'GRANT aiguro_lookup TO CURRENT_USER WITH INHERIT TRUE, SET TRUE';  -- 15 cannot even parse it
             ELSIF NOT pg_has_role('aiguro_lookup', 'USAGE') THEN
               GRANT aiguro_lookup TO CURRENT_USER;
             END IF;
           END $$"""
    )
    op.execute("GRANT USAGE, CREATE ON SCHEMA public TO aiguro_lookup")
    for table in LOOKUP_TABLES:
        op.execute(f"GRANT SELECT ON {table} TO aiguro_lookup")
        op.execute(f"CREATE POLICY lookup ON {table} FOR SELECT TO aiguro_lookup USING (true)")
    for signature, body in FUNCTIONS.items():
        # pg_temp last: unnamed it would come first, and a caller's temporary view would run with the lookup's rights.
        op.execute(
            f"CREATE FUNCTION {signature} {body} LANGUAGE sql STABLE SECURITY DEFINER "
            "SET search_path = pg_catalog, public, pg_temp"
        )
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
        op.execute(f"ALTER FUNCTION {signature} OWNER TO aiguro_lookup")
    op.execute("REVOKE CREATE ON SCHEMA public FROM aiguro_lookup")


def downgrade() -> None:
    for signature in FUNCTIONS:
        op.execute(f"DROP FUNCTION {signature}")
    for table in LOOKUP_TABLES:
        op.execute(f"DROP POLICY lookup ON {table}")
        op.execute(f"REVOKE ALL ON {table} FROM aiguro_lookup")
    for table in (*TENANT_TABLES, "organization"):
        op.execute(f"DROP POLICY tenant ON {table}")
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
