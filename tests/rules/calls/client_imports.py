"""Imports of clients: their rows, their runs, their undoing."""

from __future__ import annotations

from typing import Any

from aiguro_web.models.client_import import DuplicateRule
from aiguro_web.services import (
    client_import_reading,
    client_import_runs,
    client_import_twins,
    client_import_undo,
    client_imports,
)
from aiguro_web.services.client_import_files import open_table

from .. import rows


def order(of: rows.Rows) -> int:
    found: int = of["client_import"]["id"]
    return found


def known(of: rows.Rows) -> dict[str, str]:
    return {"phone": of["client"]["phone"], "email": of["client"]["email"]}


def found(who: Any, of: rows.Rows) -> list[Any]:
    twins = client_import_twins.find(who, [known(of)])
    return [twin for twin in twins.of(known(of)) if twin]


CALLS = {
    "client_imports.get_import": lambda who, of: client_imports.get_import(who, order(of)),
    "client_imports.list_imports": lambda who, of: [
        row for row in client_imports.list_imports(who, before_id=order(of) + 1) if row["id"] == order(of)
    ],
    "client_imports.list_rows": lambda who, of: client_imports.list_rows(who, of["client_import"], "new"),  # type: ignore[arg-type]
    "client_imports.list_samples": lambda who, of: client_imports.list_samples(who, order(of), 3),
    "client_imports.list_rejected": lambda who, of: list(client_imports.list_rejected(who, order(of))),
    "client_imports.choose_columns": lambda who, of: client_imports.choose_columns(
        who, order(of), ["name"], has_titles=True
    ),
    "client_imports.run": lambda who, of: client_imports.run(who, order(of), DuplicateRule.skip),
    "client_imports.undo": lambda who, of: client_imports.undo(who, order(of)),
    "client_imports.remove": lambda who, of: client_imports.remove(who, order(of)),
    "client_imports.forget_rows": lambda who, of: client_imports.forget_rows(who, order(of)),
    "client_import_reading.find_file": lambda who, of: client_import_reading.find_file(who, order(of)),
    "client_import_reading.begin": lambda who, of: client_import_reading.begin(who, order(of), open_table(b"name\nx")),
    "client_import_reading.store_piece": lambda who, of: client_import_reading.store_piece(
        who, order(of), client_import_reading.DryRun(open_table(b"name\nx"), ["name"]), [(1, ["чужое"])]
    ),
    "client_import_reading.finish": lambda who, of: client_import_reading.finish(who, order(of)),
    "client_import_reading.fail": lambda who, of: client_import_reading.fail(who, order(of), "чужое"),
    "client_import_runs.hold": lambda who, of: client_import_runs.hold(who, order(of), of["client_import"]["state"]),
    "client_import_runs.run_piece": lambda who, of: client_import_runs.run_piece(who, order(of), 0),
    "client_import_undo.undo_piece": lambda who, of: client_import_undo.undo_piece(who, order(of), 9),
    "client_import_twins.find": found,
}
TAKE_A_ROW = {"client_imports.create", "client_imports.may_create", "client_import_runs.enter_journal"}
