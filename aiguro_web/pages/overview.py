"""The screen «Обзор»: numbers of a period that open their lists, charts, and who waits for an answer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import g, redirect, render_template, request, url_for
from flask_babel import lazy_gettext
from werkzeug.wrappers import Response

from ..services import overview, overview_waiting
from ..services.access import Actor
from ..services.overview import Asked
from ..web import auth, filters
from ..web.door import Door
from . import deal_filters, overview_numbers, periods, shell
from .periods import Period

bp = Door("overview", __name__, guard=auth.page, url_prefix="/dashboard")
bp.add_app_template_filter(overview_numbers.lasting)

ROWS = 7  # of those who wait
PERIODS = (
    ("today", lazy_gettext("Сегодня")), ("week", lazy_gettext("Неделя")), ("month", lazy_gettext("Месяц")),
    ("quarter", lazy_gettext("Квартал")),
)  # fmt: skip


@bp.get("")
def home() -> Response:
    """Where the working day begins."""
    return redirect(url_for("overview.index"))


@bp.get("/overview")
def index() -> str:
    """The whole screen. `?period=` and `?from=&to=` choose the time (pages/periods.py), `?funnel=` the funnel."""
    funnel_id = shell.chosen_funnel()
    shown = _numbers(g.who, funnel_id)
    period: Period = shown["period"]
    return shell.page(
        "overview/page.html",
        periods=PERIODS,
        days=overview_numbers.spelled(period.first, period.last, period.today),
        days_before=overview_numbers.spelled(*period.before, period.today),
        **_waiting(g.who, funnel_id),
        **shown,
    )


@bp.get("/overview/numbers")
def numbers() -> str:
    """The numbers and charts alone, for a refresh."""
    return render_template("overview/_numbers.html", **_numbers(g.who, shell.asked_funnel()))


@bp.get("/overview/waiting")
def waiting() -> str:
    """Who waits, alone."""
    funnel_id = shell.asked_funnel()
    return render_template("overview/_waiting.html", funnel_id=funnel_id, **_waiting(g.who, funnel_id))


def _waiting(who: Actor, funnel_id: int | None) -> dict[str, Any]:
    found = overview_waiting.list_waiting(who, funnel_id, ROWS)
    return {"waiting": found, "waiting_url": overview_numbers.table(funnel_id, waiting="yes", sort="waiting")}


def _numbers(who: Actor, funnel_id: int | None) -> dict[str, Any]:
    period = periods.read(request.args, g.get("timezone") or filters.ZONE, datetime.now(UTC))
    asked = _asked(period, funnel_id)
    found = overview.read(who, asked)
    flow, stages = found.flow, found.stages
    links = overview_numbers.Links(period, funnel_id)
    return {
        "period": period,
        "funnel_id": funnel_id,
        "tiles": overview_numbers.tiles(flow, stages, links),
        "trend": overview_numbers.trend(flow, links),
        "stages": overview_numbers.stage_lines(stages, flow, links),
        "sold": overview_numbers.sold(flow, links),
        "channels": overview_numbers.channels(flow, links),
        "is_empty": stages.ever == 0,
        "can": shell.rights(who),
    }


def _asked(period: Period, funnel_id: int | None) -> Asked:
    drawn = deal_filters.span(deal_filters.days(period.drawn_from, period.last), period.zone)
    assert drawn is not None
    assert drawn.start is not None
    return Asked(period.current, period.previous, drawn.start, period.step, period.zone, funnel_id)
