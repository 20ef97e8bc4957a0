"""Imports of clients: reading the file, running, undoing, and forgetting old rows."""

from __future__ import annotations

from itertools import islice

from procrastinate import RetryStrategy

from .. import storage
from ..errors import Invalid, NotFound
from ..queue import task, transaction
from ..services import access, client_import_reading, client_import_runs, client_import_undo, client_imports
from ..services.client_import_files import open_table

AGAIN = RetryStrategy(max_attempts=20, wait=2, linear_wait=5)  # storage or the database may be away for a while
LAST = 2**31 - 1  # no row has a greater number


@task("read_import", retry=AGAIN)
def read_import(org_id: int, import_id: int) -> None:
    """The dry run. A reading that was broken off begins anew."""
    who = access.system(org_id)
    with transaction(who):
        key = client_import_reading.find_file(who, import_id)
    if key is None:
        return
    try:
        table = open_table(b"".join(storage.open(key)))
    except (Invalid, NotFound) as refusal:
        with transaction(who):
            client_import_reading.fail(who, import_id, refusal.message)
        return
    with transaction(who):
        run = client_import_reading.begin(who, import_id, table)
    if run is None:
        return
    rows = run.table.numbered()
    while piece := list(islice(rows, client_import_reading.PIECE)):
        with transaction(who):
            if not client_import_reading.store_piece(who, import_id, run, piece):
                return
    with transaction(who):
        client_import_reading.finish(who, import_id)


@task("run_import", retry=AGAIN)
def run_import(org_id: int, import_id: int) -> None:
    """Each piece in a transaction of its own: whatever breaks off goes on behind the last whole one."""
    who = access.system(org_id)
    after: int | None = 0
    while after is not None:
        with transaction(who):
            after = client_import_runs.run_piece(who, import_id, after)


@task("undo_import", retry=AGAIN)
def undo_import(org_id: int, import_id: int) -> None:
    """From the last row to the first, in pieces as well."""
    who = access.system(org_id)
    before: int | None = LAST
    while before is not None:
        with transaction(who):
            before = client_import_undo.undo_piece(who, import_id, before)


@task("forget_imports", cron="47 3 * * *")
def forget_imports(timestamp: int) -> None:
    """The rows and files of imports that can no longer be undone."""
    with transaction(access.system(None)):
        old = client_imports.list_old()
    for org_id, import_id in old:
        who, more = access.system(org_id), True
        while more:
            with transaction(who):
                more = client_imports.forget_rows(who, import_id)
