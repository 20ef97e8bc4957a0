"""Files over JSON: uploads that are whole or nothing, links, downloads."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from aiguro_web.extensions import db, enter_organization
from aiguro_web.services import files, funnels, organizations
from tests import people
from tests.people import HOME, OTHER, People
from tests.storage.conftest import objects, shelf

__all__ = ["shelf"]

MIB = 1024 * 1024
FILES = f"/api/api/organizations/{HOME}/files"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"


@pytest.fixture
def funnel(app: Flask, who: People) -> int:
    enter_organization(HOME)
    return funnels.list_funnels(who.admin.actor)[0]["id"]


def upload(
    client: FlaskClient, headers: dict[str, str], content: bytes = b"words", name: str = "слова.txt",
    path: str = FILES, **more: Any,
) -> TestResponse:  # fmt: skip
    data = {"file": (io.BytesIO(content), name), **more}
    return client.post(path, data=data, headers=headers, content_type="multipart/form-data")


def link(client: FlaskClient, headers: dict[str, str], file: int, query: str = "?expires_in=3600") -> str:
    answer = client.get(f"/api/api/files/{file}/url{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    assert (answer.headers["Cache-Control"], answer.headers.get("ETag")) == ("no-store", None)
    address: str = answer.json["url"]
    return urlsplit(address).path


@pytest.mark.usefixtures("shelf")
def test_an_upload_is_created_shown_and_listed(client: FlaskClient, who: People) -> None:
    more = {"category": "service_catalog", "description": " Цены ", "is_public": "true", "odd": "x"}
    answer = upload(client, who.admin.headers, **more)
    assert answer.status_code == 201, answer.text
    file = answer.json
    assert {name: file[name] for name in ("original_name", "filename", "content_type", "size", "category",
                                          "description", "is_public")} == {
        "original_name": "слова.txt", "filename": "слова.txt", "content_type": "text/plain", "size": 5,
        "category": "service_catalog", "description": "Цены", "is_public": True,
    }  # fmt: skip
    assert client.get(answer.headers["Location"], headers=who.manager.headers).json == file
    for path in (FILES, FILES.replace("/api/api/", "/api/")):
        found = client.get(path, headers=who.manager.headers)
        assert found.json == {"files": [file], "total": 1, "page": 1, "per_page": 1000}
        assert found.headers["X-Total-Count"] == "1"
    assert client.get(f"{FILES}?category=client_work", headers=who.admin.headers).json["files"] == []
    assert client.get(f"{FILES}?category=odd", headers=who.admin.headers).status_code == 400
    statistics = client.get(f"{FILES}/statistics", headers=who.admin.headers).json
    assert (statistics["total_files"], statistics["total_size"]) == (1, 5)
    assert statistics["by_category"]["service_catalog"] == {"count": 1, "size": 5}
    assert set(statistics["by_category"]) == {"general_info", "service_catalog", "dialog_management", "client_work"}


@pytest.mark.usefixtures("shelf")
def test_pages_and_cursors_reach_every_file(client: FlaskClient, who: People) -> None:
    made = [upload(client, who.admin.headers, name=f"{n}.txt").json["id"] for n in range(5)]
    seen, path = [], f"{FILES}?limit=2&cursor="
    while path:
        answer = client.get(path, headers=who.admin.headers)
        seen += [file["id"] for file in answer.json["files"]]
        following = answer.headers.get("Link", "")
        path = following.split(">")[0][1:] if 'rel="next"' in following else ""
    assert seen == made[::-1]
    second = client.get(f"{FILES}?limit=2&page=2", headers=who.admin.headers).json
    assert ([file["id"] for file in second["files"]], second["total"], second["page"]) == (made[2:0:-1], 5, 2)


@pytest.mark.parametrize(("content", "name", "more", "status"), [
    (b"", "empty.txt", {}, 400),
    (b"<html>", "page.html", {}, 400),
    (b"MZ\0\0", "photo.png", {}, 400),
    (b"words", "a.txt", {"category": "odd"}, 400),
    (b"words", "a.txt", {"description": "a" * 2001}, 400),
    (b"words", "a.txt", {"is_public": "maybe"}, 400),
    (b"words", "a.txt", {"more": (io.BytesIO(b"x"), "x.txt")}, 400),
])  # fmt: skip
def test_a_refused_upload_leaves_nothing(
    client: FlaskClient, who: People, shelf: Path, content: bytes, name: str, more: dict[str, Any], status: int
) -> None:
    answer = upload(client, who.admin.headers, content, name, **more)
    assert answer.status_code == status, answer.text
    assert answer.json["error"]
    assert objects(shelf) == []
    assert client.get(FILES, headers=who.admin.headers).json["total"] == 0


def test_a_form_without_a_file_is_refused(client: FlaskClient, who: People, shelf: Path) -> None:
    answer = client.post(FILES, data={"category": "client_work"}, headers=who.admin.headers,
                         content_type="multipart/form-data")  # fmt: skip
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (400, "/file")
    assert client.post(FILES, json={}, headers=who.admin.headers).status_code == 415
    assert upload(client, who.admin.headers, b"words", "").status_code in (400, 201)


@pytest.mark.usefixtures("shelf")
def test_who_may_not_upload_is_told_before_a_byte_is_read(client: FlaskClient, who: People) -> None:
    for person, status in ((who.viewer, 403), (who.manager, 403), (who.stranger, 403)):
        answer = client.post(FILES, data=b"no form at all", headers=person.headers,
                             content_type="multipart/form-data; boundary=x")  # fmt: skip
        assert answer.status_code == status
    absent = f"/api/api/organizations/{HOME}/funnels/{2**40}/files"
    assert upload(client, who.admin.headers, path=absent).status_code == 404


def test_a_row_that_cannot_be_written_takes_its_bytes_along(
    client: FlaskClient, who: People, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "add", fail)
    assert upload(client, who.admin.headers).status_code == 503
    assert objects(shelf) == []


def test_a_repeated_upload_with_another_boundary_stores_nothing_twice(
    client: FlaskClient, who: People, shelf: Path
) -> None:
    def post(boundary: str, content: str = "words", key: str = "once") -> TestResponse:
        body = f'--{boundary}\r\nContent-Disposition: form-data; name="category"\r\n\r\nclient_work\r\n'
        body += f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n{content}\r\n'
        return client.post(FILES, data=f"{body}--{boundary}--\r\n", headers={**who.admin.headers, "Idempotency-Key": key},
                           content_type=f"multipart/form-data; boundary={boundary}")  # fmt: skip

    first, second = post("one"), post("another")
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.data == first.data
    assert second.headers["Location"] == first.headers["Location"]
    assert second.headers["Idempotent-Replayed"] == "true"
    assert len(objects(shelf)) == 1
    assert post("third", "other words").status_code == 422
    assert len(objects(shelf)) == 1
    assert post("fourth", "<html>", "refused").status_code == 400
    assert post("fifth", "words", "refused").status_code == 201  # a refusal has let the key go
    assert len(objects(shelf)) == 2


@pytest.mark.usefixtures("shelf")
def test_a_funnels_files(client: FlaskClient, who: People, funnel: int) -> None:
    of_funnel = f"/api/api/organizations/{HOME}/funnels/{funnel}/files"
    company = upload(client, who.admin.headers, name="company.txt").json["id"]
    own = upload(client, who.admin.headers, name="own.txt", path=of_funnel)
    assert own.status_code == 201
    assert own.headers["Location"] == f"{FILES}/{own.json['id']}"

    def listed() -> list[int]:
        return [file["id"] for file in client.get(of_funnel, headers=who.manager.headers).json["files"]]

    assert listed() == [own.json["id"]]
    attached = client.post(f"{of_funnel}/{company}/attach", headers=who.admin.headers, content_type="application/json")
    assert (attached.status_code, attached.json["id"]) == (200, company)
    assert listed() == [own.json["id"], company]
    assert client.get(f"{of_funnel}/statistics", headers=who.manager.headers).json["total_files"] == 2
    assert client.post(f"{of_funnel}/{company}/detach", headers=who.admin.headers).status_code == 200
    assert client.post(f"{of_funnel}/{company}/detach", headers=who.admin.headers).status_code == 404
    gone = client.delete(f"{of_funnel}/{own.json['id']}", headers=who.admin.headers)
    assert (gone.status_code, gone.json) == (200, {"id": own.json["id"], "deleted": True})
    assert client.delete(f"{of_funnel}/{own.json['id']}", headers=who.admin.headers).status_code == 404
    assert client.delete(f"{FILES}/{company}", headers=who.manager.headers).status_code == 403
    assert client.delete(f"{FILES}/{company}", headers=who.admin.headers).json == {"id": company, "deleted": True}
    assert client.delete(f"{FILES}/{company}", headers=who.admin.headers).status_code == 404


@pytest.mark.usefixtures("shelf")
def test_a_download_is_shut_in(client: FlaskClient, who: People) -> None:
    text = upload(client, who.admin.headers, b"=1+1 <script>" * 100, 'опасный "файл".txt').json["id"]
    image = upload(client, who.admin.headers, PNG + b"\0" * 50, "a.png").json["id"]
    answer = client.get(link(client, who.manager.headers, text), headers={"Accept-Encoding": "gzip, br, zstd"})
    headers = answer.headers
    assert answer.data == b"=1+1 <script>" * 100
    assert headers["Content-Type"] == "text/plain; charset=utf-8"
    assert headers["Content-Disposition"].startswith("attachment; ")
    assert "filename*=UTF-8''%D0%BE" in headers["Content-Disposition"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in headers["Content-Security-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert (headers["Content-Length"], headers["Content-Encoding"]) == ("1300", "identity")
    assert (headers["Cache-Control"], headers.get("ETag")) == ("no-store", None)
    shown = client.get(link(client, who.manager.headers, image))
    assert shown.headers["Content-Disposition"].startswith("inline; ")
    assert shown.headers["Content-Type"] == "image/png"


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize(("asked", "status", "content", "shown"), [
    ("bytes=1-3", 206, b"123", "bytes 1-3/10"),
    ("bytes=7-", 206, b"789", "bytes 7-9/10"),
    ("bytes=-2", 206, b"89", "bytes 8-9/10"),
    ("bytes=0-99", 206, b"0123456789", "bytes 0-9/10"),
    ("bytes=10-", 416, None, "bytes */10"),
    ("bytes=1-2,4-5", 200, b"0123456789", None),
    ("lines=1-2", 200, b"0123456789", None),
    ("bytes=b-a", 200, b"0123456789", None),
    ("bytes=3-1", 200, b"0123456789", None),
])  # fmt: skip
def test_a_part_of_a_download(
    client: FlaskClient, who: People, asked: str, status: int, content: bytes | None, shown: str | None
) -> None:
    file = upload(client, who.admin.headers, b"0123456789").json["id"]
    answer = client.get(link(client, who.manager.headers, file), headers={"Range": asked})
    assert (answer.status_code, answer.headers.get("Content-Range")) == (status, shown)
    if content is not None:
        assert answer.data == content
        assert answer.headers["Content-Length"] == str(len(content))


@pytest.mark.usefixtures("shelf")
def test_a_link_holds_while_its_person_may_see_the_file(client: FlaskClient, who: People) -> None:
    file = upload(client, who.admin.headers).json["id"]
    path = link(client, who.manager.headers, file)
    assert client.get(path).data == b"words"
    assert client.get(path + "x").status_code == 404
    assert client.post(path).status_code == 405
    manager = who.manager.actor.user_id
    assert manager is not None
    organizations.remove_member(HOME, manager)
    db.session.commit()
    assert client.get(path).status_code == 403
    again = link(client, who.admin.headers, file)
    client.delete(f"{FILES}/{file}", headers=who.admin.headers)
    assert client.get(again).status_code == 404


@pytest.mark.usefixtures("shelf")
def test_a_link_is_asked_for_in_the_right_organisation(client: FlaskClient, who: People) -> None:
    file = upload(client, who.admin.headers).json["id"]
    assert client.get(f"/api/files/{file}/url", headers=who.stranger.headers).status_code == 404
    assert client.get(f"/api/files/{file}/url?orgId={HOME}", headers=who.stranger.headers).status_code == 403
    assert client.get(f"/api/files/{file}/url", headers=who.viewer.headers).status_code == 403
    assert client.get(f"/api/files/{file}/url?expires_in=0", headers=who.admin.headers).status_code == 400
    clamped = client.get(f"/api/files/{file}/url?expires_in=3600", headers=who.admin.headers).json
    assert clamped["expires_in"] == 600
    assert clamped["url"].startswith("http://localhost/api/download/")
    assert client.get(f"/api/files/{file}/url?expires_in=60", headers=who.admin.headers).json["expires_in"] == 60
    assert client.get(f"/api/files/{file}/url").status_code == 401
    admin = who.admin.actor.user_id
    assert admin is not None
    organizations.invite(OTHER, admin, people.Role.admin)
    db.session.commit()
    assert client.get(f"/api/files/{file}/url", headers=who.admin.headers).status_code == 400
    assert client.get(f"/api/files/{file}/url?orgId={HOME}", headers=who.admin.headers).status_code == 200
    assert client.get(f"/api/files/{file}/url?orgId={OTHER}", headers=who.admin.headers).status_code == 404
