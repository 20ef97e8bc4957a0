"""Which transaction changed a row last (`changed`): lists of dialogs can be told unchanged without building them.

See docs/decisions/0010.
"""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"

TABLES = ("dialog", "client", "stage", "funnel")


def upgrade() -> None:
    op.execute(
        "CREATE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql "
        "AS $$ BEGIN NEW.changed := pg_current_xact_id(); RETURN NEW; END $$"
    )
    for table in (*TABLES, "app_user"):
        op.execute(f"ALTER TABLE {table} ADD COLUMN changed xid8 NOT NULL DEFAULT pg_current_xact_id()")
        columns = "(changed)" if table == "app_user" else "(org_id, changed)"
        op.execute(f"CREATE INDEX ix_{table}_changed ON {table} {columns}")
        # A statement that sets it itself (the one that comes with every message) does not even fire it.
        op.execute(
            f"CREATE TRIGGER note_change BEFORE UPDATE ON {table} FOR EACH ROW "
            "WHEN (NEW.changed = OLD.changed) EXECUTE FUNCTION note_change()"
        )


def downgrade() -> None:
    for table in (*TABLES, "app_user"):
        op.execute(f"DROP TRIGGER note_change ON {table}")
        op.execute(f"ALTER TABLE {table} DROP COLUMN changed")
    op.execute("DROP FUNCTION note_change()")
