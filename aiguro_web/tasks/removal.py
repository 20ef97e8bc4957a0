"""Erasing deleted dialogs when their time of undo is over."""

from __future__ import annotations

from ..queue import task, transaction
from ..services import access, dialog_removal
from .erasure import forget_payloads


@task("erase_deleted_dialogs", cron="11 3 * * *")
def erase_deleted_dialogs(timestamp: int) -> None:
    """Of every organisation, in small transactions."""
    with transaction(access.system(None)):
        having = dialog_removal.list_erasable()
    for org_id in having:
        forget_payloads(access.system(org_id))
        more = True
        while more:
            with transaction(access.system(org_id)):
                more = dialog_removal.erase(access.system(org_id))
