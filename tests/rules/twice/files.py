"""Bytes are deleted once or twice, and swept up where no row names them."""

from __future__ import annotations

import os
import time
from typing import Any

from sqlalchemy import text

from aiguro_web import storage
from aiguro_web.errors import NotFound
from aiguro_web.queue import jobs
from tests import databases
from tests.people import HOME

OWN = """INSERT INTO file (org_id, original_name, storage_key, content_type, size, category)
         VALUES (:org, 'a.txt', :key, 'text/plain', 5, 'general_info')"""


def delete_bytes(stage: Any) -> Any:
    key = storage.receive("a.txt", iter([b"words"])).key

    def run() -> None:
        jobs.tasks["delete_bytes"].func(org_id=HOME, keys=[key])

    run()
    assert not there(key)
    return run


def sweep_files(stage: Any) -> Any:
    """An old upload without a row is deleted; one with a row, and one that is new, stay."""
    orphan, known, fresh = (storage.receive("a.txt", iter([b"words"])).key for _ in range(3))
    for key in (orphan, known):
        os.utime(databases.INSTANCE / "files" / key, (time.time() - 90_000,) * 2)
    with stage.house.admin.begin() as connection:
        connection.execute(text(OWN), {"org": HOME, "key": known})

    def run() -> None:
        jobs.tasks["sweep_files"].func(timestamp=0)

    run()
    assert [there(key) for key in (orphan, known, fresh)] == [False, True, True]
    return run


def there(key: str) -> bool:
    try:
        return b"".join(storage.open(key)) == b"words"
    except NotFound:
        return False


TWICE = {"delete_bytes": delete_bytes, "sweep_files": sweep_files}
