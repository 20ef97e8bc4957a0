"""Who may import whom (design.md §3). The table is written here and nowhere else."""

from __future__ import annotations

import importlib
from types import ModuleType

import pytest

from aiguro_web.models import Base

from .sources import Source, imports, of_rooms, sources

DOORS = ("api", "pages", "webhooks")
SHELL = ("__init__", "cli", "demo", "running", "database", "supervisor", "seeding")  # cli's room: may import everything
ISLANDS = ("channels", "assistant")
BASE = {"errors", "config", "models"}
# `models:limits` allows enums and limits only, `services:…` those modules of the services only.
MAY: dict[str, set[str]] = {
    "errors": set(),
    "config": set(),
    "models": {"errors"},
    "embedded": BASE,
    "deadlines": {"errors"},
    "pipelines": set(),
    "storage": BASE,
    "extensions": BASE | {"deadlines", "pipelines"},
    "live": BASE | {"extensions"},
    "queue": BASE | {"extensions", "live"},
    "services": {"models", "extensions", "live", "queue", "errors"},
    "schemas": {"models:limits"},
    "web": {"services:access,organizations,idempotency", "extensions", "deadlines", "errors", "config"},
    "api": {"services", "schemas", "web", "storage", "live", "errors", "models:limits"},
    "pages": {"services", "schemas", "web", "storage", "live", "errors", "models:limits"},
    "webhooks": {"services", "schemas", "channels", "web", "storage", "live", "errors", "models:limits"},
    "tasks": {"services", "channels", "assistant", "storage", "queue", "errors", "models:limits"},
    "channels": {"errors"},
    "assistant": {"errors"},
}
EXCEPTIONS = {
    ("api/connections.py", "channels"),  # a person waits to hear whether their token is good: `check`
    ("pages/integrations.py", "channels"),
    ("tasks/worker.py", "live"),  # the address of the database, for the worker's own connections
}
DATABASE = ("sqlalchemy", "psycopg", "flask_sqlalchemy", "alembic", "procrastinate")
ASKS_THE_REQUEST = {"request", "g", "session", "current_user", "current_app", "has_request_context"}
BELOW = (
    "errors",
    "config",
    "models",
    "deadlines",
    "pipelines",
    "embedded",
    "storage",
    "extensions",
    "live",
    "queue",
    "services",
    "schemas",
)
CURRENT_APP = {("services/users.py", "current_app")}  # is this production: demo people may not sign in there


def wrong_imports(source: Source) -> list[str]:
    """What the table forbids this module to import."""
    if source.room in SHELL:
        return []
    if source.room not in MAY:
        return [f"{source.path}: the room is not in the table"]
    return [
        f"{source.path} imports {module}.{name}".rstrip(".")
        for module, name in imports(source)
        if module.partition(".")[0] == "aiguro_web" and not _allowed(source, module, name)
    ]


def _allowed(source: Source, module: str, name: str) -> bool:
    path = [*module.split(".")[1:], *([name] if name else [])]
    room, rest = path[0], path[1:]
    if room == source.room or (source.path, room) in EXCEPTIONS:
        return True
    may = {entry.partition(":")[0]: entry.partition(":")[2] for entry in MAY[source.room]}
    if room not in may or not may[room]:
        return room in may
    if may[room] == "limits":
        return not _is_table(module, name)
    return bool(rest) and rest[0] in may[room].split(",")


def _is_table(module: str, name: str) -> bool:
    """A table, or what could lead to one: a whole module, or everything in it."""
    found = getattr(importlib.import_module(module), name, None)
    return found is None or isinstance(found, ModuleType) or (isinstance(found, type) and issubclass(found, Base))


def wrong_parts(source: Source) -> list[str]:
    """Libraries and names that this module's room must not know."""
    found = []
    for module, name in imports(source):
        library = module.partition(".")[0]
        database = library in DATABASE and (module, name) != ("sqlalchemy.exc", "SQLAlchemyError")
        if source.room in (*DOORS, *ISLANDS, "schemas") and database:
            found.append(f"{source.path} speaks to the database: {module} {name}")
        if source.room in (*ISLANDS, "models", "schemas", "errors", "config") and library.startswith("flask"):
            found.append(f"{source.path} knows Flask")
        asks = library in ("flask", "flask_login") and name in ASKS_THE_REQUEST
        if source.room in BELOW and asks and (source.path, name) not in CURRENT_APP:
            found.append(f"{source.path} asks the request: {name}")
    return found


@pytest.mark.parametrize("source", sources(), ids=lambda source: source.path)
def test_a_module_imports_only_what_its_room_may(source: Source) -> None:
    assert wrong_imports(source) + wrong_parts(source) == []


def test_no_door_and_no_task_touches_the_session() -> None:
    words = ("db.session", "db.engine", "select(", "Session(")
    touching = [
        f"{source.path}: {word}"
        for source in of_rooms(*DOORS, "tasks", "schemas", *ISLANDS)
        for word in words
        if word in source.text
    ]
    assert touching == []


def test_every_exception_is_still_needed() -> None:
    def needed(path: str, room: str) -> bool:
        return any(f"{module}.{name}".startswith(f"aiguro_web.{room}") for source in sources() if source.path == path
                   for module, name in imports(source))  # fmt: skip

    assert [entry for entry in EXCEPTIONS if not needed(*entry)] == []


@pytest.mark.parametrize(("path", "line"), [
    ("models/dialog.py", "from ..services import dialogs"),
    ("services/dialogs.py", "from ..channels import Incoming"),
    ("services/dialogs.py", "from ..web.auth import page"),
    ("services/dialogs.py", "from flask import g"),
    ("services/dialogs.py", "def f():\n    from flask import request"),
    ("services/dialogs.py", "from flask_login import current_user"),
    ("schemas/dialogs.py", "from ..models import Dialog"),
    ("schemas/dialogs.py", "from ..models import dialog"),
    ("schemas/dialogs.py", "from ..models.dialog import *"),
    ("schemas/dialogs.py", "from sqlalchemy import select"),
    ("web/auth.py", "from ..services import dialogs"),
    ("web/auth.py", "from ..services.users import find"),
    ("api/dialogs.py", "from ..extensions import db"),
    ("api/dialogs.py", "from ..models import Dialog"),
    ("api/dialogs.py", "from ..pages import shell"),
    ("api/dialogs.py", "from .. import channels"),
    ("api/dialogs.py", "from sqlalchemy import select"),
    ("pages/messengers.py", "import aiguro_web.assistant"),
    ("pages/messengers.py", "from ..queue import enqueue"),
    ("pages/forms/messengers.py", "from ...extensions import db"),
    ("tasks/deliveries.py", "from ..web import auth"),
    ("live.py", "from .queue import enqueue"),
    ("channels/telegram.py", "from ..models import Message"),
    ("channels/telegram.py", "from flask import current_app"),
    ("helpers.py", "import os"),
])  # fmt: skip
def test_a_forbidden_import_is_found(path: str, line: str) -> None:
    source = Source(path, line)
    assert wrong_imports(source) + wrong_parts(source) != []


@pytest.mark.parametrize(("path", "line"), [
    ("api/dialogs.py", "from ..models.dialog import DialogStatus"),
    ("api/connections.py", "from .. import channels"),
    ("pages/shell.py", "from ..models import Role"),
    ("web/auth.py", "from ..services.access import Actor"),
    ("queue.py", "from .live import publish"),
    ("cli.py", "from .models import Dialog"),
])  # fmt: skip
def test_an_allowed_import_is_let_through(path: str, line: str) -> None:
    source = Source(path, line)
    assert wrong_imports(source) + wrong_parts(source) == []
