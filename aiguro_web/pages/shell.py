"""The frame around every screen: navigation, organisations, the funnel switch, language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import g, render_template, request, session, url_for
from flask_babel import get_locale, gettext, lazy_gettext
from werkzeug.wrappers import Response

from ..errors import Invalid, NotFound
from ..models import Role
from ..services import funnels
from ..services.access import Actor
from ..services.funnels import FunnelRow
from ..services.organizations import MembershipRow
from ..web import auth, sessions, tenancy
from ..web.door import Door
from ..web.htmx import is_htmx

bp = Door("shell", __name__, guard=auth.page, url_prefix="/dashboard")
bp.add_app_template_global(get_locale)  # <html lang>

FUNNEL = "funnel"  # in the session: the organisation and its chosen funnel
LANGUAGE = "language"
LANGUAGES = (("ru", "Русский"), ("en", "English"))
SCREENS = (
    ("overview.index", "chart-bar", lazy_gettext("Обзор")),
    ("deals.index", "layout-kanban", lazy_gettext("Сделки")),
    ("messengers.index", "messages", lazy_gettext("Диалоги")),
    ("clients.index", "users", lazy_gettext("Клиенты")),
    ("support.index", "lifebuoy", lazy_gettext("Поддержка")),
    ("integrations.index", "plug", lazy_gettext("Интеграции")),
)
DESK = (("staff_desk.index", "lifebuoy", lazy_gettext("Поддержка")),)  # outside of every organisation
KEYS = {  # Latin letters by their place: a Russian keyboard has them too
    "overview": "g o", "deals": "g d", "messengers": "g m", "clients": "g c", "support": "g s", "integrations": "g i",
}  # fmt: skip
FIRST = 4  # of them that a phone has room for; the rest stands under "more"
ROLES = {
    Role.admin: lazy_gettext("Администратор"),
    Role.manager: lazy_gettext("Менеджер"),
    Role.viewer: lazy_gettext("Наблюдатель"),
}


@dataclass(frozen=True)
class Screen:
    """An entry of the navigation."""

    url: str
    icon: str
    name: str
    current: bool
    first: bool
    keys: str  # pressed one after the other they go there


@dataclass(frozen=True)
class Shell:
    """What layouts/app.html shows."""

    screens: list[Screen]
    organisations: list[MembershipRow]
    organisation: MembershipRow | None  # None: support at its desk, whom no organisation's screens are shown
    funnels: list[FunnelRow]
    funnel_id: int | None
    funnel_name: str
    person: Actor
    role_name: str
    language: str
    languages: tuple[tuple[str, str], ...]
    here: str


@bp.post("/language")
def choose_language() -> Response:
    """Speak another language in this browser."""
    language = request.form.get("language", "")
    if language not in dict(LANGUAGES):
        raise Invalid("Такого языка нет", language="ru или en")
    session[LANGUAGE] = language
    return sessions.go_to(sessions.local_path(request.form.get("next")))


def page(template: str, **context: Any) -> str:
    """A screen inside the frame, or its content alone for HTMX."""
    return render_template(template, shell=None if is_htmx() else _read(g.who), **context)


def chosen_funnel() -> int | None:
    """The funnel that this page shows, None for all: `?funnel=` (0 is all), else the one chosen last."""
    if "funnel" in request.args:
        session[FUNNEL] = [g.who.org, asked_funnel()]
    org_id, funnel_id = session.get(FUNNEL) or (None, None)
    return funnel_id if org_id == g.who.org else None  # another organisation has other funnels


def asked_funnel() -> int | None:
    """The funnel that a fragment is asked for; unlike a page it does not change what was chosen."""
    return tenancy.read_id(request.args.get("funnel", ""))


def rights(who: Actor) -> dict[str, bool]:
    """What templates ask: `can.write` (dialogs and deals), `can.clients`, `can.tickets`, `can.manage`."""
    return {
        "write": who.may("write_dialog"), "clients": who.may("write_client"), "tickets": who.may("write_ticket"),
        "manage": who.may("manage"),
    }  # fmt: skip


def locale() -> str | None:
    """The language of this request, for Flask-Babel: chosen, else the organisation's."""
    chosen = session.get(LANGUAGE)
    if chosen in dict(LANGUAGES):
        return str(chosen)
    home = _home()
    return home["locale"] if home else None


def timezone() -> str | None:
    """The zone in which this request shows times, for Flask-Babel: the organisation's."""
    home = _home()
    return home["timezone"] if home else None


def _home() -> MembershipRow | None:
    who = g.get("who")
    rows: list[MembershipRow] = g.get("memberships") or []
    return next((row for row in rows if who is not None and row["org_id"] == who.org), None)


def _read(who: Actor) -> Shell:
    home = _home()
    if home is None and not who.staff:
        raise NotFound("Организация не найдена")
    choices = funnels.list_funnels(who) if home is not None else []
    funnel = next((row for row in choices if row["id"] == chosen_funnel()), None)
    return Shell(
        screens=[
            Screen(
                url_for(endpoint),
                icon,
                str(name),
                current=f"{request.path}/".startswith(f"{url_for(endpoint)}/"),
                first=number < FIRST,
                keys=KEYS.get(endpoint.partition(".")[0], ""),
            )
            for number, (endpoint, icon, name) in enumerate(SCREENS if home is not None else DESK)
        ],
        organisations=g.memberships,
        organisation=home,
        funnels=choices,
        funnel_id=funnel["id"] if funnel else None,
        funnel_name=funnel["display_name"] if funnel else gettext("Все воронки"),
        person=who,
        role_name=str(ROLES[who.role]) if who.role else "",
        language=str(get_locale()),
        languages=LANGUAGES,
        here=request.path,
    )
