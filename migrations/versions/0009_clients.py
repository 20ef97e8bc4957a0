"""Clients over JSON: kept counts (client_tally), their filters' indexes, and whose 30 days of undo are over."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

SETTING = "(SELECT NULLIF(current_setting('app.org_id', true), '')::bigint)"
SHOWN = "deleted_at IS NULL AND NOT is_test"

# As dialog_tally (0003, 0006): in shards, so that no row is hot.
ADD = """
    INSERT INTO client_tally AS t (org_id, status, shard, clients)
    SELECT c.org_id, c.status, pg_backend_pid() % 8, {sign}count(*)
    FROM {rows} c WHERE c.deleted_at IS NULL AND NOT c.is_test {more}
    GROUP BY 1, 2 ORDER BY 1, 2
    ON CONFLICT (org_id, status, shard) DO UPDATE SET clients = t.clients + EXCLUDED.clients;
"""
ALIVE = "AND EXISTS (SELECT FROM organization o WHERE o.id = c.org_id)"  # one that goes takes its tally along

INDEXES = {
    "ix_client_created": f"client (org_id, created_at DESC, id DESC) WHERE {SHOWN}",
    "ix_client_inactive": f"client (org_id, id DESC) WHERE status = 'inactive' AND {SHOWN}",
    "ix_client_manager": f"client (org_id, manager_id, id DESC) WHERE manager_id IS NOT NULL AND {SHOWN}",
    "ix_client_manager_text": f"client (org_id, manager_text, id DESC) WHERE manager_text <> '' AND {SHOWN}",
    "ix_client_deleted": "client (deleted_at) WHERE deleted_at IS NOT NULL",
    "ix_dialog_won": "dialog (org_id, client_id) WHERE outcome = 'won' AND listed",
    # What erasing a row looks for in the tables below it; without them each looks through the whole table.
    "ix_dialog_identity": "dialog (org_id, identity_id)",
    "ix_outbox_dialog": "outbox (org_id, dialog_id)",
}
LOOKUP = "lookup_overdue_clients(p_days integer)"


def upgrade() -> None:
    op.create_table(
        "client_tally",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(24), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("clients", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("org_id", "status", "shard", name="pk_client_tally"),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name="fk_client_tally_org_id", ondelete="CASCADE"),
    )
    for table in ("client", "dialog"):  # the owner's counting and dating sees every row
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(
        "UPDATE client c SET last_activity = d.last FROM (SELECT org_id, client_id, max(last_activity) AS last "
        "FROM dialog WHERE listed GROUP BY 1, 2) d "
        "WHERE d.org_id = c.org_id AND d.client_id = c.id AND d.last > c.last_activity"
    )
    op.execute(ADD.format(sign="", rows="client", more=""))
    for table in ("client", "dialog"):
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE client_tally ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE client_tally FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY tenant ON client_tally USING (org_id = {SETTING})")
    _triggers()
    for name, body in INDEXES.items():
        op.execute(f"CREATE INDEX {name} ON {body}")

    op.execute("GRANT SELECT (org_id, id, deleted_at) ON client TO aiguro_lookup")
    op.execute("CREATE POLICY lookup ON client FOR SELECT TO aiguro_lookup USING (true)")
    op.execute("GRANT CREATE ON SCHEMA public TO aiguro_lookup")
    op.execute(
        f"CREATE FUNCTION {LOOKUP} RETURNS TABLE (org_id bigint, id bigint) AS $$ "
        "SELECT org_id, id FROM client WHERE deleted_at < now() - make_interval(days => p_days) "
        "ORDER BY deleted_at, id LIMIT 1000 $$ "
        "LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
    )
    op.execute(f"REVOKE ALL ON FUNCTION {LOOKUP} FROM PUBLIC")
    op.execute(f"ALTER FUNCTION {LOOKUP} OWNER TO aiguro_lookup")
    op.execute("REVOKE CREATE ON SCHEMA public FROM aiguro_lookup")


def _triggers() -> None:
    for name, body in {
        "added": ADD.format(sign="", rows="added", more=""),
        "removed": ADD.format(sign="-", rows="removed", more=ALIVE),
        "changed": ADD.format(sign="-", rows="(SELECT OLD.*)", more="")
        + ADD.format(sign="", rows="(SELECT NEW.*)", more=""),
    }.items():
        op.execute(
            f"CREATE FUNCTION client_tally_{name}() RETURNS trigger LANGUAGE plpgsql "
            f"AS $$ BEGIN {body} RETURN NULL; END $$"
        )
    op.execute(
        "CREATE TRIGGER tally_added AFTER INSERT ON client REFERENCING NEW TABLE AS added "
        "FOR EACH STATEMENT EXECUTE FUNCTION client_tally_added()"
    )
    op.execute(
        "CREATE TRIGGER tally_removed AFTER DELETE ON client REFERENCING OLD TABLE AS removed "
        "FOR EACH STATEMENT EXECUTE FUNCTION client_tally_removed()"
    )
    # A column list: the date that comes with every message does not even fire it.
    op.execute(
        "CREATE TRIGGER tally_changed AFTER UPDATE OF status, deleted_at, is_test ON client FOR EACH ROW "
        "WHEN (ROW(OLD.status, OLD.deleted_at, OLD.is_test) IS DISTINCT FROM "
        "ROW(NEW.status, NEW.deleted_at, NEW.is_test)) EXECUTE FUNCTION client_tally_changed()"
    )


def downgrade() -> None:
    op.execute(f"DROP FUNCTION {LOOKUP}")
    op.execute("DROP POLICY lookup ON client")
    op.execute("REVOKE ALL ON client FROM aiguro_lookup")
    for name in INDEXES:
        op.execute(f"DROP INDEX {name}")
    for name in ("added", "removed", "changed"):
        op.execute(f"DROP TRIGGER tally_{name} ON client")
        op.execute(f"DROP FUNCTION client_tally_{name}()")
    op.drop_table("client_tally")
