"""Funnels: who writes a follow-up, how many deals were won, and all dialogs of a funnel moved at once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

WATCHED = ("funnel_id", "stage_id", "status", "price", "is_test", "deleted_at")
# The trigger writes one row of the tally for each dialog. A funnel of 200,000 dialogs that moves as a whole would
# rewrite that one row as often in one transaction; services/funnel_moves.py moves the sums itself and says so here.
UNLESS_MOVED = "AND current_setting('app.tally', true) IS DISTINCT FROM 'moved'"


def upgrade() -> None:
    op.add_column("followup_rule", sa.Column("assistant_id", sa.BigInteger()))
    op.create_foreign_key(
        "fk_followup_rule_org_id_assistant_id", "followup_rule", "assistant", ["org_id", "assistant_id"],
        ["org_id", "id"], ondelete="SET NULL (assistant_id)",
    )  # fmt: skip
    won = sa.text("outcome = 'won' AND listed")
    op.create_index("ix_dialog_won_funnel", "dialog", ["org_id", "funnel_id"], postgresql_where=won)
    _watch(UNLESS_MOVED)


def _watch(more: str) -> None:
    old, new = (", ".join(f"{side}.{name}" for name in WATCHED) for side in ("OLD", "NEW"))
    op.execute("DROP TRIGGER tally_changed ON dialog")
    op.execute(
        f"CREATE TRIGGER tally_changed AFTER UPDATE OF {', '.join(WATCHED)} ON dialog FOR EACH ROW "
        f"WHEN (ROW({old}) IS DISTINCT FROM ROW({new}) {more}) EXECUTE FUNCTION dialog_tally_changed()"
    )


def downgrade() -> None:
    _watch("")
    op.drop_index("ix_dialog_won_funnel", "dialog")
    op.drop_column("followup_rule", "assistant_id")
