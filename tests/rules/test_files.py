"""Files and functions stay small enough to be read at once (house.md; looked at again from 300 and 30 lines on)."""

from __future__ import annotations

import ast

import pytest

from .sources import Source, sources

FILE_MAX, FUNCTION_MAX = 350, 60


def too_long(source: Source) -> list[str]:
    lines = source.text.count("\n")
    found = [f"{source.path}: {lines} lines"] if lines > FILE_MAX else []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            if length > FUNCTION_MAX:
                found.append(f"{source.path}:{node.lineno} {node.name}: {length} lines")
    return found


def unsaid(source: Source) -> list[str]:
    """A module's first line says what lives here."""
    return [] if ast.get_docstring(source.tree) and source.text.startswith('"""') else [f"{source.path}: says nothing"]


@pytest.mark.parametrize("source", sources(), ids=lambda source: source.path)
def test_a_module_says_what_it_is_and_is_short(source: Source) -> None:
    assert too_long(source) + unsaid(source) == []


def test_a_long_file_a_long_function_and_a_silent_module_are_found() -> None:
    long_function = "def f():\n" + "    x = 1\n" * FUNCTION_MAX
    assert len(too_long(Source("services/x.py", long_function))) == 1
    assert len(too_long(Source("services/x.py", "x = 1\n" * (FILE_MAX + 1)))) == 1
    assert unsaid(Source("services/x.py", "x = 1")) != []


def test_nothing_is_called_utils_helpers_or_common() -> None:
    vague = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}
    assert [source.path for source in sources() if vague & set(source.path.removesuffix(".py").split("/"))] == []
