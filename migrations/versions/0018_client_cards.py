"""What a client's card reads by: nothing besides what 0014 and 0019 index."""

from __future__ import annotations

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
