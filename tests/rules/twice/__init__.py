"""More tasks that are shown safe to run twice: one file a noun, each with `TWICE` as in test_tasks.py."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import Any

TWICE: dict[str, Any] = {
    name: prepare
    for module in pkgutil.iter_modules(__path__)
    for name, prepare in import_module(f"{__name__}.{module.name}").TWICE.items()
}
