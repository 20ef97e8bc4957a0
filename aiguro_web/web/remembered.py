"""A bounded dictionary whose entries expire: what a check found out is remembered for seconds, never for good."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Remembered(Generic[K, V]):
    """At most `size` entries; the one unused for the longest time goes first. Safe between threads."""

    def __init__(self, size: int, clock: Callable[[], float] = time.time) -> None:
        self._size = size
        self._clock = clock
        self._rows: OrderedDict[K, tuple[float, V]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: K) -> V | None:
        """The value put under `key`, or None when there is none or its time is over."""
        with self._lock:
            row = self._rows.get(key)
            if row is None:
                return None
            if row[0] <= self._clock():
                del self._rows[key]
                return None
            self._rows.move_to_end(key)
            return row[1]

    def put(self, key: K, value: V, until: float) -> None:
        """Remember `value` until that moment of the clock."""
        with self._lock:
            self._rows[key] = (until, value)
            self._rows.move_to_end(key)
            while len(self._rows) > self._size:
                self._rows.popitem(last=False)

    def forget(self, which: Callable[[K, V], bool] | None = None) -> None:
        """Drop every entry, or those for which `which(key, value)` holds."""
        with self._lock:
            if which is None:
                self._rows.clear()
                return
            for key in [key for key, (_, value) in self._rows.items() if which(key, value)]:
                del self._rows[key]

    def __len__(self) -> int:
        return len(self._rows)
