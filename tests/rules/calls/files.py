"""Files, and the links that open them."""

from __future__ import annotations

from typing import Any

from aiguro_web.services import file_links, files
from aiguro_web.services.files import NewFile

from .. import rows


def funnel(of: rows.Rows) -> int:
    found: int = of["funnel"]["id"]
    return found


def file(of: rows.Rows) -> int:
    found: int = of["file"]["id"]
    return found


def new(of: rows.Rows) -> NewFile:
    return NewFile("чужой.txt", f"key-{of['file']['storage_key']}", "text/plain", 1)


CALLS: dict[str, Any] = {
    "files.list_files": lambda who, of: files.list_files(who, funnel_id=funnel(of), limit=9),
    "files.count_by_category": lambda who, of: files.count_by_category(who, funnel(of)),
    "files.get_file": lambda who, of: files.get_file(who, file(of)),
    "files.may_add": lambda who, of: files.may_add(who, funnel(of)),
    "files.add": lambda who, of: files.add(who, new(of), funnel(of)),
    "files.remove": lambda who, of: files.remove(who, file(of)),
    "files.remove_from_funnel": lambda who, of: files.remove_from_funnel(who, funnel(of), file(of)),
    "files.attach": lambda who, of: files.attach(who, funnel(of), file(of)),
    "files.detach": lambda who, of: files.detach(who, funnel(of), file(of)),
    "files.leave_funnel": lambda who, of: files.leave_funnel(who, funnel(of)),
    "file_links.get_content": lambda who, of: file_links.get_content(who, "file", file(of)),
}
TAKE_A_ROW = {"file_links.sign", "files.forget"}
