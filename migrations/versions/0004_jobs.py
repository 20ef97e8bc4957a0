"""The job queue: procrastinate's own schema, at the version pinned in requirements.txt."""

from __future__ import annotations

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    # Through the driver itself: the script is many statements with % signs of its own.
    op.get_bind().connection.driver_connection.execute(SchemaManager.get_schema())
    # aiguro_web/queue.py wakes the workers after the commit instead.
    op.execute("DROP TRIGGER procrastinate_jobs_notify_queue_job_inserted_v1 ON procrastinate_jobs")


def downgrade() -> None:
    raise RuntimeError("the queue's schema holds accepted work: restore a backup instead of going back")
