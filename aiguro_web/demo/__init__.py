"""The demo: two small companies with believable talks, so that the first run has something to show."""

from __future__ import annotations

from .loading import load_once

__all__ = ["load_once"]
