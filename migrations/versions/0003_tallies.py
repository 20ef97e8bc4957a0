"""Kept counts and sums of dialogs (dialog_tally): exact totals without counting, in shards so that no row is hot."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"

ADD = """
    INSERT INTO dialog_tally AS t (org_id, funnel_id, stage_id, status, shard, dialogs, amount)
    SELECT d.org_id, d.funnel_id, d.stage_id, d.status, pg_backend_pid() % 8, {sign}count(*), {sign}sum(d.price)
    FROM {rows} d WHERE NOT d.is_test {more}
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
    ON CONFLICT (org_id, funnel_id, stage_id, status, shard)
    DO UPDATE SET dialogs = t.dialogs + EXCLUDED.dialogs, amount = t.amount + EXCLUDED.amount;
"""
ALIVE = "AND EXISTS (SELECT FROM funnel f WHERE f.org_id = d.org_id AND f.id = d.funnel_id)"


def upgrade() -> None:
    added = ADD.format(sign="", rows="added", more="")
    removed = ADD.format(sign="-", rows="removed", more=ALIVE)  # a funnel that goes takes its tally along
    one_off = ADD.format(sign="-", rows="(SELECT OLD.*)", more="")
    one_on = ADD.format(sign="", rows="(SELECT NEW.*)", more="")
    for name, body in {
        "dialog_tally_added": added,
        "dialog_tally_removed": removed,
        "dialog_tally_changed": one_off + one_on,
    }.items():
        op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NULL; END $$")
    op.execute(
        "CREATE TRIGGER tally_added AFTER INSERT ON dialog REFERENCING NEW TABLE AS added "
        "FOR EACH STATEMENT EXECUTE FUNCTION dialog_tally_added()"
    )
    op.execute(
        "CREATE TRIGGER tally_removed AFTER DELETE ON dialog REFERENCING OLD TABLE AS removed "
        "FOR EACH STATEMENT EXECUTE FUNCTION dialog_tally_removed()"
    )
    # A column list: the update that comes with every message does not even fire it.
    op.execute(
        "CREATE TRIGGER tally_changed AFTER UPDATE OF funnel_id, stage_id, status, price, is_test ON dialog "
        "FOR EACH ROW WHEN (ROW(OLD.funnel_id, OLD.stage_id, OLD.status, OLD.price, OLD.is_test) IS DISTINCT FROM "
        "ROW(NEW.funnel_id, NEW.stage_id, NEW.status, NEW.price, NEW.is_test)) "
        "EXECUTE FUNCTION dialog_tally_changed()"
    )


def downgrade() -> None:
    for name in ("added", "removed", "changed"):
        op.execute(f"DROP TRIGGER tally_{name} ON dialog")
        op.execute(f"DROP FUNCTION dialog_tally_{name}()")
