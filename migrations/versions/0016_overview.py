"""What the overview counts by: the expected money beside the tally, and indexes that hold whatever it counts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

# As in 0006 and 0010; `expected` is Σ price × close_ratio in rubles: of four decimals, so nothing is rounded.
ADD = """
    INSERT INTO dialog_tally AS t (org_id, funnel_id, stage_id, status, shard, dialogs, amount {name})
    SELECT d.org_id, d.funnel_id, d.stage_id, d.status, pg_backend_pid() % 8, {sign}count(*), {sign}sum(d.price) {value}
    FROM {rows} d WHERE d.listed {more}
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
    ON CONFLICT (org_id, funnel_id, stage_id, status, shard)
    DO UPDATE SET dialogs = t.dialogs + EXCLUDED.dialogs, amount = t.amount + EXCLUDED.amount {set};
"""
ALIVE = "AND EXISTS (SELECT FROM funnel f WHERE f.org_id = d.org_id AND f.id = d.funnel_id)"
WATCHED = ("funnel_id", "stage_id", "status", "price", "is_test", "deleted_at")
UNLESS_MOVED = "AND current_setting('app.tally', true) IS DISTINCT FROM 'moved'"
CREATED = ("funnel_id", "channel", "outcome", "first_assistant_at", "first_manager_at", "handed_over_at", "listed")
CLOSED = ("funnel_id", "outcome", "price", "listed")


def upgrade() -> None:
    amount = sa.Column("expected", sa.Numeric(24, 4), server_default=sa.text("0"), nullable=False)
    op.add_column("dialog_tally", amount)
    _count(expected=True)
    _carry_over()
    _index(CREATED, CLOSED)
    op.create_index("ix_stage_entry_entered", "stage_entry", ["org_id", "stage_id", "entered_at"],
                    postgresql_include=["dialog_id"])  # fmt: skip


def _count(*, expected: bool) -> None:
    """The tally's functions and the trigger that says which changes of a dialog they hear of."""
    for name, parts in {
        "added": [("", "added", "")],
        "removed": [("-", "removed", ALIVE)],
        "changed": [("-", "(SELECT OLD.*)", ""), ("", "(SELECT NEW.*)", "")],
    }.items():
        body = "".join(_add(sign, rows, more, expected) for sign, rows, more in parts)
        op.execute(
            f"CREATE OR REPLACE FUNCTION dialog_tally_{name}() RETURNS trigger LANGUAGE plpgsql "
            f"AS $$ BEGIN {body} RETURN NULL; END $$"
        )
    watched = WATCHED + (("close_ratio",) if expected else ())
    old, new = (", ".join(f"{side}.{name}" for name in watched) for side in ("OLD", "NEW"))
    op.execute("DROP TRIGGER tally_changed ON dialog")
    op.execute(
        f"CREATE TRIGGER tally_changed AFTER UPDATE OF {', '.join(watched)} ON dialog FOR EACH ROW "
        f"WHEN (ROW({old}) IS DISTINCT FROM ROW({new}) {UNLESS_MOVED}) EXECUTE FUNCTION dialog_tally_changed()"
    )


def _add(sign: str, rows: str, more: str, expected: bool) -> str:
    value = f", {sign}sum(d.price * d.close_ratio * 0.01)" if expected else ""
    name, change = (", expected", ", expected = t.expected + EXCLUDED.expected") if expected else ("", "")
    return ADD.format(sign=sign, rows=rows, more=more, name=name, value=value, set=change)


def _carry_over() -> None:
    """The expected money of the dialogs that are there, each sum in one of its shards."""
    for table in ("dialog", "dialog_tally"):
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(
        """UPDATE dialog_tally t SET expected = s.expected
           FROM (SELECT org_id, funnel_id, stage_id, status, sum(price * close_ratio * 0.01) AS expected
                 FROM dialog WHERE listed GROUP BY 1, 2, 3, 4) s
           WHERE (t.org_id, t.funnel_id, t.stage_id, t.status) = (s.org_id, s.funnel_id, s.stage_id, s.status)
             AND t.shard = (SELECT min(shard) FROM dialog_tally o WHERE
                 (o.org_id, o.funnel_id, o.stage_id, o.status) = (t.org_id, t.funnel_id, t.stage_id, t.status))"""
    )
    for table in ("dialog", "dialog_tally"):
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def _index(created: tuple[str, ...], closed: tuple[str, ...]) -> None:
    """The two indexes of 0014, holding these columns besides."""
    op.drop_index("ix_dialog_created", table_name="dialog")
    op.drop_index("ix_dialog_closed", table_name="dialog")
    op.create_index("ix_dialog_created", "dialog", ["org_id", sa.text("created_at DESC"), sa.text("id DESC")],
                    postgresql_where=sa.text("listed"), postgresql_include=list(created))  # fmt: skip
    op.create_index("ix_dialog_closed", "dialog", ["org_id", sa.text("closed_at DESC"), sa.text("id DESC")],
                    postgresql_where=sa.text("closed_at IS NOT NULL AND listed"),
                    postgresql_include=list(closed))  # fmt: skip


def downgrade() -> None:
    op.drop_index("ix_stage_entry_entered", table_name="stage_entry")
    _index((), ())
    _count(expected=False)
    op.drop_column("dialog_tally", "expected")
