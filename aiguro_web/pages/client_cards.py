"""A client's card: its pane beside a chat, its page, the fields changed in place, notes, deleting and erasing."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, g, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from ..errors import Invalid
from ..models.client import ClientStatus
from ..models.note import NOTE_MAX
from ..services import client_cards, client_notes, clients, erasure, inbox
from ..services.client_cards import Card
from ..web import auth, htmx
from ..web.door import Door
from . import events, shell
from .forms import read
from .forms.client_cards import EraseForm, FieldsForm, NoteForm

bp = Door("client_cards", __name__, guard=auth.page, url_prefix="/dashboard/clients")

FIELDS = ("name", "phone", "email", "manager")


@bp.app_context_processor
def _note_max() -> dict[str, int]:
    return {"note_max": NOTE_MAX}


@bp.get("/<id:client_id>")
def show(client_id: int) -> str | BaseResponse:
    """The whole page. Who was merged into another one is found there; who was deleted can be brought back here."""
    kept = client_cards.find_kept(g.who, client_id)
    if kept is not None:
        return redirect(url_for("client_cards.show", client_id=kept))
    client = client_cards.get_card(g.who, client_id, deleted=True)
    if client["deleted_at"] is not None:
        return shell.page("clients/card/gone.html", **_context(client))
    return shell.page("clients/card/page.html", **_context(client), timeline=events.read(g.who, client_id))


@bp.get("/<id:client_id>/card")
def card(client_id: int) -> str:
    """Everything of the page but the timeline: it fetches itself anew."""
    return render_template("clients/card/_card.html", **_context(client_cards.get_card(g.who, client_id)))


@bp.get("/<id:client_id>/timeline")
def timeline(client_id: int) -> str:
    """The timeline, of one kind with `?kind=`; with `?before=` its next rows alone."""
    found = events.read(g.who, client_id, request.args.get("kind"), request.args.get("before"))
    template = "clients/card/_events.html" if "before" in request.args else "clients/card/_timeline.html"
    return render_template(template, client_id=client_id, timeline=found)


@bp.get("/pane/<uuid:uuid>")
def pane(uuid: UUID) -> str:
    """The client's pane beside this dialog's chat."""
    chat = inbox.get_card(g.who, uuid)
    return render_template("messengers/_client.html", chat=chat, pane=client_cards.pane(g.who, chat), **_around())


@bp.post("/<id:client_id>/fields")
def change(client_id: int) -> Response:
    """One field, as it is kept now; refused, as it was, with the reason beside it."""
    field, error = _asked_field(), ""
    try:
        form = read(FieldsForm)
        if field == "status":
            clients.change(g.who, client_id, {}, ClientStatus(form.status.data or ClientStatus.active))
        else:
            clients.change(g.who, client_id, {field: form[field].data or ""})
        htmx.refresh(f"client-{client_id}")
    except Invalid as refusal:
        clients.lock(g.who, client_id)  # a client who is not there is no wrong field
        typed = request.form.get(field, "")[:60]
        why = " ".join(refusal.fields.values()) or refusal.message
        error = gettext("«%(typed)s» не сохранено: %(why)s", typed=typed, why=why)
    client = client_cards.get_card(g.who, client_id)
    page = render_template("clients/card/_field.html", client=client, field=field, error=error, at=_place())
    return make_response(page, 422 if error else 200)


@bp.post("/<id:client_id>/notes")
def add_note(client_id: int) -> Response:
    """Write something down."""
    error = ""
    try:
        client_notes.add(g.who, client_id, read(NoteForm).text.data or "")
    except Invalid as refusal:
        error = refusal.message
    return _notes(client_id, error)


@bp.post("/<id:client_id>/notes/<id:note_id>")
def change_note(client_id: int, note_id: int) -> Response:
    """Other words for one's own note."""
    client_notes.change(g.who, client_id, note_id, read(NoteForm).text.data or "")
    return _notes(client_id)


@bp.post("/<id:client_id>/notes/<id:note_id>/delete")
def remove_note(client_id: int, note_id: int) -> Response:
    """Take a note away."""
    client_notes.remove(g.who, client_id, note_id)
    return _notes(client_id)


@bp.post("/<id:client_id>/delete")
def delete(client_id: int) -> Response:
    """Hide the client: 30 days long it can be undone."""
    clients.delete(g.who, client_id)
    return _go("client_cards.show", client_id=client_id)  # there it says so, and can be undone


@bp.post("/<id:client_id>/restore")
def restore(client_id: int) -> Response:
    """Undo the deletion."""
    clients.restore(g.who, client_id)
    return _go("client_cards.show", client_id=client_id)


@bp.get("/<id:client_id>/erase")
def ask_to_erase(client_id: int) -> str:
    """What will go, and a word to type."""
    g.who.must("manage")
    client = client_cards.get_card(g.who, client_id, deleted=True)
    return render_template("clients/card/_erase.html", client=client, form=EraseForm(), word=_word())


@bp.post("/<id:client_id>/erase")
def erase(client_id: int) -> Response | tuple[str, int]:
    """Erase for good; nothing of this is undone."""
    g.who.must("manage")
    client = client_cards.get_card(g.who, client_id, deleted=True)
    form = read(EraseForm)
    typed = (form.sure.data or "").strip().casefold()
    if typed not in {_word(), client["name"].strip().casefold()} - {""}:
        form.sure.errors = [gettext("Введите слово «%(word)s» или имя клиента", word=_word())]
        return render_template("clients/card/_erase.html", client=client, form=form, word=_word()), 422
    erasure.order(g.who, client_id)
    return _go("clients.index")


def _go(endpoint: str, **values: Any) -> Response:
    """To another page as a whole: with its own scripts."""
    response = make_response("", 204)
    response.headers["HX-Redirect"] = url_for(endpoint, **values)
    return response


def _word() -> str:
    return str(gettext("стереть"))


def _notes(client_id: int, error: str = "") -> Response:
    client = client_cards.get_card(g.who, client_id)
    if not error:
        htmx.refresh(f"client-{client_id}")
    page = render_template("clients/card/_notes.html", client=client, note_error=error, at=_place(), **_around())
    return make_response(page, 422 if error else 200)


def _context(client: Card) -> dict[str, Any]:
    return {
        "client": client,
        "client_id": client["id"],
        "at": "card",
        "word": _word(),
        "undo_days": clients.UNDO_DAYS,
        **_around(),
    }


def _around() -> dict[str, Any]:
    return {"can": shell.rights(g.who), "me": g.who.user_id}


def _place() -> str:
    return "pane" if request.args.get("at") == "pane" else "card"


def _asked_field() -> str:
    asked = [name for name in (*FIELDS, "status") if name in request.form]
    if len(asked) != 1:
        raise Invalid("Меняется одно поле за раз")
    return asked[0]
