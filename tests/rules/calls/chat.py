"""Files of dialogs, and canned answers."""

from __future__ import annotations

from typing import Any

from aiguro_web.services import attachments, canned_answers

from .. import rows


def own_file(who: Any, of: rows.Rows) -> Any:
    face = str(of["client_identity"]["external_id"])
    return attachments.get_own_content(who, of["messenger_connection"]["id"], face, of["attachment"]["id"])


CALLS = {
    "attachments.may_send": lambda who, of: attachments.may_send(who, of["dialog"]["uuid"]),
    "attachments.get_content": lambda who, of: attachments.get_content(
        who, of["dialog"]["uuid"], of["attachment"]["id"]
    ),
    "attachments.get_own_content": own_file,
    "canned_answers.list_answers": lambda who, of: canned_answers.list_answers(who),
    "canned_answers.list_filled": lambda who, of: canned_answers.list_filled(who, of["dialog"]["uuid"]),
    "canned_answers.get_answer": lambda who, of: canned_answers.get_answer(who, of["canned_answer"]["id"]),
    "canned_answers.change": lambda who, of: canned_answers.change(who, of["canned_answer"]["id"], "чужое", "чужое"),
    "canned_answers.remove": lambda who, of: canned_answers.remove(who, of["canned_answer"]["id"]),
}
# `check_channel` and `add` get what their caller has found and stored; `create` makes a row of one's own organisation.
TAKE_A_ROW = {"attachments.check_channel", "attachments.add", "canned_answers.create"}
RECEIVES = {"get_own_content"}
