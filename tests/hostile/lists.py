"""What nobody sends who means well. Every list is tried on every operation."""

from __future__ import annotations

import gzip
import os

HTML = "<script>alert(1)</script>"
JSON = "application/json"

# JSON texts in the place of a value, as they stand in the body.
VALUES = [
    "null", "[]", "{}", '"a\\u0000b"', '"\\ud800"', "NaN", "1e999", "-1", "9223372036854775808", '""',
    '"\\udc00x"', "Infinity", "-Infinity", "-1e999", "1e-999", "[[]]", '[{"a": 1}]', "true", "0", "-1", "1.5", "9223372036854775807", "9223372036854775808",
    "-9223372036854775809", "1" * 30, "1" * 5000, "0." + "3" * 70, '""', '" "', '"1_0"', '"١٢"', '"0x10"', '"+1"',
    '"' + "я" * 300_000 + '"', '"%_\\\\"', '"\'; DROP TABLE dialog; --"', '"\\" OR 1=1 --"', '"😀👩‍👩‍👧"',
    '"\\u202eabc\\u202d\\u2066"', '"\\u200b"', '"\\ufeff"', '"\\uffff"', '"\\u0001\\u001b[31m"',
    '"<script>alert(1)</script>"', '"{{7*7}}${7*7}"', '"\\r\\nSet-Cookie: a=b"', '"=cmd|\' /C calc\'!A0"',
    '"../../etc/passwd"', '{"__proto__": {"a": 1}}', '{"$gt": ""}', "[null]", '"0001-01-01"', '"2026-02-30T25:61:61Z"',
    '"+999999-01-01T00:00:00Z"', '"9999-12-31T23:59:59-23:59"', '"a@b"', '"٣@example.com"',
]  # fmt: skip

# Whole bodies: bytes, Content-Type, the statuses that may answer where a JSON body is read.
REFUSED = {400}
BODIES: list[tuple[bytes, str, set[int]]] = [
    (b"\x00", JSON, REFUSED),
    (b'{"text": "\xed\xa0\x80"}', JSON, REFUSED),  # a surrogate in UTF-8
    (b'{"text": NaN}', JSON, REFUSED),
    (b'{"text": 1e999}', JSON, REFUSED),
    (b"[]", JSON, REFUSED),
    (b"null", JSON, REFUSED),
    (b'"text"', JSON, REFUSED),
    (b"1", JSON, REFUSED),
    (b"{", JSON, REFUSED),
    (b"{} {}", JSON, REFUSED),
    (b"\xef\xbb\xbf{}", JSON, REFUSED),
    (b"[" * 100_000 + b"]" * 100_000, JSON, REFUSED),
    (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, JSON, REFUSED),
    (b'{"text": "a", "text": "b"}', JSON, REFUSED),
    (b'{"__proto__": {}, "__proto__": {}}', JSON, REFUSED),
    ('{"text": "слова"}'.encode("utf-16"), JSON, REFUSED),
    ('{"text": "слова"}'.encode("utf-32"), JSON, REFUSED),
    ('{"text": "слова"}'.encode("cp1251"), JSON, REFUSED),
    (b'{"text": "a"}', "application/json; charset=utf-16", {415}),
    (b'{"text": "a"}', "application/json; charset=koi8-r", {415}),
    (b'{"text": "a"}', "text/plain", {415}),
    (b"<a/>", "application/xml", {415}),
    (b'{"text": "a"}', "application/json-patch+json", {415}),
    (b'{"text": "a"}', "multipart/form-data", {415, 400}),
    (b'{"text": "a"}', "a" * 3000, {415}),
    (b'{"a": "' + b"a" * 1_100_000 + b'"}', JSON, {413}),
    (gzip.compress(b" " * 10_000_000), JSON, REFUSED),
    (b'{"a": ' + b"1" * 100_000 + b"}", JSON, REFUSED),
    (b'{"' + b"k" * 500_000 + b'": 1}', JSON, {400, 200, 201, 404, 409}),
    (b"{" + b",".join(b'"k%d":1' % n for n in range(50_000)) + b"}", JSON, {400, 200, 201, 404, 409}),
]

