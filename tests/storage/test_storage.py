"""Bytes of files: what is let in, by content alone; under keys that nobody guesses; whole or not at all."""

from __future__ import annotations

import io
import os
import resource
import subprocess
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from aiguro_web import storage
from aiguro_web.config import BadConfig
from aiguro_web.errors import Invalid, NotFound, TooLarge, Unavailable

from .conftest import objects, use

COMPOUND = bytes.fromhex("d0cf11e0a1b11ae1")


def zipped(*names: str, first: tuple[str, bytes] | None = None) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        if first:
            packed.writestr(*first)
        for name in names:
            packed.writestr(name, "<x/>" * 100)
    return out.getvalue()


def compound(stream: str) -> bytes:
    return COMPOUND + b"\0" * 65_500 + stream.encode("utf-16-le") + b"\0" * 512  # across two pieces


DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
ODT = "application/vnd.oasis.opendocument.text"
GOOD = {
    "a.png": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\0" * 50, "image/png"),
    "a.jpg": (b"\xff\xd8\xff\xe0\0\x10JFIF\0" + b"\0" * 50, "image/jpeg"),
    "a.jpeg": (b"\xff\xd8\xff\xe1\0\x10Exif\0" + b"\0" * 50, "image/jpeg"),
    "a.gif": (b"GIF89a" + b"\1" * 50, "image/gif"),
    "a.webp": (b"RIFF\x24\0\0\0WEBPVP8 " + b"\0" * 50, "image/webp"),
    "a.pdf": (b"%PDF-1.7\n" + b"x" * 50, "application/pdf"),
    "a.rtf": (b"{\\rtf1\\ansi x}", "application/rtf"),
    "a.ogg": (b"OggS\0\2" + b"\0" * 22 + b"\1\x13OpusHead" + b"\0" * 50, "audio/ogg"),
    "a.mp3": (b"ID3\4" + b"\0" * 50, "audio/mpeg"),
    "b.mp3": (b"\xff\xfb\x90\x64" + b"\0" * 50, "audio/mpeg"),
    "a.wav": (b"RIFF\x24\0\0\0WAVEfmt " + b"\0" * 50, "audio/wav"),
    "a.m4a": (b"\0\0\0\x20ftypM4A \0\0\0\0" + b"\0" * 50, "audio/mp4"),
    "a.mp4": (b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41" + b"\0" * 50, "video/mp4"),
    "a.mov": (b"\0\0\0\x14ftypqt  \0\0\0\0" + b"\0" * 50, "video/quicktime"),
    "a.webm": (b"\x1aE\xdf\xa3\x9fB\x86\x81\1B\xf7\x81\1B\xf2\x81\4B\xf3\x81\x08B\x82\x84webm" + b"\0" * 50, "video/webm"),
    "a.docx": (zipped("[Content_Types].xml", "_rels/.rels", "word/document.xml"), DOCX),
    "late.docx": (zipped(*[f"word/media/{n}" for n in range(900)], "[Content_Types].xml", "word/document.xml"), DOCX),
    "a.xlsx": (zipped("docProps/app.xml", "xl/workbook.xml", "[Content_Types].xml"), XLSX),
    "a.pptx": (zipped("[Content_Types].xml", "ppt/presentation.xml"), PPTX),
    "a.odt": (zipped("content.xml", first=("mimetype", ODT.encode())), ODT),
    "a.doc": (compound("WordDocument"), "application/msword"),
    "a.xls": (compound("Workbook"), "application/vnd.ms-excel"),
    "a.ppt": (compound("PowerPoint Document"), "application/vnd.ms-powerpoint"),
    "a.txt": ("Привет, это текст\r\n\tс отступом".encode(), "text/plain"),
    "bom.txt": (b"\xef\xbb\xbfplain", "text/plain"),
    "a.md": (b"# Title\n\n<b>bold</b> <script>later</script>", "text/markdown"),
    "a.csv": ("имя;цена\n=1+1;2\n".encode(), "text/csv"),
    "a.log": (b"MZ is how this line begins", "text/plain"),
}  # fmt: skip
BAD = {
    "page.html": b"<!DOCTYPE html><html><script>alert(1)</script></html>",
    "page.txt": b"  \n<html><body onload=alert(1)>",
    "bom.txt": b"\xef\xbb\xbf<script>alert(1)</script>",
    "image.svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "image.png": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
    "app.js": b"alert(1)",
    "run.sh": b"rm -rf /",
    "run.txt": b"#!/bin/sh\nrm -rf /",
    "shell.php": b"<?php system('id');",
    "shell.txt": b"<?php system('id');",
    "app.exe": b"MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff" + b"\0" * 500,
    "app.png": b"MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff" + b"\0" * 500,
    "app.pdf": b"\x7fELF\2\1\1" + b"\0" * 500,
    "app.jar": zipped("META-INF/MANIFEST.MF", "Main.class"),
    "any.zip": zipped("a.txt"),
    "any.docx": zipped("a.txt"),
    "macro.docx": zipped("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"),
    "epub.odt": zipped("content.xml", first=("mimetype", b"application/epub+zip")),
    "setup.msi": COMPOUND + b"\0" * 2000,
    "cp1251.txt": "Привет".encode("cp1251"),
    "utf16.txt": "Привет".encode("utf-16"),
    "cut.txt": "Привет".encode()[:-1],
    "nul.txt": b"a\0b",
    "noise.bin": bytes(range(256)) * 10,
    "noise.txt": bytes(range(256)) * 10,
}


def pieces(content: bytes) -> Iterator[bytes]:
    for at in range(0, len(content), 65_536):
        yield content[at : at + 65_536]


@pytest.mark.parametrize("name", GOOD)
def test_a_file_is_known_by_its_content(shelf: Path, name: str) -> None:
    content, kind = GOOD[name]
    stored = storage.receive(name, pieces(content))
    assert (stored.content_type, stored.name, stored.size) == (kind, name, len(content))
    assert b"".join(storage.open(stored.key)) == content
    assert objects(shelf) == [stored.key]


@pytest.mark.parametrize("name", BAD)
def test_what_is_not_allowed_leaves_nothing(shelf: Path, name: str) -> None:
    with pytest.raises(Invalid, match="не принимаются"):
        storage.receive(name, pieces(BAD[name]))
    assert objects(shelf) == []


@pytest.mark.parametrize(("given", "content", "kept"), [
    ("photo.exe", "a.png", "photo.exe.png"),
    ("photo", "a.jpg", "photo.jpg"),
    ("PHOTO.JPG", "a.jpg", "PHOTO.JPG"),
    ("", "a.pdf", "file.pdf"),
    (".png", "a.png", ".png.png"),
    ("notes", "a.txt", "notes.txt"),
    ("page.html", "a.png", "page.html.png"),
    ("setup.msi", "a.doc", "setup.msi.doc"),
    ("я" * 255, "a.pdf", "я" * 251 + ".pdf"),
])  # fmt: skip
def test_a_name_ends_as_the_content_says(shelf: Path, given: str, content: str, kept: str) -> None:
    assert storage.receive(given, pieces(GOOD[content][0])).name == kept


def test_an_empty_file_is_refused(shelf: Path) -> None:
    for nothing in ([], [b""]):
        with pytest.raises(Invalid, match="пуст"):
            storage.receive("a.txt", iter(nothing))
    assert objects(shelf) == []


def test_a_file_over_the_limit_leaves_nothing(shelf: Path) -> None:
    assert storage.receive("a.txt", pieces(b"a" * 300_000), limit=300_000).size == 300_000
    kept = objects(shelf)
    with pytest.raises(TooLarge):
        storage.receive("a.txt", pieces(b"a" * 1_000_000), limit=999_999)
    assert objects(shelf) == kept


def test_an_upload_that_breaks_off_leaves_nothing(shelf: Path) -> None:
    def breaking() -> Iterator[bytes]:
        yield b"a" * 1_000_000
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError) as error:
        storage.receive("a.txt", breaking())
    assert objects(shelf) == []  # at once: while the error is still looked at
    assert error


