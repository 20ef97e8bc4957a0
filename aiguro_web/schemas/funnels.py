"""A funnel in the seed's words (§6.1, 7.1)."""

from __future__ import annotations

from .base import Out, TextId


class FunnelOut(Out):
    id: TextId
    name: str
    display_name: str
    is_active: bool
