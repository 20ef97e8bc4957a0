"""ETag, 304 and 412."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient

from aiguro_web.web import conditional, toolkit
from aiguro_web.web.body import respond

from .apps import problem, small_app

STATE: dict[str, Any] = {}


@pytest.fixture
def client(tmp_path: Any) -> FlaskClient:
    STATE.update(body=[{"id": 1, "text": "слово " * 100}], version="1", built=0, total="5")
    (tmp_path / "app.css").write_text(".a { color: red }\n" * 100)
    app = Flask("small", static_folder=str(tmp_path), static_url_path="/static")
    app.config.update(small_app().config)
    toolkit.init_app(app)

    def saved() -> Response:
        conditional.must_match(lambda: respond(STATE["body"], headers={"X-Total-Count": STATE["total"]}))
        return respond({"ok": True})

    def secret() -> Response:
        conditional.no_store()
        return respond({"token_hint": "…abcd"})

    def cached() -> Response:
        answer = conditional.unchanged(lambda moment: moment == STATE["version"])
        if answer:
            return answer
        STATE["built"] += 1
        conditional.seen(STATE["version"])
        return respond(STATE["body"])

    app.add_url_rule("/api/list", "list", lambda: respond(STATE["body"], headers={"X-Total-Count": STATE["total"]}))
    app.add_url_rule("/api/list", "save", saved, methods=["PUT"])
    app.add_url_rule("/api/secret", "secret", secret)
    app.add_url_rule("/api/cached", "cached", cached)
    app.add_url_rule("/api/made", "made", lambda: respond({"id": 1}, status=201), methods=["POST"])
    return app.test_client()


def test_a_read_has_a_strong_tag_and_says_how_it_may_be_kept(client: FlaskClient) -> None:
    response = client.get("/api/list")
    tag = response.headers["ETag"]
    assert tag.startswith('"')
    assert tag.endswith('"')
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert response.headers.getlist("Vary") == ["Authorization, Accept-Encoding, Origin"]
    again = client.get("/api/list", headers={"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == tag
    assert again.headers["Cache-Control"] == "private, no-cache"
    assert again.headers["Vary"] == response.headers["Vary"]
    assert "Content-Type" not in again.headers
    assert "Content-Length" not in again.headers


@pytest.mark.parametrize("form", ["W/{}", '"other", {}', '"a,b" , W/"c",{}', "*"])
def test_tags_are_compared_weakly(client: FlaskClient, form: str) -> None:
    tag = client.get("/api/list").headers["ETag"]
    assert client.get("/api/list", headers={"If-None-Match": form.format(tag)}).status_code == 304


def test_a_change_ends_the_tag(client: FlaskClient) -> None:
    tag = client.get("/api/list").headers["ETag"]
    STATE["body"] = [{"id": 2}]
    changed = client.get("/api/list", headers={"If-None-Match": tag})
    assert (changed.status_code, changed.json) == (200, [{"id": 2}])
    STATE["total"] = "6"
    assert client.get("/api/list", headers={"If-None-Match": changed.headers["ETag"]}).status_code == 200


@pytest.mark.parametrize("tag", ['"', "x", '""', "W/", ",,,", '"' + "a" * 5000 + '"', '"é"', '"x:zstd'])
def test_a_strange_tag_is_just_another_one(client: FlaskClient, tag: str) -> None:
    assert client.get("/api/list", headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize("coding", ["zstd", "br", "gzip"])
def test_the_tag_of_a_packed_answer_stays_good(client: FlaskClient, coding: str) -> None:
    packed = client.get("/api/list", headers={"Accept-Encoding": coding})
    plain = client.get("/api/list")
    tag = packed.headers["ETag"]
    assert packed.headers["Content-Encoding"] == coding
    assert tag != plain.headers["ETag"]
    for accept in (coding, "identity", "gzip, br, zstd"):
        again = client.get("/api/list", headers={"If-None-Match": tag, "Accept-Encoding": accept})
        assert again.status_code == 304
        assert again.headers["ETag"] == tag


@pytest.mark.parametrize("coding", ["zstd", "br", "gzip", "identity"])
def test_the_tag_of_a_static_file_stays_good(client: FlaskClient, coding: str) -> None:
    first = client.get("/static/app.css", headers={"Accept-Encoding": coding})
    assert first.headers.get("Content-Encoding", "identity") == coding
    tag = first.headers["ETag"]
    again = client.get("/static/app.css", headers={"If-None-Match": tag, "Accept-Encoding": coding})
    assert (again.status_code, again.headers["ETag"]) == (304, tag)


def test_head_answers_as_get_without_a_body(client: FlaskClient) -> None:
    get, head = client.get("/api/list"), client.head("/api/list")
    assert head.status_code == 200
    assert head.data == b""
    assert head.headers["ETag"] == get.headers["ETag"]
    assert head.headers["Content-Length"] == str(len(get.data))


def test_a_secret_is_never_kept(client: FlaskClient) -> None:
    response = client.get("/api/secret", headers={"If-None-Match": "*"})
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert "ETag" not in response.headers


def test_a_write_is_not_tagged(client: FlaskClient) -> None:
    response = client.post("/api/made")
    assert response.status_code == 201
    assert "ETag" not in response.headers
    assert response.headers["Cache-Control"] == "no-store"


def test_an_unchanged_moment_needs_no_body(client: FlaskClient) -> None:
    tag = client.get("/api/cached").headers["ETag"]
    for sent in (tag, f"W/{tag}", f'"other", {tag}'):
        again = client.get("/api/cached", headers={"If-None-Match": sent})
        assert (again.status_code, STATE["built"]) == (304, 1)
        assert again.headers["ETag"] == tag
        assert again.headers["Vary"] == "Authorization, Accept-Encoding, Origin"
    client.get("/api/cached?page=2", headers={"If-None-Match": tag})
    assert STATE["built"] == 2, "something else was asked"
    STATE["version"], STATE["body"] = "2", [{"id": 3}]
    assert client.get("/api/cached", headers={"If-None-Match": tag}).status_code == 200


def test_a_later_moment_with_the_same_content_is_a_304_and_remembered(client: FlaskClient) -> None:
    tag = client.get("/api/cached").headers["ETag"]
    STATE["version"] = "2"
    for _ in range(2):
        again = client.get("/api/cached", headers={"If-None-Match": tag})
        assert (again.status_code, again.headers["ETag"], STATE["built"]) == (304, tag, 2)


def test_the_same_content_has_the_same_tag_at_every_moment(client: FlaskClient) -> None:
    first = client.get("/api/cached").headers["ETag"]
    STATE["version"] = "2"
    assert client.get("/api/cached").headers["ETag"] == client.head("/api/cached").headers["ETag"] == first


def test_a_stale_write_is_refused(client: FlaskClient) -> None:
    tag = client.get("/api/list").headers["ETag"]
    packed = client.get("/api/list", headers={"Accept-Encoding": "br"}).headers["ETag"]
    assert client.put("/api/list").status_code == 200
    for good in (tag, packed, "*", f'"other", {tag}'):
        assert client.put("/api/list", headers={"If-Match": good}).status_code == 200, good
    for bad in ('"other"', f"W/{tag}", "x", ""):
        problem(client.put("/api/list", headers={"If-Match": bad}), 412)
    STATE["body"] = []
    problem(client.put("/api/list", headers={"If-Match": tag}), 412)
