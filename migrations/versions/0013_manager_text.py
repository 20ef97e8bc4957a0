"""Dialogs are found by a responsible person who is no member."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.execute(
        "CREATE INDEX ix_dialog_manager_text ON dialog (org_id, manager_text, id DESC) "
        "WHERE manager_text <> '' AND listed"
    )


def downgrade() -> None:
    op.drop_index("ix_dialog_manager_text", "dialog")
