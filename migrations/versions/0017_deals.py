"""What the board and the table of deals read by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

# The orders of the table (services/deal_lists.py): a page of one is read off its index.
ORDERS = {
    "ix_dialog_funnel_activity": (["org_id", "funnel_id", sa.text("last_activity DESC"), sa.text("id DESC")], "listed"),
    "ix_dialog_price": (["org_id", sa.text("price DESC"), sa.text("id DESC")], "status = 'active' AND listed"),
    "ix_dialog_chance": (["org_id", sa.text("close_ratio DESC"), sa.text("id DESC")], "status = 'active' AND listed"),
}

CLIENTS_BY_NAME = (["org_id", sa.text("lower(name)"), "id"], "deleted_at IS NULL AND NOT is_test")


def upgrade() -> None:
    columns, where = CLIENTS_BY_NAME
    op.create_index("ix_client_name", "client", columns, postgresql_where=sa.text(where))
    for name, (columns, where) in ORDERS.items():
        op.create_index(name, "dialog", columns, postgresql_where=sa.text(where))


def downgrade() -> None:
    op.drop_index("ix_client_name", table_name="client")
    for name in ORDERS:
        op.drop_index(name, table_name="dialog")
