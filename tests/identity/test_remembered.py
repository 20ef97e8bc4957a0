"""The bounded memory of the guards."""

from __future__ import annotations

from aiguro_web.web.remembered import Remembered


def test_an_entry_is_forgotten_when_its_time_is_over() -> None:
    moment = [100.0]
    memory: Remembered[str, int] = Remembered(10, lambda: moment[0])
    memory.put("a", 1, until=115)
    moment[0] = 114.9
    assert memory.get("a") == 1
    moment[0] = 115
    assert memory.get("a") is None
    assert len(memory) == 0


def test_the_entry_unused_for_the_longest_time_makes_room() -> None:
    memory: Remembered[str, int] = Remembered(2, lambda: 0.0)
    memory.put("a", 1, 10)
    memory.put("b", 2, 10)
    memory.get("a")
    memory.put("c", 3, 10)
    assert (memory.get("a"), memory.get("b"), memory.get("c")) == (1, None, 3)


def test_some_entries_can_be_forgotten_and_the_others_stay() -> None:
    memory: Remembered[str, int] = Remembered(10, lambda: 0.0)
    for name, value in (("a", 1), ("b", 2), ("c", 1)):
        memory.put(name, value, 10)
    memory.forget(lambda name, value: value == 1)
    assert (memory.get("a"), memory.get("b"), memory.get("c")) == (None, 2, None)
    memory.forget()
    assert len(memory) == 0
