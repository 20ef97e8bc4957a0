"""Every table of the first day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "app_user",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("email", sa.String(length=254), server_default="", nullable=False),
        sa.Column("name", sa.String(length=200), server_default="", nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("is_staff", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("is_demo", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_app_user")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_app_user_issuer_subject")),
    )
    op.create_index(op.f("ix_app_user_email"), "app_user", ["email"], unique=False)
    op.create_table(
        "organization",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("gid", sa.String(length=128), nullable=True),
        sa.Column("display_name", sa.String(length=200), nullable=False),
        sa.Column("timezone", sa.String(length=64), server_default="Europe/Moscow", nullable=False),
        sa.Column("locale", sa.String(length=8), server_default="ru", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organization")),
        sa.UniqueConstraint("gid", name=op.f("uq_organization_gid")),
    )
    op.create_table(
        "signing_key",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kid", sa.String(length=64), nullable=False),
        sa.Column("algorithm", sa.String(length=16), nullable=False),
        sa.Column("private_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("public_jwk", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_key")),
        sa.UniqueConstraint("kid", name=op.f("uq_signing_key_kid")),
    )
    op.create_table(
        "api_token",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("jti", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=100), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_api_token_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("jti", name=op.f("uq_api_token_jti")),
    )
    op.create_index(op.f("ix_api_token_user_id"), "api_token", ["user_id"], unique=False)
    op.create_table(
        "client",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(length=200), server_default="", nullable=False),
        sa.Column("phone", sa.String(length=32), server_default="", nullable=False),
        sa.Column("email", sa.String(length=254), server_default="", nullable=False),
        sa.Column("manager_id", sa.BigInteger(), nullable=True),
        sa.Column("manager_text", sa.String(length=200), server_default="", nullable=False),
        sa.Column(
            "status",
            sa.Enum("active", "inactive", name="client_status", native_enum=False, create_constraint=True, length=24),
            server_default="active",
            nullable=False,
        ),
        sa.Column("source", sa.String(length=64), server_default="", nullable=False),
        sa.Column("notes", sa.Text(), server_default="", nullable=False),
        sa.Column("last_activity", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["manager_id"], ["app_user.id"], name=op.f("fk_client_manager_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_client_org_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_client")),
    )
    op.create_table(
        "funnel",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("display_name", sa.String(length=120), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("merge_seconds", sa.Integer(), server_default=sa.text("5"), nullable=False),
        sa.Column("break_size", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("break_wait", sa.Integer(), server_default=sa.text("2"), nullable=False),
        sa.Column("context_memory_size", sa.Integer(), server_default=sa.text("50"), nullable=False),
        sa.Column("use_company_knowledge_base", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("use_funnel_knowledge_base", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("auto_pause", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("auto_pause_full", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("auto_answer", sa.Text(), server_default="", nullable=False),
        sa.Column("anti_spam", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("accept_file", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("accept_audio", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("work_schedule", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("work_start", sa.Integer(), server_default=sa.text("9"), nullable=False),
        sa.Column("work_end", sa.Integer(), server_default=sa.text("18"), nullable=False),
        sa.Column("role_instruction", sa.Text(), server_default="", nullable=False),
        sa.Column("temperature", sa.Numeric(precision=3, scale=2), server_default=sa.text("0.7"), nullable=False),
        sa.Column("top_p", sa.Numeric(precision=3, scale=2), server_default=sa.text("1"), nullable=False),
        sa.Column("hand_over_text", sa.String(length=1000), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("temperature BETWEEN 0 AND 2 AND top_p BETWEEN 0 AND 1", name=op.f("ck_funnel_parameters")),
        sa.CheckConstraint(
            "work_start BETWEEN 0 AND 23 AND work_end BETWEEN 0 AND 23", name=op.f("ck_funnel_work_hours")
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_funnel_org_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_funnel")),
        sa.UniqueConstraint("org_id", "name", name=op.f("uq_funnel_org_id_name")),
    )
    op.create_table(
        "idempotency_key",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("route", sa.String(length=200), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("body_hmac", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organization.id"], name=op.f("fk_idempotency_key_org_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app_user.id"], name=op.f("fk_idempotency_key_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("org_id", "user_id", "route", "key", name=op.f("pk_idempotency_key")),
    )
    op.create_table(
        "journal_entry",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("actor_kind", sa.String(length=16), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("actor_name", sa.String(length=200), server_default="", nullable=False),
        sa.Column("act", sa.String(length=48), nullable=False),
        sa.Column("subject", sa.String(length=32), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["app_user.id"], name=op.f("fk_journal_entry_actor_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organization.id"], name=op.f("fk_journal_entry_org_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_journal_entry")),
    )
    op.create_index("ix_journal_entry_newest", "journal_entry", ["org_id", sa.literal_column("id DESC")], unique=False)
    op.create_index(
        "ix_journal_entry_subject",
        "journal_entry",
        ["org_id", "subject", "subject_id", sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_table(
        "membership",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "role",
            sa.Enum("admin", "manager", "viewer", name="role", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_membership_org_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_membership_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("org_id", "user_id", name=op.f("pk_membership")),
    )
    op.create_index(op.f("ix_membership_user_id"), "membership", ["user_id"], unique=False)
    op.create_table(
        "dialog_tally",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("funnel_id", sa.BigInteger(), nullable=False),
        sa.Column("stage_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=24), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("dialogs", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("amount", sa.Numeric(precision=20, scale=2), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "funnel_id"],
            ["funnel.org_id", "funnel.id"],
            name=op.f("fk_dialog_tally_org_id_funnel_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org_id", "funnel_id", "stage_id", "status", "shard", name=op.f("pk_dialog_tally")),
    )
    op.create_table(
        "file",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("funnel_id", sa.BigInteger(), nullable=True),
        sa.Column("original_name", sa.String(length=255), nullable=False),
        sa.Column("storage_key", sa.String(length=128), nullable=False),
        sa.Column("content_type", sa.String(length=100), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column(
            "category",
            sa.Enum(
                "general_info",
                "service_catalog",
                "dialog_management",
                "client_work",
                name="file_category",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("is_public", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["app_user.id"], name=op.f("fk_file_author_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["org_id", "funnel_id"],
            ["funnel.org_id", "funnel.id"],
            name=op.f("fk_file_org_id_funnel_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_file_org_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_file")),
        sa.UniqueConstraint("storage_key", name=op.f("uq_file_storage_key")),
    )
    op.create_index("ix_file_category", "file", ["org_id", "category", sa.literal_column("id DESC")], unique=False)
    op.create_index(op.f("ix_file_funnel_id"), "file", ["funnel_id"], unique=False)
    op.create_table(
        "messenger_connection",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("funnel_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "messenger_type",
            sa.Enum(
                "telegram",
                "whatsapp",
                "webchat",
                "max",
                name="messenger_type",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("account_id", sa.String(length=128), nullable=False),
        sa.Column("username", sa.String(length=64), server_default="", nullable=False),
        sa.Column("account", sa.String(length=200), server_default="", nullable=False),
        sa.Column("name", sa.String(length=120), server_default="", nullable=False),
        sa.Column("secret_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("token_hint", sa.String(length=16), server_default="", nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "connecting",
                "ok",
                "broken",
                name="connection_status",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            server_default="connecting",
            nullable=False,
        ),
        sa.Column("last_error", sa.String(length=500), server_default="", nullable=False),
        sa.Column("last_inbound_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("poll_offset", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["org_id", "funnel_id"],
            ["funnel.org_id", "funnel.id"],
            name=op.f("fk_messenger_connection_org_id_funnel_id"),
            ondelete="SET NULL (funnel_id)",
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organization.id"], name=op.f("fk_messenger_connection_org_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_messenger_connection")),
        sa.UniqueConstraint("key", name=op.f("uq_messenger_connection_key")),
    )
    op.create_index(op.f("ix_messenger_connection_funnel_id"), "messenger_connection", ["funnel_id"], unique=False)
    op.create_index(
        "uq_messenger_connection_account",
        "messenger_connection",
        ["messenger_type", "account_id"],
        unique=True,
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_table(
        "stage",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("funnel_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["org_id", "funnel_id"],
            ["funnel.org_id", "funnel.id"],
            name=op.f("fk_stage_org_id_funnel_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_stage")),
        sa.UniqueConstraint("org_id", "funnel_id", "code", name=op.f("uq_stage_org_id_funnel_id_code")),
        sa.UniqueConstraint(
            "org_id",
            "funnel_id",
            "position",
            deferrable=True,
            initially="DEFERRED",
            name=op.f("uq_stage_org_id_funnel_id_position"),
        ),
        sa.UniqueConstraint("org_id", "id", "funnel_id", name=op.f("uq_stage_org_id_id_funnel_id")),
    )
    op.create_table(
        "ticket",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("funnel_id", sa.BigInteger(), nullable=True),
        sa.Column("author_id", sa.BigInteger(), nullable=True),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column(
            "department",
            sa.Enum(
                "technical",
                "sales",
                "billing",
                "general",
                name="department",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "open",
                "in_progress",
                "waiting",
                "closed",
                name="ticket_status",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            server_default="open",
            nullable=False,
        ),
        sa.Column(
            "priority",
            sa.Enum(
                "low", "medium", "high", "urgent", name="priority", native_enum=False, create_constraint=True, length=24
            ),
            server_default="medium",
            nullable=False,
        ),
        sa.Column("messages_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["app_user.id"], name=op.f("fk_ticket_author_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["org_id", "funnel_id"],
            ["funnel.org_id", "funnel.id"],
            name=op.f("fk_ticket_org_id_funnel_id"),
            ondelete="SET NULL (funnel_id)",
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_ticket_org_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_ticket")),
    )
    op.create_index("ix_ticket_status", "ticket", ["org_id", "status", sa.literal_column("id DESC")], unique=False)
    op.create_table(
        "assistant",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("funnel_id", sa.BigInteger(), nullable=False),
        sa.Column("stage_id", sa.BigInteger(), nullable=True),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("prompt", sa.Text(), server_default="", nullable=False),
        sa.Column("temperature", sa.Numeric(precision=3, scale=2), nullable=True),
        sa.Column("top_p", sa.Numeric(precision=3, scale=2), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "funnel_id"],
            ["funnel.org_id", "funnel.id"],
            name=op.f("fk_assistant_org_id_funnel_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "stage_id"],
            ["stage.org_id", "stage.id"],
            name=op.f("fk_assistant_org_id_stage_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_assistant")),
        sa.UniqueConstraint("org_id", "funnel_id", "code", name=op.f("uq_assistant_org_id_funnel_id_code")),
    )
    op.create_table(
        "client_identity",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("client_id", sa.BigInteger(), nullable=False),
        sa.Column("connection_id", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.String(length=128), nullable=False),
        sa.Column("username", sa.String(length=64), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "client_id"],
            ["client.org_id", "client.id"],
            name=op.f("fk_client_identity_org_id_client_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "connection_id"],
            ["messenger_connection.org_id", "messenger_connection.id"],
            name=op.f("fk_client_identity_org_id_connection_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_client_identity")),
        sa.UniqueConstraint(
            "org_id", "connection_id", "external_id", name=op.f("uq_client_identity_org_id_connection_id_external_id")
        ),
    )
    op.create_index(op.f("ix_client_identity_client_id"), "client_identity", ["client_id"], unique=False)
    op.create_table(
        "followup_rule",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("stage_id", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("delay_minutes", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("prompt", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("delay_minutes BETWEEN 1 AND 525600", name=op.f("ck_followup_rule_delay_minutes")),
        sa.ForeignKeyConstraint(
            ["org_id", "stage_id"],
            ["stage.org_id", "stage.id"],
            name=op.f("fk_followup_rule_org_id_stage_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_followup_rule")),
        sa.UniqueConstraint("org_id", "stage_id", "step", name=op.f("uq_followup_rule_org_id_stage_id_step")),
    )
    op.create_table(
        "inbound_update",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("connection_id", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.String(length=128), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "done",
                "ignored",
                "unreadable",
                name="update_status",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("error", sa.String(length=500), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "connection_id"],
            ["messenger_connection.org_id", "messenger_connection.id"],
            name=op.f("fk_inbound_update_org_id_connection_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_inbound_update")),
    )
    op.create_index("uq_inbound_update", "inbound_update", ["org_id", "connection_id", "external_id"], unique=True)
    op.create_table(
        "ticket_message",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "role",
            sa.Enum("user", "support", name="ticket_role", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=True),
        sa.Column("author_name", sa.String(length=200), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"], ["app_user.id"], name=op.f("fk_ticket_message_author_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "ticket_id"],
            ["ticket.org_id", "ticket.id"],
            name=op.f("fk_ticket_message_org_id_ticket_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_ticket_message")),
    )
    op.create_index(op.f("ix_ticket_message_ticket_id"), "ticket_message", ["ticket_id"], unique=False)
    op.create_table(
        "dialog",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uuid", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("funnel_id", sa.BigInteger(), nullable=False),
        sa.Column("stage_id", sa.BigInteger(), nullable=False),
        sa.Column("client_id", sa.BigInteger(), nullable=False),
        sa.Column("identity_id", sa.BigInteger(), nullable=True),
        sa.Column("connection_id", sa.BigInteger(), nullable=True),
        sa.Column("channel", sa.String(length=16), server_default="", nullable=False),
        sa.Column("thread_id", sa.String(length=128), server_default="", nullable=False),
        sa.Column(
            "status",
            sa.Enum("active", "closed", name="dialog_status", native_enum=False, create_constraint=True, length=24),
            server_default="active",
            nullable=False,
        ),
        sa.Column(
            "outcome",
            sa.Enum("won", "lost", name="outcome", native_enum=False, create_constraint=True, length=24),
            nullable=True,
        ),
        sa.Column("lost_reason", sa.String(length=500), server_default="", nullable=False),
        sa.Column("manager_id", sa.BigInteger(), nullable=True),
        sa.Column("manager_text", sa.String(length=200), server_default="", nullable=False),
        sa.Column("ai", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("unsubscribed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("epoch", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "hand_over_reason",
            sa.Enum(
                "no_model",
                "requested",
                "error",
                "refused",
                name="hand_over_reason",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=True,
        ),
        sa.Column("messages_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("unread", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_message", sa.String(length=200), server_default="", nullable=False),
        sa.Column("last_role", sa.String(length=16), server_default="", nullable=False),
        sa.Column("last_activity", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("unanswered_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("price", sa.Numeric(precision=14, scale=2), server_default=sa.text("0"), nullable=False),
        sa.Column("close_ratio", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("is_test", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("close_ratio BETWEEN 0 AND 100", name=op.f("ck_dialog_close_ratio")),
        sa.ForeignKeyConstraint(
            ["manager_id"], ["app_user.id"], name=op.f("fk_dialog_manager_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "client_id"],
            ["client.org_id", "client.id"],
            name=op.f("fk_dialog_org_id_client_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "connection_id"],
            ["messenger_connection.org_id", "messenger_connection.id"],
            name=op.f("fk_dialog_org_id_connection_id"),
            ondelete="SET NULL (connection_id)",
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "funnel_id"],
            ["funnel.org_id", "funnel.id"],
            name=op.f("fk_dialog_org_id_funnel_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "identity_id"],
            ["client_identity.org_id", "client_identity.id"],
            name=op.f("fk_dialog_org_id_identity_id"),
            ondelete="SET NULL (identity_id)",
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "stage_id", "funnel_id"],
            ["stage.org_id", "stage.id", "stage.funnel_id"],
            name=op.f("fk_dialog_org_id_stage_id_funnel_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_dialog")),
        sa.UniqueConstraint("org_id", "uuid", name=op.f("uq_dialog_org_id_uuid")),
    )
    op.create_index(
        "ix_dialog_activity",
        "dialog",
        ["org_id", sa.literal_column("last_activity DESC"), sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("NOT is_test"),
    )
    op.create_index(
        "ix_dialog_all",
        "dialog",
        ["org_id", sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("NOT is_test"),
    )
    op.create_index("ix_dialog_client", "dialog", ["org_id", "client_id"], unique=False)
    op.create_index(
        "ix_dialog_funnel",
        "dialog",
        ["org_id", "funnel_id", sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("NOT is_test"),
    )
    op.create_index(
        "ix_dialog_manager",
        "dialog",
        ["org_id", "manager_id", sa.literal_column("last_activity DESC"), sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("manager_id IS NOT NULL AND NOT is_test"),
    )
    op.create_index("ix_dialog_thread", "dialog", ["org_id", "thread_id"], unique=False)
    op.create_index(
        "ix_dialog_waiting",
        "dialog",
        ["org_id", "unanswered_since", "id"],
        unique=False,
        postgresql_where=sa.text("unanswered_since IS NOT NULL AND status = 'active' AND NOT is_test"),
    )
    op.create_index(
        "uq_dialog_open",
        "dialog",
        ["org_id", "identity_id"],
        unique=True,
        postgresql_where=sa.text("status = 'active' AND NOT is_test"),
    )
    op.create_table(
        "prompt_version",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("assistant_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("prompt", sa.Text(), nullable=False),
        sa.Column("note", sa.String(length=500), server_default="", nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=True),
        sa.Column("author_name", sa.String(length=200), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"], ["app_user.id"], name=op.f("fk_prompt_version_author_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "assistant_id"],
            ["assistant.org_id", "assistant.id"],
            name=op.f("fk_prompt_version_org_id_assistant_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_prompt_version")),
        sa.UniqueConstraint(
            "org_id", "assistant_id", "number", name=op.f("uq_prompt_version_org_id_assistant_id_number")
        ),
    )
    op.create_table(
        "message",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("dialog_id", sa.BigInteger(), nullable=False),
        sa.Column("connection_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "role",
            sa.Enum(
                "user",
                "assistant",
                "manager",
                "system",
                name="message_role",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=True),
        sa.Column("author_name", sa.String(length=200), server_default="", nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "queued",
                "sending",
                "sent",
                "delivered",
                "read",
                "failed",
                "uncertain",
                name="message_status",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=True,
        ),
        sa.Column("error", sa.String(length=500), nullable=True),
        sa.Column("external_id", sa.String(length=128), nullable=True),
        sa.Column("sequence", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("client_key", sa.String(length=255), nullable=True),
        sa.Column("stage_number", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("media", sa.String(length=24), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["author_id"], ["app_user.id"], name=op.f("fk_message_author_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["org_id", "dialog_id"],
            ["dialog.org_id", "dialog.id"],
            name=op.f("fk_message_org_id_dialog_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_message")),
        sa.UniqueConstraint("org_id", "dialog_id", "client_key", name=op.f("uq_message_org_id_dialog_id_client_key")),
    )
    op.create_index(
        "ix_message_order",
        "message",
        [
            "org_id",
            "dialog_id",
            sa.literal_column("position DESC"),
            sa.literal_column("sequence DESC"),
            sa.literal_column("id DESC"),
        ],
        unique=False,
    )
    op.create_index(
        "ix_message_sequence",
        "message",
        ["org_id", "dialog_id", "sequence"],
        unique=False,
        postgresql_where=sa.text("sequence > 0"),
    )
    op.create_index(
        "uq_message_external",
        "message",
        ["org_id", "connection_id", "external_id"],
        unique=True,
        postgresql_where=sa.text("external_id IS NOT NULL"),
    )
    op.create_table(
        "stage_entry",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("dialog_id", sa.BigInteger(), nullable=False),
        sa.Column("stage_id", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("actor_name", sa.String(length=200), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "dialog_id"],
            ["dialog.org_id", "dialog.id"],
            name=op.f("fk_stage_entry_org_id_dialog_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "stage_id"],
            ["stage.org_id", "stage.id"],
            name=op.f("fk_stage_entry_org_id_stage_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_stage_entry")),
    )
    op.create_index(op.f("ix_stage_entry_dialog_id"), "stage_entry", ["dialog_id"], unique=False)
    op.create_table(
        "attachment",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("content_type", sa.String(length=100), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("storage_key", sa.String(length=128), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "message_id"],
            ["message.org_id", "message.id"],
            name=op.f("fk_attachment_org_id_message_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_attachment")),
    )
    op.create_index(op.f("ix_attachment_message_id"), "attachment", ["message_id"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("org_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("dialog_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "queued",
                "sending",
                "sent",
                "failed",
                "uncertain",
                name="outbox_status",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            server_default="queued",
            nullable=False,
        ),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("external_id", sa.String(length=128), nullable=True),
        sa.Column("error", sa.String(length=500), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "dialog_id"],
            ["dialog.org_id", "dialog.id"],
            name=op.f("fk_outbox_org_id_dialog_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "message_id"],
            ["message.org_id", "message.id"],
            name=op.f("fk_outbox_org_id_message_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("org_id", "message_id", "part", name=op.f("uq_outbox_org_id_message_id_part")),
    )
    op.create_index(
        "ix_outbox_open",
        "outbox",
        ["org_id", "dialog_id", "lane", "message_id", "part"],
        unique=False,
        postgresql_where=sa.text("status IN ('queued', 'sending')"),
    )


def downgrade() -> None:
    raise RuntimeError("there is nothing before the first migration: drop the database instead")
