"""The screen of integrations: messengers to connect, and how those connected are."""

from __future__ import annotations

from typing import Any

from flask import Response, current_app, g, make_response, render_template, request
from flask_babel import gettext

from .. import channels
from ..errors import Conflict, NotFound
from ..services import connections, funnels
from ..services.access import Actor
from ..web import auth
from ..web.door import Door, outside
from ..web.htmx import toast
from . import shell
from .forms.integrations import ConnectForm, TelegramForm, WebchatForm

bp = Door("integrations", __name__, guard=auth.page, url_prefix="/dashboard/integrations")

FORMS: dict[str, type[ConnectForm]] = {"telegram": TelegramForm, "webchat": WebchatForm}
CONNECT = "integrations/_connect.html"


@bp.get("")
def index() -> str:
    """The screen; `?connect=telegram` opens with that form."""
    kind = request.args.get("connect", "")
    form = _form(g.who, kind) if kind in FORMS and g.who.may("manage") else None
    return shell.page("integrations/page.html", form=form, kind=kind if form else "", **_list(g.who))


@bp.get("/list")
def list_() -> str:
    """What is connected."""
    return render_template("integrations/_connections.html", **_list(g.who))


@bp.get("/connect/<kind>")
def connect(kind: str) -> str:
    """The form of one messenger."""
    g.who.must("manage")
    return render_template(CONNECT, form=_form(g.who, kind), kind=kind)


@bp.post("/connect/telegram")
def connect_telegram() -> Response:
    """Ask Telegram whose token this is, and keep the bot."""
    g.who.must("manage")
    form = TelegramForm()
    form.offer(funnels.list_funnels(g.who))
    if not form.validate_on_submit():
        return _refused(form, "telegram")
    token = form.token.data or ""
    try:
        with outside():
            account = channels.channel("telegram", current_app.config).check(token)
        row = connections.create(
            g.who,
            funnel_id=form.funnel.data,
            messenger_type="telegram",
            account_id=account.id,
            username=account.username,
            account=account.name,
            token=token,
            name=form.name.data or "",
        )
    except (channels.ChannelError, Conflict) as refusal:
        form.token.errors = [str(refusal)]
        return _refused(form, "telegram", 409 if isinstance(refusal, Conflict) else 422)
    toast(gettext("Бот %(name)s подключён", name=f"@{row['username']}"))
    return _connected()


@bp.post("/connect/webchat")
def connect_webchat() -> Response:
    """Make a chat for the company's site."""
    g.who.must("manage")
    form = WebchatForm()
    form.offer(funnels.list_funnels(g.who))
    if not form.validate_on_submit():
        return _refused(form, "webchat")
    name = form.name.data or gettext("Чат на сайте")
    connections.create(g.who, funnel_id=form.funnel.data, messenger_type="webchat", account=name, name=name)
    toast(gettext("Чат создан: вставьте его код на сайт"))
    return _connected()


@bp.post("/<id:connection_id>/<any(on, off):switch>")
def switch(connection_id: int, switch: str) -> str:
    """Switch a connection on or off."""
    connections.set_active(g.who, connection_id, switch == "on")
    return list_()


@bp.post("/<id:connection_id>/remove")
def remove(connection_id: int) -> str:
    """Forget a connection; its dialogs stay."""
    connections.remove(g.who, connection_id)
    toast(gettext("Подключение удалено"))
    return list_()


def _form(who: Actor, kind: str) -> ConnectForm:
    if kind not in FORMS:
        raise NotFound("Такого мессенджера нет")
    form = FORMS[kind](formdata=None)
    choices = funnels.list_funnels(who)
    form.offer(choices)
    form.funnel.data = shell.chosen_funnel() or next((row["id"] for row in choices if row["is_active"]), None)
    return form


def _refused(form: ConnectForm, kind: str, status: int = 422) -> Response:
    return make_response(render_template(CONNECT, form=form, kind=kind), status)


def _connected() -> Response:
    return make_response(render_template("integrations/_connected.html", **_list(g.who)), 201)


def _list(who: Actor) -> dict[str, Any]:
    base = current_app.config["PUBLIC_URL"] or request.host_url.rstrip("/")
    return {
        "connections": connections.list_connections(who),
        "can": {"manage": who.may("manage")},
        "base": base,
        "webhooks": base.startswith("https://") and bool(current_app.config["PUBLIC_URL"]),
    }
