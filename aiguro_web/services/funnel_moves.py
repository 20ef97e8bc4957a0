"""All dialogs of a funnel at once into another one."""

from __future__ import annotations

from sqlalchemy import text

from ..extensions import db
from .access import Actor
from .stages import First

# Trial dialogs stay: they tried the stages of their own funnel. Open dialogs enter their new stage; the way of the
# closed ones, by far the most in an old funnel, has ended. `changed` is said here so that its trigger need not.
_MOVE = text("""
    WITH moved AS (
        UPDATE dialog SET funnel_id = :to, stage_id = :stage, updated_at = now(), changed = pg_current_xact_id()
        WHERE org_id = :org AND funnel_id = :funnel AND NOT is_test RETURNING id, listed, status
    ), left_behind AS (
        UPDATE stage_entry e SET left_at = now() FROM moved
        WHERE e.org_id = :org AND e.dialog_id = moved.id AND e.left_at IS NULL AND moved.status = 'active'
    ), entered AS (
        INSERT INTO stage_entry (org_id, dialog_id, stage_id, entered_at, actor_name)
        SELECT :org, id, :stage, now(), :actor FROM moved WHERE status = 'active'
    )
    SELECT count(*) FILTER (WHERE listed) FROM moved
""")
# The tally of what moved, in a snapshot of its own: whoever changed one of these dialogs has committed by now, since
# the statement above waited for them; and nothing begins in the old funnel, whose row the caller holds.
_COUNT = text("""
    INSERT INTO dialog_tally AS t (org_id, funnel_id, stage_id, status, shard, dialogs, amount, expected)
    SELECT org_id, :to, :stage, status, pg_backend_pid() % 8, sum(dialogs), sum(amount), sum(expected)
    FROM dialog_tally WHERE org_id = :org AND funnel_id = :funnel GROUP BY org_id, status ORDER BY status
    ON CONFLICT (org_id, funnel_id, stage_id, status, shard)
    DO UPDATE SET dialogs = t.dialogs + EXCLUDED.dialogs, amount = t.amount + EXCLUDED.amount,
        expected = t.expected + EXCLUDED.expected
""")
_FORGET = text("DELETE FROM dialog_tally WHERE org_id = :org AND funnel_id = :funnel")
_TALLY = text("SELECT set_config('app.tally', :who, true)")


def move_all(who: Actor, funnel_id: int, first: First) -> int:
    """Move open and closed dialogs to a funnel's first stage; how many are listed. The caller holds the funnel's row,
    so that nothing begins in it.

    The tally's trigger would write its one row once for each dialog; for this one statement it is told to stand by
    (migration 0010), and the sums are moved here.
    """
    who.must("manage")
    values = {"org": who.home, "funnel": funnel_id, "to": first.funnel_id, "stage": first.stage_id}
    db.session.flush()  # what is about to be counted must be there
    db.session.execute(_TALLY, {"who": "moved"})
    moved = db.session.scalar(_MOVE, {**values, "actor": who.name})
    db.session.execute(_TALLY, {"who": ""})
    db.session.execute(_COUNT, values)
    db.session.execute(_FORGET, values)
    return int(moved or 0)
