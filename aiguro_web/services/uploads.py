"""A file that somebody has sent, whose bytes lie in storage already and have no row yet."""

from __future__ import annotations

from typing import Protocol


class Upload(Protocol):
    """What a service needs of `storage.Stored`, which this room does not import. `size` is in bytes."""

    @property
    def key(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def content_type(self) -> str: ...
