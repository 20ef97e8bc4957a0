"""Every template compiles and renders with StrictUndefined, and carries no script, style or handler of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from jinja2 import Environment, StrictUndefined, UndefinedError, meta

from aiguro_web.api import docs
from tests import databases
from tests.doors import STREAMS, Way, address, knock, ways
from tests.people import OTHER

from .conftest import House

FOLDER = databases.ROOT / "templates"
NAMES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.html"))
# The policy of web/headers.py would refuse these anyway: in a page they are dead, or worse, alive.
FORBIDDEN = {
    "a script without src": re.compile(r"<script(?![^>]*\ssrc=)", re.IGNORECASE),
    "a style element": re.compile(r"<style\b", re.IGNORECASE),
    "a style attribute": re.compile(r"\sstyle\s*=", re.IGNORECASE),
    "a handler": re.compile(r"\son[a-z]+\s*=", re.IGNORECASE),
    "an hx-on handler": re.compile(r"\shx-on[:\w-]*\s*=", re.IGNORECASE),
    "a javascript: address": re.compile(r"javascript:", re.IGNORECASE),
    "evaluated values": re.compile(r"\shx-(vals|headers)\s*=\s*[\"']\s*js:", re.IGNORECASE),
    "a file from elsewhere": re.compile(
        r"<(script|link|img|iframe|source)\b[^>]*\s(src|href)\s*=\s*[\"']?(https?:)?//", re.IGNORECASE
    ),
    "switched off escaping": re.compile(r"\|\s*safe\b|autoescape\s+false|Markup\("),
}  # fmt: skip


def forbidden(text: str) -> list[str]:
    return [name for name, pattern in FORBIDDEN.items() if pattern.search(text)]


@pytest.fixture
def strict(house: House) -> Iterator[Flask]:
    """The application with an undefined name being an error."""
    before = house.app.jinja_env.undefined
    house.app.jinja_env.undefined = StrictUndefined
    yield house.app
    house.app.jinja_env.undefined = before


@pytest.mark.parametrize("name", NAMES)
def test_a_template_compiles_and_has_no_code_of_its_own(strict: Flask, name: str) -> None:
    strict.jinja_env.get_template(name)
    assert forbidden((FOLDER / name).read_text("utf-8")) == []


@pytest.mark.parametrize("name", NAMES)
def test_what_a_template_includes_is_there(strict: Flask, name: str) -> None:
    tree = strict.jinja_env.parse((FOLDER / name).read_text("utf-8"))
    assert {found for found in meta.find_referenced_templates(tree) if found is not None} <= set(NAMES)


@pytest.mark.parametrize(("html", "name"), [
    ("<script>alert(1)</script>", "a script without src"),
    ("<script defer>x</script>", "a script without src"),
    ("<style>p{}</style>", "a style element"),
    ('<p style="color:red">', "a style attribute"),
    ('<p onclick="x()">', "a handler"),
    ('<p hx-on:click="x()">', "an hx-on handler"),
    ('<a href="javascript:x()">', "a javascript: address"),
    ("<p hx-vals='js:{a: b()}'>", "evaluated values"),
    ('<script src="https://cdn.example/x.js"></script>', "a file from elsewhere"),
    ('<img src="//cdn.example/x.png">', "a file from elsewhere"),
    ("{{ text | safe }}", "switched off escaping"),
])  # fmt: skip
def test_code_in_a_template_is_found(html: str, name: str) -> None:
    assert name in forbidden(html)


@pytest.mark.parametrize(
    "html", ['<script src="{{ asset(1) }}" defer></script>', '<p class="button" data-once="1">', "<a href='/x'>"]
)
def test_harmless_markup_is_let_through(html: str) -> None:
    assert forbidden(html) == []


def pages(house: House) -> list[tuple[Way, str]]:
    """Every page and fragment that can be looked at, and the refusals."""
    found = [way for way in ways(house.app) if way.guard in ("page", "public", "connection")]
    return [
        (way, address(house.app, way, house.values(OTHER, way.endpoint)))
        for way in found
        if way.method == "GET" and way.endpoint not in STREAMS
    ]


def test_every_page_renders_without_an_undefined_name(
    house: House, strict: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered = _rendered_names(strict, monkeypatch)
    found = {}
    for way, path in pages(house):
        for person in (house.people.stranger, None):
            for htmx in (True, False):
                answer = knock(strict, way, path, person, htmx=htmx)
                found[f"{way} {htmx} {person is None}"] = answer.status_code
    for path in _more_pages(house):
        answer = knock(strict, Way("GET", path, "more", frozenset(), "page"), path, house.people.stranger, htmx=False)
        found[path] = answer.status_code
        assert answer.status_code == 200, path
    answer = knock(strict, Way("GET", "/nowhere", "", frozenset(), "page"), "/dashboard/nowhere", house.people.stranger)
    assert answer.status_code == 404
    assert {path: status for path, status in found.items() if status >= 500} == {}
    assert set(NAMES) - set(rendered) == BY_POSTS


BY_POSTS = {
    "clients/card/_field.html",
    "clients/card/gone.html",
    "clients/imports/_progress.html",
    "clients/imports/_done.html",
    "deals/_moved.html",
    "deals/_columns.html",
    "support/_problems.html",
    "integrations/_connected.html",
}  # what a form answers: tests/pages


def _more_pages(house: House) -> list[str]:
    dialog = house.rows[OTHER]["dialog"]["uuid"]
    return [
        f"/dashboard/messengers?uuid={dialog}&queue=open",
        f"/dashboard/messengers/{dialog}/messages/older?before={house.rows[OTHER]['message']['id']}",
        "/dashboard/messengers?queue=open",
        f"/dashboard/clients/{house.rows[OTHER]['client']['id']}/merge?words=x",
        "/dashboard/messengers?queue=closed&search=%25nothing",
        f"/dashboard/support?ticket={house.rows[OTHER]['ticket']['id']}",
        "/dashboard/support?status=closed&priority=urgent&department=sales",
        "/dashboard/integrations?connect=telegram",
        "/dashboard/views/deals/new",
        "/dashboard/deals/table/bulk?act=close",
        "/dashboard/deals/table?status=any",
        "/dashboard/integrations?connect=webchat",
        "/dashboard/integrations/connect/telegram",
    ]


def _rendered_names(app: Flask, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Grows with every template that is loaded from now on."""
    names: set[str] = set()
    loader, cache = app.jinja_env.loader, app.jinja_env.cache
    assert loader is not None
    assert cache is not None
    cache.clear()
    app.extensions.pop(docs.KEPT, None)
    load = loader.get_source

    def noted(environment: Environment, template: str) -> Any:
        names.add(template)
        return load(environment, template)

    monkeypatch.setattr(loader, "get_source", noted)
    return names


def test_an_undefined_name_is_found(strict: Flask) -> None:
    with strict.test_request_context("/"):
        page = strict.jinja_env.from_string("{% if shown %}{{ forgotten }}{% endif %}")
        with pytest.raises(UndefinedError, match="forgotten"):
            page.render(shown=True)


def test_there_are_templates() -> None:
    assert len(NAMES) > 20
    assert all(Path(name).suffix == ".html" for name in NAMES)
