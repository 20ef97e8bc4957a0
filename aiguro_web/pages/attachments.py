"""The files of a dialog: shown, played, saved, sent."""

from __future__ import annotations

from uuid import UUID

from flask import Response, g, render_template
from flask_babel import gettext
from pydantic import BaseModel, Field

from .. import storage
from ..errors import Invalid
from ..models.message import KEY_MAX, TEXT_MAX
from ..services import attachments, messages
from ..web import auth, downloads, multipart
from ..web.door import Door, outside
from . import chats

bp = Door("attachments", __name__, guard=auth.page, url_prefix="/dashboard/messengers/<uuid:uuid>/files")

KEPT = "private, max-age=3600"  # the bytes under an id never change; a guest of this machine finds them for an hour


class FilesForm(BaseModel):
    """What goes with the files: words of the manager, and the key that makes a repeat send nothing new."""

    text: str = Field(default="", max_length=TEXT_MAX)
    key: str = Field(default="", max_length=KEY_MAX)


@bp.get("/<id:id>")
def show(uuid: UUID, id: int) -> Response:
    """The bytes of a file, or a part of them: players ask for parts."""
    row = attachments.get_content(g.who, uuid, id)
    part = downloads.asked_part(row["size"])
    with outside():
        pieces = storage.open(row["storage_key"], *(part or ()))
    response = downloads.answer(pieces, row, part, inline=row["content_type"] in storage.INLINE)
    response.headers["Cache-Control"] = KEPT
    return response


@bp.get("/<id:id>/large")
def large(uuid: UUID, id: int) -> str:
    """An image as large as the window, for the modal."""
    row = attachments.get_content(g.who, uuid, id)
    return render_template("messengers/_picture.html", uuid=uuid, id=id, file=row)


@bp.post("", upload=True)
def send(uuid: UUID) -> chats.Told:
    """A manager sends files, with words or without: may they; then the bytes, with no transaction open; then the
    message."""
    attachments.may_send(g.who, uuid)
    with storage.receiving() as take:
        with outside():
            wish, taken = multipart.read(FilesForm, take, files=("files",), most_files=attachments.FILES_MAX)
        if not taken:
            raise Invalid(gettext("Файл не приложен"))
        messages.write(g.who, uuid, text=wish.text, key=wish.key or None, files=taken)
    return chats.told(uuid)
