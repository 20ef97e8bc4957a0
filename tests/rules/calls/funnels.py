"""Funnels, their stages and assistants."""

from __future__ import annotations

from aiguro_web.services import assistants, funnel_lists, funnel_moves, funnels, stages

from .. import rows


def at(of: rows.Rows) -> int:
    found: int = of["funnel"]["id"]
    return found


def code(of: rows.Rows) -> str:
    return str(of["assistant"]["code"])


CALLS = {
    "funnels.lock_funnel": lambda who, of: funnels.lock_funnel(who, at(of)),
    "funnels.change": lambda who, of: funnels.change(who, at(of), "чужая", {"description": "чужое"}),
    "funnels.remove": lambda who, of: funnels.remove(who, at(of), funnels.list_funnels(who)[0]["id"]),
    "funnel_lists.get_full": lambda who, of: funnel_lists.get_full(who, at(of)),
    "funnel_lists.list_full": lambda who, of: funnel_lists.list_full(who, [at(of)]),
    "stages.get_first": lambda who, of: stages.get_first(who, at(of)),
    "stages.add_stage": lambda who, of: stages.add_stage(who, at(of), "этап", "code", 99),
    "assistants.list_assistants": lambda who, of: assistants.list_assistants(who, at(of)),
    "assistants.get_assistant": lambda who, of: assistants.get_assistant(who, at(of), code(of)),
    "assistants.lock_assistant": lambda who, of: assistants.lock_assistant(who, at(of), code(of)),
    "assistants.create": lambda who, of: assistants.create(who, at(of), "new", {"prompt": "чужое"}),
    "assistants.change": lambda who, of: assistants.change(who, at(of), code(of), {"prompt": "чужое"}),
    "assistants.remove": lambda who, of: assistants.remove(who, at(of), code(of)),
    "funnel_moves.move_all": lambda who, of: funnel_moves.move_all(
        who, at(of), stages.get_first(who, funnels.list_funnels(who)[0]["id"])
    ),
}
TAKE_A_ROW = {"funnels.create", "stages.add_stages", "prompts.add_version"}
