"""What the JSON API writes: dialogs that are gone, trial clients, files of several funnels, files of tickets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

SETTING = "(SELECT NULLIF(current_setting('app.org_id', true), '')::bigint)"

INDEXES = {
    "ix_dialog_funnel": "(org_id, funnel_id, id DESC) WHERE {shown}",
    "ix_dialog_all": "(org_id, id DESC) WHERE {shown}",
    "ix_dialog_activity": "(org_id, last_activity DESC, id DESC) WHERE {shown}",
    "ix_dialog_waiting": "(org_id, unanswered_since, id) "
                         "WHERE unanswered_since IS NOT NULL AND status = 'active' AND {shown}",
    "ix_dialog_manager": "(org_id, manager_id, last_activity DESC, id DESC) WHERE manager_id IS NOT NULL AND {shown}",
    "uq_dialog_open": "(org_id, identity_id) WHERE status = 'active' AND {shown}",
}  # fmt: skip

# As in 0003, counting the listed ones.
ADD = """
    INSERT INTO dialog_tally AS t (org_id, funnel_id, stage_id, status, shard, dialogs, amount)
    SELECT d.org_id, d.funnel_id, d.stage_id, d.status, pg_backend_pid() % 8, {sign}count(*), {sign}sum(d.price)
    FROM {rows} d WHERE {shown} {more}
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
    ON CONFLICT (org_id, funnel_id, stage_id, status, shard)
    DO UPDATE SET dialogs = t.dialogs + EXCLUDED.dialogs, amount = t.amount + EXCLUDED.amount;
