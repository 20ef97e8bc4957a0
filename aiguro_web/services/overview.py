"""The overview's numbers, read together: what came and ended (overview_flow.py), the stages (overview_stages.py)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from ..extensions import db
from .access import Actor
from .overview_flow import Asked, Flow, Step, read_flow
from .overview_stages import Stages, list_stages

__all__ = ["Asked", "Overview", "Step", "read"]

# Two statements of a report, unlike those of a list: a day and a quarter need other plans, so neither may be planned
# once for all (database.py); compiling takes longer than running; and what is grouped must fit into memory. Until the
# end of this transaction.
_AS_A_REPORT = text(
    "SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('jit', 'off', true), "
    "set_config('work_mem', '32MB', true)"
)


@dataclass(frozen=True, slots=True)
class Overview:
    """What the overview shows of a period."""

    flow: Flow
    stages: Stages


def read(who: Actor, asked: Asked) -> Overview:
    """The numbers of a period and of the one before it. Raises Forbidden."""
    who.must("read")
    db.session.execute(_AS_A_REPORT)
    return Overview(read_flow(who, asked), list_stages(who, asked))
