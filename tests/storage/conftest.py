"""A place of its own for the bytes of each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from aiguro_web import storage


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Path]:
    """The directory that storage writes to."""
    kept = storage._url, storage._instance
    use(f"file://{tmp_path}")
    yield tmp_path
    use(kept[0], str(kept[1]))


def use(url: str, instance: str = "instance") -> None:
    app = Flask("shelf")
    app.config.update(FILES_URL=url, AIGURO_INSTANCE=instance)
    storage.init_app(app)


def objects(shelf: Path) -> list[str]:
    """The keys of everything that lies there, half-written things too."""
    return sorted(str(path.relative_to(shelf)) for path in shelf.rglob("*") if path.is_file())
