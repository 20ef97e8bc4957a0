"""Notes about a client, for colleagues: adding one, changing and removing one's own."""

from __future__ import annotations

from sqlalchemy import func, select

from ..errors import Forbidden, Invalid, NotFound
from ..extensions import db
from ..models import ClientNote
from ..models.note import NOTE_MAX
from ..models.text import is_visible
from . import clients, journal
from .access import Actor


def add(who: Actor, client_id: int, words: str) -> int:
    """Write something down; gives the note's id. Raises Forbidden, NotFound, Invalid."""
    who.must("write_client")
    clients.lock(who, client_id)  # they are not deleted or merged meanwhile
    note = ClientNote(
        org_id=who.home, client_id=client_id, author_id=who.user_id, author_name=who.name, text=_checked(words)
    )
    db.session.add(note)
    db.session.flush()  # its id
    _noted(who, client_id, "add_note", note.id)
    return note.id


def change(who: Actor, client_id: int, note_id: int, words: str) -> None:
    """Other words for one's own note. Raises Forbidden, NotFound, Invalid."""
    note = _lock(who, client_id, note_id)
    if note.author_id != who.user_id:
        raise Forbidden("Изменить заметку может только её автор")
    words = _checked(words)
    if words != note.text:
        note.text, note.updated_at = words, db.session.scalars(select(func.now())).one()
        _noted(who, client_id, "change_note", note_id)


def remove(who: Actor, client_id: int, note_id: int) -> None:
    """Take away one's own note, an admin anybody's. Raises Forbidden, NotFound."""
    note = _lock(who, client_id, note_id)
    if note.author_id != who.user_id and not who.may("manage"):
        raise Forbidden("Удалить заметку может её автор или администратор")
    db.session.delete(note)
    _noted(who, client_id, "remove_note", note_id)


def _lock(who: Actor, client_id: int, note_id: int) -> ClientNote:
    who.must("write_client")
    clients.lock(who, client_id)
    query = select(ClientNote).where(
        ClientNote.org_id == who.home, ClientNote.client_id == client_id, ClientNote.id == note_id
    )
    note = db.session.scalar(query.with_for_update())
    if note is None:
        raise NotFound("Заметка не найдена")
    return note


def _checked(words: str) -> str:
    words = words.replace("\r\n", "\n").strip()
    if not is_visible(words):
        raise Invalid("Напишите заметку", text="напишите заметку")
    if len(words) > NOTE_MAX:
        raise Invalid(f"Заметка длиннее {NOTE_MAX} символов", text=f"не больше {NOTE_MAX} символов")
    return words


def _noted(who: Actor, client_id: int, act: str, note_id: int) -> None:
    """Without the words: the journal keeps none."""
    db.session.flush()  # the answer reads the notes again
    journal.note(who, act, "client", client_id, note=note_id)
    clients.announce(who, client_id, listed=False)
