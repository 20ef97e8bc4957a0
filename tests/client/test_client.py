"""The TypeScript client: its types are those of the description, and the compiler catches what is wrong."""

from __future__ import annotations

import importlib.util
import re
import subprocess
from types import ModuleType

import pytest
from flask import Flask

from aiguro_web.api.openapi import described
from tests import databases

HERE = databases.ROOT / "docs" / "client"
COMPILER = databases.ROOT / "node_modules" / "typescript" / "bin" / "tsc"
OPTIONS = (
    "--noEmit", "--strict", "--noUncheckedIndexedAccess", "--exactOptionalPropertyTypes", "--target", "es2022",
    "--module", "esnext", "--moduleResolution", "bundler", "--lib", "es2023,dom,dom.iterable",
)  # fmt: skip


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_client", HERE / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def compiled(sample: str) -> str:
    """What the compiler says of a sample; '' where all is well."""
    command = ["node", str(COMPILER), *OPTIONS, str(databases.ROOT / "tests" / "client" / sample)]
    return subprocess.run(command, capture_output=True, text=True, timeout=180).stdout


def test_the_types_are_up_to_date(generate: ModuleType, app: Flask) -> None:
    made = generate.types(described(app))
    assert made == (HERE / "schema.d.ts").read_text("utf-8"), "run `make client`"


def test_the_generator_describes_what_the_application_serves(generate: ModuleType, app: Flask) -> None:
    assert generate.slim(generate.document())["paths"] == generate.slim(described(app))["paths"]


def test_right_calls_compile() -> None:
    assert compiled("sample.ts") == ""


def test_each_wrong_call_is_refused() -> None:
    said = compiled("wrong.ts")
    lines = (databases.ROOT / "tests" / "client" / "wrong.ts").read_text("utf-8").splitlines()
    calls = {number for number, line in enumerate(lines, 1) if line.startswith("  api(")}
    refused = {int(number) for number in re.findall(r"^\S*wrong\.ts\((\d+),", said, re.MULTILINE)}
    assert refused == calls
    assert "client.ts" not in said
