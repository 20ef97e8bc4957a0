"""Moments of lists."""

from __future__ import annotations

from aiguro_web.services import dialog_lists, moments

CALLS = {
    "moments.nothing_newer": lambda who, of: moments.nothing_newer(who, "1:1:", "dialog", "client"),
    "dialog_lists.unchanged": lambda who, of: dialog_lists.unchanged(who, "1:1:"),
}
