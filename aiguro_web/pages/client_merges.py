"""Merging two clients: choosing the duplicate, what is kept of each, and taking it back."""

from __future__ import annotations

from flask import Response, g, make_response, render_template, request, url_for
from flask_babel import gettext

from ..services import client_cards, client_merges
from ..web import auth, htmx
from ..web.door import Door
from .forms import read
from .forms.client_cards import MergeForm

bp = Door("client_merges", __name__, guard=auth.page, url_prefix="/dashboard/clients")


@bp.get("/<id:client_id>/merge")
def choose(client_id: int) -> str:
    """Whom to merge with: those with the same phone or e-mail first, others by words. With `?words=` the list alone."""
    g.who.must("write_client")
    client = client_cards.get_card(g.who, client_id)
    words = request.args.get("words", "").strip()[:100]
    found = client_cards.find_alike(g.who, words, client_id) if words else client["duplicates"]
    template = "clients/card/_found.html" if "words" in request.args else "clients/card/_merge.html"
    return render_template(template, client=client, words=words, found=found)


@bp.get("/<id:client_id>/merge/<id:other_id>")
def compare(client_id: int, other_id: int) -> str:
    """Both side by side: which value is kept."""
    g.who.must("write_client")
    client, other = client_cards.get_card(g.who, client_id), client_cards.get_card(g.who, other_id)
    return render_template("clients/card/_compare.html", client=client, other=other)


@bp.post("/<id:client_id>/merge/<id:other_id>")
def merge(client_id: int, other_id: int) -> tuple[str, int]:
    """The other one becomes this one."""
    form = read(MergeForm)
    of = {"kept": client_id, "gone": other_id}
    wish = {field: of[form[field].data] for field in client_merges.FIELDS if form[field].data in of}
    merge_id = client_merges.merge(g.who, client_id, other_id, wish)
    htmx.close("modal")
    htmx.refresh(f"client-{client_id}", "clients")
    undo = url_for("client_merges.undo", client_id=client_id, merge_id=merge_id)
    htmx.toast(gettext("Клиенты объединены"), undo=undo)
    return "", 204


@bp.post("/<id:client_id>/merges/<id:merge_id>/undo")
def undo(client_id: int, merge_id: int) -> Response:
    """Two again."""
    client_merges.undo(g.who, client_id, merge_id)
    htmx.refresh(f"client-{client_id}", "clients")
    htmx.toast(gettext("Объединение отменено"))
    return make_response("", 204)
