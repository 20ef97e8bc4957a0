"""The application's own source, read as data."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "aiguro_web"


@dataclass(frozen=True)
class Source:
    """`path` is seen from aiguro_web/; its first part is the room."""

    path: str
    text: str

    @property
    def room(self) -> str:
        return self.path.partition("/")[0].removesuffix(".py")

    @property
    def tree(self) -> ast.Module:
        return _parsed(self.text)


@cache
def _parsed(text: str) -> ast.Module:
    return ast.parse(text)


@cache
def sources() -> tuple[Source, ...]:
    """Every module of the application."""
    found = sorted(PACKAGE.rglob("*.py"))
    return tuple(Source(path.relative_to(PACKAGE).as_posix(), path.read_text("utf-8")) for path in found)


def of_rooms(*rooms: str) -> list[Source]:
    return [source for source in sources() if source.room in rooms]


def imports(source: Source) -> Iterator[tuple[str, str]]:
    """(module, name) of every import, also of those inside functions; `import a.b` gives ("a.b", "")."""
    package = ["aiguro_web", *source.path.split("/")[:-1]]
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((module, alias.name) for alias in node.names)
