"""How the talks of the demo are written down (talks/*.txt), and their reader.

A talk begins with `== title | key value | …`; then one line for each message or event:

    К text      the client (К(photo) with media, К(edited) changed later)
    А text      the assistant
    М text      the manager; Р text: the admin
    >           the next stage
    ! reason    the assistant hands over to a person
    * text      a note of the system
    ~ 3h        nothing happens for a while (m, h, d)

М(failed: why) and М(uncertain: why) did not get through. `//` breaks a line. `{a|b}` differs between the variants of a
talk: it is told as often as its `ago` has alternatives.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

TALKS = Path(__file__).with_name("talks")
UNITS = {"m": "minutes", "h": "hours", "d": "days"}
SPOKEN = re.compile(r"([КАМР])(?:\(([^)]*)\))? (.+)")
EITHER = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Line:
    """`kind` is the sign that begins the line; `mark` what stands in its parentheses."""

    kind: str
    text: str = ""
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Talk:
    """One conversation. `end` is empty while it goes on, `won`, or `lost: why`; `ago` is when it was last heard of."""

    title: str
    client: str
    via: str
    ago: str
    price: int
    chance: int
    tags: tuple[str, ...]
    end: str
    manager: str
    unsubscribed: bool
    lines: tuple[Line, ...]


def read_talks(prefix: str) -> list[Talk]:
    """Every talk of the files `talks/<prefix>*.txt`, all its variants, in the order they are written."""
    found: list[Talk] = []
    for path in sorted(TALKS.glob(f"{prefix}*.txt")):
        for block in re.split(r"^== ", path.read_text("utf-8"), flags=re.MULTILINE)[1:]:
            found.extend(_variants(block.strip()))
    return found


def duration(words: str) -> timedelta:
    """`90m`, `3h`, `2d`."""
    return timedelta(**{UNITS[words[-1]]: float(words[:-1])})


def _variants(block: str) -> Iterator[Talk]:
    ago = re.search(r"\| ago ([^\n]*?)(?: \||\n)", block)
    assert ago is not None, block
    options = EITHER.search(ago[1])
    for variant in range(len(options[1].split("|")) if options else 1):
        yield _talk(EITHER.sub(lambda found, n=variant: _pick(found[1], n), block))  # type: ignore[misc]


def _pick(alternatives: str, variant: int) -> str:
    options = alternatives.split("|")
    return options[variant % len(options)]


def _talk(block: str) -> Talk:
    head, *lines = block.splitlines()
    title, *fields = head.split(" | ")
    given = dict(field.partition(" ")[::2] for field in fields)
    return Talk(
        title=title,
        client=given["client"],
        via=given.get("via", "web"),
        ago=given["ago"],
        price=int(given.get("price", "0")),
        chance=int(given.get("chance", "0")),
        tags=tuple(tag.strip() for tag in given.get("tags", "").split(",") if tag.strip()),
        end=given.get("end", ""),
        manager=given.get("manager", ""),
        unsubscribed="unsubscribed" in given,
        lines=tuple(_line(line.strip()) for line in lines if line.strip()),
    )


def _line(line: str) -> Line:
    spoken = SPOKEN.fullmatch(line)
    if spoken:
        return Line(spoken[1], spoken[3].replace(" // ", "\n"), spoken[2] or "")
    kind, _, text = line.partition(" ")
    if kind not in (">", "!", "*", "~"):
        raise ValueError(f"a line of a talk that cannot be read: {line}")
    return Line(kind, text)
