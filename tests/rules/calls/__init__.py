"""Every service function that an actor calls, called with somebody else's rows: one file a noun, joined here.

Each file has `CALLS`; also `TAKE_A_ROW` (functions that get a row their caller has found by one of CALLS, or that make one
of the caller's own organisation), `OF_A_PERSON` (above organisations), `DELIVERS` and `RECEIVES` (who the actor is).
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from importlib import import_module
from typing import Any

from aiguro_web.services.access import Actor

from .. import rows

Call = Callable[[Actor, rows.Rows], Any]

_FILES = [import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)]
CALLS: dict[str, Call] = {name: call for file in _FILES for name, call in file.CALLS.items()}


def _joined(name: str) -> set[str]:
    return {entry for file in _FILES for entry in getattr(file, name, ())}


TAKE_A_ROW, OF_A_PERSON, DELIVERS, RECEIVES = map(_joined, ("TAKE_A_ROW", "OF_A_PERSON", "DELIVERS", "RECEIVES"))
