"""What the managers' screens keep: notes, canned answers, views, notifications, bulk acts, imports, merges; and when a
dialog was first answered, handed over and closed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0014"
down_revision = "0013"

MOMENT = sa.DateTime(timezone=True)
SETTING = "(SELECT NULLIF(current_setting('app.org_id', true), '')::bigint)"
TABLES = (
    "bulk_act", "bulk_item", "canned_answer", "client_import", "client_import_row", "client_merge", "client_note",
    "notification", "presence", "saved_view",
)  # fmt: skip

# Whatever closes a dialog or hands it over, the moment is kept. Columns of `BEFORE UPDATE OF` would miss nothing here,
# but a statement that touches neither (every message) must not even fire it.
MOMENTS = """
    CREATE FUNCTION note_moments() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.status <> 'closed' THEN NEW.closed_at := NULL;
        ELSIF NEW.closed_at IS NULL THEN NEW.closed_at := now();
        END IF;
        IF NEW.hand_over_reason IS NOT NULL AND NEW.handed_over_at IS NULL THEN NEW.handed_over_at := now(); END IF;
        RETURN NEW;
    END $$
"""
REWRITTEN = ("dialog", "message", "client", "client_note")


def upgrade() -> None:
    op.create_table(
        "bulk_act",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=True),
        sa.Column("author_name", sa.String(length=200), server_default="", nullable=False),
        sa.Column(
            "subject",
            sa.Enum("dialog", "client", name="bulk_subject", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("act", sa.String(length=24), nullable=False),
        sa.Column("wish", JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "running",
                "done",
                "undoing",
                "undone",
                "failed",
                name="bulk_state",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            server_default="running",
            nullable=False,
        ),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("skipped", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["author_id"], ["app_user.id"], name=op.f("fk_bulk_act_author_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_bulk_act_org_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_bulk_act")),
    )
    op.create_index("ix_bulk_act_newest", "bulk_act", ["org_id", sa.text("id DESC")])
    op.create_table(
        "canned_answer",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"], ["app_user.id"], name=op.f("fk_canned_answer_author_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organization.id"], name=op.f("fk_canned_answer_org_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_canned_answer")),
        sa.UniqueConstraint("org_id", "name", name=op.f("uq_canned_answer_org_id_name")),
    )
    op.create_table(
        "client_import",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=True),
        sa.Column("author_name", sa.String(length=200), server_default="", nullable=False),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("storage_key", sa.String(length=128), nullable=True),
        sa.Column(
            "rule",
            sa.Enum(
                "skip", "fill", "overwrite", name="duplicate_rule", native_enum=False, create_constraint=True, length=24
            ),
            server_default="skip",
            nullable=False,
        ),
        sa.Column("columns", JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "reading",
                "ready",
                "running",
                "done",
                "undoing",
                "undone",
                "failed",
                name="import_state",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            server_default="reading",
            nullable=False,
        ),
        sa.Column("error", sa.String(length=500), server_default="", nullable=False),
        sa.Column("total", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("handled", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("added", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("changed", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("skipped", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("rejected", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["author_id"], ["app_user.id"], name=op.f("fk_client_import_author_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organization.id"], name=op.f("fk_client_import_org_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_client_import")),
    )
    op.create_index("ix_client_import_newest", "client_import", ["org_id", sa.text("id DESC")])
    op.create_table(
        "notification",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "assigned",
                "ticket_answered",
                "import_done",
                "bulk_done",
                name="notification_kind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column(
            "subject",
            sa.Enum(
                "dialog",
                "ticket",
                "client_import",
                "bulk_act",
                name="notification_subject",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("data", JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("read_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organization.id"], name=op.f("fk_notification_org_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_notification_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_notification")),
    )
    op.create_index("ix_notification_newest", "notification", ["org_id", "user_id", sa.text("id DESC")])
    op.create_index(
        "uq_notification_unread",
        "notification",
        ["org_id", "user_id", "kind", "subject_id"],
        unique=True,
        postgresql_where=sa.text("read_at IS NULL"),
    )
    op.create_table(
        "saved_view",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "screen",
            sa.Enum("deals", "clients", name="view_screen", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("query", sa.Text(), server_default="", nullable=False),
        sa.Column("is_shared", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_saved_view_org_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_saved_view_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_saved_view")),
        sa.UniqueConstraint(
            "org_id", "user_id", "screen", "name", name=op.f("uq_saved_view_org_id_user_id_screen_name")
        ),
    )
    op.create_table(
        "bulk_item",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("act_id", sa.BigInteger(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "done",
                "skipped",
                "undone",
                name="bulk_item_state",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            server_default="waiting",
            nullable=False,
        ),
        sa.Column("before", JSONB(), nullable=True),
        sa.Column("reason", sa.String(length=200), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "act_id"],
            ["bulk_act.org_id", "bulk_act.id"],
            name=op.f("fk_bulk_item_org_id_act_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org_id", "act_id", "subject_id", name=op.f("pk_bulk_item")),
    )
    op.create_index("ix_bulk_item_waiting", "bulk_item", ["org_id", "act_id", "state", "subject_id"])
    op.create_table(
        "client_import_row",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("import_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("cells", JSONB(), nullable=False),
        sa.Column("fields", JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column(
            "verdict",
            sa.Enum(
                "new",
                "duplicate",
                "rejected",
                name="import_verdict",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("client_id", sa.BigInteger(), nullable=True),
        sa.Column("before", JSONB(), nullable=True),
        sa.Column("handled_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["org_id", "import_id"],
            ["client_import.org_id", "client_import.id"],
            name=op.f("fk_client_import_row_org_id_import_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "client_id"],
            ["client.org_id", "client.id"],
            name=op.f("fk_client_import_row_org_id_client_id"),
            ondelete="SET NULL (client_id)",
        ),
        sa.PrimaryKeyConstraint("org_id", "import_id", "number", name=op.f("pk_client_import_row")),
    )
    op.create_index(
        "ix_client_import_row_client",
        "client_import_row",
        ["org_id", "client_id"],
        postgresql_where=sa.text("client_id IS NOT NULL"),
    )
    op.create_index("ix_client_import_row_verdict", "client_import_row", ["org_id", "import_id", "verdict", "number"])
    op.create_table(
        "client_merge",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("kept_id", sa.BigInteger(), nullable=False),
        sa.Column("gone_id", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=True),
        sa.Column("author_name", sa.String(length=200), server_default="", nullable=False),
        sa.Column("before", JSONB(), nullable=False),
        sa.Column("created_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("undone_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["author_id"], ["app_user.id"], name=op.f("fk_client_merge_author_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "gone_id"],
            ["client.org_id", "client.id"],
            name=op.f("fk_client_merge_org_id_gone_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "kept_id"],
            ["client.org_id", "client.id"],
            name=op.f("fk_client_merge_org_id_kept_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_client_merge")),
    )
    op.create_index("ix_client_merge_gone", "client_merge", ["org_id", "gone_id"])
    op.create_index("ix_client_merge_kept", "client_merge", ["org_id", "kept_id", sa.text("id DESC")])
    op.create_table(
        "client_note",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("client_id", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=True),
        sa.Column("author_name", sa.String(length=200), server_default="", nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"], ["app_user.id"], name=op.f("fk_client_note_author_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "client_id"],
            ["client.org_id", "client.id"],
            name=op.f("fk_client_note_org_id_client_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_client_note")),
    )
    op.create_index("ix_client_note_client", "client_note", ["org_id", "client_id", sa.text("id DESC")])
    op.create_table(
        "presence",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("dialog_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("typed_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["org_id", "dialog_id"],
            ["dialog.org_id", "dialog.id"],
            name=op.f("fk_presence_org_id_dialog_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_presence_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("org_id", "dialog_id", "user_id", name=op.f("pk_presence")),
        prefixes=["UNLOGGED"],
    )
    op.add_column("client", sa.Column("merged_into", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_client_merged_into",
        "client",
        ["org_id", "merged_into"],
        postgresql_where=sa.text("merged_into IS NOT NULL"),
    )
    op.create_foreign_key(
        op.f("fk_client_org_id_merged_into"),
        "client",
        "client",
        ["org_id", "merged_into"],
        ["org_id", "id"],
        ondelete="SET NULL (merged_into)",
    )
    op.add_column("dialog", sa.Column("first_assistant_at", MOMENT, nullable=True))
    op.add_column("dialog", sa.Column("first_manager_at", MOMENT, nullable=True))
    op.add_column("dialog", sa.Column("handed_over_at", MOMENT, nullable=True))
    op.add_column("dialog", sa.Column("closed_at", MOMENT, nullable=True))
    op.create_index(
        "ix_dialog_board",
        "dialog",
        ["org_id", "funnel_id", "stage_id", sa.text("last_activity DESC"), sa.text("id DESC")],
        postgresql_where=sa.text("status = 'active' AND listed"),
    )
    op.create_index(
        "ix_dialog_closed",
        "dialog",
        ["org_id", sa.text("closed_at DESC"), sa.text("id DESC")],
        postgresql_where=sa.text("closed_at IS NOT NULL AND listed"),
    )
    op.create_index(
        "ix_dialog_created",
        "dialog",
        ["org_id", sa.text("created_at DESC"), sa.text("id DESC")],
        postgresql_where=sa.text("listed"),
    )

    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant ON {table} USING (org_id = {SETTING})")
    _carry_over()
    op.drop_column("client", "notes")
    op.execute(MOMENTS)
    op.execute("CREATE TRIGGER note_moments_new BEFORE INSERT ON dialog FOR EACH ROW EXECUTE FUNCTION note_moments()")
    op.execute(
        "CREATE TRIGGER note_moments BEFORE UPDATE ON dialog FOR EACH ROW WHEN (NEW.status <> OLD.status OR "
        "NEW.hand_over_reason IS DISTINCT FROM OLD.hand_over_reason) EXECUTE FUNCTION note_moments()"
    )


def _carry_over() -> None:
    """What older rows tell."""
    for table in REWRITTEN:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(
        "INSERT INTO client_note (org_id, client_id, text, created_at, updated_at) "
        "SELECT org_id, id, left(notes, 5000), created_at, updated_at FROM client WHERE notes <> ''"
    )
    op.execute(
        """UPDATE dialog d SET
               closed_at = CASE WHEN d.status = 'closed' THEN d.updated_at END,
               handed_over_at = CASE WHEN d.hand_over_reason IS NOT NULL THEN d.created_at END,
               first_assistant_at = m.assistant, first_manager_at = m.manager
           FROM (SELECT org_id, dialog_id, min(created_at) FILTER (WHERE role = 'assistant') AS assistant,
                        min(created_at) FILTER (WHERE role = 'manager') AS manager
                 FROM message GROUP BY 1, 2) m
           WHERE m.org_id = d.org_id AND m.dialog_id = d.id"""
    )
    op.execute("UPDATE dialog SET closed_at = updated_at WHERE status = 'closed' AND closed_at IS NULL")
    for table in REWRITTEN:
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    op.execute("DROP TRIGGER note_moments_new ON dialog")
    op.execute("DROP TRIGGER note_moments ON dialog")
    op.execute("DROP FUNCTION note_moments()")
    op.drop_index("ix_dialog_created", table_name="dialog", postgresql_where=sa.text("listed"))
    op.drop_index("ix_dialog_closed", table_name="dialog", postgresql_where=sa.text("closed_at IS NOT NULL AND listed"))
    op.drop_index("ix_dialog_board", table_name="dialog", postgresql_where=sa.text("status = 'active' AND listed"))
    op.drop_column("dialog", "closed_at")
    op.drop_column("dialog", "handed_over_at")
    op.drop_column("dialog", "first_manager_at")
    op.drop_column("dialog", "first_assistant_at")
    op.add_column("client", sa.Column("notes", sa.Text(), server_default="", nullable=False))
    for table in ("client", "client_note"):
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(
        "UPDATE client c SET notes = n.notes "
        "FROM (SELECT org_id, client_id, string_agg(text, E'\\n' ORDER BY id) AS notes "
        "FROM client_note GROUP BY 1, 2) n "
        "WHERE n.org_id = c.org_id AND n.client_id = c.id"
    )
    op.execute("ALTER TABLE client FORCE ROW LEVEL SECURITY")
    op.drop_constraint(op.f("fk_client_org_id_merged_into"), "client", type_="foreignkey")
    op.drop_index("ix_client_merged_into", table_name="client", postgresql_where=sa.text("merged_into IS NOT NULL"))
    op.drop_column("client", "merged_into")
    op.drop_table("presence")
    op.drop_index("ix_client_note_client", table_name="client_note")
    op.drop_table("client_note")
    op.drop_index("ix_client_merge_kept", table_name="client_merge")
    op.drop_index("ix_client_merge_gone", table_name="client_merge")
    op.drop_table("client_merge")
    op.drop_index("ix_client_import_row_verdict", table_name="client_import_row")
    op.drop_index("ix_client_import_row_client", table_name="client_import_row")
    op.drop_table("client_import_row")
    op.drop_index("ix_bulk_item_waiting", table_name="bulk_item")
    op.drop_table("bulk_item")
    op.drop_table("saved_view")
    op.drop_index("uq_notification_unread", table_name="notification", postgresql_where=sa.text("read_at IS NULL"))
    op.drop_index("ix_notification_newest", table_name="notification")
    op.drop_table("notification")
    op.drop_index("ix_client_import_newest", table_name="client_import")
    op.drop_table("client_import")
    op.drop_table("canned_answer")
    op.drop_index("ix_bulk_act_newest", table_name="bulk_act")
    op.drop_table("bulk_act")