QUERIES = [
    "", " ", "%00", "a%00b", "%ff", "%ed%a0%80", "1_0", "%D9%A1%D9%A2", "+1", "%2B1", "-1", "0", "1e3", "1.0", "0x10",
    "NaN", "9223372036854775808", "1" * 400, "%25", "_", "%5C", "'%20OR%20'1'='1", "%22", "%3Cscript%3E", "[]",
    "%F0%9F%98%80", "%E2%80%AE", "a" * 5000, "null", "true", "%0d%0aSet-Cookie:a=b", "{}", "2026-13-45", "../..", ",",
]  # fmt: skip

IDS = [
    "0", "-1", "00", "01", "1_0", "1.0", "1e3", "+1", "%201", "1%20", "9223372036854775808", "18446744073709551616",
    "1" * 400, "%D9%A1", "%00", "1%00", "%ff", "null", "undefined", "NaN", "'", "%22", "..", "%2e%2e", "*", "%25",
    "00000000-0000-0000-0000-000000000000", "{00000000-0000-0000-0000-000000000001}", "urn:uuid:1",
    "0000000000000000000000000000000g", "%F0%9F%98%80", "a" * 3000, "1;drop", "<b>",
]  # fmt: skip

HEADERS: list[dict[str, str]] = [
    *({"If-None-Match": text} for text in ("*", "", '"', "W/", '"a', "garbage", '"a", W/"b", ,', "é", '"' * 500)),
    *({"If-Match": text} for text in ("", '"', "W/", "garbage", '"a", ,', "é", "*")),
    *({"Range": text} for text in ("bytes=0-", "bytes=-1", "bytes=9-1", "bytes=a-b", "items=0-5", "bytes=0-0,1-1")),
    *({"Accept-Encoding": text} for text in ("", "*", "gzip;q=x", "identity;q=0, *;q=0", "br;q=9,,;;", "é")),
    *({"Accept": text} for text in ("", "text/html", "*/*;q=0", "garbage", "application/xml")),
    {"X-HTTP-Method-Override": "DELETE", "X-Method-Override": "DELETE", "X-HTTP-Method": "DELETE"},
    {"X-Request-Id": "a\tb"}, {"X-Request-Id": "x" * 500}, {"X-Request-Id": HTML},
    {"Origin": "null"}, {"Origin": HTML}, {"Origin": "https://evil.example"},
    {"Host": "evil.example"}, {"Host": "a b"}, {"Host": ""}, {"X-Forwarded-Host": "evil.example"},
    {"X-Forwarded-For": "garbage"}, {"Cookie": "session=a; " * 50}, {"Expect": "100-continue"},
    {"Content-Length": "0"}, {"If-Modified-Since": "garbage"}, {"Accept-Language": "é;q=é"},
    {"Prefer": "return=minimal"}, {"Upgrade": "websocket", "Connection": "Upgrade"}, {"X-Long": "a" * 20_000},
]  # fmt: skip
KEYS = ["", "a" * 256, "a" * 5000, "ключ", "\x7f", "a\tb", " ", "😀"]  # of Idempotency-Key
TOKENS = [
    "", "Bearer", "Bearer ", "Bearer  ", "Bearer a", "Bearer a.b.c", "Bearer ..", "Basic YTpi", "Token {}", "{}", "bearer{}",
    "Bearer {}x", "Bearer {}, Bearer {}", "Bearer {} {}", "Bearer é", 'Bearer "{}"', "Bearer " + "a" * 9000,
    "Bearer eyJhbGciOiJub25lIn0.e30.", "Bearer eyJhbGciOiJIUzI1NiJ9.e30.AAAA",
]  # fmt: skip


ALWAYS = 10  # the worst, which stand first in VALUES, QUERIES and IDS
TURNS = 6


def some(values: list[str], turn: int) -> list[str]:
    """The worst of a list and a part of the rest; all of it with HOSTILE_ALL."""
    if os.environ.get("HOSTILE_ALL"):
        return values
    return values[:ALWAYS] + values[ALWAYS:][turn % TURNS :: TURNS]


def bomb() -> bytes:
    """A hundred megabytes in a hundred kilobytes."""
    return gzip.compress(b" " * 100_000_000, 9)


def many_parts(boundary: str, count: int = 10_001) -> bytes:
    part = f'--{boundary}\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n'.encode()
    return part * count + f"--{boundary}--\r\n".encode()
