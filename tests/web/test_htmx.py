"""Fragments, layouts, toasts."""

from __future__ import annotations

import json

import pytest
from flask import Flask, Response, render_template
from flask.testing import FlaskClient
from jinja2 import DictLoader

from aiguro_web.web import htmx

from .apps import small_app

HX = {"HX-Request": "true"}


@pytest.fixture
def client() -> FlaskClient:
    app: Flask = small_app()
    app.jinja_loader = DictLoader(
        {
            "layouts/bare.html": "[{% block main %}{% endblock %}]",
            "layouts/app.html": "<html>{% block main %}{% endblock %}</html>",
            "page.html": "{% extends layout() %}{% block main %}тут{% endblock %}",
        }
    )

    def save() -> Response:
        htmx.toast("Сохранено")
        htmx.toast("Внимание", "warning")
        return Response("ok", headers={"HX-Trigger": "saved, moved"})

    app.add_url_rule("/page", "page", lambda: render_template("page.html"))
    app.add_url_rule("/save", "save", save)
    return app.test_client()


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        ({}, "<html>тут</html>"),
        (HX, "[тут]"),
        ({**HX, "HX-Boosted": "true"}, "<html>тут</html>"),
        ({**HX, "HX-History-Restore-Request": "true"}, "<html>тут</html>"),
        ({"HX-Request": "yes"}, "<html>тут</html>"),
    ],
)
def test_the_layout_is_bare_only_for_a_fragment(client: FlaskClient, headers: dict[str, str], text: str) -> None:
    assert client.get("/page", headers=headers).get_data(as_text=True) == text


def test_toasts_join_the_other_triggers(client: FlaskClient) -> None:
    trigger = client.get("/save").headers["HX-Trigger"]
    assert trigger.isascii()
    events = json.loads(trigger)
    assert set(events) == {"saved", "moved", "toast"}
    assert events["toast"]["message"] in ("Сохранено", "Внимание")


def test_a_toast_keeps_to_its_own_answer(client: FlaskClient) -> None:
    client.get("/save")
    assert "HX-Trigger" not in client.get("/page").headers


def test_triggers_with_details_are_kept() -> None:
    response = Response(headers={"HX-Trigger": '{"moved": {"to": 3}}'})
    htmx.add_trigger(response, "saved")
    assert json.loads(response.headers["HX-Trigger"]) == {"moved": {"to": 3}, "saved": None}
