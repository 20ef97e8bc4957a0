"""What people do to dialogs, and trial dialogs."""

from __future__ import annotations

from typing import Any

from aiguro_web.models.dialog import DialogStatus
from aiguro_web.services import dialog_moves, dialog_removal, dialogs, trials

from .. import rows


def chat(of: rows.Rows) -> Any:
    return of["dialog"]["uuid"]


def funnel(of: rows.Rows) -> Any:
    return of["funnel"]["id"]


WISH = dialog_moves.Wish(manager="чужой", description="чужое", status=DialogStatus.active)

CALLS = {
    "dialogs.create": lambda who, of: dialogs.create(who, funnel(of), client_id=of["client"]["id"]),
    "dialogs.hold_funnel": lambda who, of: dialogs.hold_funnel(who, funnel(of)),
    "dialogs.is_funnel_kept": lambda who, of: dialogs.is_funnel_kept(who, funnel(of)),
    "dialog_moves.hold": lambda who, of: dialog_moves.hold(who, chat(of), funnel(of), WISH),
    "dialog_moves.change": lambda who, of: dialog_moves.change(who, chat(of), funnel(of), WISH),
    "dialog_moves.move_to_stage": lambda who, of: dialog_moves.move_to_stage(who, chat(of), of["stage"]["code"]),
    "dialog_moves.assign": lambda who, of: dialog_moves.assign(who, chat(of), "чужой"),
    "dialog_moves.switch_assistant": lambda who, of: dialog_moves.switch_assistant(who, chat(of), True),
    "dialog_moves.set_terms": lambda who, of: dialog_moves.set_terms(who, chat(of), WISH),
    "dialog_removal.remove": lambda who, of: dialog_removal.remove(who, chat(of), funnel(of)),
    "dialog_removal.restore": lambda who, of: dialog_removal.restore(who, chat(of), funnel(of)),
    "trials.list_trials": lambda who, of: trials.list_trials(who, funnel(of), limit=9),
    "trials.begin": lambda who, of: trials.begin(who, funnel(of), words="чужое"),
    "trials.say": lambda who, of: trials.say(who, of["trial"]["uuid"], funnel(of), role="user", text="чужое"),
    "trials.is_waiting": lambda who, of: trials.is_waiting(who, of["trial"]["id"], of["message"]["id"]),
    "trials.reply": lambda who, of: trials.reply(who, of["trial"]["id"], of["message"]["id"], "чужое"),
}
# `changed`, `hold_to_open` and `play` get a dialog that their caller has locked; `erase` takes whatever is old in one's own organisation.
TAKE_A_ROW = {"dialogs.changed", "dialogs.hold_to_open", "trials.play", "dialog_removal.erase"}
DELIVERS = {"is_waiting", "reply"}
