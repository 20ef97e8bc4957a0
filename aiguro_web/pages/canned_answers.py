"""Canned answers: the list and the form in the modal, and what `/` in a composer offers."""

from __future__ import annotations

from uuid import UUID

from flask import Response, g, make_response, render_template, request
from flask_babel import gettext

from ..errors import Invalid
from ..services import canned_answers
from ..web import auth, htmx
from ..web.door import Door
from .forms.canned_answers import CannedAnswerForm

bp = Door("canned_answers", __name__, guard=auth.page, url_prefix="/dashboard/messengers")


@bp.get("/answers")
def index() -> str:
    """All of them, for the modal."""
    return render_template("messengers/canned/_list.html", answers=canned_answers.list_answers(g.who))


@bp.get("/answers/new")
def new() -> str:
    """The empty form."""
    g.who.must("write_dialog")
    return _form(CannedAnswerForm(formdata=None))


@bp.get("/answers/<id:id>")
def edit(id: int) -> str:
    """The form of one answer."""
    row = canned_answers.get_answer(g.who, id)
    return _form(CannedAnswerForm(formdata=None, data=row), id)


@bp.post("/answers")
def create() -> Response | str:
    return _save(None)


@bp.post("/answers/<id:id>")
def change(id: int) -> Response | str:
    return _save(id)


@bp.delete("/answers/<id:id>")
def remove(id: int) -> str:
    canned_answers.remove(g.who, id)
    htmx.toast(gettext("Готовый ответ удалён"))
    return index()


@bp.get("/<uuid:uuid>/answers")
def menu(uuid: UUID) -> str:
    """What fits `?search=`, filled from the dialog."""
    search = request.args.get("search", "")
    rows = canned_answers.list_filled(g.who, uuid, search)
    return render_template("messengers/canned/_menu.html", answers=rows, search=search.strip())


def _save(answer_id: int | None) -> Response | str:
    """Kept, and the list again; or the form with what is wrong in it."""
    form = CannedAnswerForm()
    g.who.must("write_dialog")
    if form.validate_on_submit():
        try:
            if answer_id is None:
                canned_answers.create(g.who, form.name.data, form.text.data)
            else:
                canned_answers.change(g.who, answer_id, form.name.data, form.text.data)
        except Invalid as refusal:
            for name, words in refusal.fields.items():
                form[name].errors = [words]
        else:
            return index()
    return make_response(_form(form, answer_id), 422)


def _form(form: CannedAnswerForm, answer_id: int | None = None) -> str:
    variables = canned_answers.VARIABLES
    return render_template("messengers/canned/_form.html", form=form, id=answer_id, variables=variables)
