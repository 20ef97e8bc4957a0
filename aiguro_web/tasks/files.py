"""Bytes of files: deleted after their rows, and swept up where no row ever came."""

from __future__ import annotations

import structlog
from procrastinate import RetryStrategy

from .. import storage
from ..queue import task, transaction
from ..services import access, files

log = structlog.get_logger(__name__)
# Storage may be away for a day; what stays behind then, the sweep finds.
AGAIN = RetryStrategy(max_attempts=40, wait=5, linear_wait=100)
ORPHAN_HOURS = 24  # an upload's row follows its bytes within a minute


@task("delete_bytes", retry=AGAIN)
def delete_bytes(org_id: int, keys: list[str]) -> None:
    """Delete what the rows of a deleted file, client, funnel or ticket named."""
    for key in keys:
        storage.delete(key)


@task("sweep_files", cron="29 2 * * *")
def sweep_files(timestamp: int) -> None:
    """Delete bytes that no row of any organisation names: uploads that were refused or killed halfway."""
    deleted = 0
    for keys in storage.list_older(ORPHAN_HOURS):
        with transaction(access.system(None)):
            known = files.list_known(keys)
        for key in keys:
            if key not in known:
                storage.delete(key)
                deleted += 1
    if deleted:
        log.info("bytes without a row deleted", objects=deleted)
