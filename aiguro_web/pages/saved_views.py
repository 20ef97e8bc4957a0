"""Saved views of the tables: saving, renaming, sharing, deleting. A view is opened by its address."""

from __future__ import annotations

from flask import Response, g, make_response, render_template, request, url_for
from flask_babel import gettext

from ..models.saved_view import ViewScreen
from ..services import saved_views
from ..web import auth
from ..web.door import Door
from ..web.htmx import close, refresh, toast
from .forms.tables import ViewForm

bp = Door("saved_views", __name__, guard=auth.page, url_prefix="/dashboard/views")

FORM = "tables/_view.html"
NAME = "views"  # what lists of views listen to


@bp.get("/<any(deals, clients):screen>")
def index(screen: str) -> str:
    """The menu of a table's views."""
    return render_template("tables/_views.html", views=saved_views.list_views(g.who, ViewScreen(screen)), screen=screen)


@bp.get("/<any(deals, clients):screen>/new")
def new(screen: str) -> str:
    """The form of a new view; the browser adds its query."""
    form = ViewForm(formdata=None)
    url = url_for("saved_views.create", screen=screen)
    return render_template(FORM, form=form, url=url, saved=request.args.get("saved", ""), view=None)


@bp.post("/<any(deals, clients):screen>")
def create(screen: str) -> Response | tuple[str, int]:
    """Save the table as it is shown."""
    form = ViewForm()
    if not form.validate_on_submit():
        return _again(form, url_for("saved_views.create", screen=screen), None)
    saved_views.save(
        g.who, ViewScreen(screen), form.name.data or "", request.form.get("query", ""), shared=bool(form.shared.data)
    )  # fmt: skip
    toast(gettext("Вид «%(name)s» сохранён", name=form.name.data))
    return _done()


@bp.get("/<id:view_id>")
def edit(view_id: int) -> str:
    """The form that renames it."""
    view = saved_views.get_view(g.who, view_id)
    form = ViewForm(formdata=None, name=view["name"], shared=view["is_shared"])
    return render_template(FORM, form=form, url=url_for("saved_views.change", view_id=view_id), saved="", view=view)


@bp.post("/<id:view_id>")
def change(view_id: int) -> Response | tuple[str, int]:
    """Another name, shared or not."""
    form = ViewForm()
    if not form.validate_on_submit():
        return _again(form, url_for("saved_views.change", view_id=view_id), saved_views.get_view(g.who, view_id))
    saved_views.change(g.who, view_id, name=form.name.data or "", shared=bool(form.shared.data))
    return _done()


@bp.post("/<id:view_id>/delete")
def delete(view_id: int) -> tuple[str, int]:
    saved_views.delete(g.who, view_id)
    toast(gettext("Вид удалён"))
    return _done()


def _again(form: ViewForm, url: str, view: saved_views.ViewRow | None) -> Response:
    saved = request.form.get("query", "")
    return make_response(render_template(FORM, form=form, url=url, saved=saved, view=view), 422)


def _done() -> tuple[str, int]:
    close()
    refresh(NAME)
    return "", 204