def test_when_something_fails_after_the_bytes_they_go(shelf: Path) -> None:
    class Part:
        filename, content = "a.txt", iter([b"a"])

    with pytest.raises(KeyError), storage.receiving() as take:
        take(Part())
        assert len(objects(shelf)) == 1
        raise KeyError
    assert objects(shelf) == []


def test_keys_are_long_and_never_the_same(shelf: Path) -> None:
    keys = {storage.receive("a.txt", iter([b"a"])).key for _ in range(50)}
    assert len(keys) == 50
    assert all(len(key.partition("/")[2]) * 4 >= 128 for key in keys)


def test_a_part_of_a_file_can_be_read(shelf: Path) -> None:
    key = storage.receive("a.txt", pieces(b"0123456789" * 100_000)).key
    assert b"".join(storage.open(key, 3, 6)) == b"345"
    assert b"".join(storage.open(key, 999_998)) == b"89"
    assert max(map(len, storage.open(key))) <= 4 * 65_536


def test_what_is_not_there_is_not_found(shelf: Path) -> None:
    for key in ("ab/abc", "../../etc/passwd"):
        with pytest.raises(NotFound):
            storage.open(key)
    storage.delete("ab/abc")


def test_a_deleted_file_is_gone_and_may_be_deleted_again(shelf: Path) -> None:
    key = storage.receive("a.txt", iter([b"a"])).key
    storage.delete(key)
    storage.delete(key)
    assert objects(shelf) == []


