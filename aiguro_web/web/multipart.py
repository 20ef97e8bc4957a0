"""Forms with files (multipart/form-data), read once, as they come from the caller."""

from __future__ import annotations

from flask import request


def is_multipart() -> bool:
    """Whether the body is one."""
    return request.mimetype == "multipart/form-data"


def digest() -> bytes:
    """A digest over the names and contents of the form's parts (not over its boundary, which differs with every try);
    what was not read yet is read, and thrown away."""
    raise NotImplementedError