"""
ALIVE = "AND EXISTS (SELECT FROM funnel f WHERE f.org_id = d.org_id AND f.id = d.funnel_id)"


def upgrade() -> None:
    op.add_column("client", sa.Column("is_test", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("dialog", sa.Column("deleted_at", sa.DateTime(timezone=True)))
    op.execute("ALTER TABLE dialog ADD COLUMN listed boolean NOT NULL "
               "GENERATED ALWAYS AS (NOT is_test AND deleted_at IS NULL) STORED")  # fmt: skip
    _count("d.listed", "listed")
    op.create_index("ix_client_newest", "client", ["org_id", sa.text("id DESC")],
                    postgresql_where=sa.text("deleted_at IS NULL AND NOT is_test"))  # fmt: skip
    op.create_index("ix_client_activity", "client", ["org_id", sa.text("last_activity DESC"), sa.text("id DESC")],
                    postgresql_where=sa.text("deleted_at IS NULL AND NOT is_test"))  # fmt: skip

    op.create_table(
        "funnel_file",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("funnel_id", sa.BigInteger(), nullable=False),
        sa.Column("file_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("org_id", "funnel_id", "file_id", name="pk_funnel_file"),
        sa.ForeignKeyConstraint(["org_id", "funnel_id"], ["funnel.org_id", "funnel.id"],
                                name="fk_funnel_file_org_id_funnel_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["org_id", "file_id"], ["file.org_id", "file.id"],
                                name="fk_funnel_file_org_id_file_id", ondelete="CASCADE"),
    )  # fmt: skip
    op.create_index("ix_funnel_file_file", "funnel_file", ["org_id", "file_id"])
    op.execute("ALTER TABLE file NO FORCE ROW LEVEL SECURITY")  # the owner's rewrite sees every row
    op.execute("INSERT INTO funnel_file (org_id, funnel_id, file_id) "
               "SELECT org_id, funnel_id, id FROM file WHERE funnel_id IS NOT NULL")  # fmt: skip
    op.execute("ALTER TABLE file FORCE ROW LEVEL SECURITY")
    op.drop_index("ix_file_funnel_id", "file")
    op.drop_column("file", "funnel_id")

    op.create_table(
        "ticket_file",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("content_type", sa.String(100), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("storage_key", sa.String(128), nullable=False, unique=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("org_id", "id", name="pk_ticket_file"),
        sa.ForeignKeyConstraint(["org_id", "message_id"], ["ticket_message.org_id", "ticket_message.id"],
                                name="fk_ticket_file_org_id_message_id", ondelete="CASCADE"),
    )  # fmt: skip
    op.create_index("ix_ticket_file_message_id", "ticket_file", ["message_id"])
    for table in ("funnel_file", "ticket_file"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant ON {table} USING (org_id = {SETTING})")

    op.create_table(
        "personal_idempotency_key",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("route", sa.String(200), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("body_hmac", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("headers", sa.dialects.postgresql.JSONB()),
        sa.Column("body", sa.LargeBinary()),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("user_id", "route", "key", name="pk_personal_idempotency_key"),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name="fk_personal_idempotency_key_user_id",
                                ondelete="CASCADE"),
    )  # fmt: skip
    op.create_index("ix_idempotency_key_created_at", "idempotency_key", ["created_at"])
    op.create_index("ix_personal_idempotency_key_created_at", "personal_idempotency_key", ["created_at"])
    # Kept answers are thrown away by age: which organisations have some, a named function tells.
    op.execute("GRANT SELECT ON idempotency_key TO aiguro_lookup")
    op.execute("CREATE POLICY lookup ON idempotency_key FOR SELECT TO aiguro_lookup USING (true)")
    op.execute("GRANT CREATE ON SCHEMA public TO aiguro_lookup")
    op.execute(
        "CREATE FUNCTION lookup_expired_answers(p_hours integer) RETURNS TABLE (org_id bigint) "
        "AS $$ SELECT DISTINCT org_id FROM idempotency_key "
        "WHERE created_at < now() - make_interval(hours => p_hours) $$ "
        "LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
    )
    op.execute("REVOKE ALL ON FUNCTION lookup_expired_answers(integer) FROM PUBLIC")
    op.execute("ALTER FUNCTION lookup_expired_answers(integer) OWNER TO aiguro_lookup")
    op.execute("REVOKE CREATE ON SCHEMA public FROM aiguro_lookup")


def _count(of_row: str, shown: str) -> None:
    """The tallies' triggers and the partial indexes, over the dialogs that `shown` names."""
    added = ADD.format(sign="", rows="added", more="", shown=of_row)
    removed = ADD.format(sign="-", rows="removed", more=ALIVE, shown=of_row)
    one_off = ADD.format(sign="-", rows="(SELECT OLD.*)", more="", shown=of_row)
    one_on = ADD.format(sign="", rows="(SELECT NEW.*)", more="", shown=of_row)
    for name, body in {
        "dialog_tally_added": added,
        "dialog_tally_removed": removed,
        "dialog_tally_changed": one_off + one_on,
    }.items():
        op.execute(
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql "
            f"AS $$ BEGIN {body} RETURN NULL; END $$"
        )
    op.execute("DROP TRIGGER tally_changed ON dialog")
    watched = "funnel_id, stage_id, status, price, is_test" + (", deleted_at" if shown == "listed" else "")
    columns = [name.strip() for name in watched.split(",")]
    old, new = (", ".join(f"{side}.{name}" for name in columns) for side in ("OLD", "NEW"))
    op.execute(
        f"CREATE TRIGGER tally_changed AFTER UPDATE OF {watched} ON dialog FOR EACH ROW "
        f"WHEN (ROW({old}) IS DISTINCT FROM ROW({new})) EXECUTE FUNCTION dialog_tally_changed()"
    )
    for name, body in INDEXES.items():
        op.execute(f"DROP INDEX {name}")
        unique = "UNIQUE" if name.startswith("uq_") else ""
        op.execute(f"CREATE {unique} INDEX {name} ON dialog {body.format(shown=shown)}")


def downgrade() -> None:
    op.execute("DROP FUNCTION lookup_expired_answers(integer)")
    op.execute("DROP POLICY lookup ON idempotency_key")
    op.execute("REVOKE ALL ON idempotency_key FROM aiguro_lookup")
    op.drop_index("ix_idempotency_key_created_at", "idempotency_key")
    op.drop_table("personal_idempotency_key")
    op.drop_table("ticket_file")
    op.add_column("file", sa.Column("funnel_id", sa.BigInteger()))
    for table in ("file", "funnel_file"):
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute("UPDATE file f SET funnel_id = (SELECT min(a.funnel_id) FROM funnel_file a "
               "WHERE a.org_id = f.org_id AND a.file_id = f.id)")  # fmt: skip
    op.execute("ALTER TABLE file FORCE ROW LEVEL SECURITY")
    op.create_foreign_key("fk_file_org_id_funnel_id", "file", "funnel", ["org_id", "funnel_id"], ["org_id", "id"],
                          ondelete="CASCADE")  # fmt: skip
    op.create_index("ix_file_funnel_id", "file", ["funnel_id"])
    op.drop_table("funnel_file")
    op.drop_index("ix_client_activity", "client")
    op.drop_index("ix_client_newest", "client")
    op.drop_column("client", "is_test")
    _count("NOT d.is_test", "NOT is_test")
    op.drop_column("dialog", "listed")
    op.drop_column("dialog", "deleted_at")