def test_old_keys_are_listed_and_old_drafts_deleted(shelf: Path) -> None:
    old, new = (storage.receive("a.txt", iter([b"a"])).key for _ in range(2))
    drafts = [shelf / f"{key}x#1" for key in (old, new)]
    for draft in drafts:
        draft.write_bytes(b"half")
    for path in (shelf / old, drafts[0]):
        os.utime(path, (time.time() - 90_000,) * 2)
    assert [key for keys in storage.list_older(24) for key in keys] == [old]
    assert [draft.exists() for draft in drafts] == [False, True]


def test_files_are_nobody_elses_to_read(tmp_path: Path) -> None:
    kept = storage._url, storage._instance
    use("", str(tmp_path))
    storage.receive("a.txt", iter([b"a"]))
    assert (tmp_path / "files").stat().st_mode & 0o077 == 0
    use(kept[0], str(kept[1]))


@pytest.mark.parametrize("url", ["ftp://host/x", "s3://", "/a/path", "memory:///", "http://bucket"])
def test_a_place_that_is_none_is_refused_at_the_start(url: str) -> None:
    kept = storage._url, storage._instance
    with pytest.raises(BadConfig):
        use(url)
    use(kept[0], str(kept[1]))


MIB = 1024 * 1024


@pytest.fixture
def full(tmp_path: Path) -> Iterator[str]:
    """No more than a megabyte can be written: onto a small disk, or (only root may mount one) into one file. What the
    refusal says of it."""
    disk = tmp_path / "disk"
    disk.mkdir()
    kept, limits = (storage._url, storage._instance), resource.getrlimit(resource.RLIMIT_FSIZE)
    command = ["mount", "-t", "tmpfs", "-o", f"size={MIB}", "tmpfs", disk]
    mounted = os.geteuid() == 0 and subprocess.run(command, capture_output=True).returncode == 0
    if not mounted:
        resource.setrlimit(resource.RLIMIT_FSIZE, (MIB, limits[1]))
    use(f"file://{disk}")
    try:
        yield "место" if mounted else "недоступно"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        use(kept[0], str(kept[1]))
        if mounted:
            subprocess.run(["umount", disk], check=True)


def test_a_full_disk_is_503_and_heals(full: str) -> None:
    small = storage.receive("a.txt", iter([b"words"])).key
    with pytest.raises(Unavailable, match=full) as refusal:
        storage.receive("a.txt", pieces(b"a" * 3_000_000))
    assert refusal.value.headers["Retry-After"]
    assert b"".join(storage.open(small)) == b"words"
    assert storage.receive("a.txt", pieces(b"a" * 500_000)).size == 500_000


def test_a_store_that_is_away_is_503() -> None:
    kept = storage._url, storage._instance
    os.environ.update(AWS_ENDPOINT_URL="http://127.0.0.1:9", AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x")
    patience = {"retry_config": {"max_retries": 0}, "client_options": {"connect_timeout": "1s"}}
    storage_patience, storage._PATIENCE = storage._PATIENCE, patience  # type: ignore[assignment]
    try:
        use("s3://bucket/prefix")
        for act in (lambda: storage.receive("a.txt", iter([b"a"])), lambda: storage.open("ab/abc")):
            with pytest.raises(Unavailable, match="недоступно"):
                act()
    finally:
        storage._PATIENCE = storage_patience
        for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            del os.environ[name]
        use(kept[0], str(kept[1]))
