"""Answers that are a file: its type and name, a part of it where one was asked for, and what it may do in a browser."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict
from urllib.parse import quote

from flask import Response, request
from werkzeug.exceptions import RequestedRangeNotSatisfiable

POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
SANDBOX = f"{POLICY}; sandbox"  # not for PDF: browsers show none in a sandbox

Part = tuple[int, int]  # from where to where (not with it), in bytes


class Named(TypedDict):
    """What the answer says of a file. `size` is in bytes."""

    name: str
    content_type: str
    size: int
    storage_key: str


def asked_part(size: int) -> Part | None:
    """The part that the request asks for; None for the whole. Raises RequestedRangeNotSatisfiable."""
    asked = request.range if "If-Range" not in request.headers else None
    if asked is None or asked.units != "bytes" or len(asked.ranges) != 1:
        return None
    part = asked.range_for_length(size)
    if part is None:
        raise RequestedRangeNotSatisfiable(length=size)
    return part


def answer(pieces: Iterable[bytes], file: Named, part: Part | None, *, inline: bool) -> Response:
    """The bytes of `file`, or those of a part of it; `inline`: a browser may show them in a page of their own."""
    kind, size = file["content_type"], file["size"]
    response = Response(pieces, 206 if part else 200)
    headers = response.headers
    headers["Content-Type"] = f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
    headers["Content-Length"] = str(part[1] - part[0] if part else size)
    headers["Accept-Ranges"] = "bytes"
    headers["Content-Security-Policy"] = POLICY if kind == "application/pdf" else SANDBOX
    headers["Content-Encoding"] = "identity"  # nothing may pack what is announced in bytes
    headers["Content-Disposition"] = f"{'inline' if inline else 'attachment'}; {_named(file['name'])}"
    if part:
        headers["Content-Range"] = f"bytes {part[0]}-{part[1] - 1}/{size}"
    return response


def _named(name: str) -> str:
    """The file's name for the header, in both spellings of RFC 6266."""
    plain = "".join(
        letter if letter.isascii() and letter.isprintable() and letter not in '"\\' else "_" for letter in name
    )
    return f"filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
